"""How names fall into parts, and words into sounds."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ceasefire.text import search_key
from grants.screening.names import Kind, _folded, comparable, parts_of
from grants.screening.sounds import RowsOfSounds, likeness_to, sounds_of


def shape(name: str) -> list[tuple[Kind, str]]:
    """Kind and sounds of the first reading of each part."""
    return [(part.readings[0].kind, part.readings[0].sounds) for part in parts_of(name)]


class TestParts:
    @pytest.mark.parametrize(
        "name",
        [
            "Abd al-Rahman",
            "Abd ar-Rahman",
            "Abdul Rahman",
            "Abdulrahman",
            "Abdurrahman",
            "Abdel-Rahman",
            "ABDARAHMAN",
        ],
    )
    def test_the_servant_and_the_name_are_one_part_in_any_spelling(self, name):
        assert shape(name) == shape("Abd al-Rahman")
        assert shape(name)[0][0] is Kind.SERVANT

    @pytest.mark.parametrize("name", ["عبد الرحمن", "عبدالرحمن", "عبدال رحمن"])
    def test_and_in_arabic(self, name):
        assert shape(name) == [(Kind.SERVANT, sounds_of("رحمن"))]

    @pytest.mark.parametrize(
        "name",
        ["Abdullah", "Abd Allah", "Abdallah", "Abdulla", "Abd alleh", "عبد الله", "عبدالله"],
    )
    def test_gods_name_has_one_reading(self, name):
        assert shape(name) == [(Kind.SERVANT, sounds_of("lah"))]

    @pytest.mark.parametrize(
        "names",
        [
            ("Nur al-Din", "Nureddin", "Noureddine", "نور الدين", "نورالدين"),
            ("Dhu al-Nun", "Zulnoon", "ذو النون", "ذوالنون"),
            ("Abu Ayyub", "Abu Ayub", "أبو أيوب", "ابو ايوب"),
        ],
    )
    def test_joined_names_are_one_part(self, names):
        for name in names:
            (part,) = parts_of(name)
            (first,) = parts_of(names[0])
            best = max(
                likeness_to(one.sounds, other.sounds)
                for one in part.readings
                for other in first.readings
                if one.kind is other.kind
            )
            assert best > 0.85

    @pytest.mark.parametrize(
        "name",
        ["al-Basri", "Al Basri", "Albasri", "el-Basri", "Basri", "البصري", "بصري", "ال بصري"],
    )
    def test_the_article_goes_in_one_of_the_readings(self, name):
        (part,) = parts_of(name)
        wanted = {sounds_of("basri"), sounds_of("بصري")}
        assert wanted & {reading.sounds for reading in part.readings}

    def test_a_sun_letters_article_goes_too(self):
        assert shape("az-Zubaidi") == shape("Az Zubaidi") == shape("Zubaidi")
        assert sounds_of("zubaidi") in {one.sounds for one in parts_of("Azzubaidi")[0].readings}

    def test_patronymics_say_nothing(self):
        assert shape("Ali bin Hasan ibn Kazim") == shape("Ali Hasan Kazim")
        assert shape("علي بن حسن") == shape("علي حسن")

    def test_but_are_a_name_where_there_is_no_other(self):
        assert len(parts_of("Bin")) == 1
        assert len(parts_of("بن")) == 1

    def test_abu_ali_is_no_ali(self):
        assert shape("Abu Ali") != shape("Ali")
        assert parts_of("Abu Ali")[0].readings[0].kind is Kind.FATHER_OF
        assert parts_of("أم علي")[0].readings[0].kind is Kind.MOTHER_OF

    def test_titles_and_companies_weigh_little(self):
        title, name = parts_of("Sheikh Nawfal")
        assert title.weight < 0.5 < name.weight
        company = parts_of("شركة النورس للتجارة")
        assert [part.weight < 0.5 for part in company] == [True, False, True]

    @pytest.mark.parametrize("name", ["", " ", "---", "Иван", "金正恩", "'"])
    def test_what_cannot_be_compared_has_no_parts(self, name):
        assert not comparable(name)
        assert parts_of(name) == ()

    def test_a_name_with_a_word_of_another_script_cannot_be_compared_whole(self):
        assert not comparable("Qais 金正恩")
        assert len(parts_of("Qais 金正恩")) == 1

    @given(st.text(st.characters(max_codepoint=127), max_size=60))
    def test_ascii_is_folded_as_all_else_is(self, name):
        assert _folded(name) == search_key(name)

    @given(st.text(max_size=60))
    def test_any_text_has_parts_or_none_and_never_fails(self, name):
        for part in parts_of(name):
            assert part.readings
            assert part.weight > 0


class TestSounds:
    @pytest.mark.parametrize(
        ("latin", "arabic"),
        [
            ("muhammad", "محمد"),
            ("mohamed", "محمد"),
            ("husayn", "حسين"),
            ("hussein", "حسين"),
            ("khaled", "خالد"),
            ("uthman", "عثمان"),
            ("osman", "عثمان"),
            ("qais", "قيس"),
            ("gais", "قيس"),
            ("jafar", "جعفر"),
            ("djaafar", "جعفر"),
            ("yousif", "يوسف"),
            ("fatimah", "فاطمه"),
            ("ridha", "رضا"),
            ("ishaq", "اسحاق"),
            ("zubair", "زبير"),
        ],
    )
    def test_one_name_in_both_scripts_sounds_alike(self, latin, arabic):
        assert likeness_to(sounds_of(latin), sounds_of(arabic)) >= 0.8

    @pytest.mark.parametrize(
        ("one", "other"),
        [
            ("muhammad", "mahdi"),
            ("khaled", "walid"),
            ("حسن", "قاسم"),
            ("ali", "علاء"),
            ("karim", "rahim"),
            ("salih", "sattar"),
        ],
    )
    def test_another_name_sounds_otherwise(self, one, other):
        assert likeness_to(sounds_of(one), sounds_of(other)) < 0.8

    def test_a_long_vowel_tells_husayn_from_hasan(self):
        same = likeness_to(sounds_of("حسين"), sounds_of("hussain"))
        other = likeness_to(sounds_of("حسن"), sounds_of("hussain"))
        assert same > 0.9 > other

    def test_two_neighbours_exchanged_are_a_slip(self):
        assert likeness_to(sounds_of("basri"), sounds_of("basir")) > 0.7
        assert likeness_to(sounds_of("البرصي"), sounds_of("البصري")) > 0.7

    @given(
        st.text("btTjchXdDrzsCGfvqkglmnwyEHAIUYaeiu0123456789?", max_size=12),
        st.text("btTjchXdDrzsCGfvqkglmnwyEHAIUYaeiu0123456789?", max_size=12),
    )
    def test_likeness_is_of_both_and_between_nothing_and_one(self, one, other):
        found = likeness_to(one, other)
        assert 0.0 <= found <= 1.0
        assert found == pytest.approx(likeness_to(other, one), abs=1e-5)
        assert likeness_to(one, one) == pytest.approx(1.0 if one else 0.0)

    def test_the_floor_leaves_out_only_what_lies_below(self):
        words = [sounds_of(word) for word in ("ali", "muhammad", "abdulaziz", "hassan", "hussain")]
        rows = RowsOfSounds(words)
        for word in words:
            whole, floored = rows.likeness(word), rows.likeness(word, 0.6)
            for here, there in zip(whole, floored, strict=True):
                assert here == pytest.approx(there) or (here < 0.6 and there == 0)
