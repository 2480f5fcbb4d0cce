"""PDF: Arabic joined and from the right, codes whole, text that can be copied, always the same."""

import io
from datetime import UTC, date, datetime
from decimal import Decimal

import pypdf
import pypdfium2
import pytest
import typst

from ceasefire.exports import Column, table_data, write_pdf

CHART = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 400 120">'
    '<rect x="10" y="20" width="40" height="80" fill="#a5341f"/>'
    '<text x="150" y="115" font-size="12" font-family="sans-serif">البصرة QRF-2026</text></svg>'
)
REPORT = {
    "title": "تقرير الأسبوع",
    "subtitle": "مركز البصرة",
    "meta": [["المنحة", "QRF-2026-0007"], ["حتى", datetime(2026, 11, 29, 2, 0)]],
    "who": "DATA-07",
    "when": datetime(2026, 11, 29, 8, 30),
    "control": [["الحوادث", 1240]],
    "marking": "بيانات تجريبية",
    "blocks": [
        {"kind": "heading", "text": "جملة"},
        {"kind": "heading", "text": "جملة", "level": 2},
        {"kind": "paragraph", "text": "بدأت المنحة (QRF-2026) في البصرة، وعددها 12."},
        {"kind": "note", "tone": "overdue", "title": "تنبيه", "text": "إطلاق نار في الزبير"},
        {"kind": "list", "items": ["نقطة", "English QRF-2026"]},
        {"kind": "facts", "items": [["الموقع", "مركز البصرة"]]},
        {"kind": "figures", "items": [{"value": -2, "label": "قتلى", "note": "المعتاد"}]},
        {
            "kind": "table",
            "caption": "الحوادث",
            "columns": [
                {"label": "القضاء"},
                {"label": "العدد", "kind": "int"},
                {"label": "المتوقع", "kind": "decimal", "places": 1},
                {"label": "اليوم", "kind": "date"},
            ],
            "rows": [["البصرة", 1240, Decimal("2.25"), date(2026, 11, 22)], ["x", None, -3, None]],
            "totals": ["", 1240, None, None],
            "note": "ملاحظة",
        },
        {"kind": "chart", "svg": CHART, "title": "رسم", "alt": "أعمدة"},
        {"kind": "pagebreak"},
        {"kind": "charts", "columns": 2, "items": [{"svg": CHART}, {"svg": CHART}]},
    ],
}


def pages_of(file: bytes) -> list[str]:
    return [page.extract_text() for page in pypdf.PdfReader(io.BytesIO(file)).pages]


def copied(file: bytes, page: int = 0) -> str:
    """The text as a browser's own reader copies it."""
    document = pypdfium2.PdfDocument(file)
    try:
        return document[page].get_textpage().get_text_bounded()
    finally:
        document.close()


def test_arabic_and_codes_inside_it_can_be_copied():
    file = write_pdf("base", REPORT, language="ar")

    text = "\n".join(pages_of(file))
    assert "QRF-2026" in text
    assert "QRF-2026-0007" in text
    assert "22/11/2026" in text
    assert "1,240" in text
    assert "-3.0" in text
    for word in ("البصرة", "المنحة", "الزبير"):
        assert word in copied(file)


def test_a_rendered_page_has_ink_and_arabic_begins_at_the_right():
    file = write_pdf("base", {"title": "تقرير", "blocks": []}, language="ar")
    document = pypdfium2.PdfDocument(file)
    picture = document[0].render(scale=1, grayscale=True).to_numpy().squeeze()
    document.close()

    head = picture[60:110]  # where the title stands
    half = head.shape[1] // 2
    assert (head[:, half:] < 128).sum() > 200
    assert (head[:, :half] < 128).sum() == 0


def test_arabic_letters_are_joined():
    """Joined, the letters of a word touch: fewer gaps between columns of ink than letters."""
    file = write_pdf("base", {"title": "محمد", "blocks": []}, language="ar")
    document = pypdfium2.PdfDocument(file)
    picture = document[0].render(scale=3, grayscale=True).to_numpy().squeeze()
    document.close()

    inked = (picture[180:330] < 128).any(axis=0)
    pieces = (inked[1:] & ~inked[:-1]).sum()
    assert pieces == 1


@pytest.mark.parametrize("language", ["en", "ar"])
def test_the_foot_counts_the_pages(language, monkeypatch):
    monkeypatch.setattr(
        "ceasefire.exports.pdf._",
        lambda text: (
            text
            if language == "en"
            else {"Page PAGE of PAGES": "صفحة PAGE من PAGES"}.get(text, text)
        ),
    )

    pages = pages_of(write_pdf("base", REPORT, language=language))

    for number, page in enumerate(pages, start=1):
        line = f"Page {number} of {len(pages)}"
        assert line in page if language == "en" else "صفحة" in page
        assert "DATA-07" in page


def test_what_people_typed_is_never_read_as_a_program():
    text = '#panic() $x$ *b* _i_ <l> @r "q" \\ #include("/etc/passwd") {{x}} `c`'

    page = pages_of(
        write_pdf(
            "base", {"title": text, "blocks": [{"kind": "paragraph", "text": text}]}, language="en"
        )
    )[0]

    assert "#panic() $x$ *b* _i_" in page
    assert '#include("/etc/passwd")' in page


def test_marks_that_reorder_text_are_gone():
    page = pages_of(write_pdf("base", {"title": "abc\u202edef", "blocks": []}, language="en"))[0]

    assert "abcdef" in page


def test_the_same_data_give_the_same_bytes():
    assert write_pdf("base", REPORT, language="ar") == write_pdf("base", REPORT, language="ar")
    assert write_pdf("base", REPORT, language="ar") != write_pdf(
        "base", REPORT, language="ar", created=datetime(2026, 1, 1, tzinfo=UTC)
    )


def test_a_long_table_repeats_its_head_and_ends_with_its_totals():
    columns = [
        Column("code", "Code", "code"),
        Column("summary", "Summary"),
        Column("killed", "Killed", "int", total=True),
    ]
    rows = [{"code": f"INC-2026-{n:06}", "summary": "x" * 30, "killed": 1} for n in range(150)]

    pages = pages_of(
        write_pdf("table", table_data(columns, rows, title="Incidents", notes=["n"]), language="en")
    )

    assert len(pages) > 3
    assert all("Summary" in page for page in pages[:-1])
    assert "Rows: 150" in pages[-1]
    assert "Killed: 150" in pages[-1]


def test_an_empty_table_is_set_too():
    columns = [Column("a", "A", "int"), Column("b", "B")]

    assert (
        "Rows: 0"
        in pages_of(write_pdf("table", table_data(columns, [], title="T"), language="en"))[0]
    )


def test_only_our_own_fonts_are_used():
    fonts = set()
    for page in pypdf.PdfReader(io.BytesIO(write_pdf("base", REPORT, language="ar"))).pages:
        fonts |= {
            str(font["/BaseFont"]) for font in page["/Resources"]["/Font"].get_object().values()
        }

    assert fonts
    assert all("NotoSans" in font for font in fonts)


def test_a_wrong_shape_is_an_error():
    with pytest.raises(typst.TypstError):
        write_pdf("base", {"title": "x", "blocks": [{"kind": "dance"}]}, language="en")
    with pytest.raises(ValueError):
        write_pdf(
            "base",
            {"blocks": [{"kind": "table", "columns": [{"label": "a"}], "rows": [[1, 2]]}]},
            language="en",
        )
    with pytest.raises(ValueError):
        write_pdf("../base", {}, language="en")


def test_a_label_at_the_right_edge_of_an_arabic_picture_stays_on_it():
    """The renderer does not know direction, so a text that starts at the right edge ran off it."""
    picture = (
        '<svg xmlns="http://www.w3.org/2000/svg" width="640" height="60" direction="rtl">'
        '<text x="100%" y="20" font-size="12">وسم</text>'
        '<text x="100%" y="40" font-size="12" text-anchor="start">6</text>'
        '<text x="0%" y="40" font-size="12" text-anchor="start" direction="ltr">28/6</text></svg>'
    )

    file = write_pdf("base", {"blocks": [{"kind": "chart", "svg": picture}]}, language="ar")
    document = pypdfium2.PdfDocument(file)
    page = document[0].render(scale=1, grayscale=True).to_numpy().squeeze() < 128
    document.close()

    body = page[60:140]  # the picture lies between 51 and 544 points, below the line of the head
    assert body[:, 500:544].sum() > 20, "the labels at the right edge"
    assert body[:, 51:90].sum() > 10, "the day, which runs from left to right by itself"
