import time
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from ceasefire import jobs
from ceasefire.jobs.tasks import HEARTBEAT


class Command(BaseCommand):
    help = (
        "Enter a job that does nothing and wait until a worker has done it. Exit 0: the workers"
        " live; 1: not within the time, so they are to be started again. A worker that lost Redis"
        " can look alive and take nothing any more; only this shows it."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--within", type=float, default=180, metavar="SECONDS", help="default 180"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        begun = time.monotonic()
        job = jobs.enqueue(HEARTBEAT)
        while time.monotonic() - begun < options["within"]:
            if jobs.Job.objects.filter(pk=job.pk, state=jobs.Job.State.DONE).exists():
                self.stdout.write(f"done in {time.monotonic() - begun:.1f} s")
                return
            time.sleep(0.25)
        raise CommandError(f"No worker took job {job.pk} in time.", returncode=1)
