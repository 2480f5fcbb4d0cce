
import django.db.models.deletion
from django.db import migrations, models

from ceasefire.database.operations import Access, QuickMigration


class Migration(QuickMigration):

    dependencies = [
        ('incidents', '0001_initial'),
        ('jobs', '0002_outbox'),
    ]

    operations = [
        migrations.AddField(
            model_name='importbatch',
            name='job',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='jobs.job'),
        ),
        migrations.AddField(
            model_name='importbatch',
            name='skip_rejected',
            field=models.BooleanField(default=False),
        ),
        migrations.AddField(
            model_name='importbatch',
            name='warnings',
            field=models.JSONField(default=list),
        ),
        migrations.AlterField(
            model_name='importbatch',
            name='state',
            field=models.CharField(choices=[('previewed', 'Previewed'), ('queued', 'Waiting to run'), ('imported', 'Imported'), ('undone', 'Undone'), ('discarded', 'Discarded')], default='previewed', max_length=12),
        ),
        migrations.CreateModel(
            name='ImportFile',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('key_id', models.CharField(max_length=40)),
                ('ciphertext', models.BinaryField()),
                ('size', models.PositiveIntegerField()),
                ('expires_at', models.DateTimeField(db_index=True)),
                ('batch', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='file', to='incidents.importbatch')),
            ],
        ),
        migrations.CreateModel(
            name='ImportChange',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('before', models.JSONField()),
                ('version', models.PositiveIntegerField()),
                ('undone', models.BooleanField(default=False)),
                ('batch', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='changes', to='incidents.importbatch')),
                ('incident', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='import_changes', to='incidents.incident')),
            ],
            options={
                'ordering': ['id'],
                'constraints': [models.UniqueConstraint(fields=('batch', 'incident'), name='a_batch_changes_an_incident_once')],
            },
        ),
        Access("incidents_importfile", app="SELECT, INSERT, DELETE"),
        Access("incidents_importchange"),
    ]
