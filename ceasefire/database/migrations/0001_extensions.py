from django.contrib.postgres.operations import BtreeGistExtension, TrigramExtension
from django.db import migrations


class Migration(migrations.Migration):
    """pg_trgm for search, btree_gist for periods that must not overlap; both are trusted."""

    initial = True
    dependencies = []
    operations = [TrigramExtension(), BtreeGistExtension()]
