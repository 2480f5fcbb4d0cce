"""Refusals of the outreach verbs; each message is for the person who asked."""

from typing import Any

from django.utils.translation import gettext_lazy as _


class OutreachRefusal(Exception):
    """A verb that may not be carried out; `message` says why in the reader's language."""

    message: Any = _("This cannot be done.")

    def __str__(self) -> str:
        return str(self.message)


class NotForThisPerson(OutreachRefusal):
    """The person's role, site or part in the case does not allow the step."""

    message = _("This is for somebody else to do.")


class NotAllowedFromHere(OutreachRefusal):
    """The record's state does not allow the step."""

    message = _("The record is no longer in a state that allows this. Load the page again.")


class ChangedMeanwhile(OutreachRefusal):
    """Somebody else changed the record since the form was opened; nothing was overwritten."""

    message = _("Somebody changed this meanwhile. Look at it again, then send once more.")

    def __init__(self, *, version: int | None = None) -> None:
        super().__init__()
        self.version = version


class SiteIsReadOnly(OutreachRefusal):
    message = _("This site holds imported history and is only read.")


class CaseIsClosed(OutreachRefusal):
    message = _("The case is closed. Reopen it first.")
