"""The state of a case, and what the person agrees to: a page for each step that asks for more."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from ceasefire.people.access import requires
from outreach.exceptions import NotForThisPerson, OutreachRefusal
from outreach.forms.participants import (
    AnswerForm,
    CloseForm,
    ConsentForm,
    PauseForm,
    VersionForm,
    WithdrawForm,
    WordsForm,
)
from outreach.models import Participant
from outreach.services import cases, consent, status
from outreach.views.doing import attempt
from outreach.views.participants import header_of
from outreach.views.scope import one_participant


def _version(request: HttpRequest) -> int | None:
    form = VersionForm(request.POST)
    return form.cleaned_data["version"] if form.is_valid() else None


def _simply(request: HttpRequest, code: str, act: Callable[..., Any], said: Any) -> HttpResponse:
    participant = one_participant(request, code)
    version = _version(request)
    attempt(request, lambda: act(participant, by=request.user, version=version), said)
    return redirect(participant)


def _with_form(
    request: HttpRequest,
    code: str,
    make: type[Any],
    act: Callable[[Participant, Any], Any],
    *,
    permission: str,
    title: Any,
    said: Any,
    action: Any,
    consequence: Any = "",
    danger: bool = False,
) -> HttpResponse:
    """A page with the form of a step; what was typed stays where the step is refused."""
    participant = one_participant(request, code)
    if not cases.may(participant, request.user, permission):
        raise PermissionDenied
    form = make(request.POST or None, initial={"version": participant.version})
    if request.method == "POST" and form.is_valid():
        try:
            done = act(participant, form)
        except NotForThisPerson:
            raise PermissionDenied from None
        except OutreachRefusal as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(request, str(said(done) if callable(said) else said))
            return redirect(participant)
    return render(
        request,
        "outreach/participant_step.html",
        {
            **header_of(request, participant),
            "form": form,
            "title": title,
            "action": action,
            "consequence": consequence,
            "danger": danger,
        },
    )


# --- steps that ask for nothing more --------------------------------------------------------------


@require_POST
@requires(status.SCREEN)
def ask_intake(request: HttpRequest, code: str) -> HttpResponse:
    """Ask for the approval that makes the case active."""
    return _simply(request, code, status.ask_intake, gettext_lazy("Asked. You will be told."))


@require_POST
@requires(status.CHANGE)
def resume(request: HttpRequest, code: str) -> HttpResponse:
    """Go on with a paused case."""
    return _simply(request, code, status.resume, gettext_lazy("The case goes on."))


@require_POST
@requires(status.CHANGE)
def reopen(request: HttpRequest, code: str) -> HttpResponse:
    """Take up a closed case again, to be screened anew."""
    return _simply(
        request,
        code,
        lambda participant, **how: status.reopen(participant, active=False, **how),
        gettext_lazy("Reopened. Screen the person anew."),
    )


@require_POST
@requires(status.APPROVE)
def reopen_active(request: HttpRequest, code: str) -> HttpResponse:
    """Take up a closed case again as it was."""
    return _simply(
        request,
        code,
        lambda participant, **how: status.reopen(participant, active=True, **how),
        gettext_lazy("The case is active again."),
    )


# --- steps with a form ----------------------------------------------------------------------------


@requires(status.CHANGE)
def pause(request: HttpRequest, code: str) -> HttpResponse:
    """Let a case rest until a day."""
    return _with_form(
        request,
        code,
        PauseForm,
        lambda participant, form: status.pause(participant, by=request.user, **form.cleaned_data),
        permission=status.CHANGE,
        title=_("Pause the case"),
        said=_("Paused. A visit stands on the list for that day."),
        action=_("Pause"),
        consequence=_("The contact clock stops until the case goes on."),
    )


@requires(status.CHANGE)
def close(request: HttpRequest, code: str) -> HttpResponse:
    """Close a case, or ask for it."""

    def said(participant: Participant) -> str:
        if participant.status == Participant.Status.CLOSED:
            return _("The case is closed.")
        return _("Asked. The case goes on until somebody decides.")

    return _with_form(
        request,
        code,
        CloseForm,
        lambda participant, form: status.close(participant, by=request.user, **form.cleaned_data),
        permission=status.CHANGE,
        title=_("Close the case"),
        said=said,
        action=_("Close the case"),
        consequence=_(
            "A case that ran is closed when a second person approves; a death is closed at once."
        ),
    )


@requires(status.CHANGE)
def exception_ask(request: HttpRequest, code: str) -> HttpResponse:
    """Ask the manager to take somebody in whom the criteria leave out."""
    return _with_form(
        request,
        code,
        WordsForm,
        lambda participant, form: status.ask_exception(
            participant, by=request.user, **form.cleaned_data
        ),
        permission=status.CHANGE,
        title=_("Ask for an exception"),
        said=_("Asked. The manager decides."),
        action=_("Ask"),
        consequence=_("Exceptions are counted. What you write is sealed."),
    )


@requires(status.EXCEPT)
def exception_decide(request: HttpRequest, code: str) -> HttpResponse:
    """The manager's answer."""

    def decide(participant: Participant, form: AnswerForm) -> Participant:
        return status.decide_exception(
            participant,
            grant=form.cleaned_data["answer"] == "grant",
            words=form.cleaned_data["words"],
            version=form.cleaned_data["version"],
            by=request.user,
        )

    return _with_form(
        request,
        code,
        AnswerForm,
        decide,
        permission=status.EXCEPT,
        title=_("Decide on the exception"),
        said=_("Decided."),
        action=_("Decide"),
    )


# --- consent --------------------------------------------------------------------------------------


@requires(consent.CHANGE)
def consent_record(request: HttpRequest, code: str) -> HttpResponse:
    """Write down what somebody agreed to."""

    def record(participant: Participant, form: ConsentForm) -> Any:
        agreed = form.agreed()
        assert agreed is not None  # noqa: S101 - the form asks for it
        return consent.record_consent(
            participant,
            purposes=agreed.purposes,
            manner=agreed.manner,
            agreed_on=agreed.on,
            version=form.cleaned_data["version"],
            by=request.user,
        )

    return _with_form(
        request,
        code,
        ConsentForm,
        record,
        permission=consent.CHANGE,
        title=_("Record consent"),
        said=_("Consent recorded."),
        action=_("Record"),
        consequence=_("It takes the place of what was agreed to before."),
    )


@requires(consent.CHANGE)
def consent_withdraw(request: HttpRequest, code: str) -> HttpResponse:
    """Consent is taken back: the case ends and what was sealed is erased."""
    return _with_form(
        request,
        code,
        WithdrawForm,
        lambda participant, form: consent.withdraw_consent(
            participant, by=request.user, **form.cleaned_data
        ),
        permission=consent.CHANGE,
        title=_("Consent is taken back"),
        said=_("Done. Names and notes of this case are being erased."),
        action=_("Erase names and notes"),
        consequence=_(
            "The case ends. Name, alias, phone, address, family, tribe and every note of it are"
            " erased for good and can never be brought back. Codes, days and counts stay."
        ),
        danger=True,
    )
