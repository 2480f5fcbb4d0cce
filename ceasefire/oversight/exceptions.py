"""What the services of places refuse, by name."""


class PlaceRefusal(Exception):
    """Something about a place, site or zone was refused; the subclass says what."""


class CodeIsTaken(PlaceRefusal):
    """The site has a zone of this code already."""


class WeekIsFixed(PlaceRefusal):
    """Reports of the site's weeks were made, so its week keeps its first day."""


class ZoneIsClosed(PlaceRefusal):
    """The zone is not in use any more."""


class ZoneIsOpen(PlaceRefusal):
    """The zone is in use."""
