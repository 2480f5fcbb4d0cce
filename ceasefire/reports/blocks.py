"""The blocks of the dashboard and the homes: a question, one figure against its range, a way on.

Each function reads a bounded number of rows, whatever the size of the tables.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Min
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from ceasefire import periods
from ceasefire.jobs import Job
from ceasefire.look.charts import Chart, weekly_bars
from ceasefire.look.numbers import number_text
from ceasefire.people.models import User
from ceasefire.periods import Week
from ceasefire.places.models import Site
from ceasefire.reports.editions import Edition, audience_of, edition_for
from ceasefire.reports.models import Audience, SharedWeeklyReport, WeeklyReport
from ceasefire.reports.presentation import ReportPage, SharedPage, week_words
from incidents import measures, rollups

#: Accounts that end within so many days are shown to the administrator.
EXPIRING_DAYS = 14


@dataclass(frozen=True)
class Item:
    """A line of a block that leads somewhere."""

    label: str
    url: str
    note: str = ""
    tone: str = ""
    badge: str = ""
    #: The number in the label: so many records are in the list it leads to. None: no number is.
    count: int | None = None


@dataclass(frozen=True)
class Block:
    """One question and its answer. `value` None shows no figure; `tone` as the badges have it.

    `figure_url` is the list of exactly the records that the figure counts.
    """

    title: str
    value: Any = None
    unit: str = ""
    note: str = ""
    tone: str = ""
    url: str = ""
    url_label: str = ""
    chart: Chart | None = None
    items: Sequence[Item] = field(default=())
    figure_url: str = ""


def address(name: str, *args: Any, query: str = "") -> str:
    """The address of a view by name; empty while this version has no such page."""
    try:
        return reverse(name, args=args) + query
    except NoReverseMatch:
        return ""


def latest_reports(user: User) -> list[Edition]:
    """The newest report of each site as the person reads it, alerts first, histories last."""
    reports = WeeklyReport.objects.visible_to(user)
    if audience_of(user) == Audience.OPEN:
        reports = reports.filter(body_open__isnull=False)
    newest = (
        reports.select_related("site")
        .order_by("site__code", "-week_start", "-revision")
        .distinct("site__code")
    )
    found = [edition for one in newest if (edition := edition_for(one, user)) is not None]
    return sorted(
        found,
        key=lambda edition: (
            edition.report.site.read_only,
            -len(edition.body["alerts"]),
            -edition.body["tests_made"],
            edition.report.site.code,
        ),
    )


# --- what waits -----------------------------------------------------------------------------------


def own_records(user: User) -> Block:
    """A reporter's returned records and drafts."""
    own = measures.own_open(user.pk)
    returned_words = ngettext(
        "%(count)s returned with a question", "%(count)s returned with a question", own.returned
    )
    draft_words = ngettext("%(count)s draft to send", "%(count)s drafts to send", own.drafts)
    listed = []
    if own.returned:
        listed.append(
            Item(
                label=returned_words % {"count": number_text(own.returned, user.digits)},
                url=address("incidents:incident_list", query="?status=returned&mine=on"),
                count=own.returned,
            )
        )
    if own.drafts:
        listed.append(
            Item(
                label=draft_words % {"count": number_text(own.drafts, user.digits)},
                url=address("incidents:incident_list", query="?status=draft&mine=on"),
                count=own.drafts,
            )
        )
    return Block(
        title=_("What waits for me?"),
        note="" if listed else _("Nothing: no draft, nothing returned."),
        items=listed,
    )


def newest(user: User) -> Block:
    """How much happened at the person's sites since this week began."""
    week = Week.of(periods.today())
    count = rollups.happened_since(user, week.start)
    return Block(
        title=_("What happened this week?"),
        value=count,
        unit=ngettext("incident", "incidents", count),
        note=_("So far, since Sunday, at your sites."),
        url=address("incidents:incident_list", query=f"?week={week}"),
        url_label=_("Incidents of this week"),
    )


def review(user: User) -> Block:
    """What waits for review, the gravest named."""
    backlog = measures.review_backlog(user.site_ids, role=user.role)
    may_review = user.has_perm("incidents.review_incident")
    note = _("Everything sent has been looked at.")
    if backlog.oldest_at is not None:
        note = _("The oldest waits %(age)s.") % {"age": _age(backlog.oldest_at, user.digits)}
    items = []
    if backlog.killings:
        words = ngettext(
            "%(count)s killing among them", "%(count)s killings among them", backlog.killings
        )
        items.append(
            Item(
                label=words % {"count": number_text(backlog.killings, user.digits)},
                url=address("incidents:incident_list", query="?status=waiting&family=killing"),
                tone="overdue",
                count=backlog.killings,
            )
        )
    url = (
        address("incidents:incident_review")
        if may_review
        # Who may not review reads the same records in the list.
        else address("incidents:incident_list", query="?status=waiting")
    )
    return Block(
        title=_("What waits for review?"),
        value=backlog.waiting,
        unit=ngettext("record", "records", backlog.waiting),
        note=note,
        tone="overdue" if backlog.killings else "due" if backlog.waiting else "",
        url=url,
        url_label=_("Review") if may_review else _("Records that wait"),
        figure_url=url,
        items=items,
    )


def responses(user: User, site: Site | None = None) -> Block:
    """What runs on the 72-hour clock, the late ones first; for field staff their own as well.

    At one site where it is given, and the board too.
    """
    clocks = measures.clocks(user, periods.now(), site_id=site.pk if site else None)
    board = address("incidents:board", query=f"?site={site.code}" if site else "")
    more = "&" if site else "?"
    listed = []
    for count, words, tone, query in (
        (clocks.red, _("over 72 hours"), "overdue", f"{more}stage=red"),
        (clocks.amber, _("over 48 hours"), "due", f"{more}stage=amber"),
        (clocks.free, _("nobody has it"), "due", f"{more}who=free"),
        (clocks.mine, _("I have it"), "accent", f"{more}who=mine"),
    ):
        if count:
            number = number_text(count, user.digits)
            listed.append(
                Item(label=f"{number} {words}", url=board + query, tone=tone, count=count)
            )
    return Block(
        title=_("What must be answered within 72 hours?"),
        value=clocks.running,
        unit=ngettext("clock runs", "clocks run", clocks.running),
        note=""
        if clocks.running
        else _("No clock runs at this site.")
        if site
        else _("No clock runs at your sites."),
        tone="overdue" if clocks.red else "due" if clocks.amber else "",
        items=listed,
        figure_url=board,
        url=board,
        url_label=_("72-hour board"),
    )


def returned(user: User) -> Block:
    """What was sent back to reporters and has not come again."""
    count = measures.returned_open(user)
    return Block(
        title=_("What is with the reporters?"),
        value=count,
        unit=ngettext("record", "records", count),
        note=_("Returned with a question and not sent again yet.")
        if count
        else _("Nothing is returned."),
        url=address("incidents:incident_list", query="?status=returned"),
        url_label=_("Returned records"),
    )


def drafts(user: User, title: str, *, untold: bool = False) -> Block:
    """Reports that wait: for approval, or (`untold`) for their narrative."""
    reports = WeeklyReport.objects.visible_to(user).drafts()
    if untold:
        reports = reports.filter(narrative_en="", narrative_ar="")
    facts = reports.aggregate(count=Count("pk"), oldest=Min("week_start"))
    newest_first = reports.without_content().select_related("site").newest_first()[:5]
    return Block(
        title=title,
        value=facts["count"],
        unit=ngettext("report", "reports", facts["count"]),
        note=_("The oldest is of the week %(week)s.")
        % {"week": week_words(facts["oldest"], digits=user.digits)}
        if facts["oldest"]
        else _("None is waiting."),
        tone="due" if facts["count"] else "",
        url=address("reports:report_list", query="?status=draft"),
        url_label=_("Drafts"),
        items=[
            Item(
                label=str(report.site.name),
                url=report.get_absolute_url(),
                note=week_words(report.week_start, digits=user.digits),
            )
            for report in newest_first
        ],
    )


# --- what the newest report says ------------------------------------------------------------------


def unusual(page: ReportPage) -> Block:
    """The newest week against its usual range, with the weeks before."""
    district = page.drawn
    total = district.total
    note = total.sentence
    return Block(
        title=_("Is this week unusual?"),
        value=total.incidents,
        unit=_("in %(place)s") % {"place": district.name},
        note=note,
        tone={"unusual": "unusual", "usual": ""}.get(total.state, ""),
        chart=weekly_bars(
            "unusual",
            _("Verified incidents a week"),
            page.week,
            page.week_bars(district.pcode, 26),
            unit=_("incidents"),
            height=140,
            digits=page.digits,
        ),
        url=page.report.get_absolute_url(),
        url_label=_("Weekly report"),
    )


def alerts(pages: Sequence[ReportPage]) -> Block:
    """Which counts stand out in the newest reports."""
    found = [(page, one) for page in pages for one in page.alerts]
    return Block(
        title=_("Which counts stand out?"),
        value=len(found),
        unit=ngettext("alert", "alerts", len(found)),
        note="" if found or not pages else pages[0].verdict,
        tone="unusual" if found else "",
        items=[
            Item(
                label=f"{one.place}: {one.label}",
                url=page.report.get_absolute_url() + "#alerts",
                note=one.sentence,
            )
            for page, one in found[:5]
        ],
        url=address("reports:report_list"),
        url_label=_("Weekly reports"),
    )


def harmed(page: ReportPage) -> Block:
    """How many people were harmed."""
    recorded = page.basis["recorded"]
    return Block(
        title=_("How many people were harmed?"),
        value=recorded["killed"],
        unit=_("killed"),
        note=_(
            "%(injured)s injured, %(abducted)s abducted; in %(unknown)s incidents the number"
            " of killed is unknown."
        )
        % {
            "injured": page.number(recorded["injured"]),
            "abducted": page.number(recorded["abducted"]),
            "unknown": page.number(recorded["killed_unknown"]),
        },
        url=page.report.get_absolute_url() + "#counts",
        url_label=_("By district and type"),
    )


def timeliness(page: ReportPage) -> Block:
    """How soon reports come, and up to when the records are complete."""
    health = page.body["data_health"]
    delay = health["median_delay_days"]
    words = ngettext(
        "%(late)s came more than a week late. Complete to %(day)s.",
        "%(late)s came more than a week late. Complete to %(day)s.",
        health["late"],
    )
    return Block(
        title=_("How soon do we hear of it?"),
        value=delay,
        unit=_("days, half of them sooner"),
        note=words % {"late": page.number(health["late"]), "day": page.day(health["complete_to"])},
        url=page.report.get_absolute_url() + "#health",
        url_label=_("Data health"),
    )


def certainty(page: ReportPage) -> Block:
    """How sure the records are."""
    recorded = page.basis["recorded"]
    total = recorded["incidents"] + recorded["unverified"]
    return Block(
        title=_("How sure are we?"),
        value=recorded["unverified"],
        unit=_("not verified"),
        note=_("of %(incidents)s recorded in the week; they stand apart from the counts.")
        % {"incidents": page.number(total)},
        tone="due" if recorded["unverified"] else "",
        url=address("incidents:incident_list", query=f"?week={page.report.week_start}"),
        url_label=_("Incidents of the week"),
    )


def latest(reports: Sequence[Edition], digits: str) -> Block:
    """The newest report of each site."""
    return Block(
        title=_("What did the last reports say?"),
        note="" if reports else _("No report has been compiled yet."),
        items=[
            Item(
                label=page.site,
                url=page.report.get_absolute_url(),
                note=f"{page.week}. {page.verdict}",
                tone="unusual" if page.body["alerts"] else "quiet",
                badge=_("Unusual") if page.body["alerts"] else "",
            )
            for edition in reports
            for page in [ReportPage(edition, digits=digits)]
        ],
        url=address("reports:report_list"),
        url_label=_("All reports"),
    )


# --- the other roles ------------------------------------------------------------------------------


def shared(user: User) -> Block:
    """The newest reports that were shared with REO."""
    reports = list(SharedWeeklyReport.objects.visible_to(user).latest().newest_first()[:6])
    return Block(
        title=_("What do the newest reports say?"),
        note="" if reports else _("No report has been shared yet."),
        items=[
            Item(
                label=page.site,
                url=report.get_absolute_url(),
                note=f"{page.week}. {page.verdict}",
                tone="unusual",
                badge=_("Unusual") if page.body["alerts"] else "",
            )
            for report in reports
            for page in [SharedPage(report, digits=user.digits)]
        ],
        url=address("reports:report_list"),
        url_label=_("All reports"),
    )


def imports(user: User) -> Block:
    """Files brought in lately."""
    count = measures.imports_lately(user.site_ids, timezone.now())
    # Who brings in no files does not see them either.
    may_open = user.has_perm("incidents.import_incident")
    note = _("In the last 30 days.")
    closed = _("The data officer keeps the files.")
    return Block(
        title=_("What was imported?"),
        value=count,
        unit=ngettext("file", "files", count),
        note=note if may_open else f"{note} {closed}",
        figure_url=address("incidents:import_new", query="?lately=1") if may_open else "",
        url=address("incidents:import_new") if may_open else "",
        url_label=_("Import") if may_open else "",
    )


def parked(user: User) -> Block:
    """Background work that stopped after failing."""
    count = Job.objects.visible_to(user).parked().count()
    return Block(
        title=_("Does the background work run?"),
        value=count,
        unit=_("stopped"),
        note=_("Failed five times: try it again.") if count else _("Nothing has stopped."),
        tone="overdue" if count else "",
        url=address("oversight:job_list", query="?status=parked" if count else ""),
        url_label=_("Background work"),
    )


def expiring() -> Block:
    """Accounts that end soon."""
    today = timezone.localdate()
    people = User.objects.active().filter(expires_on__lte=today + timedelta(days=EXPIRING_DAYS))
    count = people.count()
    return Block(
        title=_("Whose access ends soon?"),
        value=count,
        unit=ngettext("person", "people", count),
        note=_("Within two weeks."),
        tone="due" if count else "",
        url=address("people:user_list"),
        url_label=_("Users"),
        items=[
            Item(
                label=str(person.code_name),
                url=address("people:user_detail", person.username),
                note=f"{person.expires_on:%d/%m/%Y}",
            )
            for person in people.order_by("expires_on")[:5]
        ],
    )


def sites() -> Block:
    """The sites of the program."""
    found = list(Site.objects.order_by("code")[:8])
    return Block(
        title=_("Where do we work?"),
        value=len(found),
        unit=ngettext("site", "sites", len(found)),
        url=address("oversight:site_list"),
        url_label=_("Sites and places"),
        items=[
            Item(label=str(site.name), url=address("oversight:site_detail", site.code))
            for site in found
        ],
    )


def trail(user: User) -> Block:
    """The last entries of the audit trail."""
    from ceasefire.audit.models import AuditEvent
    from ceasefire.oversight.verbs import in_words

    events = list(AuditEvent.objects.visible_to(user).newest_first()[:6])
    return Block(
        title=_("What was done last?"),
        value=events[0].seq if events else 0,
        unit=_("entries in the trail"),
        items=[
            Item(
                label=in_words(event.verb) or event.verb,
                url="",
                note=f"{event.actor_name} · {timezone.localtime(event.at):%d/%m/%Y %H:%M}",
            )
            for event in events
        ],
        url=address("oversight:audit_list"),
        url_label=_("Audit trail"),
    )


def chain(user: User) -> Block:
    """Whether the trail holds, and where to check it."""
    return Block(
        title=_("Does the trail hold?"),
        note=_(
            "Each entry seals the one before. Check the whole chain, and keep its head outside."
        ),
        url=address("oversight:audit_list"),
        url_label=_("Check the chain"),
    )


def _age(moment: datetime, digits: str) -> str:
    hours = max(0, int((periods.now() - moment).total_seconds() // 3600))
    if hours < 48:
        return ngettext("%(count)s hour", "%(count)s hours", hours) % {
            "count": number_text(hours, digits)
        }
    return ngettext("%(count)s day", "%(count)s days", hours // 24) % {
        "count": number_text(hours // 24, digits)
    }
