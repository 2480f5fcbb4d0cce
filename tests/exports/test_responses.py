"""Files as answers: streamed under the reader's own rights, never cached, with plain names."""

from contextlib import contextmanager
from types import SimpleNamespace

import pytest

from ceasefire.exports import Column, csv_response, file_response, safe_filename, write_xlsx

COLUMNS = [Column("code", "Code", "code")]


@pytest.fixture
def session(monkeypatch):
    """Stands for the database session: notes who is reading, and when it is over."""
    log = []

    @contextmanager
    def acting(user):
        log.append(f"begin {user}")
        try:
            yield
        finally:
            log.append("end")

    monkeypatch.setattr("ceasefire.exports.responses.acting", acting)
    return log


def test_rows_are_read_inside_the_readers_own_session(session):
    def rows():
        session.append("read")
        yield SimpleNamespace(code="INC-1")

    response = csv_response(COLUMNS, rows, "incidents.csv", user="worker")

    assert session == [], "nothing is read before the answer is sent"
    assert b"".join(response.streaming_content) == b'\xef\xbb\xbfcode\r\n"INC-1"\r\n'
    assert session == ["begin worker", "read", "end"]


def test_a_reader_who_goes_away_ends_the_session(session):
    def rows():
        try:
            for number in range(5000):
                yield SimpleNamespace(code=f"INC-{number}")
        finally:
            session.append("closed")

    response = csv_response(COLUMNS, rows, "a.csv", user="worker")
    pieces = iter(response.streaming_content)
    assert len([next(pieces), next(pieces)]) == 2

    response.close()

    assert session == ["begin worker", "closed", "end"]


@pytest.mark.django_db(transaction=True)
def test_a_queryset_is_streamed_in_a_real_session():
    from ceasefire.codes.models import Code

    columns = [Column("code", "Code", "code"), Column("label_ar", "Label")]

    response = csv_response(columns, Code.objects.order_by("pk"), "codes.csv", user=None)

    body = b"".join(response.streaming_content).decode("utf-8-sig")
    assert len(body.splitlines()) == Code.objects.count() + 1


def test_answers_are_downloads_that_nobody_keeps(session, tmp_path):
    path = tmp_path / "x.xlsx"
    write_xlsx(COLUMNS, [], title="T", language="en", file=path)

    for response in (
        csv_response(COLUMNS, [], "a.csv", user=None),
        file_response(b"%PDF", "a.pdf"),
        file_response(path, "a.xlsx"),
    ):
        assert response["Cache-Control"] == "no-store"
        assert response["Content-Disposition"].startswith("attachment; ")
        assert response["X-Content-Type-Options"] == "nosniff"
        response.close()
    assert file_response(b"", "a.pdf", inline=True)["Content-Disposition"].startswith("inline")


@pytest.mark.parametrize(
    "name", ["تقرير.csv", "a b.csv", "../a.csv", 'a".csv', "a\r\n.csv", ".csv"]
)
def test_other_file_names_are_refused(name):
    with pytest.raises(ValueError):
        file_response(b"", name)


def test_a_file_name_is_made_of_codes_and_days():
    name = safe_filename("incidents", "AL-ZUBAIR", "2026-11-22", "الزبير", "a/b", extension=".csv")

    assert name == "incidents-AL-ZUBAIR-2026-11-22-a-b.csv"
