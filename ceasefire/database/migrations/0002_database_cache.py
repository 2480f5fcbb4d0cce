from django.db import migrations

from ceasefire.database.operations import Access


class Migration(migrations.Migration):
    """Django's cache table, so that the cache survives the loss of Redis."""

    dependencies = [("database", "0001_extensions")]
    operations = [
        migrations.RunSQL(
            """
            CREATE TABLE database_cache (
              cache_key varchar(255) PRIMARY KEY,
              value text NOT NULL,
              expires timestamptz NOT NULL
            );
            CREATE INDEX database_cache_expires ON database_cache (expires);
            """,
            "DROP TABLE database_cache",
        ),
        Access("database_cache"),
    ]
