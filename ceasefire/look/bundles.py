"""Styles and scripts that a page always loads together, as one file each.

On a far line every request costs a second, whatever it weighs: a first load makes at most eight.
The parts stay files of their own; `collectstatic` (and in development every request) joins them
anew, so nothing joined is kept in the source.
"""

from __future__ import annotations

import os
import posixpath
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.staticfiles import finders
from django.contrib.staticfiles.finders import BaseFinder
from django.core.files.storage import FileSystemStorage

#: File -> its parts, in their order. A script is a function of its own, or a library.
BUNDLES: dict[str, tuple[str, ...]] = {
    "bundle/site.css": ("vendor/bootstrap/bootstrap.min.css", "css/site.css"),
    "bundle/site.rtl.css": ("vendor/bootstrap/bootstrap.rtl.min.css", "css/site.css"),
    "bundle/site.js": (
        "js/site.js",
        "js/stepper.js",
        "js/unsent.js",
        "js/keys.js",
        "django_htmx/htmx-2.min.js",
    ),
    "bundle/map.css": ("vendor/leaflet/leaflet.css", "css/map.css"),
    "bundle/map.js": ("vendor/leaflet/leaflet.js", "js/map.js"),
    "bundle/log.js": ("js/incidents.js", "js/twins.js"),
    "bundle/incident.css": ("css/incidents.css", "css/photos.css"),
}
#: A relative address in a style sheet; not data, and not a part of the page.
_ADDRESS = re.compile(r"""url\((["']?)(?!["']?(?:data:|#|/|https?:))([^"')]+)\1\)""")


def joined(name: str) -> str:
    """What a bundle holds; KeyError for an unknown one."""
    parts = []
    for part in BUNDLES[name]:
        found = finders.find(part)
        if not isinstance(found, str):
            raise FileNotFoundError(part)
        text = Path(found).read_text(encoding="utf-8")
        if name.endswith(".css"):
            text = _ADDRESS.sub(lambda match, of=part: _moved(match, of, name), text)  # type: ignore[misc]
        parts.append(text.rstrip())
    return ("\n;\n" if name.endswith(".js") else "\n").join(parts) + "\n"


def _moved(match: re.Match[str], part: str, name: str) -> str:
    """An address of a part, as it reads from where the bundle lies."""
    target = posixpath.join(posixpath.dirname(part), match[2])
    return f'url("{posixpath.relpath(target, posixpath.dirname(name))}")'


class BundleFinder(BaseFinder):
    """Finds bundles as if they were files; each is written where it differs from its parts."""

    def __init__(self, *given: Any, **more: Any) -> None:
        self.storage = FileSystemStorage(location=Path(settings.DATA_DIR) / "bundles")
        super().__init__(*given, **more)

    def check(self, **more: Any) -> list[Any]:
        return []

    def find(self, path: str, find_all: bool = False, **more: Any) -> Any:
        path = path.replace(os.sep, "/")
        if path not in BUNDLES:
            return []
        found = self._written(path)
        return [found] if find_all else found

    def list(self, ignore_patterns: Any) -> Iterator[tuple[str, FileSystemStorage]]:
        for name in BUNDLES:
            self._written(name)
            yield name, self.storage

    def _written(self, name: str) -> str:
        file, content = Path(self.storage.path(name)), joined(name).encode()
        if not file.is_file() or file.read_bytes() != content:
            file.parent.mkdir(parents=True, exist_ok=True)
            beside = file.with_name(f".{file.name}.{os.getpid()}")
            beside.write_bytes(content)
            os.replace(beside, file)
        return str(file)
