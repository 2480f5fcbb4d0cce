"""The code lists of IATI: every code at every place that `mapping.xml` names.

The XSD does not look at codes: it passes a transaction of type 99.
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from lxml import etree

from grants.publishing.checks import SCHEMAS, Finding

_FOLDER = SCHEMAS / "iati-2.03"
_XML = "{http://www.w3.org/XML/1998/namespace}"


@dataclass(frozen=True)
class Place:
    """Where codes of a list stand: the attribute (none for a text), and on which condition."""

    shown: str
    attribute: str
    condition: etree.XPath | None
    codes: frozenset[str]
    list: str


@lru_cache(maxsize=128)
def codes_of(name: str) -> frozenset[str]:
    """The codes of a list that are in use; those that were withdrawn are none."""
    with zipfile.ZipFile(_FOLDER / "codelists.zip") as lists, lists.open(f"{name}.xml") as file:
        root = etree.parse(file).getroot()
    return frozenset(
        item.findtext("code").strip()
        for item in root.iter("codelist-item")
        if item.get("status", "active") != "withdrawn"
    )


@lru_cache(maxsize=1)
def places() -> dict[str, tuple[Place, ...]]:
    """What `mapping.xml` says of activities: path of an element below its activity -> places.

    "" is the activity itself, "*" any element.
    """
    found: dict[str, list[Place]] = {}
    for mapping in etree.parse(_FOLDER / "mapping.xml").getroot().iter("mapping"):
        path = mapping.findtext("path").strip()
        element, last = path.rsplit("/", 1)
        if element == "//iati-activities" or element.startswith("//iati-organisation"):
            continue  # The version is looked at once, by `version`.
        if element == "/":
            key = "*"
        elif element == "//iati-activity":
            key = ""
        elif element.startswith("//iati-activity/"):
            key = element.removeprefix("//iati-activity")
        else:
            raise ValueError(f"mapping.xml names a place that is not understood: {path}")
        if not (last.startswith("@") or last == "text()"):
            raise ValueError(f"mapping.xml names a place that is not understood: {path}")
        condition = mapping.findtext("condition")
        name = mapping.find("codelist").get("ref")
        place = Place(
            shown=path,
            attribute=last.removeprefix("@").replace("xml:", _XML) if last != "text()" else "",
            condition=etree.XPath(condition.strip()) if condition else None,
            codes=codes_of(name),
            list=name,
        )
        found.setdefault(key, []).append(place)
    return {key: tuple(some) for key, some in found.items()}


def check(activity: Any, entry: str) -> Iterator[Finding]:
    """The codes of one activity that stand in no list."""
    yield from _below(activity, "", places(), entry)


def _below(
    element: Any, path: str, known: dict[str, tuple[Place, ...]], entry: str
) -> Iterator[Finding]:
    for place in (*known.get(path, ()), *known["*"]):
        code = element.get(place.attribute) if place.attribute else element.text
        if code is None or code in place.codes:
            continue
        if place.condition is not None and not place.condition(element):
            continue
        yield Finding(
            "codes", place.list, entry, place.shown, f"{code!r} is no code of {place.list}."
        )
    for below in element.iterchildren(tag=etree.Element):
        yield from _below(below, f"{path}/{below.tag}", known, entry)


def version(root: Any) -> Iterator[Finding]:
    """The version of the standard that the file names."""
    code = root.get("version")
    if code not in codes_of("Version"):
        yield Finding(
            "codes", "Version", "", "//iati-activities/@version", f"{code!r} is no version."
        )
