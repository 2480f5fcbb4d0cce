"""Exact search over normalised values, under a key of its own."""

import pytest

from ceasefire.vault import blind_index
from ceasefire.vault.blind import e164


@pytest.mark.parametrize(
    ("typed", "number"),
    [
        ("07701234567", "+9647701234567"),
        ("0770 123 4567", "+9647701234567"),
        ("٠٧٧٠١٢٣٤٥٦٧", "+9647701234567"),  # Arabic-Indic digits
        ("۰۷۷۰۱۲۳۴۵۶۷", "+9647701234567"),  # Persian digits
        ("+964 770 123 4567", "+9647701234567"),
        ("+964 (0) 770-123-4567", "+9647701234567"),  # the 0 kept after the country code
        ("00964 770 1234567", "+9647701234567"),
        ("9647701234567", "+9647701234567"),  # country code without a sign
        ("7701234567", "+9647701234567"),
        ("040 123456", "+96440123456"),  # a line in Basrah
        ("+98 912 345 6789", "+989123456789"),  # across the border
        ("", ""),
        ("no phone", ""),
    ],
)
def test_a_phone_is_one_number_however_it_is_typed(typed, number):
    assert e164(typed) == number


def test_a_name_is_found_in_every_spelling_and_a_phone_in_every_digit():
    assert blind_index("name", "أحمد  عَلي") == blind_index("name", "احمد علي")
    assert blind_index("phone", "٠٧٧٠ ١٢٣ ٤٥٦٧") == blind_index("phone", "+9647701234567")
    assert blind_index("name", "احمد علي") != blind_index("name", "احمد حسن")


def test_a_name_and_an_alias_that_read_alike_do_not_show_it():
    assert blind_index("name", "سامي") != blind_index("alias", "سامي")


def test_nothing_is_no_value():
    assert blind_index("name", " ـ ") is None
    assert blind_index("phone", "-") is None


def test_another_key_gives_another_index(settings, tmp_path):
    before = blind_index("name", "سامي")
    other = tmp_path / "other"
    other.write_text("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n")
    settings.BLIND_INDEX_KEY_FILE = str(other)
    assert blind_index("name", "سامي") != before
