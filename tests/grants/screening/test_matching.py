"""Screening: who is found, with what score, and that the index finds what comparing would."""

from dataclasses import replace

import pytest

from grants.screening import matching
from grants.screening.entries import Entry, EntryType, ListFile, Name, Quality
from grants.screening.matching import (
    ALGORITHM,
    ALGORITHM_VERSION,
    ONE_PART,
    THRESHOLD,
    Index,
    Subject,
    compare,
)
from grants.screening.problems import NothingToCompare, NothingToScreenAgainst
from tests.grants.screening.list_samples import PUBLISHED, made_list
from tests.grants.screening.name_pairs import make_pairs


def person(*names: str, version: int = 1, **known) -> Subject:
    return Subject("officer-7", version, EntryType.INDIVIDUAL, names, **known)


def hit_names(index: Index, *names: str, threshold: float = THRESHOLD) -> list[str]:
    return [hit.found for hit in index.screen(person(*names), threshold).hits]


class TestScore:
    @pytest.mark.parametrize(
        ("one", "other"),
        [
            ("Qais Latif al-Marsoumi", "قيس لطيف المرسومي"),
            ("Qays Abd al-Latif Marsumi", "قيس عبداللطيف المرسومي"),
            ("AL-MARSOUMI, Qais", "Qays al-Marsumi"),
            ("Qais bin Latif", "قيس لطيف"),
            ("علي جاسم محمد البصري", "علي محمد البصري"),
            ("Ali Jasim Muhammad al-Basri", "Ali al-Basri"),
            ("Noureddine Shakir", "نور الدين شاكر"),
            ("فاطمة عبد الله", "Fatimah Abdallah"),
            ("Sheikh Qais Latif", "قيس لطيف"),
            ("Nawfal Hadi Saif Al Islam", "نوفل هادي سيفالاسلام"),
        ],
    )
    def test_one_person_written_otherwise_is_shown(self, one, other):
        assert compare(one, other).score >= THRESHOLD

    @pytest.mark.parametrize(
        ("one", "other"),
        [
            ("Qais Latif al-Marsoumi", "Samir Hadi al-Basri"),
            ("قيس لطيف المرسومي", "Samir Hadi al-Basri"),
            ("Ali Hasan", "Abu Ali"),
            ("شركة النورس للتجارة", "شركة الفرات للتجارة"),
            ("Heron Trading Company Ltd", "Pelican Trading Company Ltd"),
            ("Иван Петров", "Ivan Petrov"),
        ],
    )
    def test_somebody_else_is_not(self, one, other):
        assert compare(one, other).score < THRESHOLD

    def test_one_part_is_never_enough_where_there_is_more(self):
        assert compare("Nawfal", "Nawfal Hadi al-Marsoumi").score == ONE_PART
        assert compare("Nawfal", "نوفل").score > 0.9

    def test_a_brother_is_less_alike_than_a_missing_grandfather(self):
        brother = compare("Samir Hadi Nawfal al-Marsoumi", "Qais Hadi Nawfal al-Marsoumi")
        shorter = compare("Qais Hadi al-Marsoumi", "Qais Hadi Nawfal al-Marsoumi")
        assert brother.score < THRESHOLD < shorter.score

    def test_the_same_name_has_the_full_score_and_the_order_is_told(self):
        assert compare("Qais Latif al-Marsoumi", "QAIS LATIF AL-MARSOUMI").score == 1.0
        turned = compare("Marsoumi Qais Latif", "Qais Latif al-Marsoumi")
        assert turned.score == 1.0
        assert not turned.same_order

    def test_what_found_nothing_is_told(self):
        found = compare("Qais Latif al-Marsoumi", "Qais Hadi Latif")
        assert found.only_one == ("marsoumi",)
        assert found.only_other == ("hadi",)
        assert [(pair.one, pair.other) for pair in found.pairs] == [
            ("qais", "qais"),
            ("latif", "latif"),
        ]

    def test_it_is_the_same_whichever_comes_first(self):
        for pair in make_pairs("development", 31, 200):
            here, there = compare(pair.one, pair.other), compare(pair.other, pair.one)
            assert here.score == pytest.approx(there.score, abs=0.002), pair


class TestIndex:
    def test_it_finds_what_comparing_with_every_name_finds(self):
        pairs = make_pairs("development", 32, 160)
        listed = [pair.other for pair in pairs]
        index = Index([made_list(*listed)])
        assert len(index) == len(listed)
        for pair in pairs[::4]:
            scores = {name: compare(pair.one, name).score for name in listed}
            found = {hit.found: hit.score for hit in index.screen(person(pair.one)).hits}
            # Two entries may have one name written alike; each is a hit of its own.
            wanted = {name: score for name, score in scores.items() if score >= THRESHOLD}
            assert found == pytest.approx(wanted)

    def test_words_written_together_are_found_either_way(self):
        for listed, asked in (
            ("Nawfal Saif Islam", "Nawfal Saifislam"),
            ("Nawfal Saifislam", "Nawfal Saif Islam"),
        ):
            assert hit_names(Index([made_list("Hadi Samir", listed)]), asked) == [listed]

    def test_an_entry_is_one_hit_by_its_likest_name(self):
        index = Index([made_list("Samir Hadi | Qais Latif | قيس لطيف المرسومي", "Omar Saad")])
        (hit,) = index.screen(person("قيس لطيف المرسومي")).hits
        assert hit.found == "قيس لطيف المرسومي"
        assert hit.score == 1.0
        assert hit.entry.primary == "Samir Hadi"
        assert hit.quality is Quality.GOOD

    def test_each_spelling_of_the_subject_is_asked(self):
        index = Index([made_list("Qais Latif Marsoumi", "Samir Hadi Basri")])
        result = index.screen(person("Qays Latif Marsumi", "سمير هادي البصري"))
        assert {hit.asked for hit in result.hits} == {"Qays Latif Marsumi", "سمير هادي البصري"}

    def test_the_threshold_is_asked_for_and_written_down(self):
        index = Index([made_list("Qais Latif Marsoumi")])
        low = index.screen(person("Qais Hadi Samir Marsoumi"), 0.4)
        high = index.screen(person("Qais Hadi Samir Marsoumi"), 0.95)
        assert (len(low.hits), len(high.hits)) == (1, 0)
        assert (low.threshold, high.threshold) == (0.4, 0.95)
        for wrong in (0, -1, 1.01, float("nan")):
            with pytest.raises(ValueError, match="threshold"):
                index.screen(person("Qais"), wrong)

    def test_the_result_says_what_it_depended_on(self):
        one, other = made_list("Qais Latif"), made_list("Samir Hadi", "Omar Saad", name="Other")
        result = Index([one, other]).screen(person("Nobody Atall"))
        assert (result.algorithm, result.algorithm_version) == (ALGORITHM, ALGORITHM_VERSION)
        assert [(used.name, used.dated, used.sha256, used.entries) for used in result.lists] == [
            ("Made up", PUBLISHED, "0" * 64, 1),
            ("Other", PUBLISHED, "0" * 64, 2),
        ]
        assert result.hits == ()

    def test_years_and_places_order_hits_and_hide_none(self):
        listed = made_list("Qais Latif Marsoumi", "Qais Latif Marsoumi", "Qais Latif Marsoumi")
        known = [
            replace(listed.entries[0], birth_years=(1940,), places=("Tunis, Tunisia",)),
            replace(listed.entries[1], birth_years=(1975, 1981), places=("Basrah, Iraq",)),
            listed.entries[2],
        ]
        index = Index([replace(listed, entries=tuple(known))])
        hits = index.screen(person("قيس لطيف المرسومي", birth_year=1980, places=("Basrah",))).hits
        assert [hit.entry.id for hit in hits] == ["2", "1", "3"]
        assert hits[0].birth is not None
        assert (hits[0].birth.listed, hits[0].birth.apart) == (1981, 1)
        assert hits[0].places == ("Basrah, Iraq",)
        assert hits[2].birth is None
        assert len({hit.score for hit in hits}) == 1

    def test_people_are_screened_against_groups_and_not_against_ships(self):
        entries = tuple(
            Entry(str(number), kind, (Name("Qais Latif", Quality.PRIMARY),))
            for number, kind in enumerate(EntryType)
        )
        index = Index([ListFile("Made up", "made-up", PUBLISHED, "0" * 64, entries)])
        found = {hit.entry.type for hit in index.screen(person("Qais Latif")).hits}
        assert found == {EntryType.INDIVIDUAL, EntryType.ORGANISATION}
        group = replace(person("Qais Latif"), type=EntryType.ORGANISATION)
        assert len(index.screen(group).hits) == len(EntryType)

    @pytest.mark.parametrize("names", [(), ("",), ("Иван",), ("Qais", "金正恩")])
    def test_a_name_that_cannot_be_compared_is_refused_and_not_cleared(self, names):
        with pytest.raises(NothingToCompare):
            Index([made_list("Qais Latif")]).screen(person(*names))

    @pytest.mark.parametrize("lists", [[], [made_list()], [made_list("金正恩")]])
    def test_and_so_is_screening_against_nothing(self, lists):
        with pytest.raises(NothingToScreenAgainst):
            Index(lists).screen(person("Qais Latif"))


class TestKept:
    def test_a_kept_index_finds_what_the_made_one_finds(self):
        listed = made_list(
            "Qais Latif Marsoumi | قيس لطيف المرسومي", "Samir Hadi Saifulislam", "Omar Saad"
        )
        known = replace(listed.entries[0], birth_years=(1940, 1941), places=("Basrah, Iraq",))
        listed = replace(listed, entries=(known, *listed.entries[1:]))
        made = Index([listed, made_list("Omar Saad | Umar Sad", name="Other")])
        taken = Index.unpacked(made.packed())
        assert taken is not None
        assert len(taken) == len(made)
        for name in ("Qays Marsumi", "سمير سيف الإسلام", "Omar Saad", "Nobody Atall"):
            asked = person(name, birth_year=1945, places=("Basrah",))
            assert taken.screen(asked, 0.4) == made.screen(asked, 0.4)

    def test_what_is_no_index_or_of_other_code_is_none(self, monkeypatch):
        octets = Index([made_list("Qais Latif")]).packed()
        for other in (b"", b"PK", octets[:-30], octets.replace(b"Qais", b"Qays")):
            assert Index.unpacked(other) is None
        monkeypatch.setattr(matching, "made_by", lambda: "other")
        assert Index.unpacked(octets) is None


class TestNoOldResult:
    def test_an_edited_name_has_a_result_of_its_own(self):
        index = Index([made_list("Qais Latif Marsoumi")])
        first = person("Qais Latif Marsoumi")
        edited = person("Samir Hadi Basri", version=2)
        before, after = index.screen(first), index.screen(edited)
        assert (len(before.hits), len(after.hits)) == (1, 0)
        assert before.is_of(first)
        assert not before.is_of(edited)
        assert after.is_of(edited)

    @pytest.mark.parametrize(
        "edit",
        [
            {"names": ("Qais Latif Marsoumy",)},
            {"names": ("Qais Latif Marsoumi", "قيس")},
            {"birth_year": 1980},
            {"places": ("Basra",)},
            {"version": 2},
            {"id": "officer-8"},
            {"type": EntryType.ORGANISATION},
        ],
    )
    def test_any_edit_ends_a_result_even_where_the_version_was_forgotten(self, edit):
        subject = person("Qais Latif Marsoumi")
        result = Index([made_list("Samir Hadi")]).screen(subject)
        assert result.is_of(subject)
        assert not result.is_of(replace(subject, **edit))
