"""Fields read what is typed in Basrah: either digit set, day first, and refuse in words."""

from datetime import UTC, date, datetime, time

import pytest
from django import forms
from django.core.exceptions import ValidationError
from django.http import QueryDict
from django.utils import translation

from ceasefire.look.forms import (
    ClockField,
    CodeField,
    CoordinateField,
    CountField,
    DayField,
    MomentField,
    NormalisedForm,
    base_helper,
)


@pytest.mark.parametrize(
    ("field", "typed", "read"),
    [
        (DayField(), "11/12/2026", date(2026, 12, 11)),  # never the 12th of November
        (DayField(), "22/11/2026", date(2026, 11, 22)),
        (DayField(), "٢٢/١١/٢٠٢٦", date(2026, 11, 22)),
        (DayField(), "۲۲/۱۱/۲۰۲۶", date(2026, 11, 22)),
        (DayField(), "\u200f22/11/2026\u200f", date(2026, 11, 22)),  # as copied from a message
        (DayField(), "2026-11-22", date(2026, 11, 22)),
        (DayField(), "22112026", date(2026, 11, 22)),
        (DayField(), " 1-2-2026 ", date(2026, 2, 1)),
        (DayField(required=False), " ", None),
        (ClockField(), "23:10", time(23, 10)),
        (ClockField(), "٩:٠٥", time(9, 5)),
        (ClockField(), "2310", time(23, 10)),
        (MomentField(), "22/11/2026 23:10", datetime(2026, 11, 22, 20, 10, tzinfo=UTC)),
        (MomentField(), "2026-11-22T23:10", datetime(2026, 11, 22, 20, 10, tzinfo=UTC)),
        (MomentField(), "٢٢/١١/٢٠٢٦ ٢٣:١٠", datetime(2026, 11, 22, 20, 10, tzinfo=UTC)),
        (CountField(), "٠", 0),
        (CountField(), "١٬٢٣٤", 1234),
        (CountField(most=50), "0000000000050", 50),
        (CountField(required=False), "", None),
        (CoordinateField(limit=90), "٣٠٫٥٠٨", 30.508),
        (CoordinateField(limit=90), "30,508", 30.508),
        (CodeField(), " inc-٢٠٢٦-٠٠٠١٢٣\u200e", "INC-2026-000123"),
    ],
)
def test_what_is_typed_is_read(field, typed, read):
    assert field.clean(typed) == read


@pytest.mark.parametrize(
    ("field", "typed"),
    [
        (DayField(), "11/22/2026"),  # US order
        (DayField(), "31/02/2026"),
        (DayField(), "22/11/26"),
        (DayField(), "yesterday"),
        (ClockField(), "24:00"),
        (ClockField(), "7"),
        (MomentField(), "22/11/2026"),
        (MomentField(), "23:10"),
        (CountField(), "-1"),
        (CountField(), "1.5"),
        (CountField(most=50), "51"),
        (CoordinateField(limit=90), "91"),
        (CoordinateField(limit=90), "x"),
        (DayField(), ""),
        (CountField(), None),
    ],
)
def test_what_cannot_be_read_is_refused_in_words(field, typed):
    with pytest.raises(ValidationError) as refusal:
        field.clean(typed)
    assert all(refusal.value.messages)


@pytest.mark.parametrize("typed", ["51", "99999999999", "٩٩٩٩٩٩٩٩٩٩٩", "9" * 5000])
def test_a_count_that_is_too_large_hears_how_large_it_may_be(typed):
    with pytest.raises(ValidationError, match="at most 50"):
        CountField(most=50).clean(typed)


@pytest.mark.parametrize("language", ["en", "ar"])
def test_djangos_own_date_field_reads_day_first_in_both_languages(language):
    with translation.override(language):
        assert forms.DateField(localize=True).clean("11/12/2026") == date(2026, 12, 11)
        with pytest.raises(ValidationError):
            forms.DateField(localize=True).clean("11/22/2026")


class Sample(NormalisedForm):
    name = forms.RegexField(r"^[a-z]+$")
    note = forms.CharField(widget=forms.Textarea, required=False)
    number = forms.IntegerField(required=False)
    amount = forms.DecimalField(required=False)
    on = forms.DateField(required=False)
    day = DayField(required=False)
    kinds = forms.MultipleChoiceField(choices=[("a", "A"), ("b", "B")], required=False)
    secret = forms.CharField(widget=forms.PasswordInput, required=False)


def test_all_that_was_typed_is_normalised_before_it_is_checked():
    form = Sample(
        QueryDict(
            "name=ab%E2%80%AE&note=%D9%A1 %E2%80%AEx&number=%D9%A1%D9%A2&amount=%D9%A1%D9%AB%D9%A5"
            "&on=%D9%A2%D9%A2/11/2026&day=&kinds=a&kinds=b&secret=%D9%A1%E2%80%AE"
        )
    )

    assert form.is_valid(), form.errors
    assert form.cleaned_data == {
        "name": "ab",
        "note": "١ x",  # free text keeps the digits its writer chose
        "number": 12,
        "amount": 1.5,
        "on": date(2026, 11, 22),
        "day": None,
        "kinds": ["a", "b"],
        "secret": "١\u202e",  # a password is what was typed
    }


def test_a_form_of_plain_data_and_one_with_a_prefix_work_alike():
    assert Sample({"name": "ab\u202e"}).is_valid()
    assert Sample({"x-name": "ab\u202e", "x-kinds": ["a"]}, prefix="x").is_valid()


def test_a_refused_form_shows_what_was_typed():
    form = Sample({"name": "1", "day": "31/02/2026"})

    assert not form.is_valid()
    assert "31/02/2026" in str(form["day"])


def test_inputs_follow_their_content_and_are_not_remembered():
    form = Sample(initial={"day": date(2026, 2, 1)})

    assert 'dir="auto"' in str(form["note"])
    assert 'autocomplete="off"' in str(form["name"])
    assert 'value="01/02/2026"' in str(form["day"])
    assert 'inputmode="numeric"' in str(form["day"])
    assert 'dir="ltr"' in str(form["day"])


def test_a_moment_is_shown_in_baghdad_time():
    shown = MomentField().prepare_value(datetime(2026, 11, 22, 20, 10, tzinfo=UTC))

    assert shown == "22/11/2026 23:10"
    assert not MomentField().has_changed(datetime(2026, 11, 22, 20, 10, tzinfo=UTC), shown)


def test_the_helper_leaves_the_form_tag_to_the_template():
    assert base_helper().form_tag is False
