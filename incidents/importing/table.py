"""Our own table: the columns of the export, in any order, under the names of the person's choice.

Lists inside a cell are separated by semicolons. A row that carries a code of ours is that record; a
row with a `source_id` is known by it, per site; a row with neither by what it holds.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, timedelta
from typing import Any

from django.db.models import TextChoices
from django.utils import translation
from django.utils.translation import gettext_lazy as _

from ceasefire import periods
from ceasefire.exports import Column, unescape_cell
from ceasefire.exports.csv import csv_value
from ceasefire.text import search_key
from incidents import exports
from incidents.exports import COLUMNS, UNKNOWN
from incidents.importing import cells, collected
from incidents.importing.entry import Entry, Gazetteer, outside_iraq
from incidents.importing.problems import BadCell, Problem
from incidents.importing.reading import Sheet, column_key
from incidents.models import Incident
from incidents.services import rules
from incidents.services.facts import ActorFacts, SourceFacts, content_hash
from incidents.services.mapping import POINT_UP_TO

#: Read to know minors, and not kept; no file of ours has it.
AGES = Column(
    "victim_age",
    _("Ages of the people harmed"),
    tag="#affected+age",
    meaning=_("Read to know minors, so that such rows are hidden; not kept."),
)
#: What a file may have: our own columns, and what only others have.
TAKEN = (*COLUMNS, AGES)
NAMES = tuple(column.key for column in TAKEN)
BY_KEY = {column.key: column for column in TAKEN}
#: Without these columns nothing can be read. A site may be chosen for the whole file instead.
REQUIRED = ("type", "occurred_from", "place", "killed_best", "source_kind")
#: Columns that say which record it is, or that the vault keeps: no content to compare.
IDENTITY = frozenset({"code", "site", "source_name", "source_id"})
#: Empty here means: as it is.
KEPT_IF_EMPTY = frozenset({"reported_at", "workflow_state", "verification", "geo_precision"})
#: Empty means the same for these where our own table hides a point.
POINT = frozenset({"latitude", "longitude"})
#: A row without an id of its own is known by what it holds; that key starts so.
BY_CONTENT = "row-"
#: States that a new record may be born in: nothing that asks for another person's part.
BORN = ("submitted", "in_review", "accepted", "archived")
_UNKNOWN = {search_key(word) for word in (UNKNOWN, "?", "n/a", "غير معروف", "مجهول", "لا أعرف")} | {
    "?"
}

#: Columns whose cells are not likely to come again.
_OWN = frozenset({"code", "source_id", "summary", "source_name", "place"})
#: A moment that says its own zone.
_ZONE = re.compile(r"(?:Z|[+-][0-9]{2}:?[0-9]{2})$")

#: Field -> column, where the two differ.
_COLUMN_OF = {"lat": "latitude", "lon": "longitude", "killed_unknown": "killed_best"}

#: What people call the columns, in English and Arabic; folded by `search_key` for comparing.
GUESSES: dict[str, tuple[str, ...]] = {
    "code": ("record", "incident code", "رمز الحادث", "الرمز"),
    "site": ("site code", "program site", "الموقع"),
    "type": ("incident type", "kind", "event type", "نوع الحادث", "النوع"),
    "subtype": ("sub type", "more exactly", "النوع الفرعي"),
    "occurred_from": (
        "date",
        "day",
        "date from",
        "occurred",
        "incident date",
        "date of incident",
        "from",
        "التاريخ",
        "تاريخ الحادث",
        "من",
    ),
    "occurred_to": ("date to", "to", "until", "end date", "الى", "إلى"),
    "time_precision": ("date precision", "دقة التاريخ"),
    "time_of_day": ("time", "الوقت", "وقت الحادث"),
    "place": (
        "p-code",
        "pcode",
        "location",
        "district",
        "area",
        "المكان",
        "القضاء",
        "المنطقة",
        "الحي",
    ),
    "geo_precision": ("place precision", "دقة المكان"),
    "latitude": ("lat", "y", "خط العرض"),
    "longitude": ("lon", "long", "lng", "x", "خط الطول"),
    "place_type": ("kind of place", "نوع المكان"),
    "killed_min": ("killed at least", "القتلى على الاقل"),
    "killed_best": ("killed", "dead", "deaths", "fatalities", "القتلى", "عدد القتلى"),
    "killed_max": ("killed at most", "القتلى على الاكثر"),
    "injured_min": ("injured at least",),
    "injured_best": ("injured", "wounded", "الجرحى", "عدد الجرحى"),
    "injured_max": ("injured at most",),
    "abducted": ("kidnapped", "المخطوفين", "عدد المخطوفين"),
    "motive": ("reason", "الدافع"),
    "method": ("how", "الطريقة"),
    "weapons": ("weapon", "السلاح", "الاسلحة"),
    "actor_category": ("perpetrator", "who did it", "الفاعل", "المنفذ"),
    "summary": ("description", "notes", "details", "الملخص", "الوصف", "التفاصيل"),
    "source_kind": ("source", "source type", "المصدر", "نوع المصدر"),
    "source_reliability": ("reliability", "موثوقية المصدر"),
    "source_credibility": ("credibility", "مصداقية المعلومة"),
    "source_name": ("name of source", "اسم المصدر"),
    "source_id": ("id", "no", "number", "serial", "row", "الرقم", "ت", "التسلسل"),
    "reported_at": ("reported", "date reported", "تاريخ الابلاغ"),
    "workflow_state": ("state", "status", "الحالة"),
    "verification": ("verified", "التحقق"),
    "sensitive": ("confidential", "minor", "minors", "child victim", "حساس", "سري", "قاصر"),
    "victim_age": (
        *("age", "ages", "victim age", "victims age", "age of victim", "age of the victim"),
        *("age of victims", "age group", "العمر", "عمر الضحية", "اعمار الضحايا", "الفئة العمرية"),
    ),
}


#: HXL tags that say what a column is, the surest first; the tags of our own export come before.
TAGS: dict[str, tuple[str, ...]] = {
    "source_id": ("#event+id", "#meta+id"),
    "type": ("#event+type",),
    "occurred_from": ("#date+occurred", "#date+start", "#date"),
    "occurred_to": ("#date+end",),
    "place": (
        *("#loc+code", "#adm4+code", "#adm3+code", "#loc+neighbourhood", "#loc+name"),
        *("#adm4+name", "#adm3+name", "#adm2+code", "#adm2+name", "#adm1+code", "#adm1+name"),
    ),
    "latitude": ("#geo+lat",),
    "longitude": ("#geo+lon",),
    "killed_best": ("#affected+killed",),
    "injured_best": ("#affected+injured",),
    "abducted": ("#affected+abducted",),
    "summary": ("#description",),
    "source_kind": ("#meta+source",),
    "reported_at": ("#date+reported",),
    "verification": ("#status",),
}


def _parts_of(tag: str) -> tuple[str, frozenset[str]]:
    hashtag, *attributes = tag.lower().replace(" ", "").split("+")
    return hashtag, frozenset(attributes)


def _tagged(ours: str, tags: Mapping[str, str]) -> str | None:
    """The column whose HXL tag is ours; a looser tag is taken where ours is not in the file."""
    for wanted in (BY_KEY[ours].tag, *TAGS.get(ours, ())):
        hashtag, attributes = _parts_of(wanted)
        exact = wanted == BY_KEY[ours].tag
        for name, tag in tags.items():
            theirs, more = _parts_of(tag)
            if theirs == hashtag and (more == attributes if exact else attributes <= more):
                return name
    return None


_HALVES = {
    "latitude": re.compile(r"_?(?:.*[_ /(])?latitude\)?", re.IGNORECASE),
    "longitude": re.compile(r"_?(?:.*[_ /(])?longitude\)?", re.IGNORECASE),
}


def guess(columns: Sheet | Iterable[str]) -> dict[str, str]:
    """Our column -> the file's: by our own names, by HXL tags, by what people call them.

    A question of Kobo or ODK is known by its own name, whatever groups it stands in.
    """
    tags: Mapping[str, str] = {}
    if isinstance(columns, Sheet):
        columns, tags = columns.columns, columns.tags
    names = [name for name in columns if name]
    collected_ = collected.is_collected(names)
    found: dict[str, str] = {}
    taken: set[str] = set()

    def take(ours: str, name: str | None) -> None:
        if name is not None and name not in taken and ours not in found:
            found[ours] = name
            taken.add(name)

    for ours in NAMES:
        for name in names:
            if column_key(name) == ours:
                take(ours, name)
    if collected_:
        lowered = {name.strip().lower(): name for name in reversed(names)}
        for ours, known in (("source_id", collected.IDENTITIES), ("reported_at", collected.SENT)):
            for one in known:
                take(ours, lowered.get(one))
    for ours in NAMES:
        take(ours, _tagged(ours, {name: tag for name, tag in tags.items() if name not in taken}))
    for ours in NAMES:
        words = {search_key(ours), *map(search_key, GUESSES.get(ours, ()))}
        words |= {search_key(text) for text in _labels(ours)}
        for own in (str, collected.last_part) if collected_ else (str,):
            for name in names:
                if name not in taken and search_key(own(name)) in words:
                    take(ours, name)
                    break
    for ours, half in _HALVES.items():
        take(ours, next((n for n in names if n not in taken and half.fullmatch(n)), None))
    return found


def _labels(ours: str) -> list[str]:
    """What our export calls a column, in both languages."""
    labels = []
    for language in ("en", "ar"):
        with translation.override(language):
            labels.append(str(BY_KEY[ours].label))
    return labels


#: Our columns that hold codes -> the list; states and grades are lists of their own, and how sure
#: of a day or place is a number.
LISTED = {column: name for column, name in exports.LISTED.items() if column not in exports.SCALES}
#: Of these a cell may hold several.
MANY = frozenset(
    {"weapons", "actor_category", "source_kind", "source_reliability", "source_credibility"}
)
#: So many words of a column are asked about; a column of free text has more.
MOST_WORDS = 60
LONGEST_WORD = 80


def unknown_words(
    sheet: Sheet, columns: Mapping[str, str], meant: Mapping[str, Mapping[str, str]]
) -> dict[str, list[str]]:
    """The words of code columns that are neither codes nor labels: our column -> words, in order.

    Those that were given a meaning before are among them, so that the meaning can be changed.
    """
    lists = cells.Lists()
    listed = [ours for ours in LISTED if ours in columns]
    found: dict[str, dict[str, str]] = {ours: {} for ours in listed}
    seen: set[tuple[str, str]] = set()
    for row in sheet.rows:
        for ours in listed:
            text = row.cells.get(columns[ours], "")
            if not text or (ours, text) in seen or len(found[ours]) >= MOST_WORDS:
                continue
            if len(seen) < 10_000:
                seen.add((ours, text))
            text = unescape_cell(text).strip()
            for part in cells.parts(text) if ours in MANY else [text] if text else []:
                if len(part) <= LONGEST_WORD and not _is_known(lists, ours, part):
                    found[ours].setdefault(search_key(part), part)
    return {ours: list(words.values()) for ours, words in found.items() if words}


def refused_words(problems: Iterable[Problem], columns: Mapping[str, str]) -> dict[str, list[str]]:
    """The words that a check of the whole file did not understand: our column -> words, in order.

    `unknown_words` of a page has read the first rows only. A word that the refusal cut is left out.
    """
    lists = cells.Lists()
    ours_of = {columns[ours]: ours for ours in LISTED if ours in columns}
    found: dict[str, dict[str, str]] = {}
    for problem in problems:
        ours = ours_of.get(problem.column)
        if problem.code != "code_unknown" or ours is None or problem.value.endswith("…"):
            continue
        words = found.setdefault(ours, {})
        for part in cells.parts(problem.value) if ours in MANY else [problem.value]:
            if len(words) < MOST_WORDS and not _is_known(lists, ours, part):
                words.setdefault(search_key(part), part)
    return {ours: list(words.values()) for ours, words in found.items() if words}


def _is_known(lists: cells.Lists, ours: str, word: str) -> bool:
    if ours == "sensitive" and cells.ticked(word) is not None:
        return True
    try:
        lists.all(LISTED[ours], word) if ours in MANY else lists.code(LISTED[ours], word)
    except BadCell:
        return False
    return True


def as_cells(incident: Incident) -> dict[str, str]:
    """An incident as our table would show it: for comparing with a row.

    With its point also where the table hides it: the row that brought it says the same again.
    """
    found = {column.key: str(csv_value(column.reader()(incident))) for column in COLUMNS}
    return found | {
        "latitude": str(csv_value(incident.lat)),
        "longitude": str(csv_value(incident.lon)),
    }


def keeps_point(incident: Incident, facts: Mapping[str, Any]) -> bool:
    """Whether a row without a point leaves a record's point as it is.

    Our own table shows none where the place is not known to the neighbourhood, so there an empty
    cell says nothing, as long as the row tells of the same place no more exactly.
    """
    place, precision = facts.get("place"), facts.get("geo_precision") or incident.geo_precision
    return (
        incident.geo_precision > POINT_UP_TO
        and precision > POINT_UP_TO
        and (place is None or place.pk == incident.place_id)
    )


def _chosen(choices: type[TextChoices], text: str) -> str:
    """A state or a grade: its code, or what a page calls it in either language."""
    folded = cells.plain(text).lower().replace(" ", "_")
    if folded in choices.values:
        return folded
    key = search_key(text)
    for language in ("en", "ar"):
        with translation.override(language):
            for value, label in choices.choices:
                if search_key(str(label)) == key:
                    return str(value)
    raise BadCell("code_unknown")


class Reader:
    """Reads the rows of one file; `columns` is our column -> the file's column."""

    def __init__(
        self,
        columns: Mapping[str, str],
        *,
        gazetteer: Gazetteer,
        near: Mapping[str, Iterable[int]] | None = None,
        site_code: str = "",
        default_state: str = "submitted",
        values: Mapping[str, Mapping[str, str]] | None = None,
    ) -> None:
        self.columns = columns
        self.gazetteer = gazetteer
        #: Site code -> keys of its places, to tell places of one name apart.
        self.near = near or {}
        self.site_code = site_code
        self.default_state = default_state
        self.lists = cells.Lists(values)
        self.sent_in_utc = columns.get("reported_at", "").strip().lower() in collected.SENT
        #: The first row whose day is a spreadsheet's number, for a remark.
        self.serial_row = 0
        #: (our column, text) -> what it means: the same words come again and again.
        self._read_before: dict[tuple[str, str], Any] = {}
        self._given: frozenset[str] | None = None
        self.latest = max(periods.now(), cells.start_of(periods.today())) + timedelta(days=1)

    def read(self, number: int, row: Mapping[str, str]) -> tuple[Entry | None, list[Problem]]:
        """One row as an entry, or the problems that keep it from being one."""
        problems: list[Problem] = []
        missing: list[Problem] = []
        columns, before = self.columns, self._read_before

        def text_of(name: str) -> str:
            column = self.columns.get(name)
            return unescape_cell(row.get(column, "")).strip() if column else ""

        def wrong(name: str, code: str, text: object = "") -> None:
            problems.append(Problem.of(number, self.columns.get(name, name), code, text, ours=name))

        def take(name: str, parse: Callable[[str], Any], default: Any = None) -> Any:
            column = columns.get(name)
            text = row.get(column, "") if column else ""
            if not text:
                return default
            known = before.get((name, text), before)
            if known is not before:
                return known
            text = text_of(name)
            if not text:
                return default
            try:
                read = parse(text)
            except BadCell as bad:
                wrong(name, bad.code, text)
                return default
            if len(text) < 40 and len(before) < 50_000 and name not in _OWN:
                before[name, row[column]] = read  # type: ignore[index]
            return read

        def need(name: str, value: Any) -> Any:
            if value is None or value == "" or value == []:
                missing.append(Problem(number, self.columns.get(name, name), "required"))
            return value

        facts: dict[str, Any] = {}
        code = take("code", cells.plain, "").upper()
        site_code = take("site", cells.plain, "") or self.site_code
        source_id = collected.without_uuid(
            take("source_id", lambda text: cells.free_text(text, 80), "")
        )

        def by_list(name: str) -> Callable[[str], str]:
            return lambda text: self.lists.code(LISTED[name], text, name)

        facts["type"] = need("type", take("type", by_list("type")))
        facts["subtype"] = take("subtype", lambda text: cells.free_text(text, 60), "")
        start = take("occurred_from", cells.moment)
        end = take("occurred_to", cells.moment)
        need("occurred_from", start)
        facts["occurred_from"] = start[0] if start else None
        if end is not None:
            at, has_time = end
            end = at if has_time or (start and start[1]) else cells.end_of(at.date())
            if start and end.date() == start[0].date() and not has_time:
                end = None
        if start and not self.serial_row and cells.is_serial(text_of("occurred_from")):
            self.serial_row = number
        facts["occurred_to"] = end
        if start and end and end < start[0]:
            wrong("occurred_to", "ends_before_start", text_of("occurred_to"))
        for name, moment in (("occurred_from", start and start[0]), ("occurred_to", end)):
            if moment and moment > self.latest:
                wrong(name, "date_in_future", text_of(name))
        facts["time_precision"] = take(
            "time_precision", lambda text: cells.whole_between(text, 1, 4), 1
        )
        facts["time_of_day"] = take("time_of_day", by_list("time_of_day"), "unknown")
        lat = take("latitude", lambda text: cells.degrees(text, 90))
        lon = take("longitude", lambda text: cells.degrees(text, 180))
        if (lat is None) != (lon is None):
            wrong("latitude" if lat is None else "longitude", "point_incomplete")
        elif lat is not None and outside_iraq(lat, lon):
            wrong("latitude", outside_iraq(lat, lon), f"{lat} {lon}")
        facts["lat"], facts["lon"] = lat, lon
        place = take("place", lambda text: self.gazetteer.named(text, self.near.get(site_code, ())))
        if place is None and lat is None and not text_of("place"):
            need("place", None)
        precision = take("geo_precision", lambda text: cells.whole_between(text, 1, 5))
        if precision is None and place is not None:
            precision = rules.usual_precision(place, has_point=lat is not None)
        facts["geo_precision"] = precision or 1
        facts["place"] = place
        facts["place_type"] = take("place_type", by_list("place_type"), "unknown")

        unknown = search_key(text_of("killed_best")) in _UNKNOWN or text_of("killed_best") == "?"
        if not text_of("killed_best"):
            unknown = False
        killed = None if unknown else take("killed_best", cells.whole)
        facts["killed_best"], facts["killed_unknown"] = killed, unknown
        if not unknown and not text_of("killed_best"):
            need("killed_best", None)
        for name in ("killed_min", "killed_max", "injured_min", "injured_best", "injured_max"):
            facts[name] = take(name, cells.whole)
        facts["abducted"] = take("abducted", cells.whole)
        for kind in ("killed", "injured"):
            known = [
                facts[f"{kind}_{part}"]
                for part in ("min", "best", "max")
                if facts[f"{kind}_{part}"] is not None
            ]
            if known != sorted(known):
                wrong(f"{kind}_best", "out_of_order", " ".join(map(str, known)))
        facts["motive"] = take("motive", by_list("motive"), "unknown")
        facts["method"] = take("method", by_list("method"), "unknown")
        facts["weapons"] = list(
            take("weapons", lambda text: self.lists.codes("weapon", text, "weapons"), ())
        )
        facts["summary"] = take("summary", lambda text: cells.free_text(text, 4000), "")
        reported = take("reported_at", cells.moment)
        facts["reported_at"] = reported[0] if reported else None
        if reported and self.sent_in_utc and not _ZONE.search(text_of("reported_at")):
            facts["reported_at"] = reported[0].replace(tzinfo=UTC)
        if facts["reported_at"] and facts["reported_at"] > self.latest:
            wrong("reported_at", "date_in_future", text_of("reported_at"))
        actors = take("actor_category", self._all("actor_category"), [])
        sources = self._sources(take, wrong)
        need("source_kind", sources)
        state = take("workflow_state", self._state, "")
        grade = take("verification", self._grade, "")
        sensitive = take("sensitive", self._sensitive, False)
        sensitive = take("victim_age", cells.says_minor, False) or sensitive
        if problems:
            return None, problems

        canonical = self._canonical(facts, sources, actors, state, grade)
        entry = Entry(
            row=number,
            origin_id=source_id or code,
            facts=facts,
            given=self._given_of(facts),
            sources=sources,
            actors=[ActorFacts(category=category) for category in actors],
            original={
                name: cells.clean_text(text)
                for name, text in row.items()
                if text
                and name not in (self.columns.get("source_name"), self.columns.get("victim_age"))
            },
            point=(lat, lon) if lat is not None and lon is not None and place is None else None,
            point_column=self.columns.get("latitude", "latitude"),
            area="subdistrict",
            stated_grade=grade,
            state=state or self.default_state,
            code=code,
            site_code=site_code,
            cells={name: text for name, text in canonical.items() if name in self.columns},
            missing=missing,
            sensitive=sensitive,
        )
        entry.content = content_hash(canonical)
        if not entry.origin_id:
            entry.origin_id = BY_CONTENT + entry.content[:32]
        return entry, []

    # -- single cells ----------------------------------------------------------------------------

    def _given_of(self, facts: Mapping[str, Any]) -> frozenset[str]:
        """The facts that the file has columns for: the same for every row."""
        if self._given is None:
            self._given = frozenset(
                name for name in facts if _COLUMN_OF.get(name, name) in self.columns
            )
        return self._given

    def _all(self, name: str) -> Callable[[str], list[str]]:
        """Members of a list in a cell, repeats kept (two gangs are two actors)."""
        return lambda text: self.lists.all(LISTED[name], text, name)

    def _sources(self, take: Any, wrong: Any) -> list[SourceFacts]:
        kinds = take("source_kind", self._all("source_kind"), [])
        if not kinds:
            return []
        wanted = len(kinds)
        lists: dict[str, list[str]] = {}
        for name, default in (("source_reliability", "F"), ("source_credibility", "6")):
            found = take(name, self._all(name), [])
            if found and len(found) != wanted:
                wrong(name, "lists_differ")
                found = []
            lists[name] = found or [default] * wanted
        names = take("source_name", lambda text: cells.free_text(text, 400), "")
        split = [names] if wanted == 1 else [part.strip() for part in names.split(";")]
        if names and len(split) != wanted:
            wrong("source_name", "lists_differ")
        if len(split) != wanted:
            split = [""] * wanted
        return [
            SourceFacts(kind, reliability, credibility, name=name)
            for kind, reliability, credibility, name in zip(
                kinds, lists["source_reliability"], lists["source_credibility"], split, strict=True
            )
        ]

    def _sensitive(self, text: str) -> bool:
        """Where nobody knows whether it is, it is."""
        said = cells.ticked(text)
        if said is not None:
            return said
        return self.lists.code(LISTED["sensitive"], text, "sensitive") != "no"

    def _state(self, text: str) -> str:
        return _chosen(Incident.State, text)

    def _grade(self, text: str) -> str:
        return _chosen(Incident.Verification, text)

    @staticmethod
    def _canonical(
        facts: Mapping[str, Any],
        sources: list[SourceFacts],
        actors: list[str],
        state: str,
        grade: str,
    ) -> dict[str, str]:
        """The row as the export would write it: what is compared with a record."""
        place = facts["place"]
        values: dict[str, Any] = {
            name: facts.get(name) for name in NAMES if name not in IDENTITY and name in facts
        }
        values |= {
            "place": place.pcode if place is not None else "",
            "latitude": facts["lat"],
            "longitude": facts["lon"],
            "killed_best": UNKNOWN if facts["killed_unknown"] else facts["killed_best"],
            "actor_category": "; ".join(actors),
            "source_kind": "; ".join(source.kind for source in sources),
            "source_reliability": "; ".join(source.reliability for source in sources),
            "source_credibility": "; ".join(source.credibility for source in sources),
            "workflow_state": state,
            "verification": grade,
        }
        return {name: str(csv_value(value)) for name, value in values.items()}
