"""Every string a person sees is translated: checks the Arabic catalogue, or brings it up to date.

``python -m tests.check_translations`` compares the strings in the sources with the catalogue and
ends with 1 where one is missing, untranslated, fuzzy, has lost a placeholder, or where the compiled
catalogue is not the written one. ``--update`` adds the missing strings, marks those no longer used,
and compiles. GNU gettext is not needed: Babel reads the sources and polib the catalogues.
"""

from __future__ import annotations

import argparse
import io
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import polib
from babel.messages.extract import extract
from django.conf import settings
from django.utils.translation.template import templatize

CHECKOUT = Path(__file__).resolve().parents[1]
FOLDER = CHECKOUT / "locale" / "ar" / "LC_MESSAGES"
SOURCES = ("ceasefire", "incidents", "outreach", "grants")
KEYWORDS = {
    "_": None,
    "gettext": None,
    "gettext_lazy": None,
    "gettext_noop": None,
    "ngettext": (1, 2),
    "ngettext_lazy": (1, 2),
    "pgettext": ((1, "c"), 2),
    "pgettext_lazy": ((1, "c"), 2),
    "npgettext": ((1, "c"), 2, 3),
    "npgettext_lazy": ((1, "c"), 2, 3),
}
PLACEHOLDER = re.compile(r"%\(\w+\)[a-z]|%[sd]|\{\w*\}")

Key = tuple[str, str]  # context, text


def in_sources() -> dict[Key, tuple[str, list[tuple[str, str]]]]:
    """Context and text -> plural text and the places (file, line) of each string in the sources."""
    found: dict[Key, tuple[str, list[tuple[str, str]]]] = {}
    for path, source in _files():
        name = str(path.relative_to(CHECKOUT))
        for line, message, _comments, context in extract("python", source, KEYWORDS):  # type: ignore[arg-type]
            text, plural = message if isinstance(message, tuple) else (message, "")
            if not text:
                continue
            entry = found.setdefault((context or "", text), (plural, []))
            entry[1].append((name, str(line)))
            if plural and not entry[0]:
                found[(context or "", text)] = (plural, entry[1])
    return found


def _files() -> Iterator[tuple[Path, io.BytesIO]]:
    for package in SOURCES:
        for path in sorted((CHECKOUT / package).rglob("*.py")):
            if "migrations" not in path.parts:
                yield path, io.BytesIO(path.read_bytes())
    for path in sorted((CHECKOUT / "templates").rglob("*")):
        if path.suffix in (".html", ".txt"):
            # Django turns a template into what a reader of Python finds strings in; what lies
            # between them has no meaning, least of all its indentation.
            code = templatize(path.read_text(encoding="utf-8"), origin=str(path))
            lines = "\n".join(line.lstrip() for line in code.splitlines())
            yield path, io.BytesIO(b"# coding: utf-8\n" + lines.encode())


def faults() -> list[str]:
    """What is wrong with the catalogue, one line each."""
    path = FOLDER / "django.po"
    catalogue = polib.pofile(str(path)) if path.exists() else polib.POFile()
    entries = {(e.msgctxt or "", e.msgid): e for e in catalogue if not e.obsolete}
    lines = []
    for key, (_plural, places) in in_sources().items():
        if key not in entries:
            lines.append(f"missing: {key[1]!r} ({':'.join(places[0])})")
    for entry in entries.values():
        texts = list(entry.msgstr_plural.values()) if entry.msgid_plural else [entry.msgstr]
        if entry.fuzzy:
            lines.append(f"fuzzy: {entry.msgid!r}")
        elif not all(texts) or not texts:
            lines.append(f"untranslated: {entry.msgid!r}")
        elif not entry.msgid_plural:
            wanted = set(PLACEHOLDER.findall(entry.msgid))
            if set(PLACEHOLDER.findall(entry.msgstr)) != wanted:
                lines.append(f"placeholders differ: {entry.msgid!r}")
        else:
            allowed = set(PLACEHOLDER.findall(entry.msgid + entry.msgid_plural))
            if any(set(PLACEHOLDER.findall(text)) - allowed for text in texts):
                lines.append(f"placeholders differ: {entry.msgid!r}")
    if _compiled(FOLDER / "django.mo") != {
        key: entry.msgstr_plural or entry.msgstr
        for key, entry in entries.items()
        if entry.translated()
    }:
        lines.append("django.mo is not what django.po says: run with --update")
    return lines


def _compiled(path: Path) -> dict[Key, object]:
    if not path.exists():
        return {}
    return {
        (e.msgctxt or "", e.msgid): e.msgstr_plural or e.msgstr for e in polib.mofile(str(path))
    }


def update() -> tuple[int, int]:
    """Add what is missing, mark what is not used any more, compile. Returns both counts."""
    path = FOLDER / "django.po"
    if path.exists():
        catalogue = polib.pofile(str(path), wrapwidth=100)
    else:
        FOLDER.mkdir(parents=True, exist_ok=True)
        catalogue = polib.POFile(wrapwidth=100)
        catalogue.metadata = {
            "Content-Type": "text/plain; charset=UTF-8",
            "Content-Transfer-Encoding": "8bit",
            "Language": "ar",
            "Plural-Forms": "nplurals=6; plural=n==0 ? 0 : n==1 ? 1 : n==2 ? 2 : "
            "n%100>=3 && n%100<=10 ? 3 : n%100>=11 && n%100<=99 ? 4 : 5;",
        }
    used = in_sources()
    there = {(e.msgctxt or "", e.msgid): e for e in catalogue}
    added = dropped = 0
    for (context, text), (plural, _places) in used.items():
        entry = there.get((context, text))
        if entry is None:
            entry = polib.POEntry(msgid=text, msgctxt=context or None)
            catalogue.append(entry)
            added += 1
        entry.obsolete = False
        if plural and not entry.msgid_plural:
            entry.msgid_plural = plural
            entry.msgstr_plural = {number: "" for number in range(6)}
        if "%(" in text and "python-format" not in entry.flags:
            entry.flags.append("python-format")
    for key, entry in there.items():
        if key not in used and not entry.obsolete:
            entry.obsolete = True
            dropped += 1
    catalogue.save(str(path))
    catalogue.save_as_mofile(str(FOLDER / "django.mo"))
    return added, dropped


def main() -> int:
    """Check, or update with ``--update``."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--update", action="store_true", help="bring the catalogue up to date")
    given = parser.parse_args()
    if not settings.configured:
        settings.configure()
    if given.update:
        added, dropped = update()
        print(f"{added} strings added, {dropped} no longer used")
    found = faults()
    for line in found:
        print(line)
    print(f"{len(found)} faults in the Arabic catalogue")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
