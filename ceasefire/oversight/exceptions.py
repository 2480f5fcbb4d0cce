"""What the services of places refuse, by name."""


class PlaceRefusal(Exception):
    """Something about a place, site or zone was refused; the subclass says what."""


class CodeIsTaken(PlaceRefusal):
    """The place, or the site's zone, of this code is there already."""


class WeekIsFixed(PlaceRefusal):
    """Reports of the site's weeks were made, so its week keeps its first day."""


class ZoneIsClosed(PlaceRefusal):
    """The zone is not in use any more."""


class ZoneIsOpen(PlaceRefusal):
    """The zone is in use."""
