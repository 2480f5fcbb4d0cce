"""How a site's own lists are read: which column is which, and what their words mean."""

import uuid
from typing import Any

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from ceasefire.places.models import Site
from incidents.models.files import ImportBatch


class ImportMappingQuerySet(models.QuerySet["ImportMapping"]):
    """Saved columns, as those who import speak of them."""

    def visible_to(self, user: Any) -> "ImportMappingQuerySet":
        """Those of the person's sites, for those who import; nothing for anybody else."""
        if not user.is_authenticated or not user.has_perm("incidents.import_incident"):
            return self.none()
        return self.filter(site__in=user.site_ids)

    def for_header(self, site: Site, signature: str) -> "ImportMapping | None":
        """The one to take by itself for a file with these columns: the last that was used."""
        return self.filter(site=site, signature=signature).order_by("-used_at").first()


class ImportMapping(models.Model):
    """The columns of one kind of file, and what its words mean, kept for the next file."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    site = models.ForeignKey(Site, models.CASCADE, related_name="+")
    name = models.CharField(_("Name"), max_length=60)
    #: SHA-256 of the file's column names in any order: a file with the same ones is known by it.
    signature = models.CharField(max_length=64)
    #: {our column: the file's column}
    columns = models.JSONField(default=dict)
    #: {our column: {the file's word, folded: our code}}
    values = models.JSONField(default=dict)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)
    used_at = models.DateTimeField(default=timezone.now)

    objects = ImportMappingQuerySet.as_manager()

    class Meta:
        ordering = ["name"]
        indexes = [models.Index(fields=["site", "signature", "-used_at"], name="mapping_by_header")]
        constraints = [
            models.UniqueConstraint(fields=["site", "name"], name="a_site_names_a_mapping_once")
        ]

    def __str__(self) -> str:
        return self.name


class ImportFindings(models.Model):
    """What the check of a file found: first rows and every refusal, sealed; gone in 24 hours.

    Apart from the batch, which keeps only the first 1,000 refusals: here are all of them, for the
    file of refused rows, and rows as they would be taken, which are nobody's record yet.
    """

    batch = models.OneToOneField(ImportBatch, models.CASCADE, related_name="findings")
    key_id = models.CharField(max_length=40)
    ciphertext = models.BinaryField()
    expires_at = models.DateTimeField(db_index=True)
