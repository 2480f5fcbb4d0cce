"""The bytes of papers, sealed piece by piece; papers on their way in."""

import uuid
from datetime import timedelta

from django.db import models
from django.db.models import Q
from django.utils import timezone

from grants.models.documents import Document
from grants.models.grants import Grant
from grants.models.officers import Officer

#: Octets of one piece: no process holds more of a large file than a few of these.
PIECE = 1024 * 1024
#: An upload that nobody goes on with is forgotten after so long.
UPLOAD_LIVES = timedelta(hours=48)


class StoredFile(models.Model):
    """Some bytes, in sealed pieces. Its hash and size are of the opened bytes, as they are kept."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    #: Empty until every piece has come.
    sha256 = models.CharField(max_length=64, blank=True)
    size = models.PositiveBigIntegerField(default=0)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    #: The bytes of a file of one piece in the process that has just kept it; no column.
    first_piece: bytes = b""


class StoredPiece(models.Model):
    """One piece, sealed by itself under the vault's key, bound to its file and its number."""

    file = models.ForeignKey(StoredFile, models.CASCADE, related_name="pieces")
    number = models.PositiveIntegerField()
    #: Of the opened piece.
    size = models.PositiveIntegerField()
    sha256 = models.CharField(max_length=64)
    key_id = models.CharField(max_length=40, db_index=True)
    ciphertext = models.BinaryField()

    class Meta:
        ordering = ["file", "number"]
        constraints = [
            models.UniqueConstraint(
                fields=["file", "number"], name="a_piece_of_a_paper_stands_once"
            ),
            models.CheckConstraint(
                condition=Q(size__gte=1, size__lte=PIECE), name="a_piece_is_of_a_size"
            ),
        ]


class DocumentContent(models.Model):
    """Which bytes belong to a paper. A picture is drawn anew, so its kept bytes are not those that
    came: their hash is the paper's, that of the kept ones is the file's. Written once."""

    document = models.OneToOneField(
        Document, models.PROTECT, primary_key=True, related_name="content"
    )
    file = models.OneToOneField(StoredFile, models.PROTECT, related_name="content")
    #: Of a picture: a small one for lists, and its pixels.
    thumbnail = models.OneToOneField(StoredFile, models.PROTECT, null=True, related_name="+")
    width = models.PositiveIntegerField(null=True)
    height = models.PositiveIntegerField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(thumbnail__isnull=True, width__isnull=True, height__isnull=True)
                | Q(thumbnail__isnull=False, width__gte=1, height__gte=1),
                name="a_picture_has_a_small_one",
            ),
        ]


class Upload(models.Model):
    """A file on its way in, piece by piece, in any order; it goes on where it was cut.

    The row goes when the paper is filed, or when nobody went on with it. Of the file's name only
    its ending is kept.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    grant = models.ForeignKey(Grant, models.CASCADE, related_name="+")
    by = models.ForeignKey(Officer, models.CASCADE, related_name="+")
    file = models.OneToOneField(StoredFile, models.CASCADE, related_name="upload")
    ending = models.CharField(max_length=5)
    size = models.PositiveBigIntegerField()
    #: What the browser knows the file again by; nothing is trusted on its account.
    fingerprint = models.CharField(max_length=64)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    expires_at = models.DateTimeField(db_index=True)

    class Meta:
        ordering = ["created_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["grant", "by", "fingerprint"], name="a_file_comes_once_at_a_time"
            ),
            models.CheckConstraint(condition=Q(size__gte=1), name="an_upload_is_of_something"),
        ]

    @property
    def number_of_pieces(self) -> int:
        return -(-self.size // PIECE)

    def size_of_piece(self, number: int) -> int:
        """How many octets piece `number` (from 0) has."""
        return min(PIECE, self.size - number * PIECE)
