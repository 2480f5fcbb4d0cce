"""The form on paper and the page that types it in: the same questions, codes and rules."""

import re
from io import BytesIO
from uuid import uuid4

import pytest
from django.urls import reverse
from django.utils import translation
from pypdf import PdfReader

from ceasefire import codes
from ceasefire.places.models import Place
from incidents import paper
from incidents.forms.entry import QUESTIONS, flat
from incidents.forms.incident import LogForm
from incidents.models import ConflictingSubmission, Incident, NotATwin

pytestmark = pytest.mark.django_db
SHEET = {
    "type": "mur",
    "day": "١٨/١١/٢٠٢٦",
    "clock": "23:10",
    "place": "ASHAR",
    "killed_best": "١",
    "source_kind": "family",
    "source_reliability": "c",
    "source_credibility": "٣",
    "weapons": "pistol، RIFLE",
    "victims-TOTAL_FORMS": "1",
    "victims-INITIAL_FORMS": "0",
    "victims-0-harm": "Killed",
    "victims-0-sex": "M",
    "actors-TOTAL_FORMS": "0",
    "actors-INITIAL_FORMS": "0",
}
ADDRESS = "/incidents/entry/"


def sent(client, **changes):
    """Send a sheet; a fresh one unless a key is given."""
    return client.post(ADDRESS, {"key": str(uuid4()), **SHEET, **changes}, follow=True)


# --- the page ------------------------------------------------------------------------------------


def test_a_sheet_becomes_a_report_of_who_typed_it(supervisor, signed_in):
    page = sent(signed_in(supervisor))

    incident = Incident.objects.get()
    assert (incident.type, incident.place.pcode) == ("MUR", "IQG02Q02N02-ASHAR")
    assert (incident.killed_best, incident.weapons) == (1, ["pistol", "rifle"])
    assert (incident.reporter, incident.workflow_state) == (supervisor, "submitted")
    assert incident.occurred_from.isoformat() == "2026-11-18T20:10:00+00:00"
    assert incident.victimizations.get().sex == "m"
    assert incident.code in page.content.decode()
    assert page.redirect_chain[-1][0] == ADDRESS


@pytest.mark.parametrize(
    ("typed", "means"),
    [
        ("IQG02Q02N02-ASHAR", "IQG02Q02N02-ASHAR"),
        ("ashar", "IQG02Q02N02-ASHAR"),
        ("Al-Ashar", "IQG02Q02N02-ASHAR"),
        ("العشار", "IQG02Q02N02-ASHAR"),
        ("iqg02q02n01", "IQG02Q02N01"),
    ],
)
def test_a_place_is_typed_by_code_or_name(typed, means, worker, signed_in):
    sent(signed_in(worker), place=typed)

    assert Incident.objects.get().place.pcode == means


@pytest.mark.parametrize("typed", ["?", "؟"])
def test_a_question_mark_says_that_the_number_is_not_known(typed, worker, signed_in):
    sent(signed_in(worker), killed_best=typed, injured_best=typed)

    incident = Incident.objects.get()
    assert (incident.killed_best, incident.killed_unknown) == (None, True)
    assert incident.injured_best is None


@pytest.mark.parametrize(
    ("field", "typed"),
    [
        ("type", "XYZ"),
        ("day", "31/02/2026"),
        ("day", ""),
        ("place", "Atlantis"),
        ("killed_best", "many"),
        ("killed_best", ""),
        ("source_kind", "xx"),
        ("source_reliability", ""),
        ("weapons", "pistol stone"),
    ],
)
def test_what_does_not_fit_is_said_by_its_line_and_kept(field, typed, worker, signed_in):
    page = sent(signed_in(worker), **{field: typed})

    assert field in page.context["form"].errors
    assert f'id="id_{field}_error"' in page.content.decode()
    assert not Incident.objects.exists()


def test_a_sheet_sent_twice_is_one_incident(worker, signed_in):
    client, key = signed_in(worker), str(uuid4())

    sent(client, key=key)
    sent(client, key=key)
    other = sent(client, key=key, killed_best="2")

    assert Incident.objects.count() == 1
    assert ConflictingSubmission.objects.count() == 1
    assert other.redirect_chain[-1][0] == Incident.objects.get().get_absolute_url()


def test_day_and_place_are_kept_for_the_next_sheet_where_asked(worker, signed_in):
    client = signed_in(worker)

    page = sent(client, keep="on")
    next_sheet = page.context["form"]

    assert next_sheet["day"].value() == "18/11/2026"
    assert next_sheet["place"].value() == "IQG02Q02N02-ASHAR"
    assert str(next_sheet["type"].value() or "") == ""
    bare = sent(client, type="ROB", subtype="")
    assert bare.context["form"]["place"].value() is None


def test_a_likely_twin_is_asked_about_before_anything_is_saved(worker, signed_in):
    client = signed_in(worker)
    sent(client)
    first = Incident.objects.get()
    key = str(uuid4())

    asked = sent(client, key=key, summary="another word")

    assert [twin.incident for twin in asked.context["twins"]] == [first]
    assert asked.context["twins_take_source"]
    assert "another word" in asked.content.decode()
    assert Incident.objects.get() == first

    told = {"summary": "another word", "twin": "other", "twins_seen": first.code}
    page = sent(client, key=key, **told)
    other = Incident.objects.exclude(pk=first.pk).get()
    assert other.code in page.content.decode()
    assert page.redirect_chain[-1][0] == ADDRESS
    assert NotATwin.objects.get().at_entry


def test_a_sheet_becomes_a_further_source_and_the_next_one_follows(worker, signed_in):
    client = signed_in(worker)
    sent(client)
    first = Incident.objects.get()

    page = sent(client, twin=first.code, twins_seen=first.code, keep="on")

    assert Incident.objects.get() == first
    assert first.sources.count() == 2
    assert first.code in page.content.decode()
    assert page.context["form"]["place"].value() == "IQG02Q02N02-ASHAR"


def test_what_only_a_supervisor_can_join_decides_nothing(worker, supervisor, signed_in):
    client = signed_in(worker)
    sent(client)
    first = Incident.objects.get()
    minor = {"victims-0-age": "9", "key": str(uuid4())}

    asked = sent(client, **minor)
    assert not asked.context["twins_take_source"]
    assert "a supervisor compares them" in asked.content.decode()
    sent(client, **minor, twin="other", twins_seen=first.code)

    other = Incident.objects.exclude(pk=first.pk).get()
    assert not NotATwin.objects.exists()
    page = signed_in(supervisor).get(other.get_absolute_url())
    assert [twin["incident"] for twin in page.context["twins"]] == [first]


# --- paper ---------------------------------------------------------------------------------------


def sheet_in(language, site):
    listed = list(Place.objects.filter(level="neighbourhood"))
    with translation.override(language):
        return paper.sheet(sites=[site], listed=listed), LogForm(by=None, sites=[site])


@pytest.mark.parametrize("language", ["en", "ar"])
def test_the_sheet_asks_what_the_form_asks_in_its_words_and_codes(language, basrah):
    said, form = sheet_in(language, basrah)
    with translation.override(language):
        for question in said["front"] + said["back"]:
            field = form.fields[question["name"]]
            printed = [tuple(one) for group in question["groups"] for one in group["choices"]]
            if hasattr(field, "choices"):
                assert question["label"] == str(field.label)
                assert printed == [(code, str(label)) for code, label in flat(field.choices)]
        types = next(one for one in said["front"] if one["name"] == "type")
        assert {c for group in types["groups"] for c, _l in group["choices"]} == {
            code for code, _label in codes.choices("incident_type")
        }


def test_every_line_of_the_page_is_on_the_sheet_and_the_other_way_round(basrah):
    said, _form = sheet_in("en", basrah)

    on_paper = {question["name"] for question in said["front"] + said["back"]}
    checks = {"public_safety", "staff_involved", "summary", "source_text"}
    assert on_paper == set(QUESTIONS) | checks


def test_both_languages_bear_the_same_form_number_which_follows_the_codes(basrah):
    english, _form = sheet_in("en", basrah)
    arabic, _form = sheet_in("ar", basrah)

    assert english["version"] == arabic["version"]
    assert re.fullmatch(r"[0-9a-f]{6}", english["version"])


@pytest.mark.parametrize("language", ["en", "ar"])
def test_the_sheet_has_two_sides_and_holds_every_code(language, worker, signed_in):
    answer = signed_in(worker).get(f"{reverse('incidents:paper')}?language={language}")

    pages = PdfReader(BytesIO(answer.content)).pages
    text = "".join(page.extract_text() for page in pages).replace("\u200e", "")
    assert answer["Content-Type"] == "application/pdf"
    assert len(pages) == 2
    for name in ("incident_type", "motive", "weapon", "source_kind", "harm", "actor_category"):
        for code, _label in codes.choices(name):
            assert code in text, (name, code)
    assert "BASRAH-CENTRE" in text


def test_no_line_of_the_sheet_asks_for_a_name(basrah):
    said, _form = sheet_in("en", basrah)

    asked = {question["name"] for question in said["front"] + said["back"]}
    assert not {"source_name", "source_contact"} & asked
    assert "Name" not in [head for table in said["rows"] for head in table["heads"]]
    assert "No names" in str(said["warnings"][0])
