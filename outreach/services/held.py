"""What is held about somebody, in words, to be printed for them: all of it but a score, as far as
who prints it sees it.

The score of a screening is for the site team and stands on no paper with a name; its answers do.
Sealed texts come from whatever registered them (`outreach.services.consent.erases`), so a part that
is added later is on the sheet without being named here.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from django.db import models
from django.db.models import Count
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from ceasefire import audit, codes, periods, vault
from ceasefire.people.models import User
from outreach.exceptions import NotForThisPerson
from outreach.models import (
    Contact,
    NeedsAssessment,
    Participant,
    PlanGoal,
    Referral,
    RiskScreening,
)
from outreach.services import consent, identity

#: Rows of one part that are written out; nobody has so many.
MOST_ROWS = 2000

Lines = list[tuple[Any, Any]]


@dataclass
class Part:
    """One heading of the sheet: facts (what, how it stands) and texts (which day, words)."""

    title: Any
    facts: Lines = field(default_factory=list)
    texts: Lines = field(default_factory=list)


def all_held(participant: Participant, *, by: User, reason: str) -> list[Part]:
    """Everything that is held about somebody, in words of the active language.

    Each sealed field of the identity counts as one of the day's reveals (`identity.RevealLimit`
    where fewer are left, and then nothing is shown); what stood in such a field before is told of
    and not opened. The other sealed texts are read as the case team reads them, those of conflicts
    by who sees the conflict. The sheet as a whole is written down too.
    """
    if not identity.may_reveal(participant, by):
        raise NotForThisPerson
    sealed = vault.sealed_fields(participant)
    if vault.reveals_left(by) < len(sealed):
        audit.record(
            "vault.reveal_refused",
            subject=participant,
            by=by,
            fields=sealed,
            detail={"why": "limit"},
        )
        identity.tell_guardians(identity.REVEAL_LIMIT, participant.site, by=by)
        raise identity.RevealLimit
    shown = identity.reveal(participant, sealed, by=by, reason=reason) if sealed else {}
    parts = [
        Part(_("Identity"), facts=[(identity.LABELS[name], text) for name, text in shown.items()]),
        *(Part(title, facts=tell(participant)) for title, tell in FACTS),
        *(Part(title, texts=tell(participant)) for title, tell in DATED),
        *_texts(participant, by=by),
    ]
    audit.record("participant.held_shown", subject=participant, by=by, reason=reason)
    return [part for part in parts if part.facts or part.texts]


def _facts(participant: Participant) -> Lines:
    rows: Lines = [
        (_("Code"), participant.code),
        (_("Site"), participant.site.name),
        (_("Zone"), participant.zone.name if participant.zone else ""),
        (_("Status"), participant.get_status_display()),
        (_("Why"), participant.reason_label),
        (_("Sex"), codes.label("sex", participant.sex)),
        (_("Year of birth"), participant.birth_year or ""),
        (_("Age"), codes.label("age_band", participant.age_band)),
        (_("Language"), codes.label("spoken_language", participant.language)),
        (
            _("Safety"),
            " · ".join(codes.label("safety_flag", flag) for flag in participant.safety_flags),
        ),
        (
            _("Risk signal"),
            codes.label("risk_signal", participant.risk_signal) if participant.risk_signal else "",
        ),
        (_("Held since"), periods.local_day(participant.created_at)),
    ]
    return [(what, how) for what, how in rows if how != ""]


def _contacts(participant: Participant) -> Lines:
    """How often, by the way somebody was met; attempts among them."""
    rows = Contact.objects.filter(participant=participant).order_by()
    counts = dict(rows.values_list("mode").annotate(number=Count("pk")))
    told = [(codes.label("contact_mode", mode), counts[mode]) for mode in sorted(counts)]
    return [*told, (_("All together"), sum(counts.values()))] if told else []


def _consents(participant: Participant) -> Lines:
    return [
        (one.agreed_on, f"{' · '.join(one.purpose_labels)} ({one.manner_label})")
        for one in participant.consents.order_by("recorded_at")
    ]


def _steps(participant: Participant) -> Lines:
    return [
        (periods.local_day(step.at), str(Participant.Status(step.to_status).label))
        for step in participant.steps.order_by("at", "id")
    ]


def _screenings(participant: Participant) -> Lines:
    """The criteria and what was answered; no score."""
    language = "ar" if (get_language() or "en").startswith("ar") else "en"
    told = []
    rows = RiskScreening.objects.filter(participant=participant).select_related("ruleset")
    for one in rows.order_by("at", "pk"):
        words = {row["code"]: row[language] for row in one.ruleset.content["criteria"]}
        lines = [
            f"{words.get(code, code)}: {RiskScreening.Answer(answer).label}"
            for code, answer in one.answers.items()
        ]
        told.append((periods.local_day(one.at), "\n".join(lines)))
    return told


def _needs(participant: Participant) -> Lines:
    rows = NeedsAssessment.objects.filter(participant=participant).order_by("number")
    return [
        (
            periods.local_day(one.at),
            "\n".join(
                f"{codes.label('need_domain', domain)}: {NeedsAssessment.SEVERITIES[weight]}"
                for domain, weight in one.severities.items()
            ),
        )
        for one in rows
    ]


def _goals(participant: Participant) -> Lines:
    rows = PlanGoal.objects.filter(plan__participant=participant).order_by("created_at", "pk")
    return [
        (goal.due_on, f"{goal.domain_label} ({goal.get_state_display()})")
        for goal in rows[:MOST_ROWS]
    ]


def _referrals(participant: Participant) -> Lines:
    rows = Referral.objects.filter(participant=participant).order_by("sent_on", "pk")
    return [
        (one.sent_on, f"{one.domain_label} ({one.get_state_display()})") for one in rows[:MOST_ROWS]
    ]


FACTS: tuple[tuple[Any, Callable[[Participant], Lines]], ...] = (
    (gettext_lazy("Facts"), _facts),
    (gettext_lazy("Contacts, how many"), _contacts),
)
DATED: tuple[tuple[Any, Callable[[Participant], Lines]], ...] = (
    (gettext_lazy("Consent"), _consents),
    (gettext_lazy("Steps of the case"), _steps),
    (gettext_lazy("Screening"), _screenings),
    (gettext_lazy("Needs"), _needs),
    (gettext_lazy("Goals of the plan"), _goals),
    (gettext_lazy("Referrals"), _referrals),
)


def _texts(participant: Participant, *, by: User) -> list[Part]:
    """The sealed texts of every part of the work, under its heading, with their day.

    As far as the reader sees the record they belong to; what is not to be opened is told of only.
    """
    parts: dict[str, Part] = {}
    for one in consent.held():
        if one.model is Participant:
            continue
        rows = list(one.rows_for(participant, by)[:MOST_ROWS])
        for row, words in _words(one, rows, by=by):
            title = str(one.title)
            part = parts.setdefault(title, Part(title))
            part.texts.append((_day_of(row), words))
    return list(parts.values())


def _words(one: consent.Held, rows: list[Any], *, by: User) -> Iterator[tuple[Any, str]]:
    """The rows of which something is sealed, each with what the sheet says of it."""
    if one.instead is not None:
        there = vault.rows_with(rows, one.fields)
        for row in rows:
            if row.pk in there:
                yield row, str(one.instead(row))
        return
    opened = vault.unseal_rows(rows, one.fields, by=by)
    for row in rows:
        words = [text for text in opened[row.pk].values() if text]
        if words:
            yield row, "\n".join(words)


def _day_of(row: models.Model) -> Any:
    """The day of a record, by whichever column says when it was made."""
    for name in ("at", "created_at", "recorded_at", "asked_at", "sent_on"):
        moment = getattr(row, name, None)
        if moment is not None:
            return periods.local_day(moment)
    return None
