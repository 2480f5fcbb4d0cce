"""Names and numbers as people in Basrah type them meet the same key."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ceasefire.text import (
    BIDI_CONTROLS,
    first_strong_direction,
    latin_key,
    search_key,
    strip_bidi_controls,
    western_digits,
)

SAME = [
    ("أحمد", "احمد", "hamza above"),
    ("إبراهيم", "ابراهيم", "hamza below"),
    ("آل بو محمد", "ال بو محمد", "madda"),
    ("ٱلزبير", "الزبير", "wasla"),
    ("مؤيد", "مويد", "hamza on waw"),
    ("رائد", "رايد", "hamza on yeh"),
    ("مصطفى", "مصطفي", "alef maqsura"),
    ("البصرة", "البصره", "teh marbuta"),
    ("کریم", "كريم", "Persian kaf and yeh"),
    ("مُحَمَّد", "محمد", "tashkeel"),
    ("محـــمد", "محمد", "tatweel"),
    ("شارع ٢٠", "شارع 20", "Arabic-Indic digits"),
    ("شارع ۲۰", "شارع 20", "Persian digits"),
    ("ﺍﻟﺒﺼﺮﺓ", "البصرة", "presentation forms from an old PDF"),
    ("al\u200cZubair", "ALZUBAIR", "zero width and case"),
    ("\u202eabc", "abc", "an override"),
    ("Al-Qurna,  district", "al qurna district", "punctuation and spaces"),
    ("Ma'qil", "Maʿqil", "signs inside a word"),
    ("Ma’qil", "Maqil", "an apostrophe is not a gap"),
    ("Zubáyr", "zubayr", "Latin accents"),
    ("Ｑｕｒｎａ", "qurna", "full width"),
]


@pytest.mark.parametrize(("one", "other", "reason"), SAME, ids=[row[2] for row in SAME])
def test_two_spellings_of_one_name_have_one_key(one, other, reason):
    assert search_key(one) == search_key(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [("حسن", "حسين"), ("كريم", "گريم"), ("سعاد", "سعد"), ("abc", "abd"), ("شارع 20", "شارع 21")],
)
def test_different_names_stay_different(one, other):
    assert search_key(one) != search_key(other)


@pytest.mark.parametrize(("text", "key"), [("", ""), (" \u200b-\n", ""), ("٣٫٥", "3 5")])
def test_little_or_nothing_gives_little_or_nothing(text, key):
    assert search_key(text) == key


@given(st.text())
def test_folding_twice_changes_nothing(text):
    assert search_key(search_key(text)) == search_key(text)


@given(st.text(alphabet="أإآٱؤئىةکی٠١۲ّـ\u200f\u202eاب 'ʿ-İß²ﷺ"))
def test_folding_twice_changes_nothing_on_the_hard_letters(text):
    assert search_key(search_key(text)) == search_key(text)


@given(st.text())
def test_a_key_holds_only_letters_digits_and_single_spaces(text):
    key = search_key(text)

    assert key == " ".join(key.split())
    assert not set(key) & set(BIDI_CONTROLS)
    assert not set(key) & set("٠١٢٣٤٥٦٧٨٩۰۱۲۳۴۵۶۷۸۹")


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("١٢٣", "123"),
        ("۱۲۳", "123"),
        ("١٢٫٥", "12.5"),
        ("١٬٢٣٤٬٥٦٧", "1234567"),
        ("نحو ١٬ و٢", "نحو 1٬ و2"),  # a sign that separates no digits stays
        ("٢٢/١١/٢٠٢٦", "22/11/2026"),
        ("INC-٢٠٢٦-٠٠٠١٢٣", "INC-2026-000123"),
        ("-٣", "-3"),
        ("abc", "abc"),
    ],
)
def test_digits_of_both_kinds_are_read_as_western_ones(typed, read):
    assert western_digits(typed) == read


@given(st.text())
def test_reading_digits_twice_changes_nothing(text):
    assert western_digits(western_digits(text)) == western_digits(text)


def test_marks_that_reorder_text_are_taken_out_and_nothing_else():
    assert strip_bidi_controls("a\u202eb\u2066c\u200fد\u200cه") == "abcد\u200cه"


@pytest.mark.parametrize(
    "spellings",
    [
        ["Zubair", "Zubayr", "Al-Zubair", "Az Zubayr", "az-Zubair", "AlZubair", "الزبير"],
        ["Basra", "Basrah", "Al-Basrah", "al basra", "البصرة"],
        ["Qurna", "Al-Qurnah", "Al Kurna", "القرنة"],
        ["Abu Al-Khaseeb", "Abu al Khasib", "أبو الخصيب"],
        ["Shatt al-Arab", "Shat Al Arab", "شط العرب"],
        ["Fao", "Al-Faw", "الفاو"],
        ["Mohammed", "Muhammad", "Mohamad", "محمد"],
        ["Hussein", "Husain", "Hussain", "حسين"],
    ],
)
def test_latin_spellings_by_ear_meet(spellings):
    keys = {spelling: latin_key(spelling) for spelling in spellings}

    assert len(set(keys.values())) == 1, keys


@pytest.mark.parametrize(
    ("one", "other"),
    [("Zubair", "Basra"), ("Qurna", "Midaina"), ("Fao", "Safwan"), ("Ali", "Omar")],
)
def test_different_places_have_different_sounds(one, other):
    assert latin_key(one) != latin_key(other)


@given(st.text())
def test_a_sound_key_is_made_of_any_text(text):
    assert latin_key(text) == latin_key(search_key(text))


@pytest.mark.parametrize(
    ("text", "direction"),
    [("QRF", "ltr"), ("منحة QRF", "rtl"), ("2026 منحة", "rtl"), ("2026", "ltr"), ("", "ltr")],
)
def test_direction_is_that_of_the_first_letter_that_has_one(text, direction):
    assert first_strong_direction(text) == direction
