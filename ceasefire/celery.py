"""Celery is only the hint that a job waits; the outbox table is the truth (ceasefire/jobs)."""

import os

from celery import Celery
from celery.signals import beat_init, worker_init

from ceasefire.local import guard

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "ceasefire.settings")
# Before numpy is loaded: its sums of matrices take one thread. One worker would else take every
# core for a report and a second worker make sixteen sites hardly quicker (1.1 times; so, 1.8).
for _name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"):
    os.environ.setdefault(_name, "1")

app = Celery("ceasefire")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@worker_init.connect
@beat_init.connect
def refuse_unsafe_start(**kwargs: object) -> None:
    """Worker and beat refuse an unsafe production as the web server does."""
    guard.assert_safe_to_start()
