"""Moments in Baghdad, places by name, questions in words: in the history and beside a form."""

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.utils import translation

from ceasefire.places.models import Place
from incidents import services
from incidents.exceptions import ChangedMeanwhile
from incidents.models import SecondReport
from incidents.services import VictimFacts
from incidents.views.logging import _differences_in_words
from incidents.views.wording import LABELS, as_held, in_words
from tests.incidents.conftest import ASHAR, FAIR, MOMENT, facts

pytestmark = pytest.mark.django_db
#: 23:10 in Baghdad.
LATE = datetime(2026, 11, 22, 20, 10, tzinfo=UTC)
#: 01:30 of the next day there.
NEXT = datetime(2026, 11, 22, 22, 30, tzinfo=UTC)


def test_every_question_that_may_be_answered_has_a_wording_in_both_languages() -> None:
    for name in services.FIELDS:
        with translation.override("en"):
            english = str(LABELS[name])
        with translation.override("ar"):
            arabic = str(LABELS[name])
        assert english != name.replace("_", " "), name
        assert arabic != english, name


@pytest.mark.parametrize(
    ("field", "value", "part", "said"),
    [
        ("occurred_from", LATE, "", "22 November 2026 23:10"),
        ("occurred_from", LATE.isoformat(), "", "22 November 2026 23:10"),
        ("occurred_to", NEXT.isoformat(), "", "23 November 2026 01:30"),
        # An hour that stands for the part of the day is not said.
        ("occurred_from", "2026-11-22T15:00:00+00:00", "evening", "22 November 2026"),
        ("occurred_from", "2026-11-22T15:00:00+00:00", "night", "22 November 2026 18:00"),
        ("outcome_on", "2026-11-22", "", "22 November 2026"),
        ("place", ASHAR, "", "Al-Ashar"),
        ("place", "IQX99", "", "IQX99"),
        ("summary", "2026-11-22T20:10:00+00:00", "", "2026-11-22T20:10:00+00:00"),
        ("killed_best", 0, "", "0"),
    ],
)
def test_a_value_reads_as_people_say_it(field: str, value: Any, part: str, said: str) -> None:
    if said == "Al-Ashar":
        said = Place.objects.get(pcode=ASHAR).name_en
    with translation.override("en"):
        assert in_words(field, value, part=part) == said


def test_digits_are_those_that_the_person_chose() -> None:
    with translation.override("ar"):
        said = in_words("occurred_from", LATE, digits="arabic")
        assert "٢٣:١٠" in said
        assert in_words("killed_best", 12, digits="arabic") == "١٢"
        # A text is as it was typed.
        assert in_words("summary", "at 12", digits="arabic") == "at 12"


def test_two_texts_of_one_moment_are_one() -> None:
    one, other = "2026-11-22T20:10:00+00:00", "2026-11-22T23:10:00+03:00"
    assert as_held("occurred_from", one) == as_held("occurred_from", other)
    assert as_held("summary", one) != as_held("summary", other)


def told_of(client: Any, incident: Any) -> str:
    return str(client.get(incident.get_absolute_url()).content.decode())


def test_the_history_says_when_and_where_in_words(log, supervisor, signed_in):
    incident = log(state="accepted")
    place = Place.objects.get(pcode="IQG02Q02N02-HAYANIYA")
    services.revise_incident(
        incident,
        facts={"occurred_from": MOMENT - timedelta(hours=2), "place": place, "killed_min": 1},
        reason="heard from the family",
        version=incident.version,
        by=supervisor,
    )
    supervisor.language, supervisor.digits = "ar", "arabic"
    supervisor.save(update_fields=["language", "digits"])
    page = told_of(signed_in(supervisor), incident)
    history = page[page.index("heard from the family") :][:1500]
    assert "٢٠:٠٠" in history
    assert "١٨:٠٠" in history
    assert place.name_ar in history
    for raw in ("+00:00", "IQG02", "killed min"):
        assert raw not in history


def test_a_form_that_says_the_same_moment_differs_in_nothing(log, supervisor, signed_in):
    there = log()
    services.add_second_report(
        there, facts=facts(), sources=[FAIR], by=supervisor, key=uuid.uuid4()
    )
    told = SecondReport.objects.get()
    told.content["occurred_from"] = "2026-11-18T20:00:00+03:00"
    told.save()
    assert "It told nothing else." in told_of(signed_in(supervisor), there)
    told.content |= {"occurred_from": "2026-11-18T21:15:00+03:00", "place": "IQG02Q02N02-HAYANIYA"}
    told.save()
    fold = told_of(signed_in(supervisor), there).split("Reported again")[-1][:2000]
    assert "18 November 2026 20:00" in fold
    assert "18 November 2026 21:15" in fold
    assert "IQG02" not in fold


def test_a_day_of_a_kept_person_reads_as_a_day(log, supervisor, signed_in):
    there = log()
    services.add_second_report(
        there,
        facts=facts(),
        sources=[FAIR],
        victims=[VictimFacts("injured", outcome="recovered", outcome_on=MOMENT.date())],
        by=supervisor,
        key=uuid.uuid4(),
    )
    assert "Since: 18 November 2026" in told_of(signed_in(supervisor), there)


def test_two_records_side_by_side_end_in_baghdad(log, supervisor, signed_in):
    kept, gone = log(occurred_from=MOMENT), log(occurred_to=MOMENT + timedelta(hours=5))
    page = signed_in(supervisor).get(f"/incidents/{gone.code}/merge/{kept.code}/")
    assert "19 November 2026 01:00" in page.content.decode()


def test_who_changed_it_meanwhile_is_told_in_words():
    refusal = ChangedMeanwhile(
        {
            "occurred_from": (LATE.isoformat(), NEXT.isoformat()),
            "place": (ASHAR, "IQG02Q02N02-HAYANIYA"),
            "killed_max": (1, 2),
        },
        2,
    )
    with translation.override("en"):
        shown = _differences_in_words(refusal, "western")
        names = [Place.objects.get(pcode=code).name_en for code in (ASHAR, "IQG02Q02N02-HAYANIYA")]
        assert [tuple(map(str, row)) for row in shown] == [
            ("When", "22 November 2026 23:10", "23 November 2026 01:30"),
            ("Place", *names),
            ("Killed, at most", "1", "2"),
        ]
