"""360Giving 1.4: a JSON package, and the same grants as a flat CSV. Written grant by grant.

What has no award is no grant in the standard's sense and stands in no file; sums stand in none
either, since the standard has no entry for many grants. A draft names a version that the schema
refuses and says so before every title.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from decimal import Decimal
from typing import Any, BinaryIO

from grants.publishing.iati import WATERMARK
from grants.publishing.levels import Office, Party, Posting, PublicGrant, Said

VERSION = "1.4"
NOT_A_VERSION = "draft, not valid"
#: Local area, and the second-level administrative area.
_SITE, _DISTRICT = "GLS060", "GLS050"
#: Days of a month in the mean.
_MONTH = Decimal("30.4375")


def is_grant(grant: PublicGrant) -> bool:
    """Whether it has an entry: awarded, and no sum."""
    return grant.awarded_on is not None and not grant.is_sum


def write(
    grants: Iterable[PublicGrant],
    out: BinaryIO,
    *,
    office: Office,
    moment: datetime,
    draft: bool = False,
    problems: int = 0,
) -> int:
    """Write the package; how many grants it has."""
    head: dict[str, Any] = {
        "version": NOT_A_VERSION if draft else VERSION,
        "title": f"{_first(office.names)}: grants",
        "issued": moment.date().isoformat(),
        "modified": _moment(moment),
        "license": office.licence,
        "publisher": {"identifier": office.ref, "name": _first(office.names)},
    }
    if office.website:
        head["publisher"]["website"] = office.website
    if draft:
        head["description"] = f"Draft, not valid: {problems} problems. Do not publish."
    out.write(_json(head)[:-1].encode() + b',"grants":[')
    number = 0
    for grant in grants:
        if not is_grant(grant):
            continue
        out.write((b",\n" if number else b"\n") + _json(entry(grant, office, draft)).encode())
        number += 1
    out.write(b"\n]}\n")
    return number


def entry(grant: PublicGrant, office: Office, draft: bool = False) -> dict[str, Any]:
    """One grant of the package."""
    who = grant.grantee or grant.implementer
    watermark = WATERMARK["en"] if draft else ""
    made: dict[str, Any] = {
        "id": f"{office.prefix}-{grant.ref}",
        "title": watermark + _first(grant.titles),
        "description": _first(
            tuple((language, text) for type, language, text in grant.descriptions if type == "1")
        ),
        "currency": "USD",
        "amountAppliedFor": _number(grant.requested),
        "amountAwarded": _number(grant.approved),
        "amountDisbursed": _number(grant.disbursed),
        "fundingOrganization": [{"id": office.ref, "name": _first(office.names)}],
        "grantProgramme": [{"code": grant.fund, "title": _first(grant.fund_names)}],
        "fromOpenCall": "No",
        "classifications": [
            {
                "vocabulary": "OECD DAC purpose codes",
                "code": grant.sector,
                "title": _first(grant.sector_names),
            }
        ],
        "locationScope": _SITE if grant.point or grant.site_names else _DISTRICT,
        "beneficiaryLocation": [_place(grant)],
        "dateModified": _moment(grant.modified),
    }
    if grant.awarded_on is not None:
        made["awardDate"] = grant.awarded_on.isoformat()
    if who is not None:
        made["recipientOrganization"] = [_organisation(who, office)]
    planned = _event(grant.planned_start, grant.planned_end)
    actual = _event(grant.actual_start, grant.actual_end)
    if planned:
        made["plannedDates"] = [planned]
    if actual:
        made["actualDates"] = [actual]
    for name, types in (("commitmentTransaction", "2"), ("disbursementTransaction", "34")):
        moved = [_transaction(one, office) for one in grant.postings if one.type in types]
        if moved:
            made[name] = moved
    return made


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def _first(texts: tuple[Said, ...]) -> str:
    """The English text, or the one there is."""
    return dict(texts).get("en") or (texts[0][1] if texts else "")


def _number(amount: Decimal) -> int | float:
    """A JSON number of the very same value; ValueError where a float cannot hold it."""
    if amount == amount.to_integral_value():
        return int(amount)
    if Decimal(repr(float(amount))) != amount:
        raise ValueError(f"{amount} does not fit into a number of JSON.")
    return float(amount)


def _moment(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds")


def _organisation(who: Party, office: Office) -> dict[str, str]:
    # Of this grant, not of the organisation: see `levels`.
    return {"id": f"{office.prefix}-{who.code}", "name": _first(who.names)}


def _place(grant: PublicGrant) -> dict[str, Any]:
    place: dict[str, Any] = {
        "name": _first(grant.site_names or grant.district_names),
        "countryCode": "IQ",
        "geoCode": grant.district,
    }
    if grant.point is not None:
        place |= {"latitude": _number(grant.point[0]), "longitude": _number(grant.point[1])}
    return place


def _event(start: Any, end: Any) -> dict[str, Any]:
    made: dict[str, Any] = {}
    if start is not None:
        made["startDate"] = start.isoformat()
    if end is not None:
        made["endDate"] = end.isoformat()
    if start is not None and end is not None:
        made["duration"] = round(((end - start).days + 1) / _MONTH)
    return made


def _transaction(one: Posting, office: Office) -> dict[str, Any]:
    return {
        "id": f"{office.prefix}-{one.ref}",
        "transactionDate": one.day.isoformat(),
        "currency": one.currency,
        "value": _number(one.amount),
        "valueDate": one.value_day.isoformat(),
    }


# --- flat -----------------------------------------------------------------------------------------

#: Titles of the standard's spreadsheets, and where each stands in an entry. Transactions are many
#: to a grant, and stand in the JSON only.
COLUMNS: tuple[tuple[str, tuple[str | int, ...]], ...] = (
    ("Identifier", ("id",)),
    ("Title", ("title",)),
    ("Description", ("description",)),
    ("Currency", ("currency",)),
    ("Amount Applied For", ("amountAppliedFor",)),
    ("Amount Awarded", ("amountAwarded",)),
    ("Amount Disbursed", ("amountDisbursed",)),
    ("Award Date", ("awardDate",)),
    ("Planned Dates:Start Date", ("plannedDates", 0, "startDate")),
    ("Planned Dates:End Date", ("plannedDates", 0, "endDate")),
    ("Planned Dates:Duration (months)", ("plannedDates", 0, "duration")),
    ("Actual Dates:Start Date", ("actualDates", 0, "startDate")),
    ("Actual Dates:End Date", ("actualDates", 0, "endDate")),
    ("Actual Dates:Duration (months)", ("actualDates", 0, "duration")),
    ("Recipient Org:Identifier", ("recipientOrganization", 0, "id")),
    ("Recipient Org:Name", ("recipientOrganization", 0, "name")),
    ("Funding Org:Identifier", ("fundingOrganization", 0, "id")),
    ("Funding Org:Name", ("fundingOrganization", 0, "name")),
    ("Beneficiary Location:Name", ("beneficiaryLocation", 0, "name")),
    ("Beneficiary Location:Country Code", ("beneficiaryLocation", 0, "countryCode")),
    ("Beneficiary Location:Latitude", ("beneficiaryLocation", 0, "latitude")),
    ("Beneficiary Location:Longitude", ("beneficiaryLocation", 0, "longitude")),
    ("Beneficiary Location:Geographic Code", ("beneficiaryLocation", 0, "geoCode")),
    ("Grant Programme:Code", ("grantProgramme", 0, "code")),
    ("Grant Programme:Title", ("grantProgramme", 0, "title")),
    ("From An Open Call?", ("fromOpenCall",)),
    ("Classifications:Vocabulary", ("classifications", 0, "vocabulary")),
    ("Classifications:Code", ("classifications", 0, "code")),
    ("Classifications:Title", ("classifications", 0, "title")),
    ("Location Scope", ("locationScope",)),
    ("Last Modified", ("dateModified",)),
)
#: What a spreadsheet would take for a formula is written after an apostrophe.
_FORMULA = ("=", "+", "-", "@", "\t")


def write_csv(
    grants: Iterable[PublicGrant],
    out: BinaryIO,
    *,
    office: Office,
    moment: datetime,
    draft: bool = False,
    problems: int = 0,
) -> int:
    """Write the flat table, UTF-8 with a byte order mark; how many grants it has.

    A draft has a first column that no spreadsheet of the standard knows.
    """
    text = io.TextIOWrapper(out, encoding="utf-8-sig", newline="", write_through=True)
    try:
        table = csv.writer(text)
        lead = ["DRAFT, NOT VALID"] if draft else []
        table.writerow([*lead, *(title for title, _path in COLUMNS)])
        number = 0
        for grant in grants:
            if not is_grant(grant):
                continue
            cells = [_cell(_at(entry(grant, office, draft), path)) for _title, path in COLUMNS]
            table.writerow([*([f"{problems} problems"] if draft else []), *cells])
            number += 1
        return number
    finally:
        text.detach()


def _at(value: Any, path: tuple[str | int, ...]) -> Any:
    for step in path:
        try:
            value = value[step]
        except (KeyError, IndexError):
            return ""
    return value


def _cell(value: Any) -> Any:
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value


def unflattened(rows: Iterable[list[str]], head: list[str]) -> Iterator[dict[str, Any]]:
    """Entries as a reader of the flat table puts them together again; for the check.

    A column that the standard does not know is a key of its own, so that it is found out.
    """
    paths = dict(COLUMNS)
    numbers: dict[str, Callable[[str], Any]] = {
        "amountAppliedFor": float, "amountAwarded": float, "amountDisbursed": float,
        "duration": float, "latitude": float, "longitude": float,
    }  # fmt: skip
    for row in rows:
        made: dict[str, Any] = {}
        for title, cell in zip(head, row, strict=False):
            if cell == "":
                continue
            path = paths.get(title)
            if path is None:
                made[title] = cell
                continue
            name = str(path[-1])
            value: Any = cell
            if name in numbers:
                try:
                    value = numbers[name](cell)
                except ValueError:
                    value = cell
            into = made
            if len(path) == 3:
                into = made.setdefault(str(path[0]), [{}])[0]
            into[name] = value
        yield made
