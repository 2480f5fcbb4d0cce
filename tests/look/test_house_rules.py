"""What a linter for the look would hold: no inline code, no side by name, light pages."""

import gzip
import hashlib
import json
import re
from pathlib import Path

import pytest
from django.conf import settings
from django.contrib.staticfiles import finders
from django.template.loader import get_template

ROOT = Path(settings.BASE_DIR)
TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))
STYLES = sorted((ROOT / "static" / "css").glob("*.css"))
SCRIPTS = sorted((ROOT / "static" / "js").glob("*.js"))
MANIFEST = json.loads((ROOT / "static" / "vendor" / "versions.json").read_text())

KILOBYTE = 1024


def name(path):
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", TEMPLATES, ids=name)
def test_a_template_compiles_and_holds_no_inline_code(path):
    get_template(str(path.relative_to(ROOT / "templates")))
    source = path.read_text(encoding="utf-8")

    # A mail is read outside the program, where no style sheet of ours is.
    if path.name != "mail.html":
        assert not re.search(r"\sstyle\s*=", source), "styles stand in static/css"
    # The index of an audit pack is opened without the program, so it brings its look along.
    if path.name != "pack_index.html":
        assert "<style" not in source
    assert not re.search(r"<script(?![^>]*\ssrc=)", source), "behaviours stand in static/js"
    assert not re.search(r"\son[a-z]+\s*=\s*[\"']", source), "no inline handlers"
    assert "javascript:" not in source
    assert not re.search(r"(?:src|href|action)=[\"'](?:https?:)?//", source.replace(LINKED, "")), (
        "no other host"
    )


#: A link that a person may follow; nothing is loaded from it.
LINKED = 'href="https://ucdp.uu.se'


@pytest.mark.parametrize("path", STYLES, ids=name)
def test_styles_use_logical_properties_only(path):
    source = re.sub(r"/\*.*?\*/", "", path.read_text(encoding="utf-8"), flags=re.S)

    found = re.findall(r"[\w-]*\b(?:left|right)\b[\w-]*", source)
    assert not found, f"use inline-start and inline-end: {found}"
    assert "@import" not in source
    assert not re.search(r"url\((?!\"(?:data:|#))", source), "no font, no picture, no other host"


@pytest.mark.parametrize("path", SCRIPTS, ids=name)
def test_scripts_keep_nothing_on_the_device_and_build_no_code(path):
    source = path.read_text(encoding="utf-8")

    for forbidden in (
        "localStorage",
        "sessionStorage.setItem",
        "sessionStorage[",
        "indexedDB",
        "document.cookie",
        "caches.",
        "eval(",
        "new Function",
        "innerHTML",
        "http://",
        "https://",
    ):
        assert forbidden not in source


@pytest.mark.parametrize(
    ("path", "digest"),
    [pair for package in MANIFEST.values() for pair in package["files"].items()],
)
def test_shipped_files_are_what_their_makers_published(path, digest):
    assert hashlib.sha256((ROOT / path).read_bytes()).hexdigest() == digest


def test_every_shipped_file_is_listed_with_its_licence():
    listed = {path for package in MANIFEST.values() for path in package["files"]}
    shipped = {
        name(path)
        for folder in ("static/vendor", "tests/vendor")
        for path in (ROOT / folder).rglob("*")
        if path.is_file() and path.suffix != ".json" and path.name != "__init__.py"
    }

    assert shipped <= listed
    for package in MANIFEST.values():
        assert package["licence"]
        assert any("LICENSE" in path for path in package["files"])


def test_axe_is_for_tests_only():
    assert finders.find("axe.min.js") is None


def weight(path):
    return len(gzip.compress(Path(path).read_bytes(), 6))


@pytest.mark.parametrize("bootstrap", ["bootstrap.min.css", "bootstrap.rtl.min.css"])
def test_the_first_load_leaves_room_for_the_page(bootstrap):
    """150 KB in all on the first load, of which the page itself may take 30."""
    files = [
        finders.find(f"vendor/bootstrap/{bootstrap}"),
        finders.find("css/site.css"),
        finders.find("django_htmx/htmx-2.min.js"),
        finders.find("icon.svg"),
        *SCRIPTS,
    ]

    assert sum(map(weight, files)) <= 110 * KILOBYTE


def test_the_furniture_of_a_page_is_light():
    """A later page may weigh 30 KB; what every page carries is a small part of it."""
    from datetime import date, timedelta

    from ceasefire.look.charts import WeekBar, small_multiples, weekly_bars

    year = [WeekBar(date(2026, 1, 4) + timedelta(weeks=n), n % 7, 2.5, 6.0) for n in range(52)]
    dashboard = (
        weekly_bars("a", "T", "S", year).svg
        + small_multiples("b", "T", "S", [(f"District {n}", year[:26]) for n in range(7)]).svg
    )

    assert len(gzip.compress(dashboard.encode(), 6)) <= 15 * KILOBYTE
