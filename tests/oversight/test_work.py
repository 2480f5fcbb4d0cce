"""Every kind of background work is said in words to who looks after it."""

from importlib import import_module

from django.apps import apps

from ceasefire import jobs
from ceasefire.jobs import registry
from ceasefire.oversight.work import WORK


def test_every_kind_of_work_has_words_and_no_words_are_left_over():
    for app in apps.get_app_configs():
        for module in ("jobs", "tasks"):
            try:
                import_module(f"{app.name}.{module}")
            except ModuleNotFoundError:
                continue
    # Other tests register kinds of their own.
    known = {
        kind
        for kind, handler in registry._handlers.items()
        if not handler.function.__module__.startswith("tests.")
    }

    assert known == set(WORK)


def test_the_page_says_what_a_job_does(manager, basrah, signed_in):
    jobs.enqueue("jobs.heartbeat", site=basrah)
    page = signed_in(manager).get("/jobs/").content.decode()

    assert "Shows that background work runs" in page
    assert "heartbeat" in page
