import uuid

import django.contrib.postgres.fields
import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

from ceasefire.database.operations import Access, QuickMigration


class Migration(QuickMigration):

    dependencies = [
        ('incidents', '0012_whole_points'),
        ('outreach', '0005_contacts'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
        ('places', '0003_zone_closed_on'),
    ]

    operations = [
        migrations.CreateModel(
            name='Conflict',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('code', models.CharField(max_length=16, unique=True)),
                ('geo_precision', models.PositiveSmallIntegerField(default=2, verbose_name='How sure of the place')),
                ('idempotency_key', models.UUIDField(blank=True, null=True, unique=True)),
                ('kind', models.CharField(max_length=16, verbose_name='What it is about')),
                ('how_learned', models.CharField(max_length=16, verbose_name='How we heard of it')),
                ('violent_history', models.CharField(default='unknown', max_length=8, verbose_name='Key persons used violence before')),
                ('weapons', models.CharField(default='unknown', max_length=8, verbose_name='Weapons are present')),
                ('persons_band', models.CharField(default='unknown', max_length=8, verbose_name='How many people')),
                ('shooting', models.CharField(default='unknown', max_length=16, verbose_name='How likely is a shooting?')),
                ('imminent', models.BooleanField(default=False, verbose_name='It may happen any hour')),
                ('risk', models.CharField(blank=True, choices=[('', 'Not assessed'), ('low', 'Low'), ('medium', 'Medium'), ('high', 'High')], default='', max_length=8, verbose_name='Risk')),
                ('rank', models.PositiveSmallIntegerField(default=3)),
                ('next_follow_up_on', models.DateField(blank=True, null=True)),
                ('truce_ends_at', models.DateTimeField(blank=True, null=True)),
                ('state', models.CharField(choices=[('detected', 'Heard of'), ('assessed', 'Assessed'), ('mediating', 'In mediation'), ('resolved', 'Resolved'), ('cooled', 'Cooled down'), ('unresolved', 'Unresolved'), ('referred', 'Handed on'), ('monitoring', 'Watched'), ('reignited', 'Flared up again'), ('closed', 'Closed')], default='detected', max_length=12, verbose_name='State')),
                ('state_since', models.DateTimeField(default=django.utils.timezone.now)),
                ('unquiet_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('closed_early', models.BooleanField(default=False)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ('updated_at', models.DateTimeField(auto_now=True)),
                ('version', models.PositiveIntegerField(default=1)),
                ('created_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('lead', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='Lead mediator')),
                ('place', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='places.place', verbose_name='Where')),
                ('retaliation_for', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='retaliations', to='outreach.conflict')),
                ('site', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='places.site')),
                ('updated_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'ordering': ['rank', '-state_since', '-id'],
                'indexes': [
                    models.Index(fields=['site', 'rank', '-state_since', '-id'], name='conflict_of_site'),
                    models.Index(fields=['lead', 'rank', '-state_since', '-id'], name='conflict_of_lead'),
                    models.Index(condition=models.Q(('truce_ends_at__isnull', False)), fields=['truce_ends_at'], name='conflict_truce_ends'),
                ],
                'constraints': [
                    models.CheckConstraint(condition=models.Q(('state__in', ['detected', 'assessed', 'mediating', 'resolved', 'cooled', 'unresolved', 'referred', 'monitoring', 'reignited', 'closed'])), name='a_conflict_has_one_of_the_known_states'),
                    models.CheckConstraint(condition=models.Q(('risk__in', ['', 'low', 'medium', 'high'])), name='a_conflict_has_one_of_three_risks_or_none'),
                    models.CheckConstraint(condition=models.Q(('retaliation_for__isnull', True), models.Q(('retaliation_for', models.F('id')), _negated=True), _connector='OR'), name='no_conflict_avenges_itself'),
                    models.CheckConstraint(condition=models.Q(('closed_early', False), ('state', 'closed'), _connector='OR'), name='only_a_closed_conflict_was_closed_early'),
                ],
            },
        ),
        migrations.CreateModel(
            name='ConflictIncident',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('is_cause', models.BooleanField(default=False)),
                ('added_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('added_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('conflict', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='incident_links', to='outreach.conflict')),
                ('incident', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='incidents.incident')),
            ],
            options={
                'ordering': ['added_at', 'id'],
                'constraints': [
                    models.UniqueConstraint(fields=('conflict', 'incident'), name='an_incident_belongs_to_a_conflict_once'),
                ],
            },
        ),
        migrations.CreateModel(
            name='ConflictMediator',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('since', models.DateTimeField(default=django.utils.timezone.now)),
                ('until', models.DateTimeField(blank=True, null=True)),
                ('added_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('conflict', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='mediators', to='outreach.conflict')),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'ordering': ['since', 'id'],
                'indexes': [
                    models.Index(condition=models.Q(('until__isnull', True)), fields=['user', 'conflict'], name='conflict_mediator_now'),
                ],
                'constraints': [
                    models.UniqueConstraint(condition=models.Q(('until__isnull', True)), fields=('conflict', 'user'), name='somebody_mediates_a_conflict_once'),
                    models.CheckConstraint(condition=models.Q(('until__isnull', True), ('until__gte', models.F('since')), _connector='OR'), name='a_mediator_leaves_after_coming'),
                ],
            },
        ),
        migrations.CreateModel(
            name='ConflictParty',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('number', models.PositiveSmallIntegerField()),
                ('kind', models.CharField(max_length=16, verbose_name='Who is it')),
                ('added_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('removed_at', models.DateTimeField(blank=True, null=True)),
                ('added_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('conflict', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='parties', to='outreach.conflict')),
                ('participant', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='outreach.participant')),
            ],
            options={
                'ordering': ['number'],
                'indexes': [
                    models.Index(condition=models.Q(('participant__isnull', False), ('removed_at__isnull', True)), fields=['participant'], name='party_participant'),
                ],
                'constraints': [
                    models.UniqueConstraint(fields=('conflict', 'number'), name='a_party_has_one_letter'),
                    models.UniqueConstraint(condition=models.Q(('participant__isnull', False), ('removed_at__isnull', True)), fields=('conflict', 'participant'), name='a_participant_is_one_side_of_a_conflict'),
                    models.CheckConstraint(condition=models.Q(('number__gte', 1), ('number__lte', 26)), name='a_party_has_a_letter'),
                ],
            },
        ),
        migrations.CreateModel(
            name='ConflictStep',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('from_state', models.CharField(blank=True, max_length=12)),
                ('to_state', models.CharField(max_length=12)),
                ('at', models.DateTimeField(default=django.utils.timezone.now)),
                ('by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('conflict', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='steps', to='outreach.conflict')),
                ('lead', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'ordering': ['at', 'id'],
                'indexes': [
                    models.Index(fields=['conflict', 'at'], name='conflict_steps'),
                    models.Index(fields=['to_state', 'at'], name='conflict_steps_by_state'),
                ],
            },
        ),
        migrations.CreateModel(
            name='MediationSession',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('idempotency_key', models.UUIDField(blank=True, null=True, unique=True)),
                ('at', models.DateTimeField(verbose_name='When')),
                ('tactics', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=16), blank=True, default=list, size=None)),
                ('outcome', models.CharField(max_length=2, verbose_name='Result')),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ('by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('conflict', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='sessions', to='outreach.conflict')),
                ('mediators', models.ManyToManyField(related_name='+', to=settings.AUTH_USER_MODEL)),
                ('place', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='places.place', verbose_name='Where')),
                ('present', models.ManyToManyField(blank=True, related_name='+', to='outreach.conflictparty')),
            ],
            options={
                'ordering': ['-at', '-created_at'],
                'indexes': [
                    models.Index(fields=['conflict', '-at'], name='session_of_conflict'),
                    models.Index(fields=['at', 'outcome'], name='session_by_time'),
                ],
                'constraints': [
                    models.CheckConstraint(condition=models.Q(('outcome__in', ['R1', 'R2', 'R3', 'U', 'V', 'E', 'X', 'T'])), name='a_session_has_one_of_eight_outcomes'),
                ],
            },
        ),
        migrations.CreateModel(
            name='FollowUp',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('rung', models.PositiveSmallIntegerField()),
                ('due_on', models.DateField()),
                ('state', models.CharField(choices=[('open', 'To be made'), ('answered', 'Made'), ('missed', 'Missed'), ('ended', 'No longer needed')], default='open', max_length=8)),
                ('finding', models.CharField(blank=True, choices=[('calm', 'Calm'), ('tense', 'Tense'), ('reignited', 'Flared up again')], default='', max_length=10, verbose_name='How is it?')),
                ('at', models.DateTimeField(blank=True, null=True)),
                ('asked_at', models.DateTimeField(blank=True, null=True)),
                ('by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('conflict', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='follow_ups', to='outreach.conflict')),
                ('session', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='follow_ups', to='outreach.mediationsession')),
            ],
            options={
                'ordering': ['due_on', 'rung'],
                'indexes': [
                    models.Index(condition=models.Q(('state', 'open')), fields=['due_on'], name='follow_up_due'),
                    models.Index(fields=['conflict', 'due_on'], name='follow_up_of_conflict'),
                ],
                'constraints': [
                    models.UniqueConstraint(fields=('session', 'rung'), name='a_ladder_has_a_rung_once'),
                    models.CheckConstraint(condition=models.Q(('rung__in', [1, 3, 7, 14, 30, 60, 90])), name='a_rung_is_one_of_seven'),
                    models.CheckConstraint(condition=models.Q(('state__in', ['open', 'answered', 'missed', 'ended'])), name='a_follow_up_has_one_of_four_states'),
                    models.CheckConstraint(condition=models.Q(models.Q(('at__isnull', False), ('by__isnull', False), ('state', 'answered'), ('finding__in', ['calm', 'tense', 'reignited'])), models.Q(models.Q(('state', 'answered'), _negated=True), ('finding', '')), _connector='OR'), name='an_answered_follow_up_says_how_it_was'),
                ],
            },
        ),
        migrations.CreateModel(
            name='NeutralityWaiver',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('at', models.DateTimeField(default=django.utils.timezone.now)),
                ('conflict', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='waivers', to='outreach.conflict')),
                ('mediator', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'ordering': ['at', 'id'],
                'constraints': [
                    models.UniqueConstraint(fields=('conflict', 'mediator'), name='a_mediator_says_once_why_nevertheless'),
                ],
            },
        ),
        migrations.CreateModel(
            name='PartyTie',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('kind', models.CharField(choices=[('tribe', 'Tribe'), ('party', 'Party or armed group'), ('family', 'Family')], max_length=8)),
                ('party', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='ties', to='outreach.conflictparty')),
            ],
            options={
                'ordering': ['kind', 'id'],
            },
        ),
        migrations.CreateModel(
            name='StaffProfile',
            fields=[
                ('user', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, primary_key=True, related_name='+', serialize=False, to=settings.AUTH_USER_MODEL)),
                ('gender', models.CharField(default='unknown', max_length=8, verbose_name='Gender')),
                ('languages', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=8), blank=True, default=list, size=None, verbose_name='Languages')),
                ('started_on', models.DateField(blank=True, null=True, verbose_name='Works here since')),
                ('on_duty', models.BooleanField(default=True, verbose_name='On duty')),
                ('updated_at', models.DateTimeField(auto_now=True)),
                ('version', models.PositiveIntegerField(default=1)),
                ('updated_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('zones', models.ManyToManyField(blank=True, related_name='+', to='places.zone', verbose_name='Zones')),
            ],
        ),
        migrations.CreateModel(
            name='StaffTie',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('kind', models.CharField(choices=[('tribe', 'Tribe'), ('party', 'Party or armed group'), ('family', 'Family')], max_length=8)),
                ('added_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('added_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('profile', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='ties', to='outreach.staffprofile')),
            ],
            options={
                'ordering': ['kind', 'added_at', 'id'],
            },
        ),
        migrations.CreateModel(
            name='TribalSettlement',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('sits_on', models.DateField(blank=True, null=True, verbose_name='Day of the settlement session')),
                ('compensation_due', models.DecimalField(blank=True, decimal_places=2, max_digits=14, null=True, verbose_name='Compensation agreed')),
                ('compensation_paid', models.DecimalField(decimal_places=2, default=0, max_digits=14)),
                ('currency', models.CharField(choices=[('IQD', 'Iraqi dinar'), ('USD', 'US dollar')], default='IQD', max_length=3, verbose_name='Currency')),
                ('displaced', models.BooleanField(default=False, verbose_name='Somebody has to move away')),
                ('pledged_on', models.DateField(blank=True, null=True, verbose_name='Written pledge given on')),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ('updated_at', models.DateTimeField(auto_now=True)),
                ('version', models.PositiveIntegerField(default=1)),
                ('conflict', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='settlement', to='outreach.conflict')),
                ('created_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('updated_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'constraints': [
                    models.CheckConstraint(condition=models.Q(('compensation_due__isnull', True), ('compensation_due__gt', 0), _connector='OR'), name='compensation_agreed_is_more_than_nothing'),
                    models.CheckConstraint(condition=models.Q(('compensation_paid__gte', 0), models.Q(('compensation_paid', 0), models.Q(('compensation_due__isnull', False), ('compensation_paid__lte', models.F('compensation_due'))), _connector='OR')), name='no_more_compensation_is_paid_than_agreed'),
                    models.CheckConstraint(condition=models.Q(('currency__in', ['IQD', 'USD'])), name='compensation_is_in_one_of_two_currencies'),
                ],
            },
        ),
        migrations.CreateModel(
            name='CompensationPayment',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('idempotency_key', models.UUIDField(blank=True, null=True, unique=True)),
                ('amount', models.DecimalField(decimal_places=2, max_digits=14, verbose_name='Amount')),
                ('paid_on', models.DateField(verbose_name='Paid on')),
                ('at', models.DateTimeField(default=django.utils.timezone.now)),
                ('by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('settlement', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='payments', to='outreach.tribalsettlement')),
            ],
            options={
                'ordering': ['paid_on', 'id'],
                'constraints': [
                    models.CheckConstraint(condition=models.Q(('amount__gt', 0)), name='a_payment_is_of_something'),
                ],
            },
        ),
        migrations.CreateModel(
            name='Truce',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('idempotency_key', models.UUIDField(blank=True, null=True, unique=True)),
                ('starts_at', models.DateTimeField(verbose_name='From')),
                ('ends_at', models.DateTimeField(verbose_name='Until')),
                ('state', models.CharField(choices=[('in_force', 'In force'), ('kept', 'Kept to its end'), ('broken', 'Broken')], default='in_force', max_length=10)),
                ('reminded_at', models.DateTimeField(blank=True, null=True)),
                ('lapsed_told_at', models.DateTimeField(blank=True, null=True)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ('by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('conflict', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='truces', to='outreach.conflict')),
            ],
            options={
                'ordering': ['-starts_at', '-created_at'],
                'indexes': [
                    models.Index(condition=models.Q(('state', 'in_force')), fields=['ends_at'], name='truce_in_force'),
                ],
                'constraints': [
                    models.CheckConstraint(condition=models.Q(('ends_at__gt', models.F('starts_at'))), name='a_truce_ends_after_it_begins'),
                    models.CheckConstraint(condition=models.Q(('state__in', ['in_force', 'kept', 'broken'])), name='a_truce_has_one_of_three_states'),
                    models.UniqueConstraint(condition=models.Q(('state', 'in_force')), fields=('conflict',), name='a_conflict_has_one_truce_in_force'),
                ],
            },
        ),
        migrations.CreateModel(
            name='TruceEvent',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('kind', models.CharField(choices=[('made', 'Agreed'), ('extended', 'Extended'), ('breach', 'Breach'), ('kept', 'Kept to its end'), ('broken', 'Broken'), ('lapsed', 'Ran out, nobody confirmed it')], max_length=8)),
                ('ends_at', models.DateTimeField()),
                ('at', models.DateTimeField(default=django.utils.timezone.now)),
                ('by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('truce', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='events', to='outreach.truce')),
            ],
            options={
                'ordering': ['at', 'id'],
            },
        ),
        Access("outreach_conflict", app="SELECT, INSERT, UPDATE"),
        Access("outreach_conflictincident", app="SELECT, INSERT, UPDATE, DELETE"),
        Access("outreach_conflictmediator", app="SELECT, INSERT, UPDATE"),
        Access("outreach_conflictparty", app="SELECT, INSERT, UPDATE"),
        Access("outreach_conflictstep", app="SELECT, INSERT"),
        Access("outreach_partytie", app="SELECT, INSERT, DELETE"),
        Access("outreach_neutralitywaiver", app="SELECT, INSERT"),
        Access("outreach_mediationsession", app="SELECT, INSERT"),
        Access("outreach_mediationsession_mediators", app="SELECT, INSERT"),
        Access("outreach_mediationsession_present", app="SELECT, INSERT"),
        Access("outreach_followup", app="SELECT, INSERT, UPDATE"),
        Access("outreach_truce", app="SELECT, INSERT, UPDATE"),
        Access("outreach_truceevent", app="SELECT, INSERT"),
        Access("outreach_tribalsettlement", app="SELECT, INSERT, UPDATE"),
        Access("outreach_compensationpayment", app="SELECT, INSERT"),
        Access("outreach_staffprofile", app="SELECT, INSERT, UPDATE"),
        Access("outreach_staffprofile_zones", app="SELECT, INSERT, DELETE"),
        Access("outreach_stafftie", app="SELECT, INSERT, DELETE"),
    ]
