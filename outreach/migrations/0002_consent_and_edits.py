import uuid

import django.contrib.postgres.fields
import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

from ceasefire.database.operations import Access, QuickMigration


class Migration(QuickMigration):
    dependencies = [
        ("outreach", "0001_participants"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='ConsentRecord',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('purposes', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=16), size=None, verbose_name='Agrees to')),
                ('manner', models.CharField(max_length=16, verbose_name='How')),
                ('agreed_on', models.DateField(verbose_name='On')),
                ('recorded_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ('replaced_at', models.DateTimeField(blank=True, null=True)),
                ('withdrawn_at', models.DateTimeField(blank=True, null=True)),
                ('withdrawn_manner', models.CharField(blank=True, max_length=16, verbose_name='How')),
                ('participant', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='consents', to='outreach.participant')),
                ('recorded_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('withdrawn_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'ordering': ['-recorded_at', '-id'],
                'indexes': [
                    models.Index(fields=['participant', '-recorded_at'], name='consents_of_case'),
                ],
                'constraints': [
                    models.UniqueConstraint(condition=models.Q(('replaced_at__isnull', True), ('withdrawn_at__isnull', True)), fields=('participant',), name='a_case_has_one_consent_in_force'),
                    models.CheckConstraint(condition=models.Q(('purposes__len__gte', 1), models.Q(('manner', ''), _negated=True)), name='a_consent_says_to_what_and_how'),
                    models.CheckConstraint(condition=models.Q(models.Q(('withdrawn_at__isnull', True), ('withdrawn_by__isnull', True), ('withdrawn_manner', '')), models.Q(('withdrawn_at__gte', models.F('recorded_at')), ('withdrawn_by__isnull', False), models.Q(('withdrawn_manner', ''), _negated=True)), _connector='OR'), name='a_withdrawal_says_when_how_and_by_whom'),
                ],
            },
        ),
        migrations.CreateModel(
            name='SearchCount',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('day', models.DateField()),
                ('count', models.PositiveSmallIntegerField()),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'constraints': [
                    models.UniqueConstraint(fields=('user', 'day'), name='one_search_count_a_user_and_day'),
                    models.CheckConstraint(condition=models.Q(('count__gte', 1), ('count__lte', 30)), name='at_most_thirty_searches_a_user_and_day'),
                ],
            },
        ),
        migrations.AddField(
            model_name='participant',
            name='asked_close_reason',
            field=models.CharField(blank=True, max_length=16, verbose_name='Why it is to close'),
        ),
        migrations.AddField(
            model_name='participant',
            name='consent_withdrawn_at',
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddIndex(
            model_name='participant',
            index=models.Index(fields=['site', '-status_since', '-id'], name='participant_lately'),
        ),
        migrations.AddIndex(
            model_name='participant',
            index=models.Index(condition=models.Q(('consent_withdrawn_at__isnull', False), ('identity_erased_at__isnull', True)), fields=['consent_withdrawn_at'], name='participant_to_erase'),
        ),
        migrations.AddConstraint(
            model_name='participant',
            constraint=models.CheckConstraint(condition=models.Q(('asked_close_reason', ''), ('status__in', ['active', 'paused']), _connector='OR'), name='a_closure_is_asked_for_an_open_case'),
        ),
        migrations.AddConstraint(
            model_name='participant',
            constraint=models.CheckConstraint(condition=models.Q(('consent_withdrawn_at__isnull', True), ('status', 'closed'), _connector='OR'), name='a_case_without_consent_is_closed'),
        ),
        migrations.AddConstraint(
            model_name='participant',
            constraint=models.CheckConstraint(condition=models.Q(('identity_erased_at__isnull', True), ('consent_withdrawn_at__isnull', False), _connector='OR'), name='an_erased_case_was_withdrawn'),
        ),
        Access("outreach_consentrecord", app="SELECT, INSERT, UPDATE"),
        Access("outreach_searchcount", app="SELECT, INSERT, UPDATE"),
        migrations.CreateModel(
            name='EditConflict',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('field', models.CharField(max_length=16)),
                ('theirs_at', models.DateTimeField()),
                ('at', models.DateTimeField(default=django.utils.timezone.now)),
                ('settled_at', models.DateTimeField(blank=True, null=True)),
                ('choice', models.CharField(blank=True, choices=[('theirs', 'What stands'), ('mine', 'What came second'), ('third', 'Something else')], max_length=8)),
                ('mine_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('participant', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='edit_conflicts', to='outreach.participant')),
                ('settled_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('theirs_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'ordering': ['at', 'id'],
                'indexes': [models.Index(condition=models.Q(('settled_at__isnull', True)), fields=['participant', 'at'], name='edit_conflicts_open')],
                'constraints': [models.CheckConstraint(condition=models.Q(models.Q(('choice', ''), ('settled_at__isnull', True), ('settled_by__isnull', True)), models.Q(('choice__in', ['theirs', 'mine', 'third']), ('settled_at__isnull', False), ('settled_by__isnull', False)), _connector='OR'), name='a_settled_edit_says_who_chose_what')],
            },
        ),
        migrations.CreateModel(
            name='FieldChange',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('field', models.CharField(max_length=16)),
                ('version', models.PositiveIntegerField()),
                ('at', models.DateTimeField(default=django.utils.timezone.now)),
                ('by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('participant', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='changes', to='outreach.participant')),
            ],
            options={
                'ordering': ['version', 'id'],
                'constraints': [models.UniqueConstraint(fields=('participant', 'version', 'field'), name='a_field_changes_once_a_version')],
            },
        ),
        Access("outreach_fieldchange", app="SELECT, INSERT"),
        Access("outreach_editconflict", app="SELECT, INSERT, UPDATE"),
    ]
