"""Likely twins of an import: found by a worker, offered as a list, gone with what they tell of."""

import re
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from ceasefire.jobs.models import Job
from incidents import importing, services, tasks
from incidents.importing import pairs
from incidents.models import ImportBatch, ImportPair, Incident, IncidentMerge
from incidents.views import twins
from tests.incidents.conftest import MOMENT
from tests.incidents.files_to_import import table

pytestmark = pytest.mark.django_db

DAY = MOMENT.date().isoformat()
SAME = {
    "occurred_from": DAY,
    "time_of_day": "evening",
    "method": "shooting",
    "place_type": "street",
    "killed_best": "2",
    "injured_best": "3",
    "summary": "Two men shot in front of a bakery by riders of a motorcycle",
}


@pytest.fixture
def brought(basrah: Any) -> Any:
    """Import rows, and do what the worker does after that."""

    def make(*rows: dict[str, Any], **more: Any) -> ImportBatch:
        outcome = importing.import_file(table(*rows), format="table", site=basrah, by=None, **more)
        assert outcome.done, outcome.problems
        assert Job.objects.filter(kind=importing.PAIR).exists()
        pairs.find_pairs(outcome.batch)
        return outcome.batch

    return make


def codes_of(batch: ImportBatch) -> list[set[str]]:
    return [{pair.first.code, pair.second.code} for pair in batch.pairs.all()]


def records(batch: ImportBatch) -> list[Incident]:
    return list(Incident.objects.filter(batch=batch).order_by("code"))


def address(batch: ImportBatch) -> str:
    return f"{batch.get_absolute_url()}pairs/"


def test_rows_of_one_table_are_held_against_each_other(brought: Any) -> None:
    batch = brought(SAME, SAME, {**SAME, "occurred_from": "2026-01-05"})
    one, other, _later = records(batch)
    assert codes_of(batch) == [{one.code, other.code}]
    # Again: the same.
    assert pairs.find_pairs(batch) == 1
    assert batch.pairs.count() == 1


def test_rows_are_held_against_what_was_there_and_old_pairs_are_no_pairs_of_it(
    brought: Any,
) -> None:
    first = brought(SAME, SAME)
    second = brought({**SAME, "source_id": "B-1"})
    (new,) = records(second)
    assert sorted(map(sorted, codes_of(second))) == sorted(
        sorted((old.code, new.code)) for old in records(first)
    )


def test_a_reviewer_is_offered_the_pairs_and_says_what_they_are(
    brought: Any, signed_in: Any, supervisor: Any
) -> None:
    batch = brought(SAME, SAME, SAME)
    client = signed_in(supervisor)
    assert address(batch) in client.get("/incidents/duplicates/").content.decode()
    page = client.get(address(batch)).content.decode()
    assert page.count("twin-pair") == 3
    one, other, third = records(batch)
    answer = client.post(
        f"/incidents/{one.code}/not-same/{other.code}/", {"from": "import", "batch": str(batch.pk)}
    )
    assert answer["Location"] == address(batch)
    assert client.get(address(batch)).content.decode().count("twin-pair") == 2
    services.merge_incidents(
        kept=one, gone=third, by=supervisor, version=third.version, kept_version=one.version,
        reason="", take=(),
    )  # fmt: skip
    page = client.get(address(batch)).content.decode()
    assert "twin-pair" not in page
    assert "No likely pairs" in page
    assert address(batch) not in client.get("/incidents/duplicates/").content.decode()


def test_nobody_is_shown_a_pair_with_a_record_that_they_may_not_see(
    brought: Any, signed_in: Any, supervisor: Any, data_officer: Any, make_user: Any, zubair: Any
) -> None:
    batch = brought(SAME, {**SAME, "sensitive": "yes"}, SAME)
    hidden = records(batch)[1]
    page = signed_in(data_officer).get(address(batch)).content.decode()
    assert page.count("twin-pair") == 1
    assert hidden.code not in page
    own = signed_in(data_officer).get(batch.get_absolute_url()).content.decode()
    assert re.search(r"Possible duplicates\s*<[^>]*>?1<|Possible duplicates\s+1", own)
    assert signed_in(supervisor).get(address(batch)).content.decode().count("twin-pair") == 3
    stranger = make_user("supervisor", zubair)
    assert signed_in(stranger).get(address(batch)).status_code == 404


def test_an_undo_takes_the_pairs_along_those_of_other_imports_too(brought: Any) -> None:
    first = brought(SAME)
    second = brought({**SAME, "source_id": "B-1"})
    assert second.pairs.count() == 1
    importing.undo_batch(first, by=None)
    assert not ImportPair.objects.exists()
    # What comes late finds nothing to write.
    assert pairs.find_pairs(first) == 0


def test_long_lists_are_paged_and_ask_no_more(
    brought: Any, signed_in: Any, supervisor: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(twins, "PAIRS", 4)
    batch = brought(*[SAME] * 4)
    assert batch.pairs.count() == 6
    client = signed_in(supervisor)
    client.get(address(batch))
    with CaptureQueriesContext(connection) as many:
        page = client.get(address(batch)).content.decode()
    onward = re.search(r'rel="next" href="([^"]+)"', page)[1].replace("&amp;", "&")
    with CaptureQueriesContext(connection) as few:
        rest = client.get(address(batch) + onward).content.decode()
    assert (page.count("twin-pair"), rest.count("twin-pair")) == (4, 2)
    assert len(many) == len(few)


def test_the_work_is_bounded_however_alike_the_rows_are(
    brought: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    compared = []
    monkeypatch.setattr(pairs, "COMPARED", 20)
    monkeypatch.setattr(pairs, "KEPT_PAIRS", 7)
    really = pairs.likeness
    monkeypatch.setattr(pairs, "likeness", lambda *two: compared.append(1) or really(*two))
    batch = brought(*[SAME] * 12)
    assert len(compared) <= pairs.LEAST_AROUND * 12
    assert batch.pairs.count() == 7


def test_of_a_type_that_fits_all_and_of_another_family_only_the_first_is_compared(
    brought: Any,
) -> None:
    batch = brought(SAME, {**SAME, "type": "OTH"}, {**SAME, "type": "KID", "abducted": "1"})
    first, other, third = records(batch)
    compared = codes_of(batch)
    assert {first.code, third.code} not in compared
    assert {first.code, other.code} in compared


def test_only_what_lies_near_a_new_record_is_read(
    brought: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    days = [{**SAME, "occurred_from": f"2025-{month:02}-01"} for month in range(1, 13)]
    brought(*days)
    read: list[str] = []
    really = pairs.finding.telling_of
    monkeypatch.setattr(
        pairs.finding, "telling_of", lambda row: read.append(row.code) or really(row)
    )
    batch = brought(
        {**SAME, "source_id": "B-1", "occurred_from": "2025-01-02"},
        {**SAME, "source_id": "B-2", "occurred_from": "2025-12-02"},
    )
    assert len(read) == 4
    assert batch.pairs.count() == 2


def test_no_more_is_in_memory_than_is_compared(
    brought: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    held: list[int] = []

    class Watched(pairs._Before):
        def __init__(self, most: int) -> None:
            super().__init__(most)
            held.append(self.all.maxlen + self.new.maxlen)

    monkeypatch.setattr(pairs, "_Before", Watched)
    monkeypatch.setattr(pairs, "AROUND", 3)
    batch = brought(*[SAME] * 9)
    assert held == [6]
    # Each with the three before it.
    assert batch.pairs.count() == 0 + 1 + 2 + 3 * 6


def test_a_table_of_several_sites_has_the_pairs_of_each(
    brought: Any, basrah: Any, zubair: Any, signed_in: Any, make_user: Any
) -> None:
    there = {**SAME, "site": zubair.code, "place": zubair.places.first().pcode}
    batch = brought({**SAME, "site": basrah.code}, there, there)
    assert batch.site == basrah
    assert {pair.site for pair in batch.pairs.all()} == {zubair}
    client = signed_in(make_user("supervisor", zubair))
    assert address(batch) in client.get("/incidents/duplicates/").content.decode()
    assert client.get(address(batch)).content.decode().count("twin-pair") == 1


def test_an_undo_that_waits_and_is_refused_loses_no_pairs(brought: Any) -> None:
    batch = brought(SAME, SAME)
    batch.pairs.all().delete()
    ImportBatch.objects.filter(pk=batch.pk).update(state=ImportBatch.State.UNDOING)
    assert pairs.find_pairs(batch) == 1


def test_a_merge_closes_a_pair_and_its_end_opens_it_no_more(
    brought: Any, signed_in: Any, supervisor: Any
) -> None:
    batch = brought(SAME, SAME)
    one, other = records(batch)
    services.merge_incidents(
        kept=one, gone=other, by=supervisor, version=other.version, kept_version=one.version,
        reason="", take=(),
    )  # fmt: skip
    client = signed_in(supervisor)
    assert "twin-pair" not in client.get(address(batch)).content.decode()
    merge = IncidentMerge.objects.get()
    services.unmerge_incidents(merge, reason="Two events.", by=supervisor)
    # Who parted the two has said that they are two.
    assert "twin-pair" not in client.get(address(batch)).content.decode()


def test_the_job_is_run_and_a_killed_one_runs_again(basrah: Any) -> None:
    outcome = importing.import_file(table(SAME, SAME), format="table", site=basrah, by=None)
    job = Job.objects.get(kind=importing.PAIR)
    assert job.payload == {"batch_id": str(outcome.batch.pk)}
    tasks.pair_import(job, **job.payload)
    tasks.pair_import(job, **job.payload)
    assert outcome.batch.pairs.count() == 1
