"""The boundaries as they are drawn: coarser than the shipped ones, and without gaps between them.

One file a governorate under `static/places/outlines/`, made by `script/outlines` from the shipped
boundaries and read by the browser and by the picture for pages without script. Neighbours keep one
common edge: all sub-districts are simplified together, and districts are what their sub-districts
cover. Coordinates are whole ten-thousandths of a degree (about ten metres), longitude before
latitude; each ring begins with a point and goes on by steps from point to point.
"""

import json
from functools import lru_cache
from pathlib import Path
from typing import Any

from ceasefire.places.services import DATA

FOLDER = Path(__file__).with_name("static") / "places" / "outlines"
#: Parts of a degree in which coordinates are written.
SCALE = 10_000
#: Corners that take away less than this squared, in degrees, are left out (Visvalingam's rule).
TOLERANCE = 0.004


def path_of(pcode: str) -> str:
    """The static file of a governorate, or "" where there is none (a code of somebody's own)."""
    return f"places/outlines/{pcode}.json" if shapes(pcode) else ""


@lru_cache(maxsize=32)
def shapes(pcode: str) -> dict[str, Any]:
    """What is drawn of a governorate; empty where nothing is shipped.

    Keys: `box` (west, south, east, north in degrees), `areas` {sub-district: polygons of rings},
    `at` {area or district: a point inside, longitude and latitude}, `districts` and `edge` as rings
    of what the districts and the governorate cover.
    """
    file = FOLDER / f"{pcode}.json"
    if not pcode.isalnum() or not file.exists():
        return {}
    found: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return found


def points(ring: list[int]) -> list[tuple[float, float]]:
    """A ring as it is written, as longitudes and latitudes in degrees."""
    x = y = 0
    found = []
    for at in range(0, len(ring), 2):
        x, y = x + ring[at], y + ring[at + 1]
        found.append((x / SCALE, y / SCALE))
    return found


def write_all(folder: Path = FOLDER) -> int:
    """Simplify the shipped sub-districts together and write the file of every governorate."""
    import shapely
    from shapely.geometry import shape

    raw = json.loads((DATA / "iraq_adm3.geojson").read_text(encoding="utf-8"))["features"]
    whole = [shape(feature["geometry"]) for feature in raw]
    if not shapely.coverage_is_valid(whole):
        raise ValueError("the sub-districts overlap or gap")
    drawn = shapely.coverage_simplify(whole, TOLERANCE)
    facts = [feature["properties"] for feature in raw]
    folder.mkdir(parents=True, exist_ok=True)
    governorates = sorted({fact["parent"][:5] for fact in facts})
    for governorate in governorates:
        own = {
            fact["pcode"]: area
            for fact, area in zip(facts, drawn, strict=True)
            if fact["parent"].startswith(governorate)
        }
        districts = {
            district: shapely.coverage_union_all(
                [area for pcode, area in own.items() if pcode.startswith(district)]
            )
            for district in sorted({pcode[:8] for pcode in own})
        }
        edge = shapely.coverage_union_all(list(own.values()))
        content = {
            "pcode": governorate,
            "box": [round(value, 4) for value in edge.bounds],
            "areas": {pcode: _polygons(area) for pcode, area in sorted(own.items())},
            "at": {
                pcode: [round(value, 4) for value in _inside(area)]
                for pcode, area in sorted({**own, **districts}.items())
            },
            "districts": {
                pcode: [ring for polygon in _polygons(area) for ring in polygon]
                for pcode, area in districts.items()
            },
            "edge": [ring for polygon in _polygons(edge) for ring in polygon],
        }
        text = json.dumps(content, separators=(",", ":"), sort_keys=True)
        (folder / f"{governorate}.json").write_text(text + "\n", encoding="utf-8")
    return len(governorates)


def _inside(area: Any) -> tuple[float, float]:
    """Where a number stands: as far from the edges of the largest part as can be."""
    import shapely

    largest = max(shapely.get_parts(area), key=lambda part: part.area)
    line = shapely.maximum_inscribed_circle(largest, tolerance=0.005)
    return line.coords[0][0], line.coords[0][1]


def _polygons(area: Any) -> list[list[list[int]]]:
    import shapely

    return [
        [_steps(ring) for ring in (part.exterior, *part.interiors)]
        for part in shapely.get_parts(area)
    ]


def _steps(ring: Any) -> list[int]:
    """A ring as its first point and steps; the last point, which is the first, is left out."""
    corners = [(round(x * SCALE), round(y * SCALE)) for x, y in ring.coords[:-1]]
    found: list[int] = []
    before = (0, 0)
    for corner in corners:
        step = (corner[0] - before[0], corner[1] - before[1])
        if found and step == (0, 0):
            continue
        found.extend(step)
        before = corner
    return found
