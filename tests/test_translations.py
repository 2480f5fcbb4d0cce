"""The Arabic of the program: nothing missing in the catalogue, no English left on a page.

The pages are those that the browser tests show, with the demonstration's records, in Arabic. What
people wrote stands in <bdi>, references in <code> or `.code`; names of data sets, file kinds and
licences are the same in both languages.
"""

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Any

import pytest
from django.test import Client
from django.utils import translation
from django.utils.translation import gettext, ngettext

from ceasefire.codes.lists import LISTS
from ceasefire.people.models import User
from ceasefire.people.roles import Role
from script import translations
from tests.browser.test_every_page import CAST, PAGES

#: Names of data sets, file kinds, licences, keys and examples to type.
SAME_IN_ARABIC = {
    *("UCDP", "GED", "ACLED", "OCHA", "COD", "Iraq", "CSO", "CC", "BY", "IGO", "GeoJSON"),
    *("CSV", "PDF", "XLSX", "JSON", "Excel", "UTF", "SHA", "JPEG", "PNG", "WebP"),
    *("Kobo", "ODK", "HXL", "API", "OpenAPI"),
    *("Shift", "Tab", "Enter", "Esc"),
    # Codes of grants and currencies, lists and standards by their own names, kinds of files.
    *("FY", "ORG", "USD", "IQD", "SF", "DAC", "OFAC", "SDN", "ALT", "UN", "XML", "IATI", "Giving"),
    *("REOBASRA", "CBI", "MARKET", "docx", "ods", "odt", "txt", "percent", "Palm", "XI", "PDDL"),
    *("ASHAR", "NORTH", "BASRAH", "CENTRE", "INC", "CON", "QRF", "csv", "xlsx", "geojson"),
    "English",  # each language is offered by its own name
    "system",  # who acts where nobody does, as the audit trail keeps it
    *CAST,  # code names in a list of choices
}
#: Elements whose text is no word of ours, and those that hold no text at all.
LEFT_OUT = {"bdi", "code", "script", "style", "pre", "textarea"}
WITHOUT_END = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "wbr"}
SPOKEN_ATTRIBUTES = {"alt", "title", "aria-label", "placeholder", "aria-roledescription"}
#: A data attribute that holds words for a script to show, not a name or a setting.
SENTENCE = re.compile(r"[A-Z\u0621-\u064a(].* ")
HASH = re.compile(r"(?<![\w-])(?=[0-9a-f-]*[0-9])[0-9a-f]{6,64}(?:-[0-9a-f]{4,12})*(?![\w-])")
LATIN = re.compile(r"[A-Za-z][A-Za-z'’-]*[A-Za-z]")


class LatinWords(HTMLParser):
    """Collects the Latin words that a reader of the page meets."""

    def __init__(self) -> None:
        super().__init__()
        self.left_out: list[str] = []
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        facts = dict(attrs)
        if tag not in WITHOUT_END:
            ours = (
                tag not in LEFT_OUT
                and "code" not in (facts.get("class") or "").split()
                and facts.get("lang") != "en"
                and not self.left_out
            )
            if not ours:
                self.left_out.append(tag)
        if self.left_out:
            return
        for name, text in facts.items():
            words = name.startswith("data-") and bool(SENTENCE.match(text or ""))
            if name in SPOKEN_ATTRIBUTES or words:
                self.take(text or "")

    def handle_endtag(self, tag: str) -> None:
        if self.left_out and tag == self.left_out[-1]:
            self.left_out.pop()

    def handle_data(self, data: str) -> None:
        if not self.left_out:
            self.take(data)

    def take(self, text: str) -> None:
        # The beginning of a hash or a key is no word.
        for word in LATIN.findall(re.sub(HASH, " ", text)):
            if not set(re.split(r"[-_'’]", word)) <= SAME_IN_ARABIC:
                self.found.append(word)


def latin_words(html: str) -> list[str]:
    reader = LatinWords()
    reader.feed(html)
    return sorted(set(reader.found))


def test_the_arabic_catalogue_has_no_fault():
    assert translations.faults() == []


def test_no_text_hides_under_a_name_of_its_own():
    """`gettext as _now` is not found by script/translate, and its texts stay English."""
    hidden = re.compile(r"gettext(?:_lazy|_noop)? as (?!_$)\w+$", re.MULTILINE)
    for path, source in translations._files():
        if path.suffix == ".py":
            assert not hidden.findall(source.getvalue().decode()), path


def test_the_compiled_catalogue_is_the_same_each_time(tmp_path, monkeypatch):
    written = (translations.FOLDER / "django.mo").read_bytes()
    (tmp_path / "django.po").write_bytes((translations.FOLDER / "django.po").read_bytes())
    monkeypatch.setattr(translations, "FOLDER", tmp_path)
    translations.compile_catalogue()

    assert (tmp_path / "django.mo").read_bytes() == written


@pytest.mark.parametrize(
    ("source", "found"),
    [
        pytest.param('{% translate "Board" %}', ["Board"], id="translate"),
        pytest.param('{% translate "Board" as x %}', ["Board"], id="as a variable"),
        pytest.param('{{ x|default:_("Board") }}', ["Board"], id="argument of a filter"),
        pytest.param('{% include "a.html" with t=_("Board") %}', ["Board"], id="of a tag"),
        pytest.param('{% translate "Board" context "c" %}', [("c", "Board")], id="context"),
        pytest.param(
            "{% blocktranslate trimmed with a=b %}\n  One\n  {{ a }}\n{% endblocktranslate %}",
            ["One %(a)s"],
            id="trimmed",
        ),
        pytest.param(
            "{% blocktranslate count n=n asvar w %}{{ n }} day{% plural %}{{ n }} days"
            "{% endblocktranslate %}",
            ["%(n)s day"],
            id="plural",
        ),
    ],
)
def test_the_strings_of_a_template_are_found(source, found, tmp_path, monkeypatch):
    (tmp_path / "templates").mkdir()
    (tmp_path / "templates" / "page.html").write_text("{% load i18n %}" + source)
    monkeypatch.setattr(translations, "CHECKOUT", tmp_path)
    monkeypatch.setattr(translations, "FROM_LIBRARIES", {})

    wanted = {one if isinstance(one, tuple) else ("", one) for one in found}
    assert set(translations.in_sources()) == wanted


@pytest.mark.parametrize(
    ("text", "arabic", "fault"),
    [
        ("Board", "", "untranslated"),
        ("%(day)s gone", "مضى", "placeholders differ"),
        ("%(day)s gone", "مضى %(hour)s", "placeholders differ"),
        ("%(day)s gone", "مضى %(day)s 5% منه", "a lone percent sign"),
        ("{name} gone", "مضى", "placeholders differ"),
    ],
)
def test_a_bad_translation_is_named(text, arabic, fault):
    import polib

    lines = translations._faults_of(polib.POEntry(msgid=text, msgstr=arabic))

    assert len(lines) == 1
    assert lines[0].startswith(fault)


def test_every_row_of_the_code_lists_has_its_arabic():
    for name, rows in LISTS.items():
        for code, _english, arabic, *_more in rows:
            assert re.search(r"[\u0621-\u064a]", arabic), (name, code)


@pytest.mark.parametrize(
    ("count", "words"),
    [
        (0, "لا حوادث"),
        (1, "حادث واحد"),
        (2, "حادثان"),
        (3, "3 حوادث"),
        (11, "11 حادثاً"),
        (100, "100 حادث"),
    ],
)
def test_a_count_takes_its_arabic_form(count, words):
    with translation.override("ar"):
        said = ngettext("%(count)s incident", "%(count)s incidents", count) % {"count": count}

    assert said == words


def test_every_role_has_an_arabic_name_of_its_own():
    with translation.override("ar"):
        names = [str(role.label) for role in Role]

    assert len(set(names)) == len(Role)
    assert not any(LATIN.search(name) for name in names)


def test_an_unverified_record_is_not_called_unconfirmed():
    """Most verified records are not confirmed, so the two words stay apart in Arabic too."""
    with translation.override("ar"):
        assert gettext("Confirmed") not in gettext("Unverified")


@pytest.fixture
def arabic_client(demo_connection: Any, db: None) -> Iterator[Any]:
    """A client signed in as somebody of the demonstration who reads Arabic."""

    def sign_in(username: str) -> Client:
        client = Client(headers={"Accept-Language": "ar"})
        if username:
            User.objects.filter(username=username).update(language="ar")
            client.force_login(User.objects.get(username=username))
        return client

    yield sign_in
    translation.deactivate()


@pytest.mark.parametrize(
    ("username", "path"), [row[1:] for row in PAGES], ids=[row[0] for row in PAGES]
)
def test_no_english_is_left_on_an_arabic_page(username, path, arabic_client, demo_connection):
    path = path.format(
        **{key: value for kind in demo_connection.values() for key, value in kind.items()}
    )
    answer = arabic_client(username).get(path, follow=True)
    html = b"".join(answer).decode() if answer.streaming else answer.content.decode()

    assert '<html lang="ar" dir="rtl"' in html
    assert latin_words(html) == []
