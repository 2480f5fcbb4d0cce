"""A worker killed in the middle of an export or an import: the next one finishes it by itself."""

import json
import time
from typing import Any

import pytest

from ceasefire import jobs
from ceasefire.audit.models import AuditEvent
from ceasefire.jobs import services
from ceasefire.jobs.models import Job
from incidents import export_files, importing, tasks
from incidents.forms.filters import IncidentFilter
from incidents.importing import files
from incidents.models import ExportFile, ImportBatch, Incident
from tests import programs
from tests.incidents.files_to_import import table

pytestmark = [pytest.mark.process, pytest.mark.slow, pytest.mark.django_db(transaction=True)]

WORKER = (
    "-m", "celery", "--app", "ceasefire.celery", "worker", "--include", "tests.incidents.slow_work",
    "--pool", "prefork", "--concurrency", "1", "--without-mingle", "--without-gossip",
    "--loglevel", "WARNING",
)  # fmt: skip
ROWS = 1200


def wait_for(job: Job, what: Any, seconds: float = 90) -> bool:
    """Look until it is so; sweeping meanwhile, as beat would."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        job.refresh_from_db()
        if what(job):
            return True
        services.sweep()
        time.sleep(0.2)
    return False


def killed_in_the_middle(job: Job) -> None:
    """Let a worker begin, and kill it when it has told how far it is."""
    with programs.running(*WORKER, SLOW_WORK=str(job.pk)) as worker:
        assert wait_for(job, lambda job: job.state == "running" and job.done_count), job.state
        programs.kill_group(worker)
    job.refresh_from_db()
    assert job.state == "running"
    assert 0 < job.done_count < job.total_count


def finished_by_the_next(job: Job) -> None:
    with programs.running(*WORKER):
        assert wait_for(job, lambda job: job.is_finished), job.state
    assert (job.state, job.attempts) == ("done", 2)


@pytest.fixture
def many(basrah: Any) -> None:
    content = table(*({"summary": f"row {at}"} for at in range(ROWS)))
    assert importing.import_file(content, format="table", site=basrah, by=None).created == ROWS


def test_an_export_is_finished_by_the_next_worker_with_all_its_rows(
    many: None, manager: Any, basrah: Any
) -> None:
    filters = IncidentFilter({"type": "MUR"}, user=manager, sites=[basrah], places=[])
    assert filters.is_valid()
    file = export_files.ask(format="geojson", filters=filters, language="en", by=manager)
    job = Job.objects.get(pk=file.job_id)
    killed_in_the_middle(job)
    assert not ExportFile.objects.get(pk=file.pk).size
    assert not AuditEvent.objects.filter(verb="incident.exported").exists()

    finished_by_the_next(job)
    file.refresh_from_db()
    made = json.loads(b"".join(export_files.pieces_of(file) or ()))
    expected = set(Incident.objects.values_list("code", flat=True))
    assert {feature["id"] for feature in made["features"]} == expected
    assert (len(made["features"]), made["rows"], file.rows) == (ROWS, ROWS, ROWS)
    assert AuditEvent.objects.filter(verb="incident.exported").count() == 1


def test_an_import_is_finished_by_the_next_worker_and_nothing_is_doubled(
    data_officer: Any, basrah: Any
) -> None:
    content = table(*({"summary": f"row {at}"} for at in range(3 * ROWS)))
    batch = files.keep(content, format="table", site=basrah, by=data_officer, mapping={})
    batch.state = ImportBatch.State.QUEUED
    batch.job = jobs.enqueue(tasks.RUN, by=data_officer, site=basrah, batch_id=str(batch.pk))
    batch.save()
    killed_in_the_middle(batch.job)
    assert not Incident.objects.exists()

    finished_by_the_next(batch.job)
    batch.refresh_from_db()
    assert (batch.state, batch.created) == ("imported", 3 * ROWS)
    assert Incident.objects.count() == 3 * ROWS
    assert AuditEvent.objects.filter(verb="incident.imported").count() == 1
