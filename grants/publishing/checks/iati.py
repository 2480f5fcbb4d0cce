"""An IATI file against the schema, the code lists and the rule set, an activity at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any

from lxml import etree

from ceasefire import periods
from grants.publishing.checks import SCHEMAS, Finding, codes, rules


@lru_cache(maxsize=1)
def schema() -> etree.XMLSchema:
    """The schema of activities; it finds its two companions beside itself, never on the net."""
    parser = etree.XMLParser(no_network=True)
    return etree.XMLSchema(
        etree.parse(SCHEMAS / "iati-2.03" / "iati-activities-schema.xsd", parser)
    )


def check(
    path: Path, *, today: date | None = None, tell: Callable[[int], None] | None = None
) -> Iterator[Finding]:
    """All that fails in the file. `tell` hears how many activities were read.

    The schema has no rule across activities but that there is one at least, so each is checked by
    itself, then the root with nothing but the first; that identifiers are unique is ours to see.
    """
    today = today or periods.now().date()
    seen: set[str] = set()
    number = 0
    root: Any = None
    try:
        for _event, element in etree.iterparse(
            path, events=("end",), tag="iati-activity", no_network=True, resolve_entities=False
        ):
            if root is None:
                root = element.getparent()
                yield from _root(root, element)
            number += 1
            entry = (element.findtext("iati-identifier") or "").strip()
            if entry in seen:
                yield Finding("rules", "unique", entry, "iati-identifier", "Not unique.")
            seen.add(entry)
            yield from _activity(element, entry, today)
            element.clear()
            while element.getprevious() is not None:
                del element.getparent()[0]
            if tell is not None:
                tell(number)
    except etree.XMLSyntaxError as error:
        yield Finding("xml", "syntax", "", "", str(error.msg))
        return
    if not number:
        yield Finding("xsd", "empty", "", "iati-activities", "The file has no activity.")


def _activity(element: Any, entry: str, today: date) -> Iterator[Finding]:
    if not schema().validate(element):
        for error in schema().error_log:
            yield Finding("xsd", error.type_name, entry, _place(error.path), error.message)
    yield from codes.check(element, entry)
    # In a root of its own: what the rules call by their full path is this one alone.
    alone = etree.Element("iati-activities", element.getparent().attrib)
    before, at = element.getparent(), element.getparent().index(element)
    alone.append(element)
    try:
        yield from rules.check(element, entry, today=today)
    finally:
        before.insert(at, element)


def _place(path: str | None) -> str:
    return (path or "").removeprefix("/iati-activities").removeprefix("/")


def _root(root: Any, activity: Any) -> Iterator[Finding]:
    """The root's own attributes and name, with one whole activity below it."""
    bare = etree.Element(root.tag, root.attrib)
    bare.append(etree.fromstring(etree.tostring(activity)))
    if not schema().validate(bare):
        for error in schema().error_log:
            place = error.path or ""
            if "/iati-activity" not in place:
                yield Finding("xsd", error.type_name, "", place, error.message)
    yield from codes.version(root)
