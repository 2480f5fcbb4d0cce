"""Writing a proposal: its facts, its budget, its quotes, its indicators, whom it is for."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from ceasefire.look.numbers import number_text
from ceasefire.people.access import requires
from grants.exceptions import BadAmount, ChangedMeanwhile, GrantRefusal, InTheFuture, NameMissing
from grants.forms.proposals import (
    SEXES,
    BeneficiariesForm,
    BudgetRows,
    FactsForm,
    MeasureRows,
    QuoteRows,
    VersionForm,
    cell_name,
    lines_of,
    measures_of,
    offers_of,
    organisation_choices,
    organisations,
)
from grants.models import Fund, Grant
from grants.services import proposals
from grants.services.proposals import OPEN_TO_EDIT
from grants.views.doing import me, tried
from grants.views.offering import may_edit
from grants.views.scope import WORK, officer_of, one_grant

_FIELDS: dict[type[GrantRefusal], str] = {
    NameMissing: "title_en",
    BadAmount: "requested_usd",
    InTheFuture: "endorsed_on",
}


def _requester(request: HttpRequest) -> None:
    who = officer_of(request)
    if who is None or not who.has("requester"):
        raise PermissionDenied


def _draft(request: HttpRequest, ref: str) -> Grant | HttpResponse:
    """The proposal that this person writes; else 403, or back where it is submitted already."""
    grant = one_grant(request, ref)
    _requester(request)
    if grant.state not in OPEN_TO_EDIT:
        messages.error(request, _("It was submitted. What it says stands until it is returned."))
        return redirect("grants:grant_detail", grant.ref)
    if not may_edit(grant, officer_of(request)):
        raise PermissionDenied
    return grant


@requires(WORK)
def grant_new(request: HttpRequest) -> HttpResponse:
    """Begin a grant: its facts. The rest is written on the pages that its own page names."""
    _requester(request)
    form = FactsForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        made = tried(
            request,
            form,
            lambda: proposals.draft(fund=form.cleaned_data["fund"], by=me(request), **form.facts()),
            at=_FIELDS,
        )
        if made is not None:
            messages.success(
                request, _("%(ref)s is begun. Its page says what is missing.") % {"ref": made.ref}
            )
            return redirect("grants:grant_detail", made.ref)
    has_fund = Fund.objects.filter(closed_at__isnull=True).exists()
    return render(request, "grants/grant_facts.html", {"form": form, "has_fund": has_fund})


@requires(WORK)
def grant_edit(request: HttpRequest, ref: str) -> HttpResponse:
    """Change the facts of a draft."""
    grant = _draft(request, ref)
    if isinstance(grant, HttpResponse):
        return grant
    form = FactsForm(
        request.POST if request.method == "POST" else None,
        grant=grant,
        initial={**FactsForm.initial_of(grant), "version": grant.version},
    )
    saved: list[tuple[Any, Any]] = []
    if request.method == "POST" and form.is_valid():
        done = tried(
            request,
            form,
            _watched(
                request,
                grant,
                form,
                lambda: proposals.edit(
                    grant, by=me(request), version=form.cleaned_data["version"], **form.facts()
                ),
            ),
            at=_FIELDS,
        )
        if done is not None:
            messages.success(request, _("Saved."))
            return redirect("grants:grant_detail", grant.ref)
        saved = _otherwise(form, one_grant(request, ref))
    return render(
        request,
        "grants/grant_facts.html",
        {"form": form, "grant": grant, "has_fund": True, "saved": saved},
    )


def _watched(
    request: HttpRequest, grant: Grant, form: Any, act: Callable[[], Any]
) -> Callable[[], Any]:
    """After somebody else's change the form may be sent again as it is, once it was looked at."""

    def acting() -> Any:
        try:
            return act()
        except ChangedMeanwhile:
            form.data = {
                **form.data.dict(),
                form.add_prefix("version"): str(one_grant(request, grant.ref).version),
            }
            raise

    return acting


def _otherwise(form: FactsForm, grant: Grant) -> list[tuple[Any, Any]]:
    """(label, what is saved now) of every field that says something else than what was typed."""
    now = FactsForm(grant=grant, initial=FactsForm.initial_of(grant))
    found = []
    for name, field in now.fields.items():
        if name == "version" or name in form.errors:
            continue
        value = now.initial.get(name)
        if not field.has_changed(value, form.data.get(name)):
            continue
        choices = dict(getattr(field, "flatchoices", None) or _flat(field))
        text = choices.get(value, field.prepare_value(value))
        found.append((field.label, text if text not in (None, "") else _("empty")))
    return found


def _flat(field: Any) -> list[tuple[Any, Any]]:
    """The choices of a field without their groups."""
    flat: list[tuple[Any, Any]] = []
    for value, label in getattr(field, "choices", []):
        flat.extend(label if isinstance(label, list | tuple) else [(value, label)])
    return flat


# --- sets of rows --------------------------------------------------------------------------------


def rows_page(
    request: HttpRequest,
    grant: Grant,
    *,
    rows: Any,
    save: Callable[[Any, int | None], Any],
    kind: str,
    title: Any,
    standing: Callable[[Grant], list[str]],
    hint: Any = "",
    extra: dict[str, Any] | None = None,
) -> HttpResponse:
    """A page of rows: what was typed comes back with its faults, and nothing of it is lost."""
    head = VersionForm(
        request.POST if request.method == "POST" else None, initial={"version": grant.version}
    )
    saved: list[str] = []
    if request.method == "POST":
        valid = head.is_valid()
        if rows.is_valid() and valid:
            done = tried(
                request,
                head,
                _watched(request, grant, head, lambda: save(rows, head.cleaned_data["version"])),
            )
            if done is not None:
                messages.success(request, _("Saved."))
                return redirect("grants:grant_detail", grant.ref)
            saved = standing(grant)
    return render(
        request,
        "grants/grant_rows.html",
        {
            "grant": grant,
            "form": head,
            "rows": rows,
            "kind": kind,
            "title": title,
            "hint": hint,
            "saved": saved,
            **(extra or {}),
        },
    )


def _typed(request: HttpRequest) -> Any:
    return request.POST if request.method == "POST" else None


@requires(WORK)
def grant_budget(request: HttpRequest, ref: str) -> HttpResponse:
    """The lines of the budget; those paid by the fund come to what is asked for."""
    grant = _draft(request, ref)
    if isinstance(grant, HttpResponse):
        return grant
    names = ("description", "unit", "quantity", "unit_cost_usd", "own")
    there = [{name: getattr(one, name) for name in names} for one in grant.budget_lines.all()]
    rows = BudgetRows(_typed(request), initial=there, prefix="lines")
    return rows_page(
        request,
        grant,
        rows=rows,
        save=lambda filled, version: proposals.set_budget(
            grant, lines_of(filled), by=me(request), version=version
        ),
        kind="budget",
        title=_("Budget"),
        hint=_("The lines that the fund pays come to what is asked for: %(sum)s US dollars.")
        % {"sum": _usd(request, grant.requested_usd)},
        standing=lambda now: [
            f"{one.description} · {_usd(request, one.amount_usd)}" for one in now.budget_lines.all()
        ],
        extra={"script": "js/grants.js"},
    )


def _usd(request: HttpRequest, value: Decimal) -> str:
    return number_text(value, me(request).digits, 2)


@requires(WORK)
def grant_quotes(request: HttpRequest, ref: str) -> HttpResponse:
    """The vendors' offers, and which one is chosen."""
    grant = _draft(request, ref)
    if isinstance(grant, HttpResponse):
        return grant
    there = list(grant.quotes.select_related("vendor"))
    known = organisations(*(one.vendor_id for one in there))
    rows = QuoteRows(
        _typed(request),
        initial=[
            {
                "vendor": one.vendor.code,
                "amount_usd": one.amount_usd,
                "quoted_on": one.quoted_on,
                "chosen": one.chosen,
                "reason": one.reason,
            }
            for one in there
        ],
        prefix="quotes",
        form_kwargs={"known": known, "choices": organisation_choices(known)},
    )
    return rows_page(
        request,
        grant,
        rows=rows,
        save=lambda filled, version: proposals.set_quotes(
            grant, offers_of(filled), by=me(request), version=version
        ),
        kind="quotes",
        title=_("Quotes"),
        hint=_("A vendor that is not in the list is added among the organisations first."),
        standing=lambda now: [
            f"{one.vendor.name} · {_usd(request, one.amount_usd)}"
            for one in now.quotes.select_related("vendor")
        ],
    )


@requires(WORK)
def grant_indicators(request: HttpRequest, ref: str) -> HttpResponse:
    """What is measured: an output and an outcome at least."""
    grant = _draft(request, ref)
    if isinstance(grant, HttpResponse):
        return grant
    names = ("level", "title", "unit", "baseline", "target")
    there = [{name: getattr(one, name) for name in names} for one in grant.indicators.all()]
    rows = MeasureRows(_typed(request), initial=there, prefix="measures")
    return rows_page(
        request,
        grant,
        rows=rows,
        save=lambda filled, version: proposals.set_indicators(
            grant, measures_of(filled), by=me(request), version=version
        ),
        kind="indicators",
        title=_("Indicators"),
        hint=_(
            "One output (what is done) and one outcome (what changes) at least, each with how it"
            " stands before."
        ),
        standing=lambda now: [one.title for one in now.indicators.all()],
    )


@requires(WORK)
def grant_beneficiaries(request: HttpRequest, ref: str) -> HttpResponse:
    """How many of each sex and age it is for."""
    grant = _draft(request, ref)
    if isinstance(grant, HttpResponse):
        return grant
    there = {cell_name(one.sex, one.age_band): one.expected for one in grant.beneficiaries.all()}
    form = BeneficiariesForm(_typed(request), initial={**there, "version": grant.version})
    if request.method == "POST" and form.is_valid():
        done = tried(
            request,
            form,
            _watched(
                request,
                grant,
                form,
                lambda: proposals.set_beneficiaries(
                    grant, form.expected(), by=me(request), version=form.cleaned_data["version"]
                ),
            ),
        )
        if done is not None:
            messages.success(request, _("Saved."))
            return redirect("grants:grant_detail", grant.ref)
    return render(
        request,
        "grants/grant_beneficiaries.html",
        {"grant": grant, "form": form, "sexes": [label for _sex, label in SEXES]},
    )
