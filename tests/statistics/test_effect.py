"""The effect of a program: five designs of R's reproduced, one of them used."""

from __future__ import annotations

import numpy as np
import pytest

from ceasefire.statistics import counts
from ceasefire.statistics.effect import MOST_CHOICES, Reason, Verdict, effect, judged_together

from .reference import FOLDER, column, rows

PANELS = ("its_effect", "its_null_downtrend")


def _panel(name: str):
    read = rows(FOLDER / "data" / f"{name}.csv")
    theirs = {row["model"]: row for row in rows(FOLDER / "its" / f"{name}.csv")}
    return read, theirs


def _agrees(theirs: dict[str, str], estimate: float, error: float, *, within: float = 1e-5):
    assert estimate == pytest.approx(float(theirs["log_rr"]), rel=within, abs=1e-7)
    assert error == pytest.approx(float(theirs["se"]), rel=5e-5)


@pytest.mark.parametrize("name", PANELS)
def test_regressions_of_counts_give_the_figures_of_r(name):
    read, theirs = _panel(name)
    week, treated, post, y = (column(read, key) for key in ("week", "treated", "post", "count"))
    weeks = np.unique(week)
    inside = np.array([y[(week == one) & (treated == 1)].sum() for one in weeks])
    after = np.array([post[week == one].max() for one in weeks])
    ones, years = np.ones(len(weeks)), (weeks - weeks.mean()) / 52.18

    naive = counts.negative_binomial(np.column_stack([ones, after]), inside)
    _agrees(theirs["naive_before_after_nb"], naive.coefficients[1], naive.covariance[1, 1] ** 0.5)
    turn = 2 * np.pi * weeks / 52.18
    design = np.column_stack([ones, years, after, np.sin(turn), np.cos(turn)])
    single = counts.negative_binomial(design, inside)
    _agrees(theirs["its_single_group_nb"], single.coefficients[2], single.covariance[2, 2] ** 0.5)
    error = counts.newey_west(single, 8)[2, 2] ** 0.5
    _agrees(theirs["its_single_group_nb_neweywest8"], single.coefficients[2], error)

    district = np.array([row["district"] for row in read])
    design = np.column_stack(
        [district[:, None] == np.unique(district), week[:, None] == weeks[1:], treated * post]
    ).astype(float)
    both = counts.poisson(design, y)
    error = (both.covariance[-1, -1] * both.dispersion) ** 0.5
    _agrees(theirs["did_twfe_quasipoisson"], both.coefficients[-1], error)
    error = counts.clustered(both, district)[-1, -1] ** 0.5
    _agrees(theirs["did_twfe_poisson_cluster_district"], both.coefficients[-1], error)


def _table(name: str) -> tuple[np.ndarray, np.ndarray]:
    read, _theirs = _panel(name)
    y = column(read, "count").reshape(8, -1).T
    return y, column(read, "treated").reshape(8, -1)[:, 0] == 1


def test_nothing_is_said_where_nothing_happened():
    table, treated = _table("its_null_downtrend")
    found = effect(table, start=208, treated=treated)
    assert found.verdict is Verdict.CANNOT_TELL
    assert found.low < 1 < found.high


def test_the_true_ratio_lies_in_the_interval():
    table, treated = _table("its_effect")
    found = effect(table, start=208, treated=treated)
    assert found.low < 0.75 < found.high
    assert found.ratio < 1
    assert len(found.placebo) == 27
    assert found.p_placebo == pytest.approx(
        (1 + (np.abs(np.log(found.placebo)) >= abs(np.log(found.ratio))).sum()) / 28
    )


def _world(seed: int, ratio: float, decline: float = 0.15) -> np.ndarray:
    """Eight districts under one drift, a program in the first two from week 208."""
    rng = np.random.default_rng(seed)
    weeks = np.arange(312)
    common = -decline * weeks / 52.18 + np.cumsum(rng.normal(0, 0.02, 312))
    own = rng.normal(0, 0.12, 8)  # each district's own change, which a program is not
    level = np.exp(common)[:, None] * rng.uniform(1.2, 6, 8) * np.exp(own * (weeks[:, None] >= 208))
    level[208:, :2] *= ratio
    return rng.negative_binomial(6, 6 / (6 + level))


@pytest.mark.parametrize(("ratio", "least", "most"), [(1.0, 0.0, 0.07), (0.5, 0.6, 1.0)])
def test_fewer_is_said_seldom_by_chance_and_often_of_a_half(ratio, least, most):
    treated = np.arange(8) < 2
    found = [effect(_world(one, ratio), start=208, treated=treated).verdict for one in range(60)]
    share = np.mean([one in (Verdict.FEWER, Verdict.MORE) for one in found])
    assert least <= share <= most


@pytest.mark.parametrize(
    ("table", "start", "treated", "why"),
    [
        (np.ones((312, 5)), 208, [1, 1, 0, 0, 0], Reason.COMPARISONS),
        (np.ones((312, 8)), 208, [0] * 8, Reason.COMPARISONS),
        (np.ones((312, 8)), 40, [1, 1, *[0] * 6], Reason.WEEKS_BEFORE),
        (np.ones((312, 8)), 300, [1, 1, *[0] * 6], Reason.WEEKS_AFTER),
        (np.zeros((312, 8)), 208, [1, 1, *[0] * 6], Reason.EVENTS_BEFORE),
        (np.full((312, 8), np.nan), 208, [1, 1, *[0] * 6], Reason.WEEKS_BEFORE),
        # Every district alike, after as before: how far chance alone takes them apart is not known.
        (np.ones((312, 8)), 208, [1, 1, *[0] * 6], Reason.SPREAD),
    ],
)
def test_too_little_is_said_to_be_too_little(table, start, treated, why):
    found = effect(table, start=start, treated=treated)
    assert (found.verdict, found.reason) == (Verdict.TOO_LITTLE, why)
    assert np.isnan(found.ratio)


def test_districts_that_went_apart_before_the_start_are_not_compared():
    rng = np.random.default_rng(6)
    level = np.full((312, 8), 6.0)
    level[104:, :2] *= 0.3
    found = effect(rng.poisson(level), start=208, treated=np.arange(8) < 2)
    assert (found.verdict, found.reason) == (Verdict.CANNOT_TELL, Reason.APART_BEFORE)


def _one_treated(others: int, *, elsewhere: float = 0.0) -> np.ndarray:
    """The program's district falls from two a week to a fifth; the others as they are told."""
    rng = np.random.default_rng(5)
    table = rng.poisson(elsewhere, (312, 1 + others)).astype(float)
    table[:, 0] = np.where(np.arange(312) < 208, 2, np.arange(312) % 5 == 0)
    return table


def test_districts_without_an_incident_are_nothing_to_compare_with():
    """Their ratios are all the same, so the interval had no width: "fewer, 0.11 (0.11 to 0.11)"."""
    found = effect(_one_treated(12), start=208, treated=np.arange(13) < 1)
    assert (found.verdict, found.reason) == (Verdict.TOO_LITTLE, Reason.EVENTS_EACH)
    assert np.isnan([found.ratio, found.low, found.high]).all()


@pytest.mark.parametrize("empty", [0, 1])
def test_each_side_needs_incidents_before_the_start(empty):
    table = _one_treated(12, elsewhere=2)
    assert effect(table, start=208, treated=np.arange(13) < 1).verdict is not Verdict.TOO_LITTLE
    table[:208, empty] = 0
    table[:9, empty] = 1
    found = effect(table, start=208, treated=np.arange(13) < 1)
    assert found.reason is Reason.EVENTS_EACH
    table[:10, empty] = 1
    assert effect(table, start=208, treated=np.arange(13) < 1).reason is not Reason.EVENTS_EACH


@pytest.mark.parametrize(("others", "can_speak"), [(8, False), (9, True)])
def test_fewer_than_ten_choices_can_never_say_anything_and_that_is_told(others, can_speak):
    found = effect(_one_treated(others, elsewhere=2), start=208, treated=np.arange(others + 1) < 1)
    assert found.choices == others + 1
    assert found.p_placebo == pytest.approx(1 / (others + 1))
    assert not found.low < 1 < found.high
    if can_speak:
        assert (found.verdict, found.reason) == (Verdict.FEWER, Reason.NONE)
    else:
        assert (found.verdict, found.reason) == (Verdict.CANNOT_TELL, Reason.CHOICES)
        assert not found.is_tested


def test_of_very_many_choices_some_are_drawn_by_the_seed():
    """Half of thirty districts can be chosen in 155 million ways."""
    table = np.random.default_rng(9).poisson(1.5, (312, 30))
    inside = np.arange(30) < 15
    found = effect(table, start=208, treated=inside, seed=[3, 1])
    assert found.choices == 155_117_520
    assert len(found.placebo) == MOST_CHOICES
    again = effect(table, start=208, treated=inside, seed=[3, 1])
    assert (again.placebo == found.placebo).all()
    other = effect(table, start=208, treated=inside, seed=[3, 2])
    assert (other.placebo != found.placebo).any()
    assert other.p_placebo == pytest.approx(found.p_placebo, abs=0.05)


def test_a_drawn_choice_holds_each_district_as_often_as_any_other():
    """Five of seventeen: 6188 choices. The ratios of those drawn lie about as those of all do."""
    table = np.random.default_rng(2).poisson(2, (312, 17))
    inside = np.arange(17) < 5
    found = effect(table, start=208, treated=inside)
    assert len(found.placebo) <= MOST_CHOICES < found.choices == 6188
    assert np.log(found.placebo).mean() == pytest.approx(0, abs=0.01)


def test_among_many_programs_judged_at_once_one_alone_does_not_speak():
    told = effect(_one_treated(9, elsewhere=2), start=208, treated=np.arange(10) < 1)
    assert told.verdict is Verdict.FEWER
    quiet = effect(_world(4, 1.0), start=208, treated=np.arange(8) < 2)
    assert quiet.is_tested
    assert quiet.verdict is Verdict.CANNOT_TELL
    assert judged_together([told]) == [told]
    assert judged_together([]) == []
    first, second = judged_together([told, quiet])
    assert (first.verdict, first.reason) == (Verdict.CANNOT_TELL, Reason.MANY)
    assert second is quiet
    # Two that say so bear each other out; what could say nothing anyhow does not count.
    assert [one.verdict for one in judged_together([told, told])] == [Verdict.FEWER] * 2
    nothing = effect(_one_treated(12), start=208, treated=np.arange(13) < 1)
    assert judged_together([told, nothing])[0].verdict is Verdict.FEWER
