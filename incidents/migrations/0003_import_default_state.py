from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('incidents', '0002_imports'),
    ]

    operations = [
        migrations.AddField(
            model_name='importbatch',
            name='default_state',
            field=models.CharField(choices=[('draft', 'Draft'), ('submitted', 'Submitted'), ('in_review', 'In review'), ('returned', 'Returned'), ('accepted', 'Accepted'), ('archived', 'Archived'), ('duplicate', 'Duplicate'), ('withdrawn', 'Withdrawn')], default='submitted', max_length=12),
        ),
    ]
