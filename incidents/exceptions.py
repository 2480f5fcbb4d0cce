"""Refusals of the incident verbs; each message is for the person who asked."""

from django.utils.translation import gettext_lazy as _


class IncidentRefusal(Exception):
    """A verb that may not be carried out; `message` says why in the reader's language."""

    message = _("This cannot be done.")

    def __str__(self) -> str:
        return str(self.message)


class NotAllowedFromHere(IncidentRefusal):
    """The incident's state, or the person's part in it, does not allow the step."""

    message = _(
        "The incident is no longer in a state that allows this. Load the page again."
    )


class ReasonNeeded(IncidentRefusal):
    message = _("Give a reason.")


class NotComplete(IncidentRefusal):
    """Something that a sent incident must have is missing; `missing` names the fields."""

    message = _("The incident is not complete.")

    def __init__(self, missing: list[str]) -> None:
        super().__init__(missing)
        self.missing = missing


class ChangedMeanwhile(IncidentRefusal):
    """Somebody else changed the incident after the form was opened."""

    message = _(
        "Somebody else changed this incident meanwhile. Compare and save again."
    )


class SiteIsReadOnly(IncidentRefusal):
    message = _("This site holds an imported history and takes no new incidents.")


class SameKeyOtherContent(IncidentRefusal):
    """The form was already sent with other content; both are kept, a person decides."""

    message = _("This form was already sent with other content.")
