from typing import Any

from django.core.management.base import BaseCommand

from ceasefire.jobs import services


class Command(BaseCommand):
    help = (
        "Run the jobs that are due, here, without worker and Redis, and end. For maintenance and"
        " for filling a demo; a worker beside it takes no job twice."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        services.sweep()
        total = 0
        while count := services.work_due():
            total += count
        self.stdout.write(f"{total} jobs run")
