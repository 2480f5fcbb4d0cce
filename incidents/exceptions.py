"""Refusals of the incident verbs; each message is for the person who asked."""

from typing import Any

from django.utils.translation import gettext_lazy as _


class IncidentRefusal(Exception):
    """A verb that may not be carried out; `message` says why in the reader's language."""

    message = _("This cannot be done.")

    def __str__(self) -> str:
        return str(self.message)


class NotAllowedFromHere(IncidentRefusal):
    """The incident's state does not allow the step."""

    message = _("The incident is no longer in a state that allows this. Load the page again.")


class NotForThisPerson(IncidentRefusal):
    """The person's role, site or part in the incident does not allow the step."""

    message = _("This is for somebody else to do.")


class OwnReport(IncidentRefusal):
    """Nobody accepts what they reported: two pairs of eyes."""

    message = _("You reported this yourself. Another supervisor or the data officer accepts it.")


class NotSensitive(IncidentRefusal):
    """Only a sensitive incident is opened to somebody by name."""

    message = _("This record is not sensitive. Everybody at the site may read it.")


class SourceOfAnother(IncidentRefusal):
    """Who reported an incident takes away their own sources only."""

    message = _("Somebody else brought this source. A supervisor may take it away.")


class FilterNameTaken(IncidentRefusal):
    message = _("You have a filter of that name already.")


class TooManyFilters(IncidentRefusal):
    message = _("At most 20 filters can be kept. Remove one first.")


class MappingNameTaken(IncidentRefusal):
    """Two kept columns of a site with one name."""

    message = _("Other columns have this name already.")


class TooLongAgo(IncidentRefusal):
    """A day before any that somebody could have told of."""

    message = _("That is before 1950. Look at the year again.")


class TooManyRows(IncidentRefusal):
    """More rows than a person can have looked at."""

    message = _("At most 2,000 incidents at once. Narrow the list first.")


class TooLateToUndo(IncidentRefusal):
    """Only one's own last step of the last minutes can be taken back."""

    message = _("This can no longer be undone.")


class ReasonNeeded(IncidentRefusal):
    message = _("Give a reason.")


class GuardedStays(IncidentRefusal):
    """A merge that would show a sensitive report to somebody who may not see it."""

    message = _(
        "One of the two is sensitive, and who reported the other may not see it. Merge them the "
        "other way round, so that the sensitive one stays."
    )


class NotComplete(IncidentRefusal):
    """Something that a sent incident must have is missing; `missing` names the fields."""

    message = _("The incident is not complete.")

    def __init__(self, missing: list[str]) -> None:
        super().__init__(missing)
        self.missing = missing


class ChangedMeanwhile(IncidentRefusal):
    """Somebody else changed the incident after the form was opened.

    `differences` holds {field: (as it stands now, as this person has it)} as codes and numbers;
    `version` is the number to save again over.
    """

    message = _("Somebody else changed this incident meanwhile. Compare and save again.")

    def __init__(
        self, differences: dict[str, tuple[Any, Any]] | None = None, version: int = 0
    ) -> None:
        super().__init__()
        self.differences = differences or {}
        self.version = version


class SiteIsReadOnly(IncidentRefusal):
    message = _("This site holds an imported history and takes no new incidents.")


class InTheFuture(IncidentRefusal):
    message = _("That is later than now.")


class PointElsewhere(IncidentRefusal):
    """The point does not lie in the place that was chosen; `located` is where it lies, if known."""

    message = _("The point does not lie in this place.")

    def __init__(self, located: Any = None) -> None:
        super().__init__()
        self.located = located


class PlaceTooCoarse(IncidentRefusal):
    message = _("The place is known less exactly than that. Choose a smaller place, or say so.")


class NoSuchOriginal(IncidentRefusal):
    """The incident that this one is said to repeat cannot be the original."""

    message = _("That incident cannot be the original: another site's, or not counted.")


class SameKeyOtherContent(IncidentRefusal):
    """The form was already sent with other content; both are kept, a person decides."""

    message = _("This form was already sent with other content. Both are kept; compare them here.")

    def __init__(self, incident: Any = None) -> None:
        super().__init__()
        self.incident = incident


class KeyTaken(IncidentRefusal):
    """The form's key belongs to somebody else's incident."""

    message = _("This form can no longer be sent. Open a new one.")


class ClockNotRunning(IncidentRefusal):
    """The incident has no clock, or it has ended."""

    message = _("The clock of this incident is not running.")


class AlreadyTaken(IncidentRefusal):
    message = _("Somebody else has taken it meanwhile.")


class NotTheirs(IncidentRefusal):
    """The person to be sent is not of the site, has left, or may not see the incident."""

    message = _("This person cannot be sent: not of this site, or may not see the incident.")


class BeforeItHappened(IncidentRefusal):
    message = _("That is before the incident.")


class OnBothSides(IncidentRefusal):
    message = _("Nobody can watch both sides.")


class WatchIsOver(IncidentRefusal):
    """There is no open watch, or the incident calls for none."""

    message = _("There is no open watch for this incident.")


class CannotBeParted(IncidentRefusal):
    """Two merged records cannot be parted any more; the message says what stands in the way."""

    def __init__(self, why: Any) -> None:
        super().__init__(why)
        self.message = why


class CannotBeLinked(IncidentRefusal):
    """Two incidents cannot be linked so; the message says why."""

    def __init__(self, why: Any) -> None:
        super().__init__(why)
        self.message = why
