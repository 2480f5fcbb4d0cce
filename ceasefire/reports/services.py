"""Compiling, telling, approving and correcting a weekly report."""

from __future__ import annotations

import base64
import hashlib
import json
import zlib
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime
from typing import Any

from django.db import connection, transaction
from django.db.models import Max
from django.utils import timezone

from ceasefire import audit, periods, vault
from ceasefire.people.models import User
from ceasefire.periods import Week
from ceasefire.places.models import Site
from ceasefire.reports import effects, mailing
from ceasefire.reports.compilation import (
    Content,
    Documents,
    Tell,
    compile_content,
    english,
    untold,
)
from ceasefire.reports.documents import checksum
from ceasefire.reports.editions import audience_of, edition_of
from ceasefire.reports.exceptions import (
    NotCovered,
    NothingChanged,
    ReportHasMoved,
    ReportIsFrozen,
    ReportIsNotFrozen,
    ReportRefusal,
    WeekNotOver,
    WrongWeekStart,
)
from ceasefire.reports.models import Audience, SharedWeeklyReport, WeeklyReport
from ceasefire.reports.panel import ALL, MOST_WEEKS, NOWHERE, covered
from ceasefire.reports.panel import RECENT_WEEKS as LOOKED_AT
from ceasefire.reports.recording import changes, coverage
from ceasefire.reports.sharing import may_follow, says_something_new, shared_body
from ceasefire.statistics.history import RECENT_WEEKS
from incidents import measures, rollups

#: Under which the answers that a report was made of are sealed beside it.
READINGS = "readings"
Changes = list[dict[str, Any]]
#: Counts by district, type and measure.
Numbers = dict[tuple[str, str, str], int]
#: What a correction compares: verified incidents and those beside them, people harmed in the
#: verified ones, and of how many of these nobody knows how many were killed.
MEASURES = ("incidents", "unverified", "killed", "killed_unknown", "injured", "abducted")


@transaction.atomic
def compile_week(
    *,
    site: Site,
    week_start: date,
    by: User | None = None,
    as_of: datetime | None = None,
    tell: Tell = untold,
) -> WeeklyReport:
    """Compile the report of a site's week, or return the approved one as it stands.

    There is one draft a week: compiling again renews its numbers and keeps its narrative. The week
    is held first, so two compiles of it take turns and the second finds the first one's report;
    other weeks of the site are compiled beside it, and only the writing waits for its turn. What
    was received after `as_of`, or after it was begun, is left out. `tell` hears how far it is
    (done, of). Refuses a day that begins no week of the site, a week that is not over, and one in
    which the site recorded nothing.
    """
    week = _whole_week(site, week_start)
    _hold(site, week)
    report = _latest(site, week)
    if report is not None and report.is_frozen:
        return report
    content = _content(site, week, as_of, tell)
    if _take_turns(site).week_start != site.week_start:
        raise WrongWeekStart
    report = _latest(site, week)
    if report is not None and report.is_frozen:
        return report
    if not effects.still_stand(site, content.full.body["effect"]):
        content = _content(site, week, as_of, tell)
    if report is None:
        report = WeeklyReport(site=site, week_start=week.start, number=_next_number(site))
    elif report.revision_of is not None:
        _say_revised(content, report.revision_of, _why_corrected(report))
    _fill(report, content, by=by)
    audit.record("weeklyreport.compiled", subject=report, by=by, detail=_trace(report))
    return report


@transaction.atomic
def revise_report(
    report: WeeklyReport, *, by: User, reason: str, outside: str = ""
) -> WeeklyReport:
    """Correct an approved report: a new draft beside it that says what changed and why.

    `reason` stands in the version that `by` reads and in the full one, `outside` in all others:
    REO's, and the open one where `by` reads the full one. Without `outside` these say a fixed
    sentence, since a reason may name what they hide.

    Refuses a report that is not approved, or is not the last one of its week, and a correction
    that changes neither a number of `MEASURES` nor what is known of the site's recording: whether
    it covered this week and the others looked at, and since when it records what it does. All of
    this is said of what `by` may read: whoever reads the open version is refused where nothing
    changed in it, and corrections they can not see do not stand in their way. A report from before
    open versions were kept is always corrected.
    """
    site, week = report.site, Week(report.week_start)
    _hold(site, week)
    _take_turns(site)
    latest = seen = _latest(site, week)
    reads_all = audience_of(by) == Audience.FULL
    while seen is not None and not (reads_all or seen.is_open):
        seen = seen.revision_of
    if latest is None or seen is None or seen.pk != report.pk:
        raise ReportHasMoved
    if not seen.is_frozen:
        raise ReportIsNotFrozen
    approved = latest if latest.is_frozen else latest.revision_of or seen
    why = Why(reason, outside, outside if reads_all else reason)
    return _corrected(latest, approved, why, by=by)


@transaction.atomic
def begin_open_report(*, site: Site, week_start: date, by: User) -> WeeklyReport | None:
    """Begin what all staff may read of a week whose approved report only some may: a correction.

    For who asks for a report of a week and sees none, since the approved one is there because of
    sensitive incidents alone. Where by now there is something for all, a draft stands beside it,
    with the fixed reason; a manager approves it as any other. None where nobody keeps such a report
    of the week, or still nothing is there for all: it is then asked for like any other week, and
    the person learns of neither.
    """
    week = _whole_week(site, week_start)
    _hold(site, week)
    _take_turns(site)
    latest = _latest(site, week)
    if latest is None or not latest.is_frozen or not _hidden_from_all(latest):
        return None
    try:
        # Nothing stays of what turns out to be there for nobody else.
        with transaction.atomic():
            draft = _corrected(latest, latest, Why("", "", ""), by=by)
            if not draft.is_open:
                raise NothingChanged
    except ReportRefusal:
        return None
    return draft


def _hidden_from_all(report: WeeklyReport | None) -> bool:
    """Whether no version of the week is open to all staff."""
    while report is not None:
        if report.is_open:
            return False
        report = report.revision_of
    return True


def _corrected(latest: WeeklyReport, approved: WeeklyReport, why: Why, *, by: User) -> WeeklyReport:
    """Write the correction of an approved report; the week and the site are held."""
    site, week = latest.site, Week(latest.week_start)
    content = _content(site, week, None)
    _say_revised(content, approved, why)
    changed = _is_revised(content.open.body) or (
        audience_of(by) == Audience.FULL and _is_revised(content.full.body)
    )
    if not changed and approved.body_open is not None:
        raise NothingChanged
    draft = latest
    if latest.is_frozen:
        draft = WeeklyReport(
            site=site,
            week_start=week.start,
            number=_next_number(site),
            revision=approved.revision + 1,
            revision_of=approved,
            narrative_en=approved.narrative_en,
            narrative_ar=approved.narrative_ar,
            narrative_by=approved.narrative_by,
        )
    _fill(draft, content, by=by)
    audit.record(
        "weeklyreport.revised",
        subject=draft,
        by=by,
        # As all staff read it: readers of the trail do not read the full version.
        reason=why.open or english(content.open.basis["reason_key"] or "corrected", {}),
        detail=_trace(draft),
    )
    return draft


@transaction.atomic
def write_narrative(
    report: WeeklyReport,
    *,
    narrative_en: str,
    narrative_ar: str,
    by: User,
    version: int | None = None,
) -> WeeklyReport:
    """Tell the week in words. Refused once the report is approved.

    `version`: of the draft the writer had before them; a newer one is not overwritten.
    """
    report = _locked(report)
    if report.is_frozen:
        raise ReportIsFrozen
    if version is not None and version != report.version:
        raise ReportHasMoved
    report.narrative_en, report.narrative_ar = narrative_en.strip(), narrative_ar.strip()
    report.narrative_by = by
    report.version += 1
    report.save(update_fields=["narrative_en", "narrative_ar", "narrative_by", "version"])
    audit.record(
        "weeklyreport.narrated", subject=report, by=by, fields=["narrative_en", "narrative_ar"]
    )
    return report


@transaction.atomic
def freeze_report(report: WeeklyReport, *, by: User, version: int | None = None) -> WeeklyReport:
    """Approve a report: from here on PostgreSQL refuses any change. REO's version is made with it,
    and who subscribes hears of it by mail.

    Refused where it is approved already, or where the draft is no longer what the manager read
    (`version`). Not shared is a report that is there because of sensitive incidents alone
    (`is_open`): it would tell of them by being there. Nor is a correction that would give away
    small counts beside the version REO has; REO keeps the earlier one.
    """
    report = _locked(report)
    if report.is_frozen:
        raise ReportIsFrozen
    if version is not None and version != report.version:
        raise ReportHasMoved
    report.status = WeeklyReport.Status.FROZEN
    report.frozen_at, report.frozen_by = timezone.now(), by
    report.body["status"] = "frozen"
    report.checksum = checksum(report.body)
    if report.body_open is not None:
        report.body_open["status"] = "frozen"
        report.checksum_open = checksum(report.body_open)
    report.version += 1
    report.save()
    shared = _share(report) if report.is_open else None
    mailing.announce(report)
    audit.record(
        "weeklyreport.frozen",
        subject=report,
        by=by,
        detail=_trace(report) | {"shared": shared is not None},
    )
    return report


def made_again(report: WeeklyReport, *, by: User | None) -> Content | None:
    """The documents of a report, made again from what was read for it; None where nothing is kept.

    No record is read, so what was verified, merged, withdrawn or corrected since changes nothing.
    As a first report of its week: what a correction says of the report before it is not made again.
    The opening of the seal stands in the trail. Reports from before their readings were kept have
    none.
    """
    text = vault.unseal(report, READINGS, by=by)
    if not text or hashlib.sha256(text.encode()).hexdigest() != report.basis.get("readings"):
        return None
    kept = json.loads(zlib.decompress(base64.b64decode(text)))
    cut = None if kept["cut"] is None else datetime.fromisoformat(kept["cut"])
    with measures.replaying(json.dumps(kept["answers"])):
        return compile_content(
            report.site,
            Week(report.week_start),
            as_of=datetime.fromisoformat(report.body["data_as_of"]),
            cut=cut,
        )


def _packed(answers: dict[str, Any]) -> str:
    """Answers as a short text: written out they are some hundred octets an incident."""
    written = json.dumps(answers, sort_keys=True, separators=(",", ":"))
    return base64.b64encode(zlib.compress(written.encode(), 6)).decode()


def changes_since(report: WeeklyReport, audience: Audience) -> Changes:
    """What the records say otherwise by now: [{place, type, measure, before, after}], or [].

    By district and type, of all `MEASURES`; reads one week. Whoever reads the full version is told
    of the open one where only that changed: an incident was found to be sensitive since.
    """
    changes = []
    if audience == Audience.FULL:
        changes = _differences(_counted(report.body, report.basis), _now(report))
    if not changes and report.body_open is not None and report.basis_open is not None:
        before = _counted(report.body_open, report.basis_open)
        changes = _differences(before, _now(report, exclude_sensitive=True))
    return changes


def _now(report: WeeklyReport, *, exclude_sensitive: bool = False) -> Numbers:
    week = Week(report.week_start)
    has_unplaced = _has_unplaced(report.body)
    now: Numbers = {}
    for count in rollups.weekly_counts(
        report.site_id, week.start, week.end, exclude_sensitive=exclude_sensitive
    ):
        if count.district_pcode or has_unplaced:
            for kind in (count.type, ALL):
                for measure in MEASURES:
                    key = (count.district_pcode, kind, measure)
                    now[key] = now.get(key, 0) + getattr(count, measure)
    return now


def refusal(site: Site, week: Week, audience: Audience) -> type[WeekNotOver | NotCovered] | None:
    """Why an audience has no report of this week of the site now; None where it can be compiled."""
    without = audience == Audience.OPEN
    if week.end > periods.today():
        return WeekNotOver
    if covered(week, coverage(site, exclude_sensitive=without)) or rollups.weekly_counts(
        site.pk, week.start, week.end, exclude_sensitive=without
    ):
        return None
    return NotCovered


def _whole_week(site: Site, week_start: date) -> Week:
    week = Week.of(week_start, site.week_start)
    if week.start != week_start:
        raise WrongWeekStart
    if week.end > periods.today():
        raise WeekNotOver
    return week


def _hold(site: Site, week: Week) -> None:
    """Hold a week of a site to the end of the transaction; always before the site itself."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended(%s, 4707))",
            [f"reports.week.{site.pk}.{week}"],
        )


def _take_turns(site: Site) -> Site:
    """Hold the site's row to the end of the transaction; recording incidents goes on meanwhile."""
    return Site.objects.select_for_update(no_key=True).only("week_start").get(pk=site.pk)


def _locked(report: WeeklyReport) -> WeeklyReport:
    _take_turns(report.site)
    return (
        WeeklyReport.objects.select_for_update(of=("self",))
        .select_related("site")
        .get(pk=report.pk)
    )


def _latest(site: Site, week: Week) -> WeeklyReport | None:
    return (
        WeeklyReport.objects.filter(site=site, week_start=week.start)
        .select_related("site", "revision_of__site")
        .order_by("-revision")
        .first()
    )


def _next_number(site: Site) -> int:
    last = WeeklyReport.objects.filter(site=site).aggregate(last=Max("number"))["last"]
    return int(last or 0) + 1


def _content(site: Site, week: Week, as_of: datetime | None, tell: Tell = untold) -> Content:
    moment = (as_of or periods.now()).astimezone(periods.BAGHDAD)
    # Where the day is pinned, records may bear moments that the clock has not reached.
    cut = None if as_of is None and periods.is_pinned() else moment
    with measures.recording() as read:
        content = compile_content(site, week, as_of=moment, cut=cut, tell=tell)
    answers = {"cut": cut and cut.isoformat(), "answers": read.answers}
    content = replace(content, readings=_packed(answers))
    if not content.full.says_something:
        raise NotCovered
    return content


def _fill(report: WeeklyReport, content: Content, *, by: User | None) -> None:
    report.body, report.basis = content.full.body, content.full.basis
    report.body_open, report.basis_open = content.open.body, content.open.basis
    report.checksum, report.checksum_open = checksum(report.body), checksum(report.body_open)
    report.is_open = _is_open(report)
    report.data_as_of = datetime.fromisoformat(report.body["data_as_of"])
    report.compiled_at, report.compiled_by = timezone.now(), by
    if not report._state.adding:
        report.version += 1
    report.basis["readings"] = hashlib.sha256(content.readings.encode()).hexdigest()
    report.save()
    vault.seal(report, READINGS, content.readings, by=by)
    effects.mark_read(report.site, report.body["effect"])


def _is_open(report: WeeklyReport) -> bool:
    """Whether a report says anything to those who read the open version.

    A week that has a report, or a correction, because of sensitive incidents alone would tell of
    them by being there.
    """
    if report.body_open is None or report.basis_open is None:
        return True
    before = report.revision_of
    if before is not None and before.body_open is not None and not _is_revised(report.body_open):
        return False
    return Documents(report.body_open, report.basis_open).says_something


def _trace(report: WeeklyReport) -> dict[str, Any]:
    """For the audit trail, whose readers do not read the full version."""
    return {
        "number": report.number,
        "checksum": report.checksum,
        "checksum_open": report.checksum_open,
        "alerts": len((report.body_open or {}).get("alerts", ())),
    }


@dataclass(frozen=True)
class Why:
    """Why a report is corrected, as each version says it; empty: the fixed sentence."""

    full: str
    outside: str
    open: str


def _why_corrected(report: WeeklyReport) -> Why:
    """What was written when the correction was asked for, of a draft that is compiled again."""
    if "correction" in report.basis:
        return Why(**report.basis["correction"])
    # From before reasons were told apart: nobody had written one for outside.
    rows = [*report.body["revisions"], *((report.body_open or {}).get("revisions") or [])]
    reason = rows[0]["reason"] if rows else ""
    return Why(reason, "", reason)


def _say_revised(content: Content, before: WeeklyReport, why: Why) -> None:
    """Write into the documents what they change of the approved ones, and why."""
    seen = before
    while not seen.is_open and seen.revision_of is not None:
        seen = seen.revision_of
    pairs = (
        (content.full, before.body, before.basis, before, why.full),
        # Whoever reads the open version is not told when a correction hidden from them was made.
        (content.open, before.body_open, before.basis_open, seen, why.open),
    )
    # Beside REO's part, in the basis that only this program reads.
    content.full.basis["correction"] = asdict(why)
    for documents, body, basis, since, written in pairs:
        documents.body["revision_of"] = before.code
        # Nor of the day of a report that they never read.
        if since.frozen_at is not None and (documents is content.full or since.is_open):
            documents.basis["revised_on"] = periods.local_day(since.frozen_at).isoformat()
        if body is None or basis is None:
            continue
        counted = _counted(documents.body, documents.basis)
        if not _has_unplaced(body):
            counted = {key: count for key, count in counted.items() if key[0] != NOWHERE}
        changes = _differences(_counted(body, basis), counted)
        recorded = _recording_differences(
            _recorded(body, basis), _recorded(documents.body, documents.basis)
        )
        key = "corrected_recording" if recorded and not changes else "corrected"
        reason = written or english(key, {})
        documents.body["revisions"] = [{**change, "reason": reason} for change in changes]
        documents.body["recording_revised"] = recorded and {**recorded, "reason": reason}
        documents.basis["reason_key"] = None if written else key
        if documents is content.open:
            content.full.basis["correction_key"] = key
        documents.basis["revised_places"] = basis["places"]
        documents.basis["revised_types"] = basis["types"]


def _is_revised(body: dict[str, Any]) -> bool:
    """Whether a version says anything else than the approved one: a number, or what is recorded."""
    return bool(body["revisions"] or body.get("recording_revised"))


@dataclass(frozen=True)
class Recorded:
    """What a version knows of the site's recording: the weeks it covered, a change of its rule."""

    is_covered: bool
    weeks: frozenset[str]
    changed_on: str | None


def _recorded(body: dict[str, Any], basis: dict[str, Any]) -> Recorded:
    """As a version has it; of the weeks looked at those that were covered, by their first day."""
    known = {
        start
        for one in basis.get("series", {}).values()
        for start, count in zip(basis["weeks"], one["solid"], strict=True)
        if count is not None
    }
    return Recorded(basis["is_covered"], frozenset(known), body.get("recording_changed_on"))


def _recording_differences(before: Recorded, after: Recorded) -> dict[str, Any] | None:
    """What of it a correction changes; None for nothing."""
    if before == after:
        return None
    return {
        "is_covered": [before.is_covered, after.is_covered],
        "weeks": len(before.weeks ^ after.weeks),
        "changed_on": [before.changed_on, after.changed_on],
    }


def recording_differs(report: WeeklyReport, audience: Audience) -> bool:
    """Whether by now something else is known of the site's recording than a report says."""
    edition = edition_of(report, audience)
    if edition is None:
        return False
    week, without = Week(report.week_start), audience == Audience.OPEN
    spans = coverage(report.site, exclude_sensitive=without)
    before = _recorded(edition.body, edition.basis)
    looked_at = [week.plus(-back) for back in range(LOOKED_AT)]
    now = {one.start.isoformat() for one in looked_at if covered(one, spans)}
    if not edition.basis.get("series"):
        # Without a district no week is kept beside the counts.
        now = set()
    days = [day for day in changes(report.site) if day < week.end]
    first = min((start for start, _end in spans), default=week.start)
    began = max(Week.of(first, report.site.week_start).start, week.plus(1 - MOST_WEEKS).start)
    changed = max((day.isoformat() for day in days if day > began), default=None)
    return before != Recorded(covered(week, spans), frozenset(now), changed)


def _counted(body: dict[str, Any], basis: dict[str, Any]) -> Numbers:
    """Every number of a version that a correction may change; `basis` has what `body` has not."""
    return {
        (row["place"], row["type"], measure): int(row[measure] if measure in row else more[measure])
        for row, more in zip(body["counts"], basis["rows"], strict=True)
        for measure in MEASURES
    }


def _has_unplaced(body: dict[str, Any]) -> bool:
    """Whether a report has a row for what is known to no district; older ones have none."""
    return int(body["version"]) >= 2


def _differences(before: Numbers, after: Numbers) -> Changes:
    return [
        {
            "place": place,
            "type": kind,
            "measure": measure,
            "before": before.get((place, kind, measure), 0),
            "after": after.get((place, kind, measure), 0),
        }
        for place, kind, measure in sorted(
            before.keys() | after.keys(), key=lambda key: (*key[:2], MEASURES.index(key[2]))
        )
        if before.get((place, kind, measure), 0) != after.get((place, kind, measure), 0)
    ]


def _held_before(report: WeeklyReport) -> dict[str, dict[str, Any]]:
    """The documents REO holds by now of the weeks that a test looks back on, by week."""
    week = Week(report.week_start)
    rows = SharedWeeklyReport.objects.filter(
        site_code=report.site.code,
        week_start__lt=week.start,
        week_start__gt=week.plus(-RECENT_WEEKS).start,
    ).order_by("revision")
    return {start.isoformat(): body for start, body in rows.values_list("week_start", "body")}


def _share(report: WeeklyReport) -> SharedWeeklyReport | None:
    """Write REO's version, or none where it would give away what an earlier one hides.

    REO holds every version it was given, so it is compared with each of them.
    """
    known = list(
        SharedWeeklyReport.objects.filter(
            site_code=report.site.code, week_start=report.week_start
        ).order_by("-revision")
    )
    body = shared_body(report, known[0] if known else None, _held_before(report))
    if known and not (
        says_something_new(body, known[0].body) and all(may_follow(body, one.body) for one in known)
    ):
        return None
    return SharedWeeklyReport.objects.create(  # type: ignore[misc]  # frozen_at is set
        site_code=report.site.code,
        site_name_en=report.site.name_en,
        site_name_ar=report.site.name_ar,
        is_demo=report.site.is_demo,
        week_start=report.week_start,
        revision=report.revision,
        body=body,
        checksum=checksum(body),
        frozen_at=report.frozen_at,
    )
