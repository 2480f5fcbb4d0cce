"""What a caseload shows: each case against the contact standard, and each worker against the band.

Reads only. A fixed number of queries for a page, whatever the cases hold: counts of contacts come
from one indexed count over the rows in view, the rest stands on the case.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from django.db.models import Case, Count, DateField, DurationField, F, IntegerField, Q, Value, When
from django.db.models.functions import Cast, Coalesce, Greatest, Least, TruncDate
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from ceasefire import codes, periods, rulesets
from ceasefire.people.models import User
from ceasefire.people.roles import Role
from ceasefire.periods import BAGHDAD, Week
from ceasefire.places.models import Site
from outreach.models import ALARMING, CaseMember, Contact, Participant, team_ids
from outreach.models.contacts import HOME
from outreach.services.caseload import KIND as BAND
from outreach.services.caseload import Band, band_of

STANDARD = "contact_standard"
#: What comes first: danger, then the day something is due, then the code.
ORDER = ("rank", "due_on", "code")


@dataclass(frozen=True)
class Standard:
    """The contact standard of a site, and the spans it counts in."""

    weekly_contacts: int
    weekly_face_to_face: int
    monthly_home_visits: int
    at_risk_days: int
    review_days: int
    #: First moments of the week and of the month of today.
    week_from: datetime
    month_from: datetime

    @property
    def every(self) -> timedelta:
        """So long after one contact the next is due, the week's number spread evenly."""
        return timedelta(days=max(1, 7 // (self.weekly_contacts or 1)))

    def word(self, quiet_days: int) -> str:
        """`review`, `at_risk`, `due` or `good`: how a case without a contact for so long stands."""
        if quiet_days >= self.review_days:
            return "review"
        if quiet_days >= self.at_risk_days:
            return "at_risk"
        return "due" if quiet_days > self.every.days else "good"


#: How each word of a standard looks: tone, and what it says beside the days.
QUIET: dict[str, tuple[str, Any]] = {
    "review": ("overdue", _("Review the case")),
    "at_risk": ("overdue", _("At risk of loss")),
    "due": ("due", ""),
    "good": ("done", ""),
}


def standards(sites: Iterable[Site], on: date) -> dict[Any, Standard]:
    """The contact standard of each site on a day; one query."""
    rows = list(sites)
    if not rows:
        return {}
    rules = rulesets.by_site(STANDARD, rows, on)
    month = datetime.combine(on.replace(day=1), time.min, BAGHDAD)
    return {
        site.pk: Standard(
            **rules[site.pk].content,
            week_from=Week.of(on, site.week_start).starts_at,
            month_from=month,
        )
        for site in rows
    }


def bands(sites: Iterable[Site], on: date) -> dict[Any, Band]:
    """The band of each site on a day; one query."""
    rows = list(sites)
    if not rows:
        return {}
    return {key: band_of(one.content) for key, one in rulesets.by_site(BAND, rows, on).items()}


# --- whose ----------------------------------------------------------------------------------------


def cases_of(worker: User, reader: User) -> Any:
    """The cases that somebody carries or is on the team of, as far as the reader may see them.

    The keys of the team's cases are read first: two indexes then find the rows, whatever the table
    holds.
    """
    on_team = list(
        CaseMember.objects.filter(user=worker, until__isnull=True).values_list(
            "participant", flat=True
        )
    )
    mine = Q(worker=worker) | Q(pk__in=on_team) if on_team else Q(worker=worker)
    return Participant.objects.visible_to(reader).on_caseload().filter(mine)


def overseen(reader: User) -> Any:
    """Whose caseloads somebody may open: a supervisor's team, a manager's sites, else one's own."""
    people = User.objects.all()
    if reader.role == Role.MANAGER:
        return people.filter(sites__in=reader.site_ids).distinct()
    if reader.role == Role.SUPERVISOR:
        return people.filter(pk__in=team_ids(reader))
    return people.filter(pk=reader.pk)


# --- the rows of one caseload ---------------------------------------------------------------------


def _by_site(rules: dict[Any, Standard], value: Any, default: Any, output: Any) -> Any:
    """An expression with a value of each site's standard."""
    values = {key: value(one) for key, one in rules.items()}
    if len(set(values.values())) == 1:
        return Value(next(iter(values.values())), output_field=output)
    whens = [When(site=key, then=Value(one, output_field=output)) for key, one in values.items()]
    return Case(*whens, default=Value(default, output_field=output))


def in_order(rows: Any, rules: dict[Any, Standard]) -> Any:
    """Cases with `rank` and `due_on`, to be ordered by `ORDER`.

    Due is the planned visit or the day the standard asks for the next contact, whichever is first;
    of a paused case the day to look again. The clock of a case that went on counts from then.
    """
    every = _by_site(rules, lambda one: one.every, timedelta(days=2), DurationField())
    spoken_on = TruncDate(Greatest("last_contact_at", "status_since"), tzinfo=BAGHDAD)
    return rows.annotate(
        rank=Case(
            When(status=Participant.Status.ACTIVE, risk_signal__in=ALARMING, then=Value(0)),
            default=Value(1),
            output_field=IntegerField(),
        ),
        due_on=Case(
            When(status=Participant.Status.PAUSED, then=F("pause_until")),
            default=Least("next_contact_on", Cast(spoken_on + every, DateField())),
            output_field=DateField(),
        ),
    )


@dataclass(frozen=True)
class Dots:
    """One part of the standard: so many of so many, the rest hollow."""

    short: Any
    label: Any
    done: int
    wanted: int

    @property
    def met(self) -> bool:
        return self.done >= self.wanted

    @property
    def marks(self) -> list[bool]:
        return [number < self.done for number in range(self.wanted)]


@dataclass(frozen=True)
class Row:
    """One case as its line of the caseload shows it."""

    case: Participant
    alias: str | None
    quiet_days: int
    quiet: str
    dots: list[Dots]
    next_late: bool
    rescreen_late: bool
    referrals: int = 0
    #: What the reader recorded a moment ago, and may take back with one tap.
    just: Contact | None = None

    @property
    def quiet_tone(self) -> str:
        return QUIET[self.quiet][0]

    @property
    def quiet_word(self) -> Any:
        return QUIET[self.quiet][1]

    @property
    def paused(self) -> bool:
        return self.case.status == Participant.Status.PAUSED

    @property
    def alarming(self) -> bool:
        return self.case.risk_signal in ALARMING

    @property
    def risk_label(self) -> str:
        signal = self.case.risk_signal
        return codes.label("risk_signal", signal) if signal else ""

    @property
    def due(self) -> bool:
        """Something is due today or before."""
        return self.next_late or self.rescreen_late or self.quiet != "good" or self.alarming


def contact_counts(
    cases: Sequence[Participant], rules: dict[Any, Standard]
) -> dict[Any, dict[str, int]]:
    """Contacts and face to face of the week, home visits of the month: of the cases in view."""
    if not cases:
        return {}
    here = {row.site_id: rules[row.site_id] for row in cases}
    week: Any = Q()
    if len({one.week_from for one in here.values()}) == 1:
        week = Q(at__gte=next(iter(here.values())).week_from)
    else:
        for key, one in here.items():
            week |= Q(participant__site=key, at__gte=one.week_from)
    month_from = next(iter(here.values())).month_from
    since = min(month_from, *(one.week_from for one in here.values()))
    counted: Any = (
        Contact.objects.filter(participant__in=[row.pk for row in cases], at__gte=since)
        .standing()
        .met()
        .order_by()
        .values("participant")
        .annotate(
            contacts=Count("pk", filter=week),
            face_to_face=Count("pk", filter=week & Q(face=True)),
            home=Count("pk", filter=Q(mode=HOME, at__gte=month_from)),
        )
    )
    return {one["participant"]: one for one in counted}


def lines(
    cases: Sequence[Participant],
    rules: dict[Any, Standard],
    *,
    on: date,
    aliases: dict[Any, dict[str, str | None]],
    referrals: dict[Any, int],
    just: dict[Any, Contact],
) -> list[Row]:
    """The lines of a caseload, from what was read for all of them."""
    counts = contact_counts(cases, rules)
    return [
        _line(row, rules[row.site_id], counts.get(row.pk, {}), on, aliases, referrals, just)
        for row in cases
    ]


def _line(
    case: Participant,
    rule: Standard,
    counts: dict[str, int],
    on: date,
    aliases: dict[Any, dict[str, str | None]],
    referrals: dict[Any, int],
    just: dict[Any, Contact],
) -> Row:
    spoken = max(case.last_contact_at or case.status_since, case.status_since)
    quiet_days = max(0, (on - periods.local_day(spoken)).days)
    paused = case.status == Participant.Status.PAUSED
    next_on = case.pause_until if paused else case.next_contact_on
    asked = [
        (
            pgettext_lazy("contact standard", "Week"),
            _("Contacts this week"),
            "contacts",
            rule.weekly_contacts,
        ),
        (
            pgettext_lazy("contact standard", "Met"),
            _("Face to face this week"),
            "face_to_face",
            rule.weekly_face_to_face,
        ),
        (
            pgettext_lazy("contact standard", "Home"),
            _("Home visits this month"),
            "home",
            rule.monthly_home_visits,
        ),
    ]
    return Row(
        case=case,
        alias=aliases.get(case.pk, {}).get("alias", ""),
        quiet_days=quiet_days,
        # The clock of a paused case stands still.
        quiet="good" if paused else rule.word(quiet_days),
        dots=[
            Dots(short, label, counts.get(name, 0), wanted)
            for short, label, name, wanted in asked
            if wanted
        ],
        next_late=next_on is not None and next_on < on,
        rescreen_late=case.rescreen_due_on is not None and case.rescreen_due_on <= on,
        referrals=referrals.get(case.pk, 0),
        just=just.get(case.pk),
    )


# --- workers with their bands ---------------------------------------------------------------------


@dataclass
class Load:
    """What one worker carries at one site."""

    worker: User
    site: Site
    band: Band
    active: int = 0
    paused: int = 0
    at_risk: int = 0
    review: int = 0
    alarming: int = 0
    late: int = 0

    @property
    def word(self) -> str:
        return self.band.word(self.active)

    @property
    def urgency(self) -> tuple[int, int, str]:
        """What needs somebody comes first."""
        steps = {"over": 0, "many": 1, "few": 3, "room": 4, "good": 4}
        danger = 0 if self.alarming else 1 if self.review or self.at_risk else 2
        return danger, steps[self.word], self.worker.code_name


def is_at_work(load: Load) -> bool:
    """A worker who may sign in and works at the site; not whoever only left cases behind."""
    worker = load.worker
    return (
        worker.role == Role.WORKER
        and worker.may_sign_in()
        and load.site.pk in {site.pk for site in worker.sites.all()}
    )


def loads(reader: User, sites: Sequence[Site], on: date) -> list[Load]:
    """The workers whom somebody oversees at some sites, with what each carries.

    Everybody who works cases there, and whoever carries one all the same, having left or another
    role: their cases wait for somebody. Five queries.
    """
    if not sites:
        return []
    rules, bands_by_site = standards(sites, on), bands(sites, on)
    spoken_at = Coalesce(Greatest("last_contact_at", "status_since"), "status_since")
    until = datetime.combine(on, time.min, BAGHDAD) + timedelta(days=1)

    def quiet_for(days: str) -> Q:
        found = Q(pk__in=[])
        for key, one in rules.items():
            edge = until - timedelta(days=getattr(one, days))
            found |= Q(site=key, spoken_at__lt=edge)
        return found

    active = Q(status=Participant.Status.ACTIVE)
    counted: Any = (
        Participant.objects.visible_to(reader)
        .on_caseload()
        .filter(site__in=[site.pk for site in sites])
        .annotate(spoken_at=spoken_at)
        .order_by()
        .values("worker", "site")
        .annotate(
            active=Count("pk", filter=active),
            paused=Count("pk", filter=~active),
            at_risk=Count("pk", filter=active & quiet_for("at_risk_days")),
            review=Count("pk", filter=active & quiet_for("review_days")),
            alarming=Count("pk", filter=active & Q(risk_signal__in=ALARMING)),
            late=Count("pk", filter=active & Q(next_contact_on__lt=on)),
        )
    )
    by_place = {(one.pop("worker"), one.pop("site")): one for one in counted}
    people = overseen(reader).filter(
        Q(pk__in={worker for worker, _site in by_place})
        | Q(role=Role.WORKER, is_active=True, sites__in=[site.pk for site in sites])
    )
    found = []
    for worker in people.distinct().prefetch_related("sites"):
        at_sites = {site.pk for site in worker.sites.all()} if worker.role == Role.WORKER else set()
        for site in sites:
            carried = by_place.get((worker.pk, site.pk))
            if carried or (site.pk in at_sites and worker.may_sign_in()):
                found.append(Load(worker, site, bands_by_site[site.pk], **(carried or {})))
    return sorted(found, key=lambda one: one.urgency)
