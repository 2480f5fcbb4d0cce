from django.conf import settings
from django.db import migrations

from ceasefire.database.roles import quoted

# Functions are nobody's until they are given: these two tell and stop one's own request only.
FORWARDS = "".join(
    f"GRANT EXECUTE ON FUNCTION public.{function}(uuid) TO @APP, @REO;"
    for function in ("grants_request_progress", "grants_request_stop")
)
for word, name in {"@REO": quoted(settings.REO_ROLE), "@APP": quoted(settings.APP_ROLE)}.items():
    FORWARDS = FORWARDS.replace(word, name)


class Migration(migrations.Migration):
    """Who waits for a long report may ask how far it is, and stop it."""

    dependencies = [("grants", "0012_paper_needs")]
    operations = [migrations.RunSQL(FORWARDS, migrations.RunSQL.noop)]
