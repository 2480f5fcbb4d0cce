"""Whom a name may be: subjects screened against lists, by ear, in any order, from either script.

A net and no judge. What it finds a person looks at and decides (`validity`); it never clears
anybody, whatever the score.

**The score** of two names, 0 to 1. Each part of the one is set beside the part of the other it
sounds most like (`sounds`), whatever its place. A side's cover is how much of its weight has found
something, each part as far as it is alike. The score is 0.7 of the better cover and 0.3 of the
other: a name without the grandfather is wholly covered by one that has him. Taken off: where the
given name (the first part of the longer name; of both, where none is longer) found nothing. Where
only one part of weight was found and there is more on either side, the score stays at most at
`ONE_PART`: an alias of one word is a hit of nobody but who is called so and nothing else.

Birth years and places are told beside a hit and order the hits of one score; they never make one
and never hide one, since lists are wrong in both.

**Never an old result.** A result belongs to a subject's id and version and to the digest of what
was asked; nothing here is kept by id. `Result.is_of` says whether it still speaks of the subject.

**Speed.** An index holds each distinct word once, as a table of sounds; a question is a few passes
over that table, and only names that could reach the threshold are then compared part by part. What
the index finds is what comparing with every name would find; a test holds it.
"""

from __future__ import annotations

import hashlib
import io
import json
import sys
import zipfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

import ceasefire.text as text_module
from ceasefire.text import search_key
from grants.screening import names as names_module
from grants.screening import sounds as sounds_module
from grants.screening.entries import Entry, EntryType, ListFile, Name, Quality
from grants.screening.names import Kind, Part, comparable, parts_of
from grants.screening.problems import NothingToCompare, NothingToScreenAgainst
from grants.screening.sounds import RowsOfSounds

__all__ = [
    "ALGORITHM",
    "ALGORITHM_VERSION",
    "THRESHOLD",
    "Birth",
    "Hit",
    "Index",
    "ListUsed",
    "Pair",
    "Result",
    "Subject",
    "compare",
]

#: Written into every result. The version changes with anything that may change a score.
ALGORITHM = "ceasefire-sounds"
ALGORITHM_VERSION = "1"
#: From so much on, a name is shown to the officer (docs/screening.md has the curve).
THRESHOLD = 0.68
#: Two parts that are less alike than this have nothing to do with each other.
FLOOR = 0.6
#: Where one part is all that two names share, and either has more, the score is at most this.
ONE_PART = 0.6
_BETTER = 0.7
_GIVEN_NAME = 0.1
#: How much is left of a likeness between two kinds of part.
_KINDS = np.array(
    # PLAIN, SERVANT, FATHER_OF, MOTHER_OF
    [
        [1.0, 0.85, 0.7, 0.6],
        [0.85, 1.0, 0.6, 0.5],
        [0.7, 0.6, 1.0, 0.6],
        [0.6, 0.5, 0.6, 1.0],
    ],
    dtype=np.float32,
)
#: Two parts that the other side writes as one word.
_TOGETHER = 0.95
#: Fewer consonants than this say too little about two words written together.
_SHORTEST_TOGETHER = 4
#: A part that is heavier than a title.
_OF_WEIGHT = 0.5
_QUALITIES = tuple(Quality)
#: Name -> numbers or octets; all that an index is.
Tables = dict[str, npt.NDArray[Any]]
#: Entries between two words about how far the making of an index is.
_TELL_EVERY = 200


@dataclass(frozen=True)
class Subject:
    """Who or what is screened: an id and its version, names in any script, what else is known.

    `names` are several spellings of one name, each screened by itself. `version` changes with every
    edit of the name; `digest` changes with the name whether or not somebody thought of the version.
    """

    id: str
    version: int
    type: EntryType
    names: tuple[str, ...]
    birth_year: int | None = None
    places: tuple[str, ...] = ()

    @property
    def digest(self) -> str:
        """SHA-256 over all that is compared, as hexadecimal digits."""
        said = [self.type.value, *self.names, "", str(self.birth_year), *self.places]
        return hashlib.sha256("\x1f".join(said).encode()).hexdigest()


@dataclass(frozen=True)
class Pair:
    """Two parts that were set beside each other, as written, and how much they are alike."""

    one: str
    other: str
    likeness: float


@dataclass(frozen=True)
class Likeness:
    """How much two names are alike: the score, the pairs, and what found nothing on either side."""

    score: float
    pairs: tuple[Pair, ...] = ()
    only_one: tuple[str, ...] = ()
    only_other: tuple[str, ...] = ()
    same_order: bool = True


@dataclass(frozen=True)
class Birth:
    """What the birth years say: the list's nearest, and how many years lie between."""

    year: int
    listed: int

    @property
    def apart(self) -> int:
        """Years between the two, 0 or more."""
        return abs(self.year - self.listed)


@dataclass(frozen=True)
class ListUsed:
    """A list that was screened against, so that a result can be repeated and can grow old."""

    name: str
    dated: Any
    sha256: str
    entries: int


@dataclass(frozen=True)
class Hit:
    """One entry that the subject may be; a person decides. `words.explain` says why."""

    list_name: str
    entry: Entry
    asked: str
    found: str
    quality: Quality
    likeness: Likeness
    birth: Birth | None = None
    places: tuple[str, ...] = ()

    @property
    def score(self) -> float:
        """0 to 1, of the names alone, rounded to three places."""
        return self.likeness.score

    @property
    def key(self) -> str:
        """What a decision is kept under: list and entry."""
        return f"{self.list_name}:{self.entry.id}"


@dataclass(frozen=True)
class Result:
    """What one screening found, with all that it depended on."""

    subject_id: str
    subject_version: int
    subject_digest: str
    names: tuple[str, ...]
    algorithm: str
    algorithm_version: str
    threshold: float
    lists: tuple[ListUsed, ...]
    hits: tuple[Hit, ...]

    def is_of(self, subject: Subject) -> bool:
        """Whether this is still a result of the subject: same id, version, and words."""
        return (self.subject_id, self.subject_version, self.subject_digest) == (
            subject.id,
            subject.version,
            subject.digest,
        )


@dataclass(frozen=True)
class Listed:
    """A list as an index knows it: which, of what day, of what file, and how much it holds."""

    name: str
    format: str
    dated: date
    sha256: str
    entries: int


@dataclass(frozen=True)
class _Name:
    """A name of an entry: of which, as written, and where its parts stand in the tables."""

    listed: int
    entry: int
    text: str
    quality: Quality
    parts: tuple[Part, ...]
    first: int


class Index:
    """Lists made ready to be asked. Holds no subject and no result.

    All of it lies in a few tables of numbers and octets, so that it is small, and as a whole can be
    kept (`packed`) and taken up again by another process in a moment (`unpacked`).
    """

    def __init__(
        self, lists: Sequence[ListFile], *, tell: Callable[[int, int], None] | None = None
    ) -> None:
        """Take the lists' words apart: a second for ten thousand names, so do it once.

        `tell` is told (entries done, entries in all) now and then; what it raises ends the making.
        """
        listed = tuple(
            Listed(one.name, one.format, one.dated, one.sha256, len(one.entries)) for one in lists
        )
        self._take(listed, _tables_of(lists, tell))

    def _take(self, lists: tuple[Listed, ...], tables: Tables) -> None:
        self.lists = lists
        self._tables = tables
        self._flat, self._weights = tables["flat"], tables["weights"]
        self._firsts = tables["firsts"]
        self._rows = tables["rows"]
        self._kinds = tables["kinds"]
        if len(self._firsts):
            self._totals = np.add.reduceat(self._weights, self._firsts)
        self._sounds = RowsOfSounds.of_tables(
            tables["sounds"], tables["sound_lengths"], tables["sound_counts"]
        )

    def packed(self) -> bytes:
        """Everything as octets, for `unpacked` of the same version of these files."""
        lists = [
            [one.name, one.format, one.dated.isoformat(), one.sha256, one.entries]
            for one in self.lists
        ]
        head = np.frombuffer(json.dumps([made_by(), lists]).encode(), dtype=np.uint8)
        out = io.BytesIO()
        arrays: dict[str, Any] = {"head": head, **self._tables}
        np.savez(out, **arrays)
        return out.getvalue()

    @classmethod
    def unpacked(cls, octets: bytes) -> Index | None:
        """What `packed` gave; None where other code made it, or it is something else."""
        try:
            with np.load(io.BytesIO(octets), allow_pickle=False) as file:
                maker, lists = json.loads(file["head"].tobytes())
                if maker != made_by():
                    return None
                tables = {name: file[name] for name in file.files if name != "head"}
        except (EOFError, OSError, ValueError, KeyError, zipfile.BadZipFile):
            return None
        made = cls.__new__(cls)
        listed = (Listed(name, form, date.fromisoformat(day), *rest) for name, form, day, *rest
                  in lists)  # fmt: skip
        made._take(tuple(listed), tables)
        return made

    def __len__(self) -> int:
        """How many names are held."""
        return len(self._firsts)

    def screen(self, subject: Subject, threshold: float = THRESHOLD) -> Result:
        """All entries whose name reaches the threshold, the likest first.

        Each entry once, by the name of it that is most alike. Refused: a name without a letter that
        can be compared, since nothing found would say nothing; a threshold out of 0 to 1; an index
        without entries.
        """
        if not 0.0 < threshold <= 1.0:
            raise ValueError(f"a threshold lies between 0 and 1, not at {threshold}")
        if not len(self):
            raise NothingToScreenAgainst
        asked = [name for name in subject.names if name.strip()]
        if not asked or not all(comparable(name) for name in asked):
            raise NothingToCompare
        best: dict[tuple[int, int], tuple[Likeness, _Name, str]] = {}
        for text in dict.fromkeys(asked):
            for likeness, name in self._alike(parts_of(text), threshold, subject.type):
                place = (name.listed, name.entry)
                if place not in best or likeness.score > best[place][0].score:
                    best[place] = (likeness, name, text)
        hits = [self._hit(subject, likeness, name, text) for likeness, name, text in best.values()]
        hits.sort(key=_order)
        return Result(
            subject_id=subject.id,
            subject_version=subject.version,
            subject_digest=subject.digest,
            names=subject.names,
            algorithm=ALGORITHM,
            algorithm_version=ALGORITHM_VERSION,
            threshold=threshold,
            lists=tuple(
                ListUsed(one.name, one.dated, one.sha256, one.entries) for one in self.lists
            ),
            hits=tuple(hits),
        )

    # --- inside ---------------------------------------------------------------------------------

    def _entry(self, name: _Name) -> Entry:
        at = int(self._tables["first_entries"][name.listed]) + name.entry
        id_, type_, names, years, places, programs = json.loads(self._text("entries", at))
        return Entry(
            id=id_,
            type=EntryType(type_),
            names=tuple(Name(text, Quality(quality)) for text, quality in names),
            birth_years=tuple(years),
            places=tuple(places),
            programs=tuple(programs),
        )

    def _name(self, number: int) -> _Name:
        text = self._text("names", number)
        return _Name(
            int(self._tables["of_list"][number]),
            int(self._tables["of_entry"][number]),
            text,
            _QUALITIES[self._tables["qualities"][number]],
            parts_of(text),
            int(self._firsts[number]),
        )

    def _text(self, table: str, number: int) -> str:
        """A text of a table of texts."""
        ends = self._tables[f"{table}_ends"]
        begin = int(ends[number - 1]) if number else 0
        return self._tables[table][begin : int(ends[number])].tobytes().decode()

    def _holding(self, table: str, skeleton: str) -> list[int]:
        """The numbers of the names that hold a skeleton, maybe a few more."""
        key = np.uint64(_key(skeleton))
        keys = self._tables[f"{table}_keys"]
        first, last = np.searchsorted(keys, key, "left"), np.searchsorted(keys, key, "right")
        found: list[int] = self._tables[f"{table}_names"][first:last].tolist()
        return found

    def _alike(
        self, asked: tuple[Part, ...], threshold: float, of: EntryType
    ) -> Iterable[tuple[Likeness, _Name]]:
        likenesses = np.stack([self._to_words(part) for part in asked])
        persons = self._tables["may_be_persons"]
        for number in self._candidates(asked, likenesses, threshold):
            if of is EntryType.INDIVIDUAL and not persons[number]:
                continue
            name = self._name(number)
            last = name.first + len(name.parts)
            table = likenesses[:, self._flat[name.first : last]]
            found = _score(asked, name.parts, table)
            if found.score >= threshold:
                yield found, name

    def _to_words(self, part: Part) -> npt.NDArray[np.float32]:
        """How much a part is like each word of the index, by the best readings of both."""
        best = np.zeros(len(self._rows), dtype=np.float32)
        for reading in part.readings:
            rows = self._sounds.likeness(reading.sounds, FLOOR) * _KINDS[reading.kind][self._kinds]
            np.maximum(best, np.maximum.reduceat(rows, self._rows), out=best)
        best[best < FLOOR] = 0.0
        return best

    def _candidates(
        self, asked: tuple[Part, ...], likenesses: npt.NDArray[np.float32], threshold: float
    ) -> list[int]:
        """Names that may reach the threshold: no part is left to two, so this is never too few."""
        weights = np.array([part.weight for part in asked], dtype=np.float32)
        ours = np.zeros(len(self), dtype=np.float32)
        theirs = np.zeros(len(self._flat), dtype=np.float32)
        for weight, row in zip(weights, likenesses, strict=True):
            flat = row[self._flat]
            ours += weight * np.maximum.reduceat(flat, self._firsts)
            np.maximum(theirs, flat, out=theirs)
        our_cover = ours / weights.sum()
        their_cover = np.add.reduceat(theirs * self._weights, self._firsts) / self._totals
        most = np.maximum(our_cover, their_cover)
        least = np.minimum(our_cover, their_cover)
        reached = _BETTER * most + (1 - _BETTER) * least >= threshold - 0.001
        found = dict.fromkeys(np.flatnonzero(reached).tolist())
        for part in asked:
            found |= dict.fromkeys(self._holding("together", part.skeleton))
        for skeleton in _together(asked):
            found |= dict.fromkeys(self._holding("alone", skeleton))
        return list(found)

    def _hit(self, subject: Subject, likeness: Likeness, name: _Name, asked: str) -> Hit:
        entry = self._entry(name)
        born = subject.birth_year
        birth = None
        if born is not None and entry.birth_years:
            birth = Birth(born, min(entry.birth_years, key=lambda year: abs(year - born)))
        known = {word for place in subject.places for word in search_key(place).split()}
        places = tuple(place for place in entry.places if known & set(search_key(place).split()))
        return Hit(
            list_name=self.lists[name.listed].name,
            entry=entry,
            asked=asked,
            found=name.text,
            quality=name.quality,
            likeness=likeness,
            birth=birth,
            places=places,
        )


def _tables_of(lists: Sequence[ListFile], tell: Callable[[int, int], None] | None) -> Tables:
    """Every name of the lists, taken apart, as tables.

    `names` and `entries` are texts one behind the other, and where each ends. A name's parts stand
    in `flat` from its place in `firsts` on, each the number of a word; a word has a row of sounds
    for each of its readings, from its place in `rows` on. `together` and `alone`: by the key of a
    skeleton, which names hold it.
    """
    total, done = sum(len(one.entries) for one in lists), 0
    words: dict[tuple[Any, ...], int] = {}
    flat: list[int] = []
    weights: list[float] = []
    firsts: list[int] = []
    of_list: list[int] = []
    of_entry: list[int] = []
    qualities: list[int] = []
    persons: list[bool] = []
    texts: list[bytes] = []
    entries: list[bytes] = []
    first_entries: list[int] = []
    skeletons: dict[str, list[tuple[str, int]]] = {"together": [], "alone": []}
    for listed, one in enumerate(lists):
        first_entries.append(len(entries))
        for at, entry in enumerate(one.entries):
            done += 1
            if tell is not None and done % _TELL_EVERY == 0:
                tell(done, total)
            entries.append(_written(entry))
            for name in entry.names:
                parts = parts_of(name.text)
                if not parts:
                    continue
                number = len(firsts)
                firsts.append(len(flat))
                of_list.append(listed)
                of_entry.append(at)
                qualities.append(_QUALITIES.index(name.quality))
                persons.append(entry.type.may_be_a_person)
                texts.append(name.text.encode())
                for part in parts:
                    flat.append(words.setdefault(part.readings, len(words)))
                    weights.append(part.weight)
                    if len(part.skeleton) >= _SHORTEST_TOGETHER:
                        skeletons["alone"].append((part.skeleton, number))
                if len(parts) > 1:
                    skeletons["together"] += [(one_, number) for one_ in _together(parts)]
    readings = [reading for row in words for reading in row]
    sounds = RowsOfSounds([reading.sounds for reading in readings])
    sizes = [len(row) for row in words]
    tables: Tables = {
        "flat": np.array(flat, dtype=np.int32),
        "weights": np.array(weights, dtype=np.float32),
        "firsts": np.array(firsts, dtype=np.int64),
        "of_list": np.array(of_list, dtype=np.int16),
        "of_entry": np.array(of_entry, dtype=np.int32),
        "first_entries": np.array(first_entries, dtype=np.int64),
        "qualities": np.array(qualities, dtype=np.int8),
        "may_be_persons": np.array(persons, dtype=np.bool_),
        "rows": np.concatenate([[0], np.cumsum(sizes)[:-1]]).astype(np.int64),
        "kinds": np.array([reading.kind for reading in readings], dtype=np.int8),
        **sounds.tables(),
    }
    for name_, texts_ in (("names", texts), ("entries", entries)):
        tables[name_] = np.array(bytearray(b"".join(texts_)), dtype=np.uint8)
        tables[f"{name_}_ends"] = np.cumsum([len(text) for text in texts_], dtype=np.int64)
    for name_, found in skeletons.items():
        known = {skeleton: _key(skeleton) for skeleton, _number in found}
        keys = np.array([known[skeleton] for skeleton, _number in found], dtype=np.uint64)
        order = np.argsort(keys, kind="stable")
        numbers = np.array([number for _skeleton, number in found], dtype=np.int32)
        tables[f"{name_}_keys"], tables[f"{name_}_names"] = keys[order], numbers[order]
    return tables


def _written(entry: Entry) -> bytes:
    facts = [
        entry.id,
        entry.type.value,
        [[name.text, name.quality.value] for name in entry.names],
        entry.birth_years,
        entry.places,
        entry.programs,
    ]
    return json.dumps(facts, ensure_ascii=False, separators=(",", ":")).encode()


def _key(skeleton: str) -> int:
    """64 bits of a skeleton. Two that share them are only looked at once too often."""
    digest = hashlib.blake2b(skeleton.encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big")


@lru_cache(maxsize=1)
def made_by() -> str:
    """Digest of the code that takes names apart: an index that other code made is made anew."""
    digest = hashlib.sha256(f"{ALGORITHM} {ALGORITHM_VERSION}".encode())
    for module in (names_module, sounds_module, text_module, sys.modules[__name__]):
        digest.update(Path(str(module.__file__)).read_bytes())
    return digest.hexdigest()


def _order(hit: Hit) -> tuple[Any, ...]:
    """By the score; where it is the same, those first whose year and place speak for them."""
    apart = 99 if hit.birth is None else hit.birth.apart
    return (-hit.score, apart, not hit.places, hit.list_name, hit.entry.id)


def _together(parts: tuple[Part, ...]) -> dict[str, int]:
    """{consonants of two neighbours: where the first stands} for what may be written together."""
    found: dict[str, int] = {}
    for at, (one, next_one) in enumerate(zip(parts, parts[1:], strict=False)):
        if {reading.kind for reading in (*one.readings, *next_one.readings)} != {Kind.PLAIN}:
            continue
        # With the article between, too: Saif al-Islam, Saifulislam.
        for between in ("", "l"):
            skeleton = one.skeleton + between + next_one.skeleton
            if len(skeleton) >= _SHORTEST_TOGETHER:
                found.setdefault(skeleton, at)
    return found


def _score(
    asked: tuple[Part, ...], listed: tuple[Part, ...], table: npt.NDArray[np.float32]
) -> Likeness:
    """Set the parts beside each other, the likest first, and count what is covered."""
    rows: list[tuple[float, tuple[int, ...], tuple[int, ...]]] = [
        (float(table[i, j]), (i,), (j,))
        for i in range(len(asked))
        for j in range(len(listed))
        if table[i, j] >= FLOOR
    ]
    for skeleton, at in _together(asked).items():
        rows += [
            (_TOGETHER, (at, at + 1), (j,))
            for j, part in enumerate(listed)
            if part.skeleton == skeleton
        ]
    for skeleton, at in _together(listed).items():
        rows += [
            (_TOGETHER, (i,), (at, at + 1))
            for i, part in enumerate(asked)
            if part.skeleton == skeleton
        ]
    # The place in both names breaks ties, so that the same names always give the same answer.
    rows.sort(key=lambda row: (-row[0], -len(row[1]) - len(row[2]), row[1], row[2]))
    ours: dict[int, float] = {}
    theirs: dict[int, float] = {}
    chosen = []
    for likeness, mine, others in rows:
        if any(i in ours for i in mine) or any(j in theirs for j in others):
            continue
        ours |= dict.fromkeys(mine, likeness)
        theirs |= dict.fromkeys(others, likeness)
        chosen.append((likeness, mine, others))
    if not chosen:
        return Likeness(0.0)
    our_cover, their_cover = _cover(asked, ours), _cover(listed, theirs)
    score = _BETTER * max(our_cover, their_cover) + (1 - _BETTER) * min(our_cover, their_cover)
    our_heavy, their_heavy = _heavy(asked), _heavy(listed)
    if _without_given_name(our_heavy, ours, their_heavy, theirs):
        score -= _GIVEN_NAME
    found_heavy = max(
        sum(i in ours for i in our_heavy),
        sum(j in theirs for j in their_heavy),
    )
    if found_heavy <= 1 < max(len(our_heavy), len(their_heavy)):
        score = min(score, ONE_PART)
    chosen.sort(key=lambda row: row[1])
    places = [row[2] for row in chosen]
    return Likeness(
        score=round(max(0.0, min(1.0, score)), 3),
        pairs=tuple(
            Pair(
                " ".join(asked[i].written for i in mine),
                " ".join(listed[j].written for j in others),
                round(likeness, 2),
            )
            for likeness, mine, others in chosen
        ),
        only_one=tuple(part.written for i, part in enumerate(asked) if i not in ours),
        only_other=tuple(part.written for j, part in enumerate(listed) if j not in theirs),
        same_order=places == sorted(places),
    )


def _without_given_name(
    ours: list[int], ours_found: dict[int, float], theirs: list[int], theirs_found: dict[int, float]
) -> bool:
    """Whether the first part of the longer name found nothing; of both, where none is longer."""
    if len(ours) == len(theirs) == 1:
        return False
    our_first, their_first = ours[0] in ours_found, theirs[0] in theirs_found
    if len(ours) == len(theirs):
        return not our_first and not their_first
    return not (our_first if len(ours) > len(theirs) else their_first)


def _cover(parts: tuple[Part, ...], found: dict[int, float]) -> float:
    total = sum(part.weight for part in parts)
    return sum(part.weight * found.get(at, 0.0) for at, part in enumerate(parts)) / total


def _heavy(parts: tuple[Part, ...]) -> list[int]:
    """Where the parts stand that identify somebody; all of them, where none does."""
    return [at for at, part in enumerate(parts) if part.weight >= _OF_WEIGHT] or list(
        range(len(parts))
    )


def compare(one: str, other: str) -> Likeness:
    """How much two names are alike: what screening the one against a list of the other gives."""
    asked, listed = parts_of(one), parts_of(other)
    if not asked or not listed:
        return Likeness(0.0)
    rows = [reading for part in listed for reading in part.readings]
    firsts = np.cumsum([0, *(len(part.readings) for part in listed)][:-1])
    sounds = RowsOfSounds([reading.sounds for reading in rows])
    kinds = np.array([reading.kind for reading in rows], dtype=np.int8)
    table = np.zeros((len(asked), len(listed)), dtype=np.float32)
    for at, part in enumerate(asked):
        for reading in part.readings:
            found = sounds.likeness(reading.sounds, FLOOR) * _KINDS[reading.kind][kinds]
            np.maximum(table[at], np.maximum.reduceat(found, firsts), out=table[at])
    return _score(asked, listed, table)
