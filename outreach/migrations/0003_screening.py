from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("outreach", "0002_consent_and_edits")]
    operations = []
