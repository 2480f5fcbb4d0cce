import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

from ceasefire.database.operations import Access


class Migration(migrations.Migration):

    dependencies = [
        ('worklist', '0001_initial'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Task',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(max_length=60)),
                ('subject_label', models.CharField(max_length=80)),
                ('subject_code', models.CharField(max_length=60)),
                ('key', models.CharField(max_length=140)),
                ('due_at', models.DateTimeField()),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('closed_at', models.DateTimeField(blank=True, null=True)),
                ('closed_reason', models.CharField(blank=True, max_length=20)),
                ('paused_at', models.DateTimeField(blank=True, null=True)),
                ('escalate_at', models.DateTimeField(blank=True, null=True)),
                ('escalated_at', models.DateTimeField(blank=True, null=True)),
                ('raised_at', models.DateTimeField(blank=True, null=True)),
                ('assignee', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('closed_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('created_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('escalated_to', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('raised_to', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'ordering': ['due_at', 'id'],
                'indexes': [models.Index(condition=models.Q(('closed_at__isnull', True)), fields=['assignee', 'due_at', 'id'], name='task_of_person'), models.Index(condition=models.Q(('closed_at__isnull', True), ('escalated_to__isnull', False)), fields=['escalated_to', 'due_at'], name='task_escalated'), models.Index(condition=models.Q(('closed_at__isnull', True), ('raised_to__isnull', False)), fields=['raised_to', 'due_at'], name='task_raised'), models.Index(condition=models.Q(('closed_at__isnull', True)), fields=['subject_label', 'subject_code'], name='task_about'), models.Index(condition=models.Q(('closed_at__isnull', True), ('escalate_at__isnull', False), ('paused_at__isnull', True)), fields=['escalate_at'], name='task_to_escalate'), models.Index(condition=models.Q(('closed_at__isnull', False)), fields=['closed_at'], name='task_closed')],
                'constraints': [models.UniqueConstraint(condition=models.Q(('closed_at__isnull', True)), fields=('assignee', 'key'), name='an_open_task_comes_once_to_a_person'), models.CheckConstraint(condition=models.Q(('subject_code', ''), _negated=True), name='a_task_is_about_something'), models.CheckConstraint(condition=models.Q(models.Q(('closed_at__isnull', True), ('closed_by__isnull', True), ('closed_reason', '')), models.Q(('closed_at__isnull', False), models.Q(('closed_reason', ''), _negated=True)), _connector='OR'), name='a_task_that_ended_says_when_and_why'), models.CheckConstraint(condition=models.Q(models.Q(('escalated_at__isnull', True), ('escalated_to__isnull', True)), models.Q(('escalated_at__isnull', False), ('escalated_to__isnull', False)), _connector='OR'), name='an_escalated_task_says_when_and_to_whom'), models.CheckConstraint(condition=models.Q(models.Q(('raised_at__isnull', True), ('raised_to__isnull', True)), models.Q(('raised_at__isnull', False), ('raised_to__isnull', False)), _connector='OR'), name='a_raised_task_says_when_and_to_whom')],
            },
        ),
        Access("worklist_task"),
    ]
