import uuid

import django.contrib.postgres.fields
import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

from ceasefire.database.operations import Access, QuickMigration


class Migration(QuickMigration):

    initial = True

    dependencies = [
        ('places', '0003_zone_closed_on'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Participant',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('code', models.CharField(max_length=16, unique=True)),
                ('idempotency_key', models.UUIDField(blank=True, null=True, unique=True)),
                ('content_hash', models.CharField(blank=True, max_length=64)),
                ('status', models.CharField(choices=[('prospect', 'Prospect'), ('screening', 'Being screened'), ('eligible', 'Eligible, waits for approval'), ('not_eligible', 'Not eligible'), ('exception', 'Exception asked for'), ('active', 'Active'), ('paused', 'Paused'), ('closed', 'Closed')], default='prospect', max_length=16, verbose_name='Status')),
                ('status_since', models.DateTimeField(default=django.utils.timezone.now)),
                ('pause_reason', models.CharField(blank=True, max_length=16, verbose_name='Why paused')),
                ('pause_until', models.DateField(blank=True, null=True, verbose_name='Look again on')),
                ('close_reason', models.CharField(blank=True, max_length=16, verbose_name='Why closed')),
                ('sex', models.CharField(default='unknown', max_length=8, verbose_name='Sex')),
                ('birth_year', models.PositiveSmallIntegerField(blank=True, null=True, verbose_name='Year of birth')),
                ('age_band', models.CharField(default='unknown', max_length=8, verbose_name='Age')),
                ('language', models.CharField(default='ar', max_length=8, verbose_name='Language')),
                ('safety_flags', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=16), blank=True, default=list, size=None, verbose_name='Safety')),
                ('last_contact_at', models.DateTimeField(blank=True, null=True)),
                ('last_face_at', models.DateTimeField(blank=True, null=True)),
                ('risk_signal', models.CharField(blank=True, max_length=16)),
                ('next_contact_on', models.DateField(blank=True, null=True, verbose_name='Next visit')),
                ('screened_on', models.DateField(blank=True, null=True)),
                ('rescreen_due_on', models.DateField(blank=True, null=True)),
                ('identity_erased_at', models.DateTimeField(blank=True, null=True)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ('updated_at', models.DateTimeField(auto_now=True)),
                ('version', models.PositiveIntegerField(default=1)),
                ('created_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('site', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='places.site')),
                ('updated_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('worker', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='Worker')),
                ('zone', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='places.zone', verbose_name='Zone')),
            ],
            options={
                'ordering': ['code'],
                'indexes': [
                    models.Index(fields=['worker', 'status', 'last_contact_at'], name='participant_carried'),
                    models.Index(fields=['site', 'status', 'code'], name='participant_of_site'),
                ],
                'constraints': [
                    models.CheckConstraint(condition=models.Q(('status__in', ['prospect', 'screening', 'eligible', 'not_eligible', 'exception', 'active', 'paused', 'closed'])), name='a_case_has_one_of_the_known_states'),
                    models.CheckConstraint(condition=models.Q(models.Q(('pause_until__isnull', False), ('status', 'paused'), models.Q(('pause_reason', ''), _negated=True)), models.Q(models.Q(('status', 'paused'), _negated=True), ('pause_reason', ''), ('pause_until__isnull', True)), _connector='OR'), name='a_paused_case_says_why_and_until_when'),
                    models.CheckConstraint(condition=models.Q(models.Q(('status', 'closed'), models.Q(('close_reason', ''), _negated=True)), models.Q(models.Q(('status', 'closed'), _negated=True), ('close_reason', '')), _connector='OR'), name='a_closed_case_says_why'),
                    models.CheckConstraint(condition=models.Q(('birth_year__isnull', True), models.Q(('birth_year__gte', 1900), ('birth_year__lte', 2100)), _connector='OR'), name='a_participant_was_born_in_a_sane_year'),
                ],
            },
        ),
        migrations.CreateModel(
            name='CaseMember',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('since', models.DateTimeField(default=django.utils.timezone.now)),
                ('until', models.DateTimeField(blank=True, null=True)),
                ('added_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('participant', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='members', to='outreach.participant')),
            ],
            options={
                'ordering': ['since', 'id'],
                'indexes': [
                    models.Index(condition=models.Q(('until__isnull', True)), fields=['user', 'participant'], name='case_member_now'),
                ],
                'constraints': [
                    models.UniqueConstraint(condition=models.Q(('until__isnull', True)), fields=('participant', 'user'), name='somebody_is_on_a_case_once'),
                    models.CheckConstraint(condition=models.Q(('until__isnull', True), ('until__gte', models.F('since')), _connector='OR'), name='a_member_leaves_after_coming'),
                ],
            },
        ),
        migrations.CreateModel(
            name='ParticipantStep',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('from_status', models.CharField(blank=True, max_length=16)),
                ('to_status', models.CharField(max_length=16)),
                ('reason', models.CharField(blank=True, max_length=16)),
                ('at', models.DateTimeField(default=django.utils.timezone.now)),
                ('by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('participant', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='steps', to='outreach.participant')),
                ('worker', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'ordering': ['at', 'id'],
                'indexes': [
                    models.Index(fields=['participant', 'at'], name='participant_steps'),
                ],
            },
        ),
        migrations.CreateModel(
            name='Delegation',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('starts_on', models.DateField(verbose_name='From')),
                ('ends_on', models.DateField(verbose_name='Until')),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ('ended_at', models.DateTimeField(blank=True, null=True)),
                ('created_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('from_user', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('to_user', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'ordering': ['-starts_on', '-id'],
                'indexes': [models.Index(condition=models.Q(('ended_at__isnull', True)), fields=['to_user', 'ends_on'], name='delegation_to_person')],
                'constraints': [models.CheckConstraint(condition=models.Q(('from_user', models.F('to_user')), _negated=True), name='nobody_stands_in_for_themself'), models.CheckConstraint(condition=models.Q(('ends_on__gte', models.F('starts_on'))), name='a_delegation_ends_after_it_begins')],
            },
        ),
        Access("outreach_delegation", app="SELECT, INSERT, UPDATE"),
        Access("outreach_participant", app="SELECT, INSERT, UPDATE"),
        Access("outreach_casemember", app="SELECT, INSERT, UPDATE"),
        Access("outreach_participantstep", app="SELECT, INSERT"),
    ]
