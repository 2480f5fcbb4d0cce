"""Refusals of the people verbs."""

from django.utils.translation import gettext_lazy as _


class PeopleRefusal(Exception):
    """A verb that may not be carried out; `message` says why."""

    message = _("This cannot be done.")

    def __str__(self) -> str:
        return str(self.message)


class LinkIsUsedUp(PeopleRefusal):
    """Used, expired, or never made: the answer is the same."""

    message = _("This link is no longer valid. Ask the administrator for a new one.")


class NotYourself(PeopleRefusal):
    message = _("You cannot do this to your own account.")


class LastAdministrator(PeopleRefusal):
    message = _("This is the last active administrator. Make another one first.")


class NotForThisPerson(PeopleRefusal):
    message = _("This is for somebody else to do.")


class ChangeIsClosed(PeopleRefusal):
    message = _("This was confirmed, refused or let lapse meanwhile.")


class ReasonNeeded(PeopleRefusal):
    message = _("Give a reason.")


class NobodyToConfirm(PeopleRefusal):
    message = _("Nobody else is there to confirm it: make a second administrator first.")


class SecondPersonNeeded(PeopleRefusal):
    message = _("For this role a second person has to confirm it first.")


class UserChangedMeanwhile(PeopleRefusal):
    message = _("Somebody else changed this user meanwhile. Check and save again.")
