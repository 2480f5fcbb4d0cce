"""The three Celery tasks, and the job by which the workers show that they live."""

from datetime import timedelta
from typing import Any

from celery import shared_task
from celery.signals import worker_ready
from django.utils import timezone

from ceasefire.jobs import services
from ceasefire.jobs.registry import handler

HEARTBEAT = "jobs.heartbeat"
#: Calls of beat that nobody took are dropped after so long, that they do not pile up while no
#: worker runs. Two machines' clocks decide it, beat's and the worker's: hence far more than these
#: differ, or a worker whose clock is ahead would drop every call.
DROPPED_AFTER_SECONDS = 6 * 3600


@shared_task(name="ceasefire.jobs.tasks.run")
def run(job_id: int) -> None:
    """A hint: look whether this job is due. Given twice, late or for nothing, it does no harm."""
    services.run(job_id)


@shared_task(name="ceasefire.jobs.tasks.sweep", expires=DROPPED_AFTER_SECONDS)
def sweep() -> None:
    """Find lost hints and dead workers' jobs (beat, every 30 s)."""
    services.sweep()


@shared_task(name="ceasefire.jobs.tasks.enter_due_periods", expires=DROPPED_AFTER_SECONDS)
def enter_due_periods() -> None:
    """Enter the periods that are due, the missed ones included (beat, every 5 min)."""
    services.enter_due_periods()


@worker_ready.connect
def catch_up(**kwargs: Any) -> None:
    """After a start nothing waits for beat: what was missed while the power was off is entered."""
    for task in (sweep, enter_due_periods):
        try:
            task.apply_async(retry=False)
        except Exception as error:
            services.log.warning("catching up waits for beat: %s", type(error).__name__)


@handler(HEARTBEAT)
def heartbeat() -> None:
    """Do nothing but be done; keep a day of these rows."""
    services.Job.objects.filter(
        kind=HEARTBEAT,
        state=services.Job.State.DONE,
        finished_at__lt=timezone.now() - timedelta(days=1),
    ).delete()
