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


class KeyTaken(OutreachRefusal):
    """The form's key stands for another record already."""

    message = _("This form was used for something else. Load the page again.")


class SentOtherwise(OutreachRefusal):
    """The form came before with another content, which was kept."""

    message = _(
        "This form arrived before, with other answers; those were kept. "
        "Look at the record, and write there what is missing."
    )


class InTheFuture(OutreachRefusal):
    message = _("This lies ahead. Write when it was.")


class TooLongAgo(OutreachRefusal):
    message = _("This lies more than a year back. Tell your supervisor.")


class NextDayNotAhead(OutreachRefusal):
    message = _("The next visit is today or later, within a year.")


class NotAColleague(OutreachRefusal):
    """Somebody of another site or role, or who has left."""

    message = _("This person is not at the site, or has left.")


class TakenBackAlready(OutreachRefusal):
    message = _("This was taken back already.")


class CaseloadFull(OutreachRefusal):
    """The worker carries as many active cases as the site's rules allow."""

    message = _(
        "This worker carries as many as the rules allow. A manager may go beyond that and says why."
    )


class ReasonMissing(OutreachRefusal):
    message = _("Give a reason.")


class ConsentWithdrawn(OutreachRefusal):
    """Nothing is written any more about somebody who took the consent back."""

    message = _("Consent was withdrawn. Nothing is kept or written for this case any more.")


class ConsentMissing(OutreachRefusal):
    message = _("Record the consent first.")


class DayNotAhead(OutreachRefusal):
    message = _("Choose a day after today, at most a year ahead.")


class ScreeningTooOld(OutreachRefusal):
    """Closing asks for a screening that still counts, so that a change can be measured."""

    message = _("The last screening is more than 90 days old. Screen once more, then close.")


class SidesMissing(OutreachRefusal):
    """A conflict has two sides at least."""

    message = _("A conflict has at least two sides. Add the other one.")


class SidesFull(OutreachRefusal):
    message = _("More than twelve sides are not kept. Put some together.")


class NotQuietYet(OutreachRefusal):
    """Closing needs 90 quiet days that somebody looked at, or a supervisor's reason."""

    message = _(
        "It closes after 90 quiet days with every follow-up made, or for a supervisor's reason."
    )


class TruceStands(OutreachRefusal):
    message = _("A truce is in force already. Extend it, or say how it ended.")


class NotLonger(OutreachRefusal):
    message = _("The new end lies after the old one, in the future, and within two years.")


class TruceRunsOn(OutreachRefusal):
    message = _("The truce has not run out yet.")


class NotDueYet(OutreachRefusal):
    message = _("The day of this follow-up has not come.")


class PaidTooMuch(OutreachRefusal):
    message = _("This would be more than was agreed.")


class LessThanPaid(OutreachRefusal):
    message = _("More than this was paid already, or in another currency.")


class NotASide(OutreachRefusal):
    message = _("This is no side of the conflict, or no participant that you see.")


class TieThere(OutreachRefusal):
    message = _("This tie is there already.")


class OutAlready(OutreachRefusal):
    message = _("You are out already. Come back first.")


class ShiftIsOver(OutreachRefusal):
    message = _("This shift is over.")


class BackTooLate(OutreachRefusal):
    message = _("Say when you are back: later than now, within 16 hours.")


class LogIsSigned(OutreachRefusal):
    message = _("This day is signed. It stays as it is.")


class HoursMissing(OutreachRefusal):
    message = _("Say for what you used the day first.")


class TooManyHours(OutreachRefusal):
    message = _("A day has 24 hours.")


class NoSuchDay(OutreachRefusal):
    message = _("Only today and the last 31 days can be written.")
