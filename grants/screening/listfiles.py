"""Lists of names, read from files that somebody uploads. None is shipped, none is fetched.

Three formats, each as its publisher gives it:

- **OFAC SDN, CSV**: SDN.CSV (12 columns, no header, "-0-" for nothing) and ALT.CSV (5 columns),
  joined by the entry's number. Birth, places and weak aliases stand in the remarks, as "DOB 28 Jul
  1963; alt. DOB 1964; POB Basrah, Iraq; a.k.a. 'ABU ALI'." The files hold no date: whoever uploads
  them gives the day of publication. Source: OFAC, "Specially Designated Nationals and Blocked
  Persons, Data Specification" (dat_spec.txt, updated 25 September 2023).
- **OFAC SDN, XML**: sdnList with publshInformation (so spelled) and sdnEntry, in any namespace; the
  date is Publish_Date, month first, and Record_Count must be right. Source: the
  format of sdn.xml that OFAC publishes, as public readers of it describe it in 2026. The "advanced"
  XML is another format and is refused.
- **UN Security Council consolidated list, XML**: CONSOLIDATED_LIST with INDIVIDUAL and ENTITY; the
  date is the attribute dateGenerated. Names in Arabic stand in NAME_ORIGINAL_SCRIPT, or in brackets
  behind an alias. Source: United Nations, consolidated.xml as published on 27 February 2026, which
  names sc-sanctions.xsd as its schema.

A file is taken whole or refused with a named error (`problems`). XML is read piece by piece by
defusedxml with document types, entities and references outside forbidden, so neither memory nor a
file elsewhere can be reached; only UTF-8 is read. A list that holds an alias the other file knows
nothing of, or another number of entries than it says, is refused: half a list clears people.
"""

from __future__ import annotations

import csv
import hashlib
import io
import re
from collections.abc import Iterator
from datetime import date, datetime
from xml.etree.ElementTree import Element, ParseError  # what defusedxml makes

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import iterparse

from ceasefire.text import strip_bidi_controls
from grants.screening.entries import Entry, EntryType, ListFile, Name, Quality
from grants.screening.problems import (
    BadDate,
    BadEncoding,
    BadRow,
    DeclaresEntities,
    DifferentDate,
    EmptyList,
    FromTheFuture,
    MissingDate,
    NotWellFormed,
    OtherFormat,
    StrangeAlias,
    TooLarge,
    TwiceTheSame,
    WrongCount,
)

__all__ = ["LARGEST", "read_ofac_csv", "read_ofac_xml", "read_un_xml"]

#: Bytes of one file; the largest of the real ones has under 40 MB.
LARGEST = 96 * 1024 * 1024
MOST_ENTRIES = 200_000
#: Names of one entry, letters of one name, elements inside each other.
MOST_NAMES = 400
LONGEST_NAME = 500
DEEPEST = 12

OFAC, UN = "OFAC SDN", "UN Security Council"
_OFAC_TYPES = {
    "": EntryType.ORGANISATION,
    "entity": EntryType.ORGANISATION,
    "individual": EntryType.INDIVIDUAL,
    "vessel": EntryType.VESSEL,
    "aircraft": EntryType.AIRCRAFT,
}
_NOTHING = "-0-"
_SDN_COLUMNS, _ALT_COLUMNS = 12, 5
_REMARK_ALIAS = re.compile(r"\b[afn]\.k\.a\.\s+'(.+?)'(?=\s*(?:[;.]|$))")
_REMARK_BIRTH = re.compile(r"\bDOB\s+([^;]+)")
_REMARK_PLACE = re.compile(r"\bPOB\s+([^;]+)")
_YEAR = re.compile(r"(?<!\d)(?:1[89]|20)\d\d(?!\d)")
_RANGE = re.compile(
    r"((?:1[89]|20)\d\d)\s*(?:to|-|–)\s*(?:\d{1,2} )?(?:[A-Za-z]{3,9} )?((?:1[89]|20)\d\d)"
)
#: Years between the ends of "1960 to 1965"; further apart only the ends are kept.
_WIDEST_RANGE = 30
_BRACKETS = re.compile(r"\s*[(（]([^()（）]*)[)）]\s*")
_ARABIC = re.compile(r"[\u0600-\u06ff]")
_DECLARED = re.compile(rb"""^<\?xml[^>]*?encoding\s*=\s*["']([A-Za-z0-9._-]+)["']""")


def read_ofac_csv(sdn: bytes, alt: bytes, *, published: date | None, today: date) -> ListFile:
    """SDN.CSV and ALT.CSV of one day. Errors: any `ListRefused` but those of XML."""
    if published is None:
        raise MissingDate
    _check_date(published, today)
    names: dict[str, list[Name]] = {}
    facts: dict[str, tuple[EntryType, str, str]] = {}
    for line, row in _rows(sdn, _SDN_COLUMNS):
        number, name = row[0], _clean(row[1])
        kind = _OFAC_TYPES.get(row[2].casefold())
        if not number.isdecimal() or not name or kind is None:
            raise BadRow(line)
        if number in facts:
            raise TwiceTheSame(number)
        _count(len(facts))
        facts[number] = (kind, row[3], row[11])
        names[number] = [Name(_given_name_first(name, kind), Quality.PRIMARY)]
    for line, row in _rows(alt, _ALT_COLUMNS):
        number, name = row[0], _clean(row[3])
        if number not in facts:
            raise StrangeAlias(line)
        if name:
            kind = facts[number][0]
            names[number].append(Name(_given_name_first(name, kind), Quality.GOOD))
    entries = []
    for number, (kind, programs, remarks) in facts.items():
        aliases = [Name(_clean(said), Quality.LOW) for said in _REMARK_ALIAS.findall(remarks)]
        entries.append(
            Entry(
                id=number,
                type=kind,
                names=_names(number, [*names[number], *aliases]),
                birth_years=_years(_REMARK_BIRTH.findall(remarks)),
                places=_unique(place.rstrip(". ") for place in _REMARK_PLACE.findall(remarks)),
                programs=_unique(re.split(r"\]\s*\[|;", programs)),
            )
        )
    return _list(OFAC, "ofac-csv", published, hashlib.sha256(sdn + alt), entries)


def read_ofac_xml(content: bytes, *, published: date | None = None, today: date) -> ListFile:
    """SDN.XML. `published` is only compared with the file's own date, where given."""
    entries: list[Entry] = []
    dated, said = None, None
    for element in _pieces(content, "sdnList", {"publshInformation", "sdnEntry"}):
        if _local(element) == "sdnEntry":
            _count(len(entries))
            entries.append(_ofac_entry(element))
        else:
            dated, said = _text(element, "Publish_Date"), _text(element, "Record_Count")
    if not dated:
        raise MissingDate
    try:
        day = datetime.strptime(dated, "%m/%d/%Y").date()
    except ValueError:
        raise BadDate(dated) from None
    _check_date(day, today, published)
    if said and (not said.isdecimal() or int(said) != len(entries)):
        raise WrongCount(f"{said} / {len(entries)}")
    return _list(OFAC, "ofac-xml", day, hashlib.sha256(content), entries)


def read_un_xml(content: bytes, *, published: date | None = None, today: date) -> ListFile:
    """The consolidated list. `published` is only compared with the file's own date, where given."""
    entries: list[Entry] = []
    attributes: dict[str, str] = {}
    wanted = {"INDIVIDUAL", "ENTITY"}
    for element in _pieces(content, "CONSOLIDATED_LIST", wanted, attributes):
        _count(len(entries))
        entries.append(_un_entry(element))
    dated = attributes.get("dateGenerated", "")
    if not dated:
        raise MissingDate
    try:
        day = date.fromisoformat(dated[:10])
    except ValueError:
        raise BadDate(dated) from None
    _check_date(day, today, published)
    return _list(UN, "un-xml", day, hashlib.sha256(content), entries)


# --- one entry -----------------------------------------------------------------------------------


def _ofac_entry(element: Element) -> Entry:
    number = _text(element, "uid")
    kind = _OFAC_TYPES.get(_text(element, "sdnType").casefold())
    if not number.isdecimal() or kind is None:
        raise BadRow(number or None)
    names = [Name(_ofac_name(element), Quality.PRIMARY)]
    for alias in _all(element, "akaList", "aka"):
        weak = _text(alias, "category").casefold() == "weak"
        names.append(Name(_ofac_name(alias), Quality.LOW if weak else Quality.GOOD))
    births = _all(element, "dateOfBirthList", "dateOfBirthItem")
    places = _all(element, "placeOfBirthList", "placeOfBirthItem")
    return Entry(
        id=number,
        type=kind,
        names=_names(number, names),
        birth_years=_years(_text(one, "dateOfBirth") for one in births),
        places=_unique(_text(one, "placeOfBirth") for one in places),
        programs=_unique((one.text or "") for one in _all(element, "programList", "program")),
    )


def _ofac_name(element: Element) -> str:
    return _clean(f"{_text(element, 'firstName')} {_text(element, 'lastName')}")


def _un_entry(element: Element) -> Entry:
    number = _text(element, "DATAID")
    person = _local(element) == "INDIVIDUAL"
    # The schema has at most four parts of a name; an entity's whole name is the first.
    parts = [_text(element, f"{part}_NAME") for part in ("FIRST", "SECOND", "THIRD", "FOURTH")]
    if not number.isdecimal() or not any(parts):
        raise BadRow(number or None)
    names = [Name(name, Quality.PRIMARY) for name in _scripts(" ".join(parts))]
    original = _text(element, "NAME_ORIGINAL_SCRIPT")
    if original:
        # Several are parted by a semicolon or a comma of either script.
        names += [Name(_clean(one), Quality.GOOD) for one in re.split(r"[;؛،,]", original)]
    births: list[str] = []
    places: list[str] = []
    prefix = "INDIVIDUAL" if person else "ENTITY"
    for alias in _children(element, f"{prefix}_ALIAS"):
        quality = Quality.LOW if _text(alias, "QUALITY").casefold() == "low" else Quality.GOOD
        names += [Name(name, quality) for name in _scripts(_text(alias, "ALIAS_NAME"))]
        births.append(_text(alias, "DATE_OF_BIRTH"))
    for birth in _children(element, "INDIVIDUAL_DATE_OF_BIRTH"):
        first, last = _text(birth, "FROM_YEAR"), _text(birth, "TO_YEAR")
        births += [_text(birth, "YEAR"), _text(birth, "DATE")]
        births.append(f"{first} to {last}" if first and last else first or last)
    for place in _children(element, "INDIVIDUAL_PLACE_OF_BIRTH"):
        said = (_text(place, part) for part in ("CITY", "STATE_PROVINCE", "COUNTRY"))
        places.append(", ".join(filter(None, said)))
    return Entry(
        id=number,
        type=EntryType.INDIVIDUAL if person else EntryType.ORGANISATION,
        names=_names(number, names),
        birth_years=_years(births),
        places=_unique(places),
        programs=_unique([_text(element, "UN_LIST_TYPE")]),
    )


def _scripts(said: str) -> list[str]:
    """A name, and apart from it what stands behind in brackets, where that is in Arabic."""
    inside = [_clean(one) for one in _BRACKETS.findall(said) if _ARABIC.search(one)]
    return [name for name in (_clean(_BRACKETS.sub(" ", said)), *inside) if name]


# --- texts, years, checks ------------------------------------------------------------------------


def _clean(said: str) -> str:
    """A text in one line, without marks that reorder it."""
    return " ".join(strip_bidi_controls(said).split())


def _given_name_first(name: str, kind: EntryType) -> str:
    """ "AL-TIKRITI, Saddam Hussein" with the family name last, as it is said."""
    family, comma, given = name.partition(",")
    if kind is not EntryType.INDIVIDUAL or not comma or not given.strip():
        return name
    return f"{given.strip()} {family.strip()}"


def _names(number: str, names: list[Name]) -> tuple[Name, ...]:
    """Each name once, by the best quality; refused without any, or with more than anybody has."""
    found: dict[str, Name] = {}
    for name in names:
        if len(name.text) > LONGEST_NAME:
            raise TooLarge(number)
        if name.text:
            found.setdefault(name.text, name)
    if not found or not names[0].text:
        raise BadRow(number)
    if len(found) > MOST_NAMES:
        raise TooLarge(number)
    return tuple(found.values())


def _unique(said: Iterator[str] | list[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(filter(None, map(_clean, said))))


def _years(said: Iterator[str] | list[str]) -> tuple[int, ...]:
    """Every year in texts like "28 Jul 1963", "circa 1960", "1958 to 1962", each once, in order."""
    years: set[int] = set()
    for text in said:
        years.update(map(int, _YEAR.findall(text)))
        for first, last in _RANGE.findall(text):
            if 0 <= int(last) - int(first) <= _WIDEST_RANGE:
                years.update(range(int(first), int(last) + 1))
    return tuple(sorted(years))


def _check_date(day: date, today: date, given: date | None = None) -> None:
    if given is not None and given != day:
        raise DifferentDate(day.isoformat())
    if day > today:
        raise FromTheFuture(day.isoformat())


def _count(entries: int) -> None:
    if entries >= MOST_ENTRIES:
        raise TooLarge


def _list(
    name: str, written: str, day: date, digest: hashlib._Hash, entries: list[Entry]
) -> ListFile:
    if not entries:
        raise EmptyList
    numbers: set[str] = set()
    for entry in entries:
        if entry.id in numbers:
            raise TwiceTheSame(entry.id)
        numbers.add(entry.id)
    return ListFile(name, written, day, digest.hexdigest(), tuple(entries))


# --- files ---------------------------------------------------------------------------------------


def _decoded(content: bytes) -> str:
    if len(content) > LARGEST:
        raise TooLarge
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadEncoding(error.start) from None
    if "\0" in text:
        raise BadEncoding(text.index("\0"))
    return text


def _rows(content: bytes, columns: int) -> Iterator[tuple[int, list[str]]]:
    """(line, cells) of a file; cells without blanks around them and "-0-" as nothing.

    The old end-of-file mark (Ctrl-Z) that stands behind the last row is no row.
    """
    reader = csv.reader(io.StringIO(_decoded(content), newline=""), strict=True)
    try:
        for row in reader:
            if not row or row == ["\x1a"]:
                continue
            if len(row) != columns:
                raise OtherFormat(reader.line_num)
            cells = [cell.strip() for cell in row]
            yield reader.line_num, ["" if cell == _NOTHING else cell for cell in cells]
    except csv.Error:
        raise OtherFormat(reader.line_num) from None


def _pieces(
    content: bytes, root: str, wanted: set[str], attributes: dict[str, str] | None = None
) -> Iterator[Element]:
    """The wanted elements, each as soon as it is whole; what was read is let go of.

    `attributes` is filled with those of the root element.
    """
    text = _decoded(content)
    declared = _DECLARED.match(content.removeprefix(b"\xef\xbb\xbf"))
    if declared and declared[1].lower() not in {b"utf-8", b"utf8", b"us-ascii", b"ascii"}:
        raise BadEncoding(declared[1].decode())
    if not text.lstrip().startswith("<"):
        raise OtherFormat
    depth, top = 0, None
    try:
        for event, element in iterparse(io.BytesIO(content), ("start", "end"), forbid_dtd=True):
            if event == "start":
                depth += 1
                if depth > DEEPEST:
                    raise TooLarge
                if top is None:
                    if _local(element) != root:
                        raise OtherFormat(_local(element)[:40])
                    top = element
                    if attributes is not None:
                        attributes.update(element.attrib)
                continue
            depth -= 1
            if _local(element) in wanted and depth <= 2:
                yield element
                element.clear()
            if depth == 1 and top is not None:
                top.clear()
    except DefusedXmlException:
        raise DeclaresEntities from None
    except (ParseError, ValueError, LookupError):
        raise NotWellFormed from None


def _local(element: Element) -> str:
    return element.tag.rpartition("}")[2]


def _children(element: Element, tag: str) -> list[Element]:
    return [child for child in element if _local(child) == tag]


def _all(element: Element, group: str, tag: str) -> list[Element]:
    return [one for held in _children(element, group) for one in _children(held, tag)]


def _text(element: Element, tag: str) -> str:
    """The text of a child, in one line; nothing where it is missing or has none."""
    for child in _children(element, tag):
        return _clean(child.text or "")
    return ""
