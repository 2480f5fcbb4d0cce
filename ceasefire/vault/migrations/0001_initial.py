import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from ceasefire.database.operations import Access, QuickMigration


class Migration(QuickMigration):

    initial = True

    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='BlindIndex',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('table', models.CharField(max_length=63)),
                ('column', models.CharField(max_length=63)),
                ('row', models.CharField(max_length=40)),
                ('digest', models.BinaryField(max_length=32)),
            ],
            options={
                'indexes': [models.Index(fields=['digest'], name='blind_index_by_digest')],
                'constraints': [models.UniqueConstraint(fields=('table', 'row', 'column', 'digest'), name='a_value_is_indexed_once_a_field')],
            },
        ),
        migrations.CreateModel(
            name='RevealCount',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('day', models.DateField()),
                ('count', models.PositiveSmallIntegerField()),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('user', 'day'), name='one_reveal_count_a_user_and_day'), models.CheckConstraint(condition=models.Q(('count__gte', 1), ('count__lte', 15)), name='at_most_fifteen_reveals_a_user_and_day')],
            },
        ),
        migrations.CreateModel(
            name='Sealed',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('table', models.CharField(max_length=63)),
                ('column', models.CharField(max_length=63)),
                ('row', models.CharField(max_length=40)),
                ('key_id', models.CharField(db_index=True, max_length=40)),
                ('ciphertext', models.BinaryField()),
                ('updated_at', models.DateTimeField()),
                ('updated_by', models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('table', 'row', 'column'), name='a_field_is_sealed_once')],
            },
        ),
        Access("vault_sealed"),
        Access("vault_blindindex"),
        Access("vault_revealcount"),
    ]
