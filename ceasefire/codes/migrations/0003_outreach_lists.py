from django.db import migrations


def load(apps, schema_editor):
    """Write the lists of outreach; the rows, not that file, are what the program reads."""
    from ceasefire.codes.outreach_lists import OUTREACH_LISTS

    code_model = apps.get_model("codes", "Code")
    code_model.objects.bulk_create(
        code_model(
            list=name,
            code=entry[0],
            label_en=entry[1],
            label_ar=entry[2],
            family=entry[3] if len(entry) > 3 else "",
            order=order,
        )
        for name, entries in OUTREACH_LISTS.items()
        for order, entry in enumerate(entries)
    )


class Migration(migrations.Migration):
    dependencies = [("codes", "0002_lists")]
    operations = [migrations.RunPython(load, migrations.RunPython.noop)]
