from django.db import migrations, models

from ceasefire.database.operations import Access

FACTS = (
    "name_en, name_ar, kind, district_id, registration_no, has_bank_account, status, publish_ok,"
    " search_text, skeletons, shown_since"
)


class Migration(migrations.Migration):
    dependencies = [
        ("grants", "0028_reopened_for"),
    ]

    operations = [
        migrations.AddField(
            model_name="organisation",
            name="shown_since",
            field=models.DateTimeField(blank=True, editable=False, null=True),
        ),
        Access("grants_organisation", *(f"SELECT, INSERT, UPDATE ({FACTS})",) * 2),
    ]
