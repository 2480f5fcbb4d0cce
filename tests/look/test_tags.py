"""Template tags: words first, unknown is not zero, nothing of a user's reaches the page raw."""

from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace

import pytest
from django import forms
from django.template import Context, Template
from django.test import RequestFactory
from django.utils import timezone, translation

from ceasefire.look.icons import ICONS
from ceasefire.look.templatetags.look import clock_of, option_groups, relative_moment

NOW = datetime(2026, 11, 22, 20, 10, tzinfo=UTC)  # 23:10 in Basrah


def render(source, **context):
    return Template("{% load look %}" + source).render(Context(context))


@pytest.mark.parametrize(
    ("moment", "words"),
    [
        (NOW, "today 23:10"),
        (NOW - timedelta(hours=24), "yesterday 23:10"),
        (NOW + timedelta(hours=1), "tomorrow 00:10"),  # past midnight in Basrah, not in Greenwich
        (NOW - timedelta(days=3), "Thursday 23:10"),
        (NOW - timedelta(days=6), "Monday 23:10"),
        (NOW - timedelta(days=7), "15 November 23:10"),
        (NOW - timedelta(days=400), "18 October 2025 23:10"),
        (NOW + timedelta(days=5), "27 November 23:10"),
    ],
)
def test_a_moment_is_said_as_people_say_it(moment, words):
    assert relative_moment(moment, NOW) == words


def test_a_moment_carries_its_full_form():
    shown = render("{% when moment %}", moment=timezone.now())

    assert shown.startswith("<time datetime=")
    assert "title=" in shown


def test_iraqi_months_in_arabic_and_the_digits_of_ones_choice():
    user = SimpleNamespace(digits="arabic")
    with translation.override("ar"):
        assert "22 تشرين الثاني 2026" in render("{% day d %}", d=date(2026, 11, 22))
        assert "٢٢ تشرين الثاني" in render(
            "{% day d year=False %}", d=date(2026, 11, 22), user=user
        )


@pytest.mark.parametrize(
    ("value", "digits", "shown"),
    [
        (0, "western", "0"),
        (1234567, "western", "1,234,567"),
        (1234567, "arabic", "١٬٢٣٤٬٥٦٧"),
        (2.5, "arabic", "٢٫٥"),
        (2.0, "western", "2"),
    ],
)
def test_numbers_in_the_digits_of_ones_choice(value, digits, shown):
    assert render("{% number n %}", n=value, user=SimpleNamespace(digits=digits)) == shown


@pytest.mark.parametrize("value", [None, ""])
def test_unknown_is_a_word_and_never_zero(value):
    assert "unknown" in render("{% number n %}", n=value)


def test_nothing_is_read_out():
    assert "none" in render("{% when m %}", m=None)


@pytest.mark.parametrize("name", sorted(ICONS))
def test_every_icon_is_hidden_from_readers(name):
    shown = render("{% icon name %}", name=name)

    assert 'aria-hidden="true"' in shown
    assert "<path" in shown


def test_a_state_is_a_word():
    incident = SimpleNamespace(
        workflow_state="returned", get_workflow_state_display=lambda: "Returned to writer"
    )

    assert "Returned to writer" in render("{% state_badge i %}", i=incident)
    assert "tag-overdue" in render("{% state_badge i %}", i=incident)
    assert "Too few to say" in render('{% state_badge "too_few" %}')
    assert "tag-quiet" in render('{% state_badge "a state of tomorrow" %}')


def test_what_users_wrote_is_escaped():
    nasty = "<script>x</script>"
    place = SimpleNamespace(name=nasty, pcode='"><b>')
    shown = render(
        "{% place p %}{% code c %}{% state_badge c %}"
        "{% include 'components/badge.html' with label=c %}",
        p=place,
        c=nasty,
    )

    assert "<script" not in shown
    assert '"><b>' not in shown


def test_a_query_keeps_its_filters_and_loses_its_cursor():
    request = RequestFactory().get("/?q=a&place=IQ&after=xyz")

    assert (
        render("{% query_string place=None before='b' %}", request=request) == "?q=a&amp;before=b"
    )
    assert render("{% query_string q=None place=None %}", request=request) == "?"


@pytest.mark.parametrize(
    ("hours_ago", "tone", "left", "late"),
    [
        (0, "usual", 72, 0),
        (47, "usual", 25, 0),
        (48, "due", 24, 0),  # the last third
        (71.5, "due", 0, 0),
        (72, "overdue", 0, 0),
        (80, "overdue", 0, 8),
    ],
)
def test_the_clock_warns_in_its_last_third(hours_ago, tone, left, late):
    length = timedelta(hours=72)
    clock = clock_of(NOW - timedelta(hours=hours_ago) + length, NOW, length)

    assert (clock["tone"], clock["left"], clock["late"]) == (tone, left, late)
    assert 0 <= clock["width"] <= 100


class Choosing(forms.Form):
    type = forms.ChoiceField(
        choices=[("", "-"), ("Killing", [("MUR", "Murder"), ("BDY", "Body")]), ("OTH", "Other")]
    )
    weapons = forms.MultipleChoiceField(choices=[("k", "Knife"), ("g", "Gun")])


def test_grouped_choices_become_families_without_the_empty_one():
    groups = option_groups(Choosing({"type": "BDY"})["type"])

    assert [(family, [one["value"] for one in options]) for family, options, _index in groups] == [
        ("Killing", ["MUR", "BDY"]),
        ("", ["OTH"]),
    ]
    assert [one["selected"] for one in groups[0][1]] == [False, True]


def test_several_answers_stay_chosen():
    groups = option_groups(Choosing({"weapons": ["g"]})["weapons"])

    assert [one["selected"] for one in groups[0][1]] == [False, True]


def test_a_form_with_errors_links_each_to_its_field():
    shown = Template("{% load crispy_forms_filters %}{{ form|crispy }}").render(
        Context({"form": Choosing({})})
    )

    assert 'href="#id_type"' in shown
    assert shown.count("This field is required.") == 4  # in the summary and at the field
    assert 'id="id_type_error"' in shown
    assert "data-error-summary" in shown


def test_a_title_is_written_once_and_stands_twice():
    source = '{% extends "base_plain.html" %}{% block title %}{{ what }}{% endblock %}'
    shown = " ".join(Template(source).render(Context({"what": "Fish & <b>"})).split())

    assert "<title>Fish &amp; &lt;b&gt; · Ceasefire</title>" in shown
    assert "<h1>Fish &amp; &lt;b&gt;</h1>" in shown


def test_a_title_says_when_there_are_errors():
    source = '{% extends "base_plain.html" %}{% block title %}Sign in{% endblock %}'
    shown = Template(source).render(Context({"form": Choosing({})}))

    assert "<title>Error: Sign in" in " ".join(shown.split())
