"""The Arabic catalogue: bring it up to date, compile it, or tell what is wrong with it.

Called by ``script/translate``. GNU gettext is not needed: Django turns a template into what a
reader of Python understands, Babel finds the strings, polib writes the catalogues. Texts that
scripts show stand in data attributes of templates, so there is no catalogue for JavaScript.
"""

from __future__ import annotations

import argparse
import io
import re
import sys
from collections import defaultdict
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
    "ngettext_noop": (1, 2),
    "pgettext": ((1, "c"), 2),
    "pgettext_lazy": ((1, "c"), 2),
    "npgettext": ((1, "c"), 2, 3),
    "npgettext_lazy": ((1, "c"), 2, 3),
}
HEADER = {
    "Project-Id-Version": "ceasefire",
    "Language": "ar",
    "MIME-Version": "1.0",
    "Content-Type": "text/plain; charset=UTF-8",
    "Content-Transfer-Encoding": "8bit",
    "Plural-Forms": "nplurals=6; plural=n==0 ? 0 : n==1 ? 1 : n==2 ? 2 : "
    "n%100>=3 && n%100<=10 ? 3 : n%100>=11 && n%100<=99 ? 4 : 5;",
}
FORMS = 6
# The forms for none, one and two say the number in words, so they may leave it out.
FORMS_IN_WORDS = (0, 1, 2)
PLACEHOLDER = re.compile(r"%\(\w+\)[a-z]|%[sd]|\{\w*(?::[^}]*)?\}")

# Texts of Django and allauth (with their plural, "" for none) that our pages may show and whose own
# Arabic is wrong, in other words than our glossary, or holds stray direction marks. A project's
# catalogue is read last, so ours win.
FROM_LIBRARIES: dict[str, str] = {
    "Authenticator code": "",
    "Be patient, you are sending too many requests.": "",
    "Current Password": "",
    "Ensure this value has at most %(limit_value)d character (it has %(show_value)d).": (
        "Ensure this value has at most %(limit_value)d characters (it has %(show_value)d)."
    ),
    "Enter a whole number.": "",
    "Incorrect code.": "",
    "New Password (again)": "",
    "Password successfully changed.": "",
    "Password successfully set.": "",
    "Save them  in a secure location now \u2014 they won't be shown again.": "",
    "Select a valid choice. %(value)s is not one of the available choices.": "",
    "Select a valid choice. That choice is not one of the available choices.": "",
    "Successfully signed in as %(name)s.": "",
    "This account is currently inactive.": "",
    "Too many failed login attempts. Try again later.": "",
    "You have signed out.": "",
    "You must type the same password each time.": "",
}

Key = tuple[str, str]  # context, text


def in_sources() -> dict[Key, tuple[str, list[str]]]:
    """Context and text -> plural text ("" for none), and the files that say it."""
    found: dict[Key, tuple[str, list[str]]] = {}
    for path, source in _files():
        name = str(path.relative_to(CHECKOUT))
        for _line, message, _comments, context in extract("python", source, KEYWORDS):
            text, plural = message if isinstance(message, tuple) else (message, "")
            if not text:
                continue
            known, files = found.get((context or "", text), ("", []))
            if name not in files:
                files.append(name)
            found[(context or "", text)] = (known or plural, files)
    for text, plural in FROM_LIBRARIES.items():
        found.setdefault(("", text), (plural, []))[1].append("script/translations.py")
    return found


def _files() -> Iterator[tuple[Path, io.BytesIO]]:
    for package in SOURCES:
        for path in sorted((CHECKOUT / package).rglob("*.py")):
            if "migrations" not in path.parts:
                yield path, io.BytesIO(path.read_bytes())
    for path in sorted((CHECKOUT / "templates").rglob("*")):
        if path.suffix in (".html", ".txt"):
            # What lies between the strings has no meaning after templatize, least of all its
            # indentation.
            code = templatize(path.read_text(encoding="utf-8"), origin=str(path))
            lines = "\n".join(line.lstrip() for line in code.splitlines())
            yield path, io.BytesIO(b"# coding: utf-8\n" + lines.encode())


def catalogue() -> polib.POFile:
    """Return the written catalogue, an empty one where there is none yet."""
    path = FOLDER / "django.po"
    if path.exists():
        return polib.pofile(str(path), wrapwidth=100)
    return polib.POFile(wrapwidth=100)


def update() -> tuple[list[str], list[str]]:
    """Take the strings of the sources into the catalogue, keep what is translated, and compile.

    Returns the texts added and the texts dropped. Nothing is guessed from similar texts: a changed
    sentence is a new one.
    """
    old = {(e.msgctxt or "", e.msgid): e for e in catalogue() if not e.obsolete}
    new = polib.POFile(wrapwidth=100)
    new.metadata = dict(HEADER)
    used = in_sources()
    for (context, text), (plural, files) in used.items():
        entry = polib.POEntry(msgid=text, msgctxt=context or None)
        entry.occurrences = [(name, "") for name in files]
        before = old.get((context, text))
        if plural:
            entry.msgid_plural = plural
            entry.msgstr_plural = dict.fromkeys(range(FORMS), "")
            if before and before.msgstr_plural:
                entry.msgstr_plural |= before.msgstr_plural
        elif before:
            entry.msgstr = before.msgstr
        if before:
            entry.tcomment = before.tcomment
        if "%(" in text + plural:
            entry.flags.append("python-format")
        new.append(entry)
    FOLDER.mkdir(parents=True, exist_ok=True)
    new.save(str(FOLDER / "django.po"))
    compile_catalogue()
    return (
        [text for context, text in used if (context, text) not in old],
        [text for context, text in old if (context, text) not in used],
    )


def compile_catalogue() -> None:
    """Write django.mo from django.po: the same bytes for the same catalogue, without a date."""
    (FOLDER / "django.mo").write_bytes(catalogue().to_binary())


def faults() -> list[str]:
    """Say what is wrong with the catalogue, one line each, nothing when all is well."""
    written = catalogue()
    entries = {(e.msgctxt or "", e.msgid): e for e in written if not e.obsolete}
    used = in_sources()
    lines = [
        f"missing: {text!r} ({files[0]})"
        for (context, text), (_plural, files) in used.items()
        if (context, text) not in entries
    ]
    for (context, text), entry in entries.items():
        if (context, text) not in used:
            lines.append(f"not used any more: {text!r}")
        elif (entry.msgid_plural or "") != used[context, text][0]:
            lines.append(f"plural differs from the source: {text!r}")
        if entry.fuzzy:
            lines.append(f"fuzzy: {text!r}")
        lines += _faults_of(entry)
    lines += [f"not used any more: {e.msgid!r}" for e in written.obsolete_entries()]
    if written.metadata.get("Plural-Forms") != HEADER["Plural-Forms"]:
        lines.append("the header has other plural forms than Arabic")
    compiled = FOLDER / "django.mo"
    if not compiled.exists() or compiled.read_bytes() != written.to_binary():
        lines.append("django.mo is not what django.po says: run script/translate compile")
    return lines


def _faults_of(entry: polib.POEntry) -> list[str]:
    if entry.msgid_plural:
        forms = {number: entry.msgstr_plural.get(number, "") for number in range(FORMS)}
        wanted = set(PLACEHOLDER.findall(entry.msgid_plural))
    else:
        forms = {-1: entry.msgstr}
        wanted = set(PLACEHOLDER.findall(entry.msgid))
    lines = []
    for number, text in forms.items():
        which = f" (form {number})" if entry.msgid_plural else ""
        if not text.strip():
            lines.append(f"untranslated: {entry.msgid!r}{which}")
            continue
        there = set(PLACEHOLDER.findall(text))
        missing = wanted - there
        if there - wanted or (len(missing) > 1 if number in FORMS_IN_WORDS else missing):
            lines.append(f"placeholders differ: {entry.msgid!r}{which}")
        elif "%(" in entry.msgid + entry.msgid_plural and not _can_be_filled(text):
            lines.append(f"a lone percent sign: {entry.msgid!r}{which}")
        for edge in (0, -1):
            if (entry.msgid[edge] == "\n") != (text[edge] == "\n"):
                lines.append(f"begins or ends with another line break: {entry.msgid!r}{which}")
    return lines


def _can_be_filled(text: str) -> bool:
    try:
        text % defaultdict(int)
    except (TypeError, ValueError):
        return False
    return True


def main() -> int:
    """Do what the command line says."""
    parser = argparse.ArgumentParser(prog="script/translate", description=__doc__)
    parser.add_argument(
        "command",
        choices=("update", "compile", "check"),
        help="update: take the strings of the sources in, and compile; compile: write django.mo; "
        "check: end with 1 and a line for each fault",
    )
    command = parser.parse_args().command
    if not settings.configured:
        settings.configure()
    if command == "update":
        added, dropped = update()
        print(f"{len(added)} texts added, {len(dropped)} not used any more")
    elif command == "compile":
        compile_catalogue()
    else:
        found = faults()
        for line in found:
            print(line)
        print(f"{len(found)} faults in the Arabic catalogue of {len(catalogue())} texts")
        return 1 if found else 0
    return 0


if __name__ == "__main__":
    sys.exit(main())
