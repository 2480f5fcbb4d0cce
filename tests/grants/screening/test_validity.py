"""Who is cleared by what: pure functions over decisions, lists and days."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from django.utils import translation

from grants.screening import in_both_languages
from grants.screening.entries import EntryType, Name, Quality
from grants.screening.matching import Index, Subject
from grants.screening.validity import (
    Decision,
    Disposition,
    Obstacle,
    Run,
    clears,
    is_stale,
    obstacles,
)
from tests.grants.screening.list_samples import PUBLISHED, TODAY, made_list

SUBJECT = Subject("officer-7", 3, EntryType.INDIVIDUAL, ("Qais Latif Marsoumi",), birth_year=1980)
CLEAN, TWICE = made_list("Samir Hadi"), made_list("Qais Latif Marsoumi", "قيس لطيف المرسومي")
NOW = datetime(2026, 11, 20, 9, tzinfo=UTC)


def run(listed=TWICE, *decisions: Decision) -> Run:
    return Run(Index([listed]).screen(SUBJECT), decisions)


def decided(disposition: Disposition, hit: str = "", officer="Huda", reason="Another father."):
    return Decision(disposition, officer, reason, NOW, hit)


def ask(given: Run, subject: Subject = SUBJECT, today: date = TODAY, **more) -> set[Obstacle]:
    found = obstacles(given, subject=subject, today=today, max_days=30, **more)
    assert clears(given, subject=subject, today=today, max_days=30, **more) == (not found)
    return set(found)


FALSE = (
    decided(Disposition.FALSE_POSITIVE, "Made up:1"),
    decided(Disposition.FALSE_POSITIVE, "Made up:2"),
)


class TestStale:
    @pytest.mark.parametrize(
        ("days", "stale"), [(0, False), (29, False), (30, False), (31, True), (-1, True)]
    )
    def test_days_are_counted_from_the_lists_own_date(self, days, stale):
        assert is_stale(TODAY - timedelta(days=days), TODAY, 30) is stale

    def test_no_days_means_of_today(self):
        assert not is_stale(TODAY, TODAY, 0)
        assert is_stale(TODAY - timedelta(days=1), TODAY, 0)
        with pytest.raises(ValueError, match="days"):
            is_stale(TODAY, TODAY, -1)


class TestClears:
    def test_every_hit_decided_as_somebody_else_clears(self):
        assert ask(run(TWICE, *FALSE)) == set()

    def test_no_score_ever_clears_by_itself(self):
        assert ask(run(TWICE)) == {Obstacle.HIT_OPEN}
        assert ask(run(TWICE, FALSE[0])) == {Obstacle.HIT_OPEN}

    def test_nobody_found_is_signed_for_too(self):
        assert ask(run(CLEAN)) == {Obstacle.NOT_SIGNED}
        assert ask(run(CLEAN, decided(Disposition.CLEAR_NO_HIT))) == set()

    def test_hits_are_not_cleared_by_signing_for_none(self):
        assert ask(run(TWICE, decided(Disposition.CLEAR_NO_HIT))) == {Obstacle.HIT_OPEN}
        assert ask(run(TWICE, decided(Disposition.CLEAR_NO_HIT, "Made up:1"), FALSE[1])) == {
            Obstacle.HIT_OPEN
        }

    def test_nor_is_a_run_without_hits_by_deciding_one(self):
        given = run(CLEAN, decided(Disposition.FALSE_POSITIVE, "Made up:1"))
        assert ask(given) == {Obstacle.NOT_SIGNED}

    @pytest.mark.parametrize("missing", [{"officer": " "}, {"reason": ""}])
    def test_a_decision_without_officer_or_reason_is_none(self, missing):
        assert ask(run(TWICE, FALSE[0], replace(FALSE[1], **missing))) == {Obstacle.HIT_OPEN}
        unsigned = replace(decided(Disposition.CLEAR_NO_HIT), **missing)
        assert ask(run(CLEAN, unsigned)) == {Obstacle.NOT_SIGNED}

    def test_an_escalated_hit_is_open_until_it_is_decided_anew(self):
        passed_on = decided(Disposition.ESCALATED, "Made up:2")
        assert ask(run(TWICE, FALSE[0], passed_on)) == {Obstacle.HIT_ESCALATED}
        assert ask(run(TWICE, FALSE[0], passed_on, FALSE[1])) == set()
        assert ask(run(TWICE, *FALSE, passed_on)) == {Obstacle.HIT_ESCALATED}

    def test_a_true_match_is_never_cleared(self):
        match = decided(Disposition.TRUE_MATCH, "Made up:2")
        assert ask(run(TWICE, FALSE[0], match)) == {Obstacle.TRUE_MATCH}
        assert ask(run(TWICE, match, *FALSE)) == {Obstacle.TRUE_MATCH}
        assert Obstacle.TRUE_MATCH in ask(run(TWICE, replace(match, reason=""), *FALSE))

    def test_an_edited_name_voids_it(self):
        edited = replace(SUBJECT, version=4, names=("Qais Latif Marsumi",))
        assert ask(run(TWICE, *FALSE), edited) == {Obstacle.OTHER_VERSION}
        assert ask(run(TWICE, *FALSE), replace(SUBJECT, names=("Qais",))) == {
            Obstacle.OTHER_VERSION
        }

    def test_lists_grow_old(self):
        given = run(TWICE, *FALSE)
        assert ask(given, today=PUBLISHED + timedelta(days=30)) == set()
        assert ask(given, today=PUBLISHED + timedelta(days=31)) == {Obstacle.LIST_STALE}

    def test_one_old_list_among_new_ones_is_enough(self):
        old = made_list("Omar Saad", name="Old", dated=PUBLISHED - timedelta(days=20))
        result = Index([TWICE, old]).screen(SUBJECT)
        assert ask(Run(result, FALSE)) == {Obstacle.LIST_STALE}

    def test_every_list_asked_for_must_have_been_used(self):
        given = run(TWICE, *FALSE)
        assert ask(given, lists=["Made up"]) == set()
        assert ask(given, lists=["Made up", "UN Security Council"]) == {Obstacle.LIST_MISSING}

    def test_a_result_of_no_list_clears_nobody(self):
        given = run(CLEAN, decided(Disposition.CLEAR_NO_HIT))
        assert Obstacle.NO_LIST in ask(replace(given, result=replace(given.result, lists=())))

    def test_each_obstacle_has_words_in_both_languages(self):
        for obstacle in Obstacle:
            with translation.override("en"):
                english = str(obstacle.label)
            with translation.override("ar"):
                arabic = str(obstacle.label)
            assert english
            assert arabic != english


class TestInWords:
    def test_a_hit_is_explained_in_both_languages(self):
        listed = made_list("Qais Hadi Latif")
        entry = replace(
            listed.entries[0],
            names=(Name("Samir", Quality.PRIMARY), Name("قيس هادي لطيف", Quality.LOW)),
            birth_years=(1975,),
        )
        (hit,) = Index([replace(listed, entries=(entry,))]).screen(SUBJECT, 0.5).hits
        said = in_both_languages(hit)
        english = " ".join(said["en"])
        assert "a name the list is unsure of" in english
        assert f"alike by {hit.score:.2f} of 1" in english
        assert "Only in the name asked: \u2068marsoumi\u2069." in english
        assert "Only on the list: \u2068هادي\u2069." in english
        assert "Born in 1980; the list says 1975." in english
        assert len(said["ar"]) == len(said["en"])
        assert not set(said["ar"]) & set(said["en"])

    def test_what_is_alike_is_told_part_by_part(self):
        (hit,) = Index([made_list("Marsoumi Qais Latif")]).screen(SUBJECT).hits
        said = in_both_languages(hit)["en"]
        assert "\u2068qais\u2069 and \u2068qais\u2069 sound the same." in said
        assert "The parts stand in another order." in said
        assert "The birth years cannot be compared." in said
        assert "the main name on the list" in said[0]

    def test_a_name_cannot_turn_the_sentence_around(self):
        (hit,) = Index([made_list("Qais Latif \u202eimuosraM")]).screen(SUBJECT, 0.5).hits
        assert "\u202e" not in " ".join(in_both_languages(hit)["en"])
