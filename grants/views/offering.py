"""The steps of a grant as pages: who is offered which, and why somebody entrusted may not."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, NamedTuple

from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from ceasefire import periods
from ceasefire.look.numbers import number_text
from grants.forms.steps import (
    ApproveForm,
    AskReopeningForm,
    ClearForm,
    CompleteForm,
    ReasonForm,
    RejectionForm,
    ReviewForm,
    StepForm,
    SubmitForm,
    TerminateForm,
)
from grants.models import AuthorityRole, Grant, Officer, State
from grants.services import machine, reading, requirements
from grants.services.parts import known
from grants.services.proposals import BEFORE_AWARD, OPEN_TO_EDIT
from grants.services.requirements import Missing

#: In words, what somebody did before that excludes a duty.
PARTS: dict[str, Any] = {
    "requester": _("You asked for this grant or for an amendment of it."),
    "reviewer": _("You reviewed it."),
    "approver": _("You decided on it as an approver."),
    "awarder": _("You awarded it."),
    "closer": _("You closed it."),
    "certifier": _("You certified a payment of it."),
    "payer": _("You paid on it."),
    "decided": _("You decided on it."),
}
SPOKEN = _("You have spoken already; it waits for somebody else.")


@dataclass(frozen=True)
class StepPage:
    """One verb of the machine as a page."""

    slug: str
    #: On the button.
    label: Any
    states: tuple[str, ...]
    #: Who may, by any of these; "auditor" for the auditor's flag.
    duties: tuple[str, ...]
    act: Callable[..., Any]
    #: Said when it was done.
    said: Any
    form: type[Any] = StepForm
    #: What happens then, in words.
    consequence: Any = ""
    is_grave: bool = False
    #: What the verb asks for, so that the page can say it before.
    lacks: Callable[[Grant, Any], list[Missing]] | None = None
    #: Whose parts exclude; the first duty that the person holds where it is empty.
    excluded_as: str = ""
    #: A second look at who may not, beyond the parts: gives words or nothing.
    also_not: Callable[[Grant, Officer], Any] = field(default=lambda grant, who: None)


def _mine(grant: Grant, who: Officer) -> Any:
    if who.pk in (grant.owner_id, grant.requester_id):
        return None
    return _("Somebody else sees to this grant.")


def _spoke(step: str) -> Callable[[Grant, Officer], Any]:
    def also_not(grant: Grant, who: Officer) -> Any:
        there = any(
            (one.round, one.step, one.actor_id, one.amendment_id)
            == (grant.round, step, who.pk, None)
            and (step != "vetting" or one.verdict == "NO")
            for one in requirements.decisions_of(grant)
        )
        return SPOKEN if there else None

    return also_not


def _approving(grant: Grant, who: Officer) -> Any:
    """An approver speaks once, and sits on the level that is next."""
    spoken = _spoke("approval")(grant, who)
    if spoken:
        return spoken
    day = periods.today()
    level = requirements.next_level(grant, day)
    if not level:
        return _("No rule lets this office approve such a sum. It lies outside the system.")
    seats = {one.role for one in reading.seats(grant, day) if one.officer_id == who.pk}
    if level not in seats:
        return _("You have no seat on the level of approval that this sum needs.")
    return None


def _asked_for(grant: Grant, who: Officer) -> Any:
    asked = any(
        (one.round, one.step, one.role, one.verdict) == (grant.round, "reopening", "auditor", "YES")
        for one in requirements.decisions_of(grant)
    )
    return None if asked else _("The auditor has not asked for it.")


def _nothing_found(grant: Grant, who: Officer) -> Any:
    """The auditor asks once a round, and for a finding that is open."""
    spoken = _spoke("reopening")(grant, who)
    if spoken:
        return spoken
    if grant.state == State.CLOSED and not any(
        one.closed_at is None for one in grant.findings.all()
    ):
        return _("Write down first what you found: a grant is opened again for an open finding.")
    return None


RUNNING = (State.AWARDED, State.ACTIVE, State.SUSPENDED)

#: In the order in which the page offers them: what carries a grant on stands first.
STEPS: tuple[StepPage, ...] = (
    StepPage(
        "submit",
        _("Submit"),
        OPEN_TO_EDIT,
        ("requester",),
        lambda grant, by, given: machine.submit(grant, by=by, version=given["version"]),
        _("The grant is submitted."),
        form=SubmitForm,
        consequence=_("A reviewer gets it next. You can no longer change it until it is returned."),
        lacks=requirements.for_submission,
        also_not=_mine,
    ),
    StepPage(
        "review",
        _("Pass the review"),
        (State.SUBMITTED,),
        ("reviewer",),
        lambda grant, by, given: machine.review(grant, by=by, **given),
        _("The review is recorded."),
        form=ReviewForm,
        consequence=_("It goes to vetting. Whoever reviewed it does not approve it."),
        lacks=lambda grant, day: [
            one for one in requirements.for_vetting(grant, day) if one.code != "risk"
        ],
    ),
    StepPage(
        "clear",
        _("Clear the organisations"),
        (State.VETTING,),
        ("vetting",),
        lambda grant, by, given: machine.clear(grant, by=by, **given),
        _("The organisations are cleared."),
        form=ClearForm,
        consequence=_("It goes to approval. Another name of an organisation voids the clearance."),
        lacks=requirements.for_clearance,
    ),
    StepPage(
        "renew-clearance",
        _("Renew the clearance"),
        (State.PENDING_APPROVAL, State.APPROVED, *RUNNING),
        ("vetting",),
        lambda grant, by, given: machine.clear(grant, by=by, **given),
        _("The clearance is renewed."),
        form=ClearForm,
        consequence=_("The organisations as they are named today are cleared anew."),
        lacks=requirements.for_clearance,
    ),
    StepPage(
        "approve",
        _("Approve"),
        (State.PENDING_APPROVAL,),
        ("approver",),
        lambda grant, by, given: machine.approve(grant, by=by, **given),
        _("Your approval is recorded."),
        form=ApproveForm,
        consequence=_(
            "With the last approval that the rules ask for the sum is set aside on the fund."
        ),
        lacks=requirements.before_approval,
        also_not=_approving,
    ),
    StepPage(
        "award",
        _("Award"),
        (State.APPROVED,),
        ("officer",),
        lambda grant, by, given: machine.award(grant, by=by),
        _("The grant is awarded."),
        consequence=_("The whole approved sum is obligated on the fund."),
        lacks=requirements.for_award,
    ),
    StepPage(
        "support-reinstatement",
        _("Agree to lift the suspension"),
        (State.SUSPENDED,),
        ("approver",),
        lambda grant, by, given: machine.support_reinstatement(grant, by=by),
        _("Your agreement is recorded."),
        consequence=_("A grants officer may then lift the suspension."),
        also_not=_spoke("reinstatement"),
    ),
    StepPage(
        "reinstate",
        _("Lift the suspension"),
        (State.SUSPENDED,),
        ("officer",),
        lambda grant, by, given: machine.reinstate(grant, by=by, **given),
        _("The suspension is lifted."),
        form=ReasonForm,
        consequence=_("Payments go on."),
        lacks=requirements.for_reinstatement,
    ),
    StepPage(
        "complete",
        _("Record the completion"),
        (State.ACTIVE,),
        ("monitor",),
        lambda grant, by, given: machine.complete(grant, by=by, **given),
        _("The completion is recorded."),
        form=CompleteForm,
        consequence=_("The days until the closeout is due begin to run."),
        lacks=lambda grant, day: [
            one for one in requirements.for_completion(grant, day) if one.code != "actual_end"
        ],
    ),
    StepPage(
        "start-closing",
        _("Begin the closeout"),
        (State.COMPLETED, State.TERMINATED, State.REOPENED),
        ("officer",),
        lambda grant, by, given: machine.start_closing(grant, by=by),
        _("The closeout has begun."),
        consequence=_("The closeout officer gets it next."),
        lacks=requirements.for_closing,
    ),
    StepPage(
        "close",
        _("Close the grant"),
        (State.CLOSING,),
        ("closeout",),
        lambda grant, by, given: machine.close(grant, by=by),
        _("The grant is closed."),
        consequence=_("Nothing is posted on it any more."),
        lacks=requirements.for_closeout,
    ),
    StepPage(
        "ask-reopening",
        _("Ask for it to be opened again"),
        (State.CLOSED,),
        ("auditor",),
        lambda grant, by, given: machine.ask_reopening(grant, by=by, **given),
        _("Your request is recorded."),
        form=AskReopeningForm,
        consequence=_("An approver decides on it."),
        also_not=_nothing_found,
    ),
    StepPage(
        "reopen",
        _("Open it again"),
        (State.CLOSED,),
        ("approver",),
        lambda grant, by, given: machine.reopen(grant, by=by, **given),
        _("The grant is open again."),
        form=ReasonForm,
        consequence=_("Its closeout begins anew."),
        also_not=_asked_for,
    ),
    StepPage(
        "give-back",
        _("Return to the requester"),
        (State.SUBMITTED,),
        ("reviewer", "officer"),
        lambda grant, by, given: machine.give_back(grant, by=by, **given),
        _("The grant is returned."),
        form=ReasonForm,
        consequence=_("The requester mends it and submits it again."),
        excluded_as="reviewer",
    ),
    StepPage(
        "send-back",
        _("Return to the requester"),
        (State.PENDING_APPROVAL,),
        ("approver",),
        lambda grant, by, given: machine.send_back(grant, by=by, **given),
        _("The grant is returned."),
        form=ReasonForm,
        consequence=_("It is reviewed, vetted and approved anew."),
        also_not=_spoke("approval"),
    ),
    StepPage(
        "suspend",
        _("Suspend"),
        (State.ACTIVE,),
        ("officer", "monitor", "vetting", "auditor"),
        lambda grant, by, given: machine.suspend(grant, by=by, **given),
        _("The grant is suspended."),
        form=ReasonForm,
        consequence=_("All payments stop at once."),
        is_grave=True,
        excluded_as="monitor",
    ),
    StepPage(
        "reject-vetting",
        _("Speak for rejecting it"),
        (State.VETTING,),
        machine.SECOND_OFFICERS,
        lambda grant, by, given: machine.reject_at_vetting(grant, by=by, **given),
        _("Your word is recorded."),
        form=RejectionForm,
        consequence=_("Two officers reject it, one of them a vetting officer. Then it is over."),
        is_grave=True,
        excluded_as="vetting",
        also_not=_spoke("vetting"),
    ),
    StepPage(
        "decline",
        _("Decline"),
        (State.PENDING_APPROVAL,),
        ("approver",),
        lambda grant, by, given: machine.decline(grant, by=by, **given),
        _("The grant is rejected."),
        form=ReasonForm,
        consequence=_("The grant is over."),
        is_grave=True,
        also_not=_spoke("approval"),
    ),
    StepPage(
        "terminate",
        _("Terminate"),
        RUNNING,
        ("approver",),
        lambda grant, by, given: machine.terminate(grant, by=by, **given),
        _("The award is terminated."),
        form=TerminateForm,
        consequence=_("The award ends early. It still goes through the closeout."),
        is_grave=True,
    ),
    StepPage(
        "withdraw",
        _("Withdraw"),
        BEFORE_AWARD,
        ("requester",),
        lambda grant, by, given: machine.withdraw(grant, by=by, **given),
        _("The grant is withdrawn."),
        form=ReasonForm,
        consequence=_("The grant is over."),
        is_grave=True,
        also_not=_mine,
    ),
    StepPage(
        "cancel",
        _("Cancel"),
        BEFORE_AWARD,
        ("officer",),
        lambda grant, by, given: machine.cancel(grant, by=by, **given),
        _("The grant is cancelled."),
        form=ReasonForm,
        consequence=_("The grant is over."),
        is_grave=True,
    ),
)
BY_SLUG = {one.slug: one for one in STEPS}


@dataclass(frozen=True)
class Offer:
    """A step for somebody entrusted with it: taken on its page, or why not."""

    page: StepPage
    url: str
    why_not: tuple[Any, ...] = ()

    @property
    def is_parted(self) -> bool:
        """Whether it is a part that they had, which no time mends."""
        return is_parted(self.why_not)


def is_parted(why_not: tuple[Any, ...]) -> bool:
    """Whether the reasons are parts that somebody had in the grant."""
    return any(why is part for why in why_not for part in PARTS.values())


def duty_held(page: StepPage, who: Officer | None) -> str:
    """The duty by which somebody may take a step; empty without one."""
    if who is None or not who.is_active:
        return ""
    if who.role == "auditor":
        return "auditor" if "auditor" in page.duties else ""
    return next((duty for duty in page.duties if who.has(duty)), "")


class Offering:
    """What one grant offers one officer. The parts that they had are read once."""

    def __init__(self, grant: Grant, who: Officer | None) -> None:
        self.grant = grant
        self.who = who
        self._had: set[str] | None = None

    @property
    def had(self) -> set[str]:
        """The parts that the officer had in this grant."""
        if self._had is None:
            key = self.who.pk if self.who is not None else None
            self._had = {part for part, who in known(self.grant).items() if key in who}
        return self._had

    def why_not(self, page: StepPage) -> tuple[Any, ...]:
        """Why an officer who holds the duty may not take the step; empty where they may."""
        duty = page.excluded_as or duty_held(page, self.who)
        excluding = [part for part in machine.EXCLUDES.get(duty, ()) if part in self.had]
        if "decided" in excluding:
            # Said more exactly by the others, where one of them holds.
            exact = [part for part in PARTS if part in self.had and part != "requester"]
            excluding = [part for part in exact if part != "decided"] or ["decided"]
        if excluding:
            return tuple(PARTS[part] for part in excluding)
        other = page.also_not(self.grant, self.who) if self.who is not None else None
        return (other,) if other else ()

    def all(self) -> list[Offer]:
        """Every step of this state that the officer is entrusted with."""
        return [
            Offer(
                page,
                reverse("grants:grant_step", args=[self.grant.ref, page.slug]),
                self.why_not(page),
            )
            for page in STEPS
            if self.grant.state in page.states and duty_held(page, self.who)
        ]


# --- where a missing thing is mended -------------------------------------------------------------

#: Code of what is missing -> the page's name, and the part of it.
_MENDED_AT: dict[str, tuple[str, str]] = {
    "document": ("grants:document_list", ""),
    "comparison": ("grants:document_list", ""),
    "risks": ("grants:grant_detail", "risks"),
    "owed": ("grants:grant_money", ""),
    "evidence": ("grants:document_list", ""),
    "budget_sum": ("grants:grant_budget", ""),
    "grantee": ("grants:grant_edit", "id_grantee"),
    "purpose": ("grants:grant_edit", "id_purpose"),
    "sustainment": ("grants:grant_edit", "id_sustainment"),
    "output": ("grants:grant_indicators", ""),
    "outcome": ("grants:grant_indicators", ""),
    "quotes": ("grants:grant_quotes", ""),
    "clearance": ("grants:grant_vetting", ""),
    "tranches": ("grants:grant_money", ""),
    "payment": ("grants:grant_money", ""),
    "obligated": ("grants:grant_money", ""),
    "earlier_tranche": ("grants:grant_money", ""),
    "accounted": ("grants:grant_money", ""),
    "unliquidated": ("grants:grant_money", ""),
    "unaccounted": ("grants:grant_money", ""),
    "open_payments": ("grants:grant_money", ""),
    "reports_planned": ("grants:grant_monitoring", ""),
    "report_accepted": ("grants:grant_monitoring", ""),
    "final_report": ("grants:grant_monitoring", ""),
    "visit": ("grants:grant_monitoring", ""),
    "visit_photo": ("grants:grant_monitoring", ""),
    "visit_overdue": ("grants:grant_monitoring", ""),
    "completion_visit": ("grants:grant_monitoring", ""),
    "indicator_values": ("grants:grant_monitoring", ""),
    "findings": ("grants:grant_monitoring", ""),
    "open_amendment": ("grants:amendment_list", ""),
}
#: Mended by a step of this grant.
_MENDED_BY = {
    "risk": "review",
    "decisions": "approve",
    "actual_end": "complete",
    "approver_support": "support-reinstatement",
}
#: Mended on pages of the fund.
_OF_THE_FUND = ("rule", "fund_balance")


class Lack(NamedTuple):
    """One thing that a step lacks, as pages say it: what, how much of it, where it is mended."""

    words: str
    said: str
    url: str


def lacks(
    grant: Grant, missing: Iterable[Missing], *, digits: str, may_edit: bool, steps: set[str]
) -> list[Lack]:
    """What is missing, each with the page on which this person looks after it."""
    return [
        Lack(
            one.words,
            _how_much(one, digits),
            mended_at(grant, one, may_edit=may_edit, steps=steps),
        )
        for one in missing
    ]


def _how_much(missing: Missing, digits: str) -> str:
    """The detail of something missing, in words."""
    if missing.code == "quotes":
        return gettext("at least %(number)s") % {"number": number_text(int(missing.detail), digits)}
    if missing.code == "accounted":
        return gettext("%(share)s%% of them") % {"share": number_text(int(missing.detail), digits)}
    if missing.code == "decisions":
        level, _colon, number = missing.detail.partition(":")
        label = str(dict(AuthorityRole.choices).get(level, level))
        return label if number == "1" else f"{label} × {number_text(int(number), digits)}"
    if missing.code in ("unliquidated", "unaccounted", "owed"):
        return gettext("%(sum)s US dollars") % {
            "sum": number_text(Decimal(missing.detail), digits, 2)
        }
    return ""


def mended_at(grant: Grant, missing: Missing, *, may_edit: bool, steps: set[str]) -> str:
    """The address of the page on which something missing is put right; empty without one.

    What only its requester edits leads nowhere for others, nor does a step that is not theirs.
    """
    if missing.code in _MENDED_BY:
        slug = _MENDED_BY[missing.code]
        return reverse("grants:grant_step", args=[grant.ref, slug]) if slug in steps else ""
    if missing.code in _OF_THE_FUND:
        return reverse("grants:fund_detail", args=[grant.fund.code])
    # What screening asks for is its own page's.
    name, part = _MENDED_AT.get(missing.code, ("grants:grant_vetting", ""))
    if name in EDITED and not may_edit:
        return ""
    url = reverse(name, args=[grant.ref])
    if missing.code == "document":
        return f"{url}#{missing.document}"
    return f"{url}#{part}" if part else url


#: Pages on which the requester writes the proposal.
EDITED = (
    "grants:grant_edit",
    "grants:grant_budget",
    "grants:grant_quotes",
    "grants:grant_indicators",
    "grants:grant_beneficiaries",
)


def may_edit(grant: Grant, who: Officer | None) -> bool:
    """Whether somebody writes this proposal now."""
    return (
        who is not None
        and who.has("requester")
        and grant.state in OPEN_TO_EDIT
        and who.pk in (grant.owner_id, grant.requester_id)
    )
