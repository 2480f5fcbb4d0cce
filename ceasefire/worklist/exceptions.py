"""Refusals of the worklist; each message is for the person who asked."""

from typing import Any

from django.utils.translation import gettext_lazy as _


class WorklistRefusal(Exception):
    """A step with a task that may not be taken; `message` says why in the reader's language."""

    message: Any = _("This cannot be done.")

    def __str__(self) -> str:
        return str(self.message)


class NotForThisPerson(WorklistRefusal):
    """A role without tasks, or a task of somebody else."""

    message = _("This is for somebody else to do.")


class TaskIsClosed(WorklistRefusal):
    message = _("This task is done already.")


class NotByHand(WorklistRefusal):
    """Only the deed ends it."""

    message = _("This task ends by itself when the work is done.")
