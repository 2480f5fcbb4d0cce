"""What the services of reports refuse, by name."""


class ReportRefusal(Exception):
    """Something about a report was refused; the subclass says what."""


class ReportIsFrozen(ReportRefusal):
    """The report was approved; only a revision can say something else."""


class ReportIsNotFrozen(ReportRefusal):
    """Only an approved report can be revised."""


class NothingChanged(ReportRefusal):
    """A revision would say what the approved report says."""


class ReportHasMoved(ReportRefusal):
    """Somebody changed the draft since this person opened it."""


class WeekNotOver(ReportRefusal):
    """A report is about a complete week."""


class WrongWeekStart(ReportRefusal):
    """The day is not the first of a week of the site."""


class NotCovered(ReportRefusal):
    """The site recorded nothing in that week, so there is nothing to report."""


class NotForThisRole(ReportRefusal):
    """The role reads no weekly report, or may not take this out."""


class TooManyConfirmations(ReportRefusal):
    """The person had too many addresses asked today."""


class LinkIsNoMore(ReportRefusal):
    """The link of a mail is too old, changed, or of an address that was replaced."""


class OutcomeIsSensitive(ReportRefusal):
    """The plan of an effect would tell those of sexual violence who may not read of it."""


class NotOwnRecords(ReportRefusal):
    """The districts to compare with are of records that the person may not read."""


class PlanWasRead(ReportRefusal):
    """A report has judged the plan: it stands."""


class PlanWasWithdrawn(ReportRefusal):
    """The plan was withdrawn before."""


class ChangeIsAhead(ReportRefusal):
    """What the site records can not have changed on a day that is still to come."""


class ChangeIsNoted(ReportRefusal):
    """A change of what the site records is noted for that day."""


class ChangeWasWithdrawn(ReportRefusal):
    """The note of the change was withdrawn before."""
