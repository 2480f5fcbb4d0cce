"""A map of many areas has few corners, and neighbours still share their edge."""

import pytest

from ceasefire.look import corners
from ceasefire.look.charts import Area, shaded_areas
from ceasefire.places import outlines


def country():
    found = []
    for file in sorted(outlines.FOLDER.glob("*.json")):
        shapes = outlines.shapes(file.stem)
        for pcode, rings in shapes["districts"].items():
            lines = [outlines.points(ring) for ring in rings]
            found.append(Area(pcode, 3, lines, tuple(shapes["at"][pcode])))
    return found


def test_a_governorate_is_drawn_as_it_is_shipped_and_with_its_names():
    for file in sorted(outlines.FOLDER.glob("*.json")):
        rings = [
            [outlines.points(ring) for ring in shape]
            for shape in outlines.shapes(file.stem)["districts"].values()
        ]
        assert corners.fewer(rings) == rings, file.stem
    basrah = [one for one in country() if one.name.startswith("IQG02")]
    assert shaded_areas("map", "t", "s", basrah).svg.count("<text ") == len(basrah)


def test_the_country_has_no_more_corners_than_a_map_may_and_loses_no_area():
    areas = country()
    pixels = [[[(100 * x, 100 * y) for x, y in ring] for ring in one.rings] for one in areas]
    drawn = corners.fewer(pixels)

    assert sum(len(ring) for rings in pixels for ring in rings) > 5 * corners.MOST
    assert sum(len(ring) for rings in drawn for ring in rings) <= corners.MOST
    assert len(drawn) == len(areas)
    assert all(rings and all(len(ring) > 2 for ring in rings) for rings in drawn)
    picture = shaded_areas("map", "t", "s", areas).svg
    assert len(picture) < 48 * 1024
    assert picture.count("<title>") >= len(areas)
    assert "<text " not in picture


@pytest.mark.parametrize("most", [4, 8, 40])
def test_neighbours_share_their_edge_on_the_grid(most):
    edge = [(50 + 3 * (at % 3), 2.0 * at) for at in range(51)]
    left = [[(0.0, 0.0), *edge, (0.0, 100.0)]]
    right = [[(120.0, 0.0), *edge, (120.0, 100.0)]]
    one, other = corners.fewer([left, right], most)
    inner = [{at for at in ring if 40 < at[0] < 70} for (ring,) in (one, other)]
    assert inner[0] == inner[1]


def test_what_has_no_room_on_the_grid_keeps_three_corners_and_nothing_stays_nothing():
    tiny = [[(1.0, 1.0), (1.1, 1.0), (1.1, 1.1), (1.0, 1.1)]]
    large = [[(at * 1.0, (at % 7) * 30.0) for at in range(2000)]]
    drawn = corners.fewer([tiny, large, []], 100)
    assert [len(rings) for rings in drawn] == [1, 1, 0]
    assert len(drawn[0][0]) == 3
    assert corners.steps(drawn[0][0]).startswith("M1 1l")
    assert corners.fewer([], 10) == []
