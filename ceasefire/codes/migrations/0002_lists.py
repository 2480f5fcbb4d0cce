from django.db import migrations


def load(apps, schema_editor):
    """Write the shipped lists; the rows, not this file, are what the program reads."""
    from ceasefire.codes.lists import LISTS

    code_model = apps.get_model("codes", "Code")
    rows = []
    for name, entries in LISTS.items():
        for order, entry in enumerate(entries):
            code, label_en, label_ar, *more = entry
            rows.append(
                code_model(
                    list=name,
                    code=code,
                    label_en=label_en,
                    label_ar=label_ar,
                    family=more[0] if more else "",
                    crosswalk=more[1] if len(more) > 1 else {},
                    order=order,
                )
            )
    code_model.objects.bulk_create(rows)


class Migration(migrations.Migration):
    dependencies = [("codes", "0001_initial")]
    operations = [migrations.RunPython(load, migrations.RunPython.noop)]
