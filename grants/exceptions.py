"""Refusals of the grant verbs; each message is for the person who asked."""

from typing import Any

from django.utils.translation import gettext_lazy as _


class GrantRefusal(Exception):
    """A verb that may not be carried out; `message` says why in the reader's language."""

    message: Any = _("This cannot be done.")

    def __str__(self) -> str:
        return str(self.message)


class NotForThisPerson(GrantRefusal):
    """The person does not hold the duty that the step needs."""

    message = _("This is for somebody else to do.")


class DutiesKeptApart(GrantRefusal):
    """The person had another part in this grant, which excludes this one."""

    message = _("You had another part in this grant. Somebody else has to take this step.")


class NotAllowedFromHere(GrantRefusal):
    """The state of the grant does not allow the step."""

    message = _("The grant is no longer in a state that allows this. Load the page again.")


class ChangedMeanwhile(GrantRefusal):
    """Somebody else changed the grant since the form was opened; nothing was overwritten."""

    message = _("Somebody changed this meanwhile. Look at it again, then send once more.")


class StepIsMissingSomething(GrantRefusal):
    """`missing` names what is not there yet, as `machine.missing_for` does."""

    message = _("Something is missing for this step. The grant's page says what.")
    #: What stands before the list of it.
    opening = _("Still missing:")

    def __init__(self, missing: Any = ()) -> None:
        super().__init__()
        self.missing = tuple(missing)


class MissingThatDay(StepIsMissingSomething):
    """What is there today and was not on the day that somebody typed."""

    opening = _("On that day this was missing:")


class ReasonMissing(GrantRefusal):
    message = _("Give a reason.")


class BadAmount(GrantRefusal):
    """Not a number, not above zero, or more places than the currency has."""

    message = _("Write an amount above zero, with at most the places its currency has.")


class InTheFuture(GrantRefusal):
    message = _("This lies ahead. Write when it was.")


class BeforeTheAward(GrantRefusal):
    message = _("Nothing is paid or obligated before the award.")


class AfterTheCloseout(GrantRefusal):
    message = _("The grant is closed. Nothing is posted any more.")


class PaymentsStopped(GrantRefusal):
    message = _("The grant is suspended. Nothing is paid until that is lifted.")


class DistrictStopped(GrantRefusal):
    """A stop holds on the grant's fund and district (`PaymentStop`)."""

    message = _("Payments of this fund are stopped in this district.")


class StopStands(GrantRefusal):
    message = _("Payments there are stopped already, or a stop waits to be confirmed.")


class SettledAlready(NotAllowedFromHere):
    """Confirmed, refused or ended by somebody else."""

    message = _("Somebody settled this meanwhile. Load the page again.")


class BeforeTheCertificate(GrantRefusal):
    message = _("A payment is not dated before it was certified.")


class CodeTaken(GrantRefusal):
    message = _("Another fund has this code.")


class NoSuchFinding(GrantRefusal):
    message = _("A grant is opened again for a finding of its own that is still open.")


class ObligationExceeded(GrantRefusal):
    message = _("This would be more than is obligated and not yet paid.")


class LessThanHeld(ObligationExceeded):
    message = _("More than this is paid or asked for. Refuse what is not to be paid first.")


class TrancheExceeded(GrantRefusal):
    message = _("This would be more than the tranche holds.")


class ApprovalExceeded(GrantRefusal):
    message = _("This would be more than was approved.")


class FundExhausted(GrantRefusal):
    message = _("The fund does not hold so much any more.")


class CeilingTooLow(GrantRefusal):
    message = _("More than this is obligated on the fund already.")


class ExpenseExceeded(GrantRefusal):
    message = _("This is more than was paid, did not come back, and has no receipts yet.")


class RefundExceeded(GrantRefusal):
    message = _("This is more than was paid.")


class RateTooOld(GrantRefusal):
    message = _("This exchange rate is more than 30 days older than the day. Enter a newer one.")


class NoConfirmedRate(GrantRefusal):
    message = _("There is no confirmed exchange rate for that day.")


class RateStands(GrantRefusal):
    """A rate is never edited; it is withdrawn and another entered."""

    message = _("A rate of this source and day is there already. Withdraw it first.")


class SecondPersonNeeded(GrantRefusal):
    message = _("Somebody else has to confirm what you entered.")


class NoRuleForThis(GrantRefusal):
    """No confirmed rule of that day holds for the sum."""

    message = _("No rule lets this office approve such a sum. It lies outside the system.")


class NoSeat(GrantRefusal):
    message = _("You have no seat on the level of approval that this sum needs.")


class RulesOverlap(GrantRefusal):
    message = _("Another rule of this level holds on those days.")


class VoucherUsed(GrantRefusal):
    message = _("This voucher number is used already.")


class LinesDiffer(GrantRefusal):
    """The budget lines of an invoice do not come to the payment, or are not of its grant."""

    message = _("Say to which lines of the budget the invoice belongs; they come to the payment.")


class LooksAlike(GrantRefusal):
    """A payment resembles another, or uses a budget line up; `kinds` says in what."""

    message = _("This looks like another payment, or a budget line is used up. Say why it goes on.")

    def __init__(self, kinds: Any = ()) -> None:
        super().__init__()
        self.kinds = tuple(kinds)


class RiskSheetDiffers(GrantRefusal):
    """The level is not that of the gravest line, or a line lacks what is done and by whom."""

    message = _(
        "The level of risk is that of the gravest line of the risk sheet. Write each medium or high"
        " risk there, with what is done about it and who sees to that."
    )


class ReversedAlready(GrantRefusal):
    message = _("This posting was reversed already.")


class NotReversible(GrantRefusal):
    """A reversal of a reversal: the posting is made anew instead."""

    message = _("A reversal is not reversed. Post it anew.")


class SecondOfficerClears(DutiesKeptApart):
    message = _(
        "Somebody here was found to be on a list before. Who said so, or screened again since, "
        "does not clear it: another vetting officer decides."
    )


class SamePersonReverses(GrantRefusal):
    message = _("Who posted does not reverse it. Ask somebody else.")


class FiledAlready(GrantRefusal):
    message = _("This very paper is on file for the grant already.")


class WrongDocument(GrantRefusal):
    message = _("This paper is of another kind, or of another grant.")


class PaperWanting(GrantRefusal):
    message = _("The last check of this paper found it not to be in order.")


class QuotedTwice(GrantRefusal):
    message = _("A vendor quotes once, and one quote is chosen.")


class AmendmentOpen(GrantRefusal):
    message = _("An amendment is under way already.")


class MethodNotEnabled(GrantRefusal):
    message = _("This fund does not pay in that way.")


class WitnessMissing(GrantRefusal):
    message = _("Cash needs a witness who is neither asking nor paying.")


class NameMissing(GrantRefusal):
    message = _("Give a name.")


class DayGoneBy(GrantRefusal):
    message = _("This day has gone by. Choose one that lies ahead.")


class PlannedAlready(GrantRefusal):
    message = _("Such a visit is planned already.")


class AlreadyLinked(GrantRefusal):
    message = _("This paper belongs to a visit already.")


class PayrollRefusal(GrantRefusal):
    """Something about a payroll list that does not hold."""


class PersonTwice(PayrollRefusal):
    message = _("This name with this phone stands on the list already.")


class SignsUndecided(PayrollRefusal):
    message = _("Not every sign on the list is decided yet, or one is not in order.")


class SumsDiffer(PayrollRefusal):
    message = _("The rows, the control total and the payment are not one sum.")


class PayrollNotCertified(PayrollRefusal):
    message = _("The payroll list of this payment is certified first.")


class PayrollMissing(PayrollRefusal):
    message = _(
        "Wages are paid by a certified payroll list; this payment has none. Make the list first."
    )


class BadPayrollRow(PayrollRefusal):
    """A row that cannot be read; `number` is its place in what was given."""

    message = _("A row cannot be read.")


class NobodyToTakeIt(GrantRefusal):
    message = _("This person cannot take it: not at work, without the duty, or with another part.")


class ListTaken(GrantRefusal):
    message = _("This very file is there already.")


class ListDamaged(GrantRefusal):
    """What is kept of a list file is not what was uploaded; nothing is screened against it."""

    message = _("The list that is kept is not the file that was uploaded. Upload it again.")


class ScreeningListRefused(GrantRefusal):
    """A list file that cannot be read, with the reason in words."""

    def __init__(self, why: Any) -> None:
        super().__init__()
        self.message = str(why)


class ListMissing(GrantRefusal):
    message = _("There is no list to screen against. Upload one first.")


class ListTooOld(GrantRefusal):
    message = _("A list is older than the fund allows. Upload a newer one first.")


class NoScreeningRule(GrantRefusal):
    message = _("Nobody has said yet which lists this fund asks for.")


class NameNotComparable(GrantRefusal):
    """A name in a script that is not compared: finding nothing would clear nobody."""

    def __init__(self, subject: str) -> None:
        super().__init__()
        self.subject = subject
        self.message = _("%(subject)s needs a name in Arabic or Latin letters.") % {
            "subject": subject
        }


class NameDoesNotOpen(GrantRefusal):
    message = _("A sealed name does not open. Tell the administrator.")


class ScreeningUnderWay(GrantRefusal):
    message = _("This grant is being screened already.")


class NameTurnsAround(GrantRefusal):
    message = _("Take the marks out that turn the order of letters around.")
