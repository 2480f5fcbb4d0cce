"""A 360Giving file against its schemas, its closed code lists and its formats, grant by grant.

The JSON Schema passes a code that is in no closed list, so these are looked at apart. The dialect
is named here, since the schemas name it with http:; the package of 1.4.3 points at the grant schema
by the address of 1.4.2.
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable, Iterator
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import IO, Any
from urllib.parse import urlsplit

from jsonschema import Draft202012Validator, FormatChecker, ValidationError
from jsonschema.validators import extend

from grants.publishing.checks import SCHEMAS, Finding
from grants.publishing.threesixty import unflattened

_FOLDER = SCHEMAS / "360giving-1.4.3"
#: Characters read at a time, and the most that one grant may have.
_READ, _LONGEST = 1 << 16, 1 << 22
_RFC3339 = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)", re.ASCII)

formats = FormatChecker(formats=())


@formats.checks("date-time", raises=ValueError)
def _is_moment(value: Any) -> bool:
    """RFC 3339: day, time and zone."""
    if not isinstance(value, str):
        return True
    if not _RFC3339.fullmatch(value):
        return False
    datetime.fromisoformat(value.upper().replace("Z", "+00:00"))
    return True


@formats.checks("uri", raises=ValueError)
def _is_address(value: Any) -> bool:
    """RFC 3986: a scheme, and nothing that would have to be escaped."""
    if not isinstance(value, str):
        return True
    parts = urlsplit(value)
    whole = bool(parts.scheme and (parts.netloc or parts.path))
    return whole and not re.search(r'[\s<>"{}|\\^`]', value) and value.isascii()


def _one_of_many(
    validator: Any, listed: list[Any], instance: Any, schema: Any
) -> Iterator[ValidationError]:
    """`enum`, looked up and not compared one by one: there are 300 currencies to an amount."""
    if not isinstance(instance, str) and instance is not None or instance not in _set(listed):
        yield ValidationError(f"{instance!r} is not one of those that the schema lists")


_sets: dict[int, tuple[list[Any], frozenset[Any]]] = {}


def _set(listed: list[Any]) -> frozenset[Any]:
    """The texts of a list of the schema; kept with the list, so that its id stays its own."""
    if id(listed) not in _sets:
        _sets[id(listed)] = (listed, frozenset(listed))
    return _sets[id(listed)][1]


Validator = extend(Draft202012Validator, {"enum": _one_of_many})


def _loaded(name: str) -> dict[str, Any]:
    made: dict[str, Any] = json.loads((_FOLDER / name).read_text(encoding="utf-8"))
    made.pop("$schema")
    return made


@lru_cache(maxsize=1)
def grant_schema() -> dict[str, Any]:
    return _loaded("360-giving-schema.json")


@lru_cache(maxsize=1)
def _of_a_grant() -> Any:
    return Validator(grant_schema(), format_checker=formats)


@lru_cache(maxsize=1)
def _of_a_package() -> Any:
    """The package's own facts. Its grants are checked one by one against what it points at."""
    schema = _loaded("360-giving-package-schema.json")
    schema["properties"]["grants"].pop("items")
    schema["properties"]["grants"].pop("uniqueItems")
    return Validator(schema, format_checker=formats)


@lru_cache(maxsize=8)
def _codes(name: str) -> frozenset[str]:
    with (_FOLDER / "codelists" / name).open(encoding="utf-8-sig", newline="") as file:
        return frozenset(row["Code"] for row in csv.DictReader(file))


def check(path: Path, *, tell: Callable[[int], None] | None = None) -> Iterator[Finding]:
    """All that fails in a package."""
    head: dict[str, Any] = {}
    with path.open(encoding="utf-8") as file:
        try:
            yield from _entries(_parts(file, head), tell)
        except ValueError as fault:
            yield Finding("json", "syntax", "", "", str(fault))
            return
    for error in _of_a_package().iter_errors(head):
        yield Finding("schema", str(error.validator), "", _where(error), error.message)


def check_csv(path: Path, *, tell: Callable[[int], None] | None = None) -> Iterator[Finding]:
    """All that fails in a flat table, once its rows are grants again."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        table = csv.reader(file)
        head = next(table, [])
        yield from _entries(unflattened(table, head), tell)
        for title in head:
            if title not in dict(_known()):
                yield Finding("schema", "column", "", title, f"{title!r} is no column.")


@lru_cache(maxsize=1)
def _known() -> tuple[tuple[str, str], ...]:
    """Titles of columns, as the schema itself gives them."""
    schema = grant_schema()
    found: list[tuple[str, str]] = []
    for name, said in schema["properties"].items():
        inner = said.get("items", {}).get("$ref")
        if inner is None:
            # Currency is described where it is defined, under no title.
            found.append((said.get("title", name.capitalize()), name))
            continue
        below = schema["$defs"][inner.rsplit("/", 1)[1]]["properties"]
        title = said.get("title", name)
        found.extend((f"{title}:{one['title']}", name) for one in below.values() if "title" in one)
    return tuple(found)


def _entries(entries: Iterator[Any], tell: Callable[[int], None] | None) -> Iterator[Finding]:
    seen: set[str] = set()
    number = 0
    for number, one in enumerate(entries, 1):
        name = str(one.get("id", "")) if isinstance(one, dict) else ""
        for error in _of_a_grant().iter_errors(one):
            yield Finding("schema", str(error.validator), name, _where(error), _short(error))
        yield from _closed(one, grant_schema(), name, "")
        if name in seen:
            yield Finding("schema", "uniqueItems", name, "id", "Not unique in the file.")
        seen.add(name)
        if tell is not None:
            tell(number)
    if not number:
        yield Finding("schema", "minItems", "", "grants", "The file has no grant.")


def _short(error: Any) -> str:
    """What failed in the end, where one of several had to hold."""
    if error.validator == "oneOf" and not error.path:
        both = isinstance(error.instance, dict) and {
            "recipientOrganization",
            "recipientIndividual",
        } <= set(error.instance)
        if both:
            return "Both an organisation and an individual are recipients."
        reasons = {inner.message for inner in error.context}
        return "; ".join(sorted(reasons))
    return str(error.message)[:300]


def _where(error: Any) -> str:
    return "/".join(str(step) for step in error.absolute_path)


def _closed(value: Any, schema: dict[str, Any], name: str, path: str) -> Iterator[Finding]:
    """Codes of closed lists, wherever the schema says `codelist` and not `openCodelist`."""
    if "$ref" in schema:
        schema = grant_schema()["$defs"][schema["$ref"].rsplit("/", 1)[1]]
    if isinstance(value, list):
        for number, one in enumerate(value):
            yield from _closed(one, schema.get("items", {}), name, f"{path}/{number}")
    elif isinstance(value, dict):
        for key, one in value.items():
            inner = schema.get("properties", {}).get(key)
            if inner is not None:
                yield from _closed(one, inner, name, f"{path}/{key}".strip("/"))
    elif schema.get("openCodelist") is False and value not in _codes(schema["codelist"]):
        yield Finding(
            "codes",
            schema["codelist"],
            name,
            path,
            f"{value!r} is no code of {schema['codelist']}.",
        )


# --- reading a package piece by piece -------------------------------------------------------------


class _Reader:
    """The text of a file, a part of it at a time, and JSON values taken off its front."""

    def __init__(self, file: IO[str]) -> None:
        self.file, self.text, self.at = file, "", 0
        self.decoder = json.JSONDecoder(parse_constant=_no_constant)

    def more(self) -> bool:
        read = self.file.read(_READ)
        self.text = self.text[self.at :] + read
        self.at = 0
        if len(self.text) > _LONGEST:
            raise ValueError("A value of the file is too long.")
        return bool(read)

    def next_sign(self) -> str:
        """The next character that is no space, not taken yet."""
        while True:
            while self.at < len(self.text) and self.text[self.at] in " \t\r\n":
                self.at += 1
            if self.at < len(self.text):
                return self.text[self.at]
            if not self.more():
                raise ValueError("The file ends too early.")

    def take(self, sign: str) -> None:
        if self.next_sign() != sign:
            raise ValueError(f"{sign!r} is missing.")
        self.at += 1

    def value(self) -> Any:
        self.next_sign()
        while True:
            try:
                found, end = self.decoder.raw_decode(self.text, self.at)
            except json.JSONDecodeError:
                if not self.more():
                    raise
                continue
            if end == len(self.text) and self.more():
                # A number may go on.
                continue
            self.at = end
            return found


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON.")


def _parts(file: IO[str], head: dict[str, Any]) -> Iterator[Any]:
    """The grants one by one; everything else of the package is put into `head`."""
    reader = _Reader(file)
    reader.take("{")
    while reader.next_sign() != "}":
        if head:
            reader.take(",")
        name = reader.value()
        if not isinstance(name, str) or name in head:
            raise ValueError("A name stands twice, or is none.")
        reader.take(":")
        if name != "grants" or reader.next_sign() != "[":
            head[name] = reader.value()
            continue
        reader.take("[")
        head["grants"] = []
        while reader.next_sign() != "]":
            if head["grants"]:
                reader.take(",")
            # One stands for all of them, so that a file of many is not held.
            head["grants"] = [0]
            yield reader.value()
        reader.take("]")
    reader.take("}")
