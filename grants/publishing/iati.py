"""IATI 2.03 activities, one file per fund, written activity by activity with constant memory.

The order of the elements is the schema's. Fixed by the program (docs/publishing.md): collaboration
1 bilateral, flow 10 ODA, finance 110 standard grant, aid C01 project, tied 5 untied. A draft has no
version that exists, says so in a comment and before every title, and so passes no check.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, BinaryIO

from lxml import etree

from grants.publishing.levels import Office, Party, Posting, PublicGrant, Said

VERSION = "2.03"
NOT_A_VERSION = "draft-not-valid"
WATERMARK = {"en": "DRAFT, NOT VALID: ", "ar": "مسودة غير صالحة: "}
LANG = "{http://www.w3.org/XML/1998/namespace}lang"
COLLABORATION, FLOW, FINANCE, AID, TIED = "1", "10", "110", "C01", "5"
_CENT = Decimal("0.01")


def write(
    grants: Iterable[PublicGrant],
    out: BinaryIO,
    *,
    office: Office,
    moment: datetime,
    draft: bool = False,
    problems: int = 0,
) -> int:
    """Write the file of these grants; how many activities it has. `moment` is aware."""
    number = 0
    with etree.xmlfile(out, encoding="utf-8") as file:
        file.write_declaration()
        if draft:
            file.write(etree.Comment(f" draft, not valid: {problems} problems. Do not publish. "))
        root = {
            "version": NOT_A_VERSION if draft else VERSION,
            "generated-datetime": _moment(moment),
        }
        with file.element("iati-activities", root):
            file.write("\n")
            for grant in grants:
                file.write(activity(grant, office=office, moment=moment, draft=draft))
                file.write("\n")
                number += 1
    return number


def activity(
    grant: PublicGrant, *, office: Office, moment: datetime, draft: bool = False
) -> etree._Element:
    """One `iati-activity`."""
    made = etree.Element(
        "iati-activity",
        {
            "default-currency": "USD",
            "last-updated-datetime": _moment(min(grant.modified, moment)),
            LANG: "en",
        },
    )
    _add(made, "iati-identifier").text = f"{office.ref}-{grant.ref}"
    reporting = _add(made, "reporting-org", ref=office.ref, type=office.type)
    _say(reporting, office.names)
    _say(
        _add(made, "title"),
        [
            (language, (WATERMARK[language] if draft else "") + text)
            for language, text in grant.titles
        ],
    )
    _descriptions(made, grant)
    _participants(made, grant, office)
    if not grant.is_sum:
        _add(made, "other-identifier", ref=grant.ref, type="A1")
    _add(made, "activity-status", code=grant.status)
    for type, day in (
        ("1", grant.planned_start),
        ("2", grant.actual_start),
        ("3", grant.planned_end),
        ("4", grant.actual_end),
    ):
        if day is not None:
            _add(made, "activity-date", {"type": type, "iso-date": day.isoformat()})
    # 6: one first-order administrative area.
    _add(made, "activity-scope", code="6")
    _add(made, "recipient-country", code="IQ")
    _location(made, grant)
    _say(_add(made, "sector", vocabulary="1", code=grant.sector), grant.sector_names)
    if grant.kind:
        _say(_add(made, "sector", vocabulary="99", code=grant.kind), grant.kind_names)
    _add(made, "collaboration-type", code=COLLABORATION)
    _add(made, "default-flow-type", code=FLOW)
    _add(made, "default-finance-type", code=FINANCE)
    _add(made, "default-aid-type", code=AID)
    _add(made, "default-tied-status", code=TIED)
    for start, end, amount in budget_years(grant):
        budget = _add(made, "budget", type="1", status="2")
        _period(budget, start, end)
        _value(budget, amount, "USD", start)
    for amount, due in grant.tranches:
        planned = _add(made, "planned-disbursement", type="1")
        _period(planned, due, due)
        _value(planned, amount, "USD", due)
        _party(planned, "provider-org", office)
        if grant.grantee is not None:
            _receiver(planned, grant.grantee)
    for posting in grant.postings:
        _transaction(made, posting, grant, office)
    _results(made, grant)
    return made


# --- parts --------------------------------------------------------------------------------------


def _add(to: etree._Element, name: str, facts: dict[str, str] | None = None, **more: str) -> Any:
    return etree.SubElement(to, name, {**(facts or {}), **more})


def _say(to: etree._Element, texts: Iterable[Said]) -> None:
    for language, text in texts:
        narrative = etree.SubElement(to, "narrative")
        if language != "en":
            narrative.set(LANG, language)
        narrative.text = text


def _moment(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds")


def _descriptions(made: etree._Element, grant: PublicGrant) -> None:
    """One element for each type, with a narrative for each language."""
    for type in sorted({type for type, _language, _text in grant.descriptions}):
        texts = [(language, text) for kind, language, text in grant.descriptions if kind == type]
        _say(_add(made, "description", type=type), texts)


def _participants(made: etree._Element, grant: PublicGrant, office: Office) -> None:
    """1 who funds, 2 who answers for it, 4 who does it."""
    if grant.donor_ref or office.donor_names:
        facts = {"role": "1"}
        if office.donor_type:
            facts["type"] = office.donor_type
        if grant.donor_ref:
            facts["ref"] = grant.donor_ref
        _say(_add(made, "participating-org", facts), office.donor_names)
    else:
        _say(
            _add(made, "participating-org", ref=office.ref, type=office.type, role="1"),
            office.names,
        )
    _say(_add(made, "participating-org", ref=office.ref, type=office.type, role="2"), office.names)
    for party in (grant.implementer, grant.grantee):
        if party is not None:
            _say(_add(made, "participating-org", type=party.type, role="4"), party.names)


def _location(made: etree._Element, grant: PublicGrant) -> None:
    """The site with its point, or no more than the district."""
    if not grant.district:
        return
    place = _add(made, "location")
    _add(place, "location-reach", code="1")
    _say(_add(place, "name"), grant.site_names or grant.district_names)
    if grant.point is not None:
        point = _add(place, "point", srsName="http://www.opengis.net/def/crs/EPSG/0/4326")
        _add(point, "pos").text = f"{grant.point[0]} {grant.point[1]}"
    _add(place, "exactness", code=grant.exactness)
    # 1 an administrative region, 3 a structure.
    _add(place, "location-class", code="3" if grant.point or grant.site_names else "1")
    if not (grant.point or grant.site_names):
        _add(place, "feature-designation", code="ADM2")


def budget_years(grant: PublicGrant) -> list[tuple[date, date, Decimal]]:
    """What was approved, in periods of a year at most over the plan; the last takes the rest.

    Without a plan it is the year from the award. Nothing where nothing was approved.
    """
    start = grant.planned_start or grant.actual_start or grant.awarded_on
    if not grant.approved or start is None:
        return []
    end = grant.planned_end or start + timedelta(days=364)
    days = (end - start).days + 1
    periods = []
    begin, left = start, grant.approved
    while begin <= end:
        last = min(_year_after(begin) - timedelta(days=1), end)
        share = left
        if last < end:
            part = Decimal((last - begin).days + 1) / days
            share = (grant.approved * part).quantize(_CENT, ROUND_HALF_UP)
        periods.append((begin, last, share))
        left -= share
        begin = last + timedelta(days=1)
    return periods


def _year_after(day: date) -> date:
    try:
        return day.replace(year=day.year + 1)
    except ValueError:  # 29 February
        return day.replace(year=day.year + 1, day=28)


def _period(to: etree._Element, start: date, end: date) -> None:
    _add(to, "period-start", {"iso-date": start.isoformat()})
    _add(to, "period-end", {"iso-date": end.isoformat()})


def _value(to: etree._Element, amount: Decimal, currency: str, day: date) -> None:
    facts = {"currency": currency, "value-date": day.isoformat()}
    _add(to, "value", facts).text = plain(amount)


def plain(amount: Decimal) -> str:
    """1234.5 as it is read everywhere: no exponent, at most the places that say something."""
    text = f"{amount:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _party(to: etree._Element, name: str, office: Office) -> None:
    _say(_add(to, name, ref=office.ref, type=office.type), office.names)


def _receiver(to: etree._Element, party: Party) -> None:
    _say(_add(to, "receiver-org", type=party.type), party.names)


def _transaction(made: etree._Element, one: Posting, grant: PublicGrant, office: Office) -> None:
    moved = _add(made, "transaction", ref=one.ref)
    _add(moved, "transaction-type", code=one.type)
    _add(moved, "transaction-date", {"iso-date": one.day.isoformat()})
    _value(moved, one.amount, one.currency, one.value_day)
    _party(moved, "provider-org", office)
    receiver = one.receiver or grant.grantee
    if receiver is not None:
        _receiver(moved, receiver)
    if one.channel:
        _add(moved, "disbursement-channel", code=one.channel)


def _results(made: etree._Element, grant: PublicGrant) -> None:
    """Outputs (1) and outcomes (2), each with its indicators. Measured in units (1)."""
    start = grant.planned_start or grant.actual_start
    end = grant.planned_end or grant.actual_end
    for level, type in (("output", "1"), ("outcome", "2")):
        measured = [one for one in grant.results if one.level == level]
        if not measured:
            continue
        result = _add(made, "result", type=type)
        names = {"output": ("Outputs", "المخرجات"), "outcome": ("Outcomes", "النتائج")}[level]
        _say(_add(result, "title"), (("en", names[0]), ("ar", names[1])))
        for one in measured:
            indicator = _add(result, "indicator", measure="1")
            _say(_add(indicator, "title"), one.titles)
            if start is None or end is None or end < start:
                continue
            _add(indicator, "baseline", year=str(start.year), value=plain(one.baseline))
            period = _add(indicator, "period")
            _period(period, start, end)
            _add(period, "target", value=plain(one.target))
            if one.actual is not None:
                _add(period, "actual", value=plain(one.actual))
