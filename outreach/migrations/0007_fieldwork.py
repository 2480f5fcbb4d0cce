from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("outreach", "0006_conflicts")]
    operations = []
