"""Charts: well-formed, the same every time, safe with any name, honest about what is not known."""

from datetime import date, timedelta
from xml.etree import ElementTree

import pytest
from django.utils import translation

from ceasefire.look import charts, plots
from ceasefire.look.charts import WeekBar

SVG = "{http://www.w3.org/2000/svg}"


def weeks(*values, expected=2.0, upper=5.0, start=date(2026, 1, 4), **last):
    """Weeks from a start; the last one takes the extra facts."""
    bars = [
        WeekBar(start + timedelta(weeks=index), value, expected, upper)
        for index, value in enumerate(values)
    ]
    if last:
        facts = {"expected": expected, "upper": upper} | last
        bars[-1] = WeekBar(bars[-1].start, bars[-1].value, **facts)
    return bars


CHARTS = {
    "weekly bars": lambda rtl: charts.weekly_bars(
        "a", "T <b>", "S & s", weeks(1, None, 3, 9, state="unusual"), unit="<i>", rtl=rtl
    ),
    "weekly bars of nothing": lambda rtl: charts.weekly_bars("a", "T", "S", [], rtl=rtl),
    "weekly bars never tested": lambda rtl: charts.weekly_bars(
        "a", "T", "S", weeks(0, 0, expected=None, upper=None), rtl=rtl
    ),
    "weekly bars, long and large": lambda rtl: charts.weekly_bars(
        "a", "T", "S", weeks(*range(0, 1040, 10), complete=False), rtl=rtl, digits="arabic"
    ),
    "small multiples": lambda rtl: charts.small_multiples(
        "b", "T", "S", [("Al <x>", weeks(1, 2)), ("البصرة", weeks(8, None))], rtl=rtl
    ),
    "small multiples of nothing": lambda rtl: charts.small_multiples("b", "T", "S", [], rtl=rtl),
    "horizontal bars": lambda rtl: charts.horizontal_bars(
        "c", "T", "S", [("A&B", 3), ("C", 0), ("D", None)], marked={"A&B"}, rtl=rtl
    ),
    "horizontal bars of nothing": lambda rtl: charts.horizontal_bars("c", "T", "S", [], rtl=rtl),
    "heat table": lambda rtl: charts.heat_table(
        "d", "T", "S", ["<1", "2"], [("Sun", [1, "< 3"]), ("Mon", [None, 0])], rtl=rtl
    ),
    "heat table of nothing": lambda rtl: charts.heat_table("d", "T", "S", [], [], rtl=rtl),
}


def pictures(chart):
    return [svg for _name, svg in chart.panels] or [chart.svg]


@pytest.mark.parametrize("rtl", [False, True], ids=["to the right", "to the left"])
@pytest.mark.parametrize("make", CHARTS.values(), ids=CHARTS.keys())
def test_every_chart_is_well_formed_named_and_the_same_again(make, rtl):
    chart = make(rtl)

    assert chart == make(rtl)
    for picture in [ElementTree.fromstring(f"<p>{chart.svg}</p>"), *map(parse, pictures(chart))]:
        for svg in picture.iter(f"{SVG}svg"):
            if svg.get("role") != "img":
                continue
            labels = svg.get("aria-labelledby").split()
            ids = {part.get("id"): part for part in svg.iter() if part.get("id")}
            assert labels[0] in ids
            assert "".join(ids[labels[0]].itertext()).strip()


def parse(svg):
    return ElementTree.fromstring(svg)


@pytest.mark.parametrize("make", CHARTS.values(), ids=CHARTS.keys())
def test_no_chart_breaks_the_content_policy(make):
    for svg in [make(False).svg, make(True).svg]:
        assert "style" not in svg
        assert "<script" not in svg
        assert "href" not in svg


def test_a_chart_reads_from_the_other_side_in_arabic():
    bars = weeks(1, 1, 1, 4)
    to_the_right = parse(charts.weekly_bars("a", "T", "S", bars, rtl=False).svg)
    to_the_left = parse(charts.weekly_bars("a", "T", "S", bars, rtl=True).svg)

    def tallest(svg):
        found = [rect for rect in svg.iter(f"{SVG}rect") if rect.get("class") == "c-bar"]
        return max(found, key=lambda rect: float(rect.get("height")))

    ltr, rtl = tallest(to_the_right), tallest(to_the_left)
    width = float(ltr.get("width").rstrip("%"))
    start = float(ltr.get("x").rstrip("%"))
    assert start > 75
    assert float(rtl.get("x").rstrip("%")) == pytest.approx(100 - start - width, abs=0.01)


def test_bars_start_at_zero_and_keep_their_proportion():
    svg = parse(charts.weekly_bars("a", "T", "S", weeks(2, 4, 8), rtl=False).svg)
    heights = [
        float(rect.get("height")) for rect in svg.iter(f"{SVG}rect") if rect.get("class") == "c-bar"
    ]

    assert heights[1] == pytest.approx(2 * heights[0], abs=0.01)
    assert heights[2] == pytest.approx(4 * heights[0], abs=0.01)


def test_small_multiples_share_one_scale():
    chart = charts.small_multiples(
        "m", "T", "S", [("low", weeks(1, upper=1.0)), ("high", weeks(10, upper=1.0))], rtl=False
    )
    heights = [
        float(
            next(r for r in parse(svg).iter(f"{SVG}rect") if r.get("class") == "c-bar").get(
                "height"
            )
        )
        for _name, svg in chart.panels
    ]

    assert heights[1] == pytest.approx(10 * heights[0], abs=0.05)


def test_a_missing_week_is_hatched_and_said_never_zero():
    chart = charts.weekly_bars("a", "T", "S", weeks(1, None, 3), rtl=False)

    assert "url(#a-hatch)" in chart.svg
    assert "1 week without data." in chart.svg
    assert [row[1] for row in chart.rows] == ["3", "no data", "1"]
    assert [str(key.label) for key in chart.legend] == ["expected, with its usual range", "no data"]


def test_an_unusual_week_has_dots_a_mark_and_a_word():
    chart = charts.weekly_bars("a", "T", "S", weeks(1, 2, 9, state="unusual"), rtl=False)

    assert "url(#a-dots)" in chart.svg
    assert "1 unusual week." in chart.svg
    assert "unusual" in [str(key.label) for key in chart.legend]


def test_an_ordinary_chart_shows_no_legend_it_does_not_need():
    chart = charts.weekly_bars("a", "T", "S", weeks(1, 2, expected=None, upper=None), rtl=False)

    assert chart.legend == ()
    assert len(chart.head) == 2


def test_the_table_holds_every_number_of_the_chart():
    chart = charts.heat_table("d", "T", "S", ["0", "6"], [("Sun", [1, "< 3"]), ("Mon", [None, 4])])

    assert chart.rows == (("Sun", "1", "< 3"), ("Mon", "no data", "4"))


def test_names_that_would_meet_on_a_phone_are_numbered_and_told_below():
    stages = ["Proposal", "Procurement", "Vetting", "Approval", "Signature", "Monitoring"]
    chart = charts.heat_table("d", "T", "S", stages, [("Draft", [1, 2, 3, 4, 5, 6])])

    assert "Procurement" not in chart.svg
    assert [key.label for key in chart.legend] == stages
    assert [">1<" in key.svg for key in chart.legend] == [True] + [False] * 5
    assert chart.head == ("", *stages)


def test_names_with_room_stand_above_their_columns():
    chart = charts.heat_table("d", "T", "S", ["Proposal", "Award"], [("Draft", [1, 2])])

    assert "Proposal" in chart.svg
    assert chart.legend == ()


def test_arabic_digits_reach_the_axis_and_the_table():
    with translation.override("ar"):
        chart = charts.weekly_bars("a", "T", "S", weeks(12), digits="arabic")

    assert chart.rows[0][0] == "٤/١/٢٠٢٦"
    assert chart.rows[0][1] == "١٢"
    assert 'direction="rtl"' in chart.svg


def test_a_picture_for_a_document_names_its_font():
    chart = charts.horizontal_bars("c", "T", "S", [("A", 1)])

    assert parse(chart.picture("Noto Naskh Arabic")).get("font-family") == "Noto Naskh Arabic"


@pytest.mark.parametrize("rtl", [False, True], ids=["to the right", "to the left"])
@pytest.mark.parametrize("highest", [3, 40, 900, 12_000])
@pytest.mark.parametrize("small", [False, True], ids=["a chart", "a small multiple"])
def test_the_numbers_of_the_axis_stand_before_the_bars(small, highest, rtl):
    bars = weeks(highest, 1, highest, expected=None, upper=None)
    if small:
        picture = charts.small_multiples("a", "T", "S", [("A", bars)], rtl=rtl).panels[0][1]
    else:
        picture = charts.weekly_bars("a", "T", "S", bars, rtl=rtl).svg
    drawing = ElementTree.fromstring(picture)
    narrow = 200 if small else 300  # pixels, on a phone

    def share(value):
        found = float(value.removesuffix("%"))
        return 100 - found if rtl else found

    # Days and years below the bars keep their digits in order by a direction of their own.
    words = [text for text in drawing.iter(f"{SVG}text") if text.get("direction") is None]
    numbers = [text for text in words if text.get("text-anchor") == "end"]
    ends = [share(text.get("x")) for text in numbers]
    widest = max(len(text.text) for text in numbers)
    first = min(
        share(bar.get("x")) - (float(bar.get("width")[:-1]) if rtl else 0)
        for bar in drawing.iter(f"{SVG}rect")
        if bar.get("x", "").endswith("%")
    )

    assert ends
    assert max(ends) <= first
    # A digit of this size is some seven pixels wide; none falls off the picture's edge.
    assert min(ends) * narrow / 100 >= 7 * widest


def test_one_pair_is_said_as_one():
    rows = [("Killing", [(3.5, 1, False), (1.2, 23, True), (None, 1, False)])]
    svg = plots.pairs("pairs", "t", "s", ["0 to 2 days", "3 to 7 days", "8 to 14 days"], rows).svg
    assert svg.count(">1 pair<") == 2
    assert ">23 pairs<" in svg
    assert "1 pairs" not in svg
