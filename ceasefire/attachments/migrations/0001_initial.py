import uuid

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import ceasefire.periods
from ceasefire.database.operations import Access, QuickMigration


class Migration(QuickMigration):

    initial = True

    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Attachment',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('subject_model', models.CharField(max_length=60)),
                ('subject_key', models.UUIDField()),
                ('kind', models.CharField(choices=[('photo', 'Photo')], default='photo', max_length=12)),
                ('media_type', models.CharField(max_length=40)),
                ('width', models.PositiveIntegerField()),
                ('height', models.PositiveIntegerField()),
                ('size', models.PositiveIntegerField()),
                ('sha256', models.CharField(max_length=64)),
                ('caption', models.CharField(blank=True, max_length=200, verbose_name='What it shows, without names')),
                ('created_at', models.DateTimeField(default=ceasefire.periods.now, editable=False)),
                ('removed_at', models.DateTimeField(blank=True, null=True)),
                ('removed_reason', models.CharField(blank=True, max_length=400)),
                ('erased_at', models.DateTimeField(blank=True, null=True)),
                ('created_by', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('removed_by', models.ForeignKey(blank=True, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'ordering': ['created_at', 'id'],
            },
        ),
        migrations.CreateModel(
            name='AttachmentContent',
            fields=[
                ('attachment', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='content', serialize=False, to='attachments.attachment')),
                ('key_id', models.CharField(db_index=True, max_length=40)),
                ('picture', models.BinaryField()),
                ('thumbnail', models.BinaryField()),
            ],
        ),
        migrations.AddIndex(
            model_name='attachment',
            index=models.Index(models.F('subject_model'), models.F('subject_key'), name='attachment_by_subject'),
        ),
        migrations.AddIndex(
            model_name='attachment',
            index=models.Index(models.F('created_by'), models.F('created_at'), name='attachment_by_person'),
        ),
        migrations.AddIndex(
            model_name='attachment',
            index=models.Index(models.F('removed_at'), condition=models.Q(('erased_at__isnull', True), ('removed_at__isnull', False)), name='attachment_to_erase'),
        ),
        migrations.AddConstraint(
            model_name='attachment',
            constraint=models.UniqueConstraint(condition=models.Q(('removed_at__isnull', True)), fields=('subject_model', 'subject_key', 'sha256'), name='a_picture_stands_once_on_a_record'),
        ),
        migrations.AddConstraint(
            model_name='attachment',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('removed_at__isnull', True), ('removed_by__isnull', True), ('removed_reason', '')), models.Q(('removed_at__isnull', False), models.Q(('removed_reason', ''), _negated=True)), _connector='OR'), name='a_removed_photo_says_when_and_why'),
        ),
        migrations.AddConstraint(
            model_name='attachment',
            constraint=models.CheckConstraint(condition=models.Q(('erased_at__isnull', True), ('removed_at__isnull', False), _connector='OR'), name='only_a_removed_photo_is_erased'),
        ),
        migrations.AddConstraint(
            model_name='attachment',
            constraint=models.CheckConstraint(condition=models.Q(('height__gte', 1), ('size__gte', 1), ('width__gte', 1)), name='a_photo_has_pixels'),
        ),
        Access("attachments_attachment", app="SELECT, INSERT, UPDATE"),
        Access("attachments_attachmentcontent"),
    ]
