"""Finding incidents by words: what is kept for it, and what a typed text asks for.

Every incident keeps its words, folded, in two columns: `search_key` (code, summary, names of the
place in both scripts) for whoever sees the record, `source_key` (what sources said) for whoever may
read the words of sources. Both are indexed word by word behind the key of the site or the person
(`IncidentWords`), so that a search reads only what its reader may find. The index narrows; the
conditions over the two columns decide.

`SearchWord` holds each word once. A typed word that differs by one letter from a word that is kept,
or sounds like the name of a place, is looked for as that word too.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple, Self
from uuid import UUID

from django.db import connection, models, transaction
from django.db.models import F, Q
from django.utils.html import conditional_escape, format_html
from django.utils.safestring import SafeString, mark_safe

from ceasefire.people.models import User
from ceasefire.spelling import (
    SHORTEST_SLIP,
    is_slip,
    slip_keys,
    sound_keys,
    sounds_alike,
    stem,
    with_stems,
    words_of,
)
from ceasefire.text import search_key
from incidents.models import Incident, SearchWord, Source
from incidents.models.record import IncidentWords

#: More words than these are no search but a text.
MOST_WORDS = 8
#: Of a text that is longer, the beginning is searched.
LONGEST_TEXT = 200
#: So many other spellings of one word are looked for, the likest first.
MOST_SPELLINGS = 60
#: As many words of sources as the index takes of one incident.
MOST_SAID = 2000
#: Latin articles, and the letters before which each is one.
_ARTICLES = {
    **dict.fromkeys(("al", "el", "ul", "il"), ""),
    **{f"a{sound}": sound for sound in ("sh", "th", "dh", *"rszdtn")},
}


#: A word as people write it: marks, tatweel and apostrophes inside it belong to it.
_WRITTEN = re.compile(r"[^\W_](?:[\w\u0640\u064b-\u065f\u0670]|['\u2019\u02bc](?=\w))*")


# --- what is kept -------------------------------------------------------------------------------


def words_key(text: str) -> str:
    """The words of a text as they are kept: folded, each once, stems beside their words."""
    return " ".join(with_stems(words_of(text)))


@lru_cache(maxsize=4096)
def _words_of_name(name: str) -> list[str]:
    """The words of a place's name, folded once: each report asks for them again."""
    return words_of(name)


def names_of(place: Any) -> list[str]:
    """Every word by which a place may be asked for: of its names and of its district's.

    A name of several words stands there in one word, too, as many write it: Shattalarab, Ummqasr.
    """
    found: dict[str, None] = {}
    for one in (place, place.district):
        for name in () if one is None else (one.name_en, one.name_ar, *one.alt_names):
            words = _words_of_name(name)
            found.update(dict.fromkeys(with_stems(words)))
            if len(words) > 1:
                bare = [stem(word) for word in words if word not in _ARTICLES]
                found.update(dict.fromkeys(["".join(words)[:60], "".join(bare)[:60]]))
    return [word for word in found if word]


def place_key(place: Any) -> str:
    """The part of an incident's search key that its place makes."""
    return " ".join([place.pcode.lower(), *names_of(place)])


def said_key(sources: Iterable[tuple[Any, str]]) -> str:
    """The words of sources, given as (key of who wrote it down, text) in their order."""
    parts: list[str] = []
    for author, text in sources:
        words = with_stems(words_of(text))
        if words:
            parts += [f"@{owner_key(author)}", *words]
    return " ".join(parts[:MOST_SAID])


def owner_key(person: Any) -> str:
    """A person's key as it stands before the words that only they may search."""
    return "" if person is None else str(person).replace("-", "")


def keep_said(incident: Incident) -> None:
    """Write down anew what the sources of an incident said. The incident's row is locked."""
    rows = list(incident.sources.order_by("created_at", "id").values_list("created_by_id", "text"))
    key = said_key(rows)
    if key != incident.source_key:
        incident.source_key = key
        Incident.objects.filter(pk=incident.pk).update(source_key=key)


def remember(incident: Incident) -> None:
    """Keep the words of an incident that are not kept yet, once its keys are written."""
    learn([*incident.search_key.split(), *incident.source_key.split()], names_of(incident.place))


def learn(written: Iterable[str], names: Iterable[str] = ()) -> int:
    """Keep the words that are not kept yet; how many there were.

    `names` are words of places, found by sound as well. Nobody waits for another transaction here:
    a word that two write at once is kept twice.
    """
    return _learn(SearchWord, written, names)


def _learn(model: Any, written: Iterable[str], names: Iterable[str]) -> int:
    wanted = {("w", word): None for word in written if _is_word(word)}
    wanted |= {("n", word): None for word in names if _is_word(word, shortest=2)}
    if not wanted:
        return 0
    words = sorted({word for _kind, word in wanted})
    known = set(model.objects.filter(word__in=words).values_list("kind", "word"))
    rows = [
        model(word=word, kind=kind, keys=_keys(kind, word))
        for kind, word in wanted
        if (kind, word) not in known
    ]
    model.objects.bulk_create(rows, batch_size=1000)
    return len(rows)


def _is_word(word: str, shortest: int = SHORTEST_SLIP - 1) -> bool:
    return shortest <= len(word) <= 60 and word.isalpha()


def _keys(kind: str, word: str) -> list[str]:
    slips = slip_keys(word) if len(word) >= SHORTEST_SLIP - 1 else set()
    sounds = {f"~{sound}" for sound in sound_keys(word)} if kind == "n" else set()
    return sorted(slips | sounds)


# --- what is asked for --------------------------------------------------------------------------


class Holds(models.Func):
    """Whether a key holds a word like one of the spellings."""

    output_field = models.BooleanField()

    def __init__(self, column: str, spellings: Sequence[Spelling]) -> None:
        super().__init__(F(column))
        self.spellings = [one.within for one in spellings]

    def as_sql(self, compiler: Any, connection: Any, *_: Any, **__: Any) -> Any:
        sql, params = compiler.compile(self.get_source_expressions()[0])
        # Half as dear as LIKE, which looks at every blank anew.
        one = f"strpos(' ' || {sql} || ' ', %s) > 0"
        return (
            f"({' OR '.join([one] * len(self.spellings))})",
            [part for spelling in self.spellings for part in (*params, spelling)],
        )


class SaidTo(models.Func):
    """Whether a source that this person wrote down holds a word like one of the spellings."""

    output_field = models.BooleanField()

    def __init__(self, owner: str, spellings: Sequence[Spelling]) -> None:
        super().__init__(F("source_key"), Holds("source_key", spellings))
        self.mark = f"%@{owner} %"
        words = "|".join(one.word if one.begins else f"{one.word}( |$)" for one in spellings)
        self.pattern = f"@{owner}( [^@]*)? ({words})"

    def as_sql(self, compiler: Any, connection: Any, *_: Any, **__: Any) -> Any:
        column, held = self.get_source_expressions()
        sql, params = compiler.compile(column)
        held_sql, held_params = compiler.compile(held)
        # In this order: the planner thinks the pattern the cheapest, and it is the dearest.
        return (
            f"(CASE WHEN {sql} LIKE %s AND {held_sql} THEN {sql} ~ %s ELSE false END)",
            [*params, self.mark, *held_params, *params, self.pattern],
        )


class Indexed(models.Func):
    """Whether the index of words has an incident for a query."""

    output_field = models.BooleanField()

    def __init__(self, query: str) -> None:
        super().__init__(IncidentWords("site", "reporter", "search_key", "source_key"))
        self.query = query

    def as_sql(self, compiler: Any, connection: Any, *_: Any, **__: Any) -> Any:
        sql, params = compiler.compile(self.get_source_expressions()[0])
        return f"({sql} @@ %s::tsquery)", [*params, self.query]


class Spelling(NamedTuple):
    """A word to look for: where words begin, or as a whole word."""

    word: str
    begins: bool = False

    @property
    def within(self) -> str:
        """The spelling as it stands in a key between blanks."""
        return f" {self.word}" if self.begins else f" {self.word} "

    def is_of(self, word: str) -> bool:
        return word.startswith(self.word) if self.begins else word == self.word


@dataclass(frozen=True)
class Search:
    """What a text asks for.

    `holds` decides of every row; `index` is fulfilled by all of these and few more, and is read by
    the index of words. `close`: words with one letter wrong were looked for as well.
    """

    words: tuple[tuple[Spelling, ...], ...]
    holds: Q
    index: Q
    close: bool
    #: Whether some word is long enough for a slip to be looked for.
    may_be_close: bool

    def first(self, text: str) -> int | None:
        """Where the first word that is looked for begins in a text."""
        found = (word.start() for word in _WRITTEN.finditer(text) if self.is_sought(word.group()))
        return next(found, None)

    def marked(self, text: str) -> SafeString:
        """A text with the words that are looked for in <mark>, escaped."""
        parts, at = [], 0
        for found in _WRITTEN.finditer(text):
            if self.is_sought(found.group()):
                parts += [
                    conditional_escape(text[at : found.start()]),
                    format_html("<mark>{}</mark>", found.group()),
                ]
                at = found.end()
        parts.append(conditional_escape(text[at:]))
        return mark_safe("".join(parts))  # noqa: S308 - every part was escaped

    def is_sought(self, written: str) -> bool:
        """Whether a written word is one of those that are looked for."""
        words = with_stems(words_of(written))
        return any(one.is_of(word) for word in words for any_of in self.words for one in any_of)


def understand(
    text: str, *, user: User | None, site_ids: Sequence[int], close: bool = False
) -> Search:
    """Read a typed text as words to look for, for one reader and among some sites.

    Each word must be there: as it is typed or where a word begins, with or without its article; a
    number also as the number of a code; a word that sounds like a name of a place also as that
    name. With `close` also words that one slip lies between, and words that hold it inside. A text
    without words finds nothing.
    """
    typed = _without_articles(words_of(text[:LONGEST_TEXT]))[:MOST_WORDS]
    kept = _kept(typed, close)
    words = tuple(_spellings(word, kept, close) for word in typed)
    long_enough = any(len(word) >= SHORTEST_SLIP and word.isalpha() for word in typed)
    if not words:
        nothing = Q(pk__in=[])
        return Search((), nothing, nothing, close, may_be_close=False)
    holds = Q()
    for spellings in words:
        holds &= _held(spellings, user)
    readers = _readers(user, site_ids)
    query = " & ".join(
        "("
        + " | ".join(
            f"'{reader}{one.word}'{':*' if one.begins else ''}"
            for one in spellings
            for reader in readers
        )
        + ")"
        for spellings in words
    )
    index = Q(Indexed(query)) if readers else Q(pk__in=[])
    return Search(words, holds, index, close, may_be_close=long_enough)


def _without_articles(words: list[str]) -> list[str]:
    """The words without articles that stand alone before another word: Al Zubair, ash Shatt."""
    kept = []
    for word, following in zip(words, [*words[1:], ""], strict=False):
        sound = _ARTICLES.get(word)
        is_article = word == "ال" or (sound is not None and following.startswith(sound))
        if not (is_article and following):
            kept.append(word)
    return kept


def _kept(typed: Sequence[str], close: bool) -> list[tuple[str, str]]:
    """The (kind, word) of all kept words that the typed ones may mean; one question for all."""
    keys: set[str] = set()
    inside: list[str] = []
    for word in typed:
        if not word.isalpha():
            continue
        keys |= {f"~{sound}" for sound in sound_keys(word)}
        if close and len(word) >= SHORTEST_SLIP:
            keys |= slip_keys(word) | slip_keys(stem(word))
            inside.append(f"%{word}%")
    if not keys:
        return []
    condition = Q(keys__overlap=sorted(keys))
    if inside:
        condition |= Q(pk__in=SearchWord.objects.filter(_Inside(inside)).values("pk")[:200])
    return sorted(set(SearchWord.objects.filter(condition).values_list("kind", "word")))


class _Inside(models.Func):
    output_field = models.BooleanField()

    def __init__(self, patterns: Sequence[str]) -> None:
        super().__init__(F("word"))
        self.patterns = list(patterns)

    def as_sql(self, compiler: Any, connection: Any, *_: Any, **__: Any) -> Any:
        sql, params = compiler.compile(self.get_source_expressions()[0])
        return f"({sql} LIKE ANY (%s))", [*params, self.patterns]


def _spellings(word: str, kept: Iterable[tuple[str, str]], close: bool) -> tuple[Spelling, ...]:
    bare = stem(word)
    found = {Spelling(word, len(word) > 1): None}
    if bare != word:
        found[Spelling(bare, begins=True)] = None
    if word.isdigit() and len(word) < 6:
        found[Spelling(f"{int(word):06d}")] = None
    if not word.isalpha():
        return tuple(found)
    others = []
    for kind, other in kept:
        if any(one.is_of(other) for one in found):
            continue
        if kind == "n" and len(word) > 1 and sounds_alike(word, other):
            others.append((0, other))
        elif close and len(word) >= SHORTEST_SLIP:
            if is_slip(word, other) or is_slip(bare, other):
                others.append((1, other))
            elif word in other:
                others.append((2, other))
    found.update(dict.fromkeys(Spelling(other) for _likeness, other in sorted(others)))
    return tuple(found)[:MOST_SPELLINGS]


def _held(spellings: Sequence[Spelling], user: User | None) -> Q:
    """That a row holds one of the spellings where this person may read."""
    held = Q(Holds("search_key", spellings))
    if user is None:
        return held
    said = Q(Holds("source_key", spellings))
    if user.has_perm("incidents.view_source"):
        if user.has_perm("incidents.view_named_group"):
            return held | said
        # As `reading.sight` has it: a supervisor reads what sources said to the own team.
        team = User.objects.filter(Q(supervisor=user) | Q(supervisor=None) | Q(pk=user.pk))
        held |= (Q(reporter=None) | Q(reporter__in=team.values("pk"))) & said
    else:
        # Of a sensitive one only what they said themselves: another's report may be merged into it.
        held |= Q(reporter=user.pk, is_sensitive=False) & said
    return held | Q(SaidTo(owner_key(user.pk), spellings))


def _readers(user: User | None, site_ids: Sequence[int]) -> list[str]:
    """What stands before a lexeme that this person may find."""
    readers = [f"{site}." for site in site_ids]
    if user is not None:
        if user.has_perm("incidents.view_source"):
            readers += [f"{site}~" for site in site_ids]
        else:
            readers.append(f"{owner_key(user.pk)}~")
    return readers


def close_spellings(search: Search, exact: Search, keys: Iterable[str]) -> list[str]:
    """The words of records in view that were found though they are spelled otherwise."""
    found: dict[str, None] = {}
    for key in keys:
        for word in key.split():
            for any_of, exactly in zip(search.words, exact.words, strict=True):
                if any(one.is_of(word) for one in any_of) and not any(
                    one.is_of(word) for one in exactly
                ):
                    found[word] = None
    return list(found)


# --- writing it all anew ------------------------------------------------------------------------


class Tables(NamedTuple):
    """The models that are read and written; a migration passes its historical ones."""

    incidents: Any
    sources: Any
    places: Any
    words: Any

    @classmethod
    def of(cls, model: Callable[[str], Any] | None = None) -> Self:
        if model is None:
            from ceasefire.places.models import Place

            return cls(Incident, Source, Place, SearchWord)
        return cls(
            model("incidents.Incident"),
            model("incidents.Source"),
            model("places.Place"),
            model("incidents.SearchWord"),
        )


@dataclass
class Done:
    """How far it went: incidents read, those whose words were written anew, the last one's key."""

    read: int = 0
    changed: int = 0
    last: UUID | None = None


def rebuild(
    tables: Tables | None = None,
    *,
    after: UUID | None = None,
    size: int = 500,
    write: bool = True,
    seen: set[str] | None = None,
) -> Iterator[Done]:
    """Write the words of all incidents anew, in the order of their keys; yields after each part.

    Each part is a transaction of its own that holds its rows only as long, so that people go on
    working; rows whose words are right are not written. Stopped, it goes on `after` the last key.
    Without `write` it only counts what differs. `seen` collects every word that is in use.
    """
    tables = tables or Tables.of()
    tails: dict[int, tuple[str, list[str]]] = {}
    folded: dict[str, str] = {}
    places = tables.places.objects.select_related("district").defer("geometry")
    done = Done(last=after)
    while True:
        with transaction.atomic():
            rows = tables.incidents.objects.order_by("pk")
            if done.last is not None:
                rows = rows.filter(pk__gt=done.last)
            if write:
                rows = rows.select_for_update(of=("self",))
            part = list(
                rows.only("pk", "code", "summary", "place_id", "search_key", "source_key")[:size]
            )
            if not part:
                return
            said: dict[Any, list[tuple[Any, str]]] = {}
            listed = tables.sources.objects.filter(incident__in=[row.pk for row in part])
            for incident, author, text in listed.order_by("created_at", "id").values_list(
                "incident_id", "created_by_id", "text"
            ):
                said.setdefault(incident, []).append((author, text))
            missing = {row.place_id for row in part} - tails.keys()
            for place in places.filter(pk__in=missing) if missing else ():
                tails[place.pk] = place_key(place), names_of(place)
            if len(folded) > 20_000:
                folded.clear()
            changed = []
            words: set[str] = set()
            names: set[str] = set()
            for row in part:
                if row.summary not in folded:
                    folded[row.summary] = words_key(row.summary)
                tail, called = tails[row.place_id]
                key = " ".join(filter(None, [search_key(row.code), folded[row.summary], tail]))
                told = said_key(said.get(row.pk, ()))
                words.update(folded[row.summary].split(), told.split())
                names.update(called)
                if (key, told) != (row.search_key, row.source_key):
                    changed.append((row.pk, key, told))
            if write:
                _write_keys(changed)
                _learn(tables.words, words, names)
            if seen is not None:
                seen |= words | names
        done.read += len(part)
        done.changed += len(changed)
        done.last = part[-1].pk
        yield done


def _write_keys(rows: Sequence[tuple[Any, str, str]]) -> None:
    if rows:
        with connection.cursor() as cursor:
            cursor.execute(
                "UPDATE incidents_incident i SET search_key = n.told, source_key = n.said"
                " FROM unnest(%s::uuid[], %s::text[], %s::text[]) AS n (id, told, said)"
                " WHERE i.id = n.id",
                [
                    [str(row[0]) for row in rows],
                    [row[1] for row in rows],
                    [row[2] for row in rows],
                ],
            )


def prune(seen: set[str]) -> int:
    """Forget the kept words that no incident holds any more, and those kept twice; how many."""
    gone = 0
    met: set[tuple[str, str]] = set()
    stale: list[int] = []
    words = SearchWord.objects.order_by("pk").values_list("pk", "kind", "word")
    for key, kind, word in words.iterator(chunk_size=5000):
        if word not in seen or (kind, word) in met:
            stale.append(key)
        met.add((kind, word))
    for start in range(0, len(stale), 5000):
        gone += SearchWord.objects.filter(pk__in=stale[start : start + 5000]).delete()[0]
    return gone
