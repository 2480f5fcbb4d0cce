"""What forms held that were sent, so that a second arrival is told from another content."""

from django.db import models
from django.utils import timezone


class SentForm(models.Model):
    """The key of a form and a keyed hash of what it held. Thrown away after some days."""

    key = models.UUIDField(primary_key=True)
    content_hash = models.CharField(max_length=64)
    at = models.DateTimeField(default=timezone.now, db_index=True)
