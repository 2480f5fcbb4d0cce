"""The evaluator's pack: the same bytes for the same records, nothing small, no gap as zero."""

import csv
import hashlib
import io
import zipfile
from datetime import date, timedelta

import pytest
from django.urls import reverse

from ceasefire import jobs, periods
from ceasefire.audit.models import AuditEvent
from ceasefire.people.roles import Role
from ceasefire.periods import Week
from ceasefire.places.models import CoveragePeriod
from ceasefire.reports import evaluators, evaluators_tables, services
from ceasefire.reports.compilation import VERSION
from ceasefire.reports.effects import register_plan
from ceasefire.reports.exceptions import NotForThisRole
from ceasefire.reports.models import EvaluatorsPack, EvaluatorsPackPiece, SharedWeeklyReport
from tests.reports.conftest import AS_OF, WEEK

pytestmark = pytest.mark.django_db


@pytest.fixture
def world(basrah, make_site, put, put_weeks, manager):
    """A site with a gap of two weeks, and an imported history of the whole governorate."""
    put_weeks(basrah, [5] * 6)
    basrah.coverage.all().delete()
    CoveragePeriod.objects.create(
        site=basrah, start=WEEK - timedelta(weeks=5), end=WEEK - timedelta(weeks=3)
    )
    CoveragePeriod.objects.create(site=basrah, start=WEEK - timedelta(weeks=1))
    put(basrah, WEEK, 2, type="KID")
    put(basrah, WEEK, 7, type="SXV", is_sensitive=True)
    history = make_site("BASRAH-HISTORY", place="IQG02", week_start=0, read_only=True)
    CoveragePeriod.objects.create(site=history, start=date(2018, 12, 3), end=date(2018, 12, 24))
    put(history, date(2018, 12, 5), 4, place="IQG02Q01")
    put(history, date(2018, 12, 12), 1, place="IQG02Q01")
    manager.sites.add(history)
    return basrah


def made(manager, cut=AS_OF):
    pack = evaluators.ask(by=manager)
    EvaluatorsPack.objects.filter(pk=pack.pk).update(cut=cut)
    assert jobs.run(pack.job_id) == "done"
    pack.refresh_from_db()
    return pack


def opened(pack):
    content = b"".join(evaluators.pieces_of(pack) or ())
    return content, zipfile.ZipFile(io.BytesIO(content))


def table(archive, name):
    return list(csv.DictReader(io.StringIO(archive.read(name).decode("utf-8-sig"))))


def test_a_week_that_was_not_recorded_is_missing_and_one_without_incidents_is_zero(world, manager):
    _content, archive = opened(made(manager))
    rows = table(archive, "data/weekly.csv")
    whole = {(row["site"], row["week_start"]): row for row in rows if row["area"] == "SITE"}
    gap = whole[("BASRAH-CENTRE", str(WEEK - timedelta(weeks=2)))]
    empty = whole[("BASRAH-HISTORY", "2018-12-17")]

    assert (gap["recorded"], gap["incidents"], gap["hidden"]) == ("no", "", "no")
    assert (empty["recorded"], empty["incidents"], empty["killed"]) == ("yes", "0", "0")
    # Nothing after the cut, and every week between the first and the last is there.
    ours = sorted(week for site, week in whole if site == "BASRAH-CENTRE")
    assert ours == [str(WEEK - timedelta(weeks=back)) for back in range(5, -1, -1)]


def test_small_counts_are_hidden_and_what_is_sensitive_is_not_counted(world, manager):
    _content, archive = opened(made(manager))
    rows = {
        (row["site"], row["area"], row["week_start"]): row
        for row in table(archive, "data/weekly.csv")
    }
    families = {
        (row["family"], row["week_start"]): row
        for row in table(archive, "data/families.csv")
        if row["site"] == "BASRAH-CENTRE"
    }
    small = rows[("BASRAH-HISTORY", "IQG02Q01", "2018-12-10")]

    assert rows[("BASRAH-CENTRE", "SITE", str(WEEK))]["incidents"] == "7"
    assert (small["incidents"], small["hidden"]) == ("", "yes")
    # Two kidnappings beside five killings: neither may show.
    assert [families[(one, str(WEEK))]["hidden"] for one in ("killing", "abduction")] == ["yes"] * 2
    assert all(row["family"] != "sexual" for row in table(archive, "data/families.csv"))
    for name in archive.namelist():
        assert b"SXV" not in archive.read(name)


def test_areas_of_the_program_and_comparison_areas_are_told_apart(world, manager):
    _content, archive = opened(made(manager))
    kinds = {
        (row["site"], row["area"]): row["area_kind"] for row in table(archive, "data/areas.csv")
    }

    assert kinds[("BASRAH-CENTRE", "IQG02Q02")] == "program"
    assert kinds[("BASRAH-HISTORY", "IQG02Q02")] == "program"
    assert kinds[("BASRAH-HISTORY", "IQG02Q01")] == "comparison"


def test_districts_that_a_plan_compares_with_are_comparison_areas(make_site, put_weeks, manager):
    """All seven are districts of the site; the program works in two of them."""
    wide = make_site("WIDE", place="IQG02")
    manager.sites.add(wide)
    put_weeks(wide, [3] * 4)
    every = [f"IQG02Q0{number}" for number in range(1, 8)]
    facts = {"site": wide, "starts_on": WEEK, "outcome": "ALL", "grounds": "drawn by lot"}
    before = AS_OF - timedelta(days=1)
    # The second one was set down after the cut.
    for treated, at in ((["IQG02Q02", "IQG02Q05"], before), (["IQG02Q01"], None)):
        others = [one for one in every if one not in treated]
        register_plan(treated=treated, comparison=others, by=manager, at=at, **facts)
    _content, archive = opened(made(manager))
    kinds = {
        row["area"]: row["area_kind"]
        for row in table(archive, "data/areas.csv")
        if row["site"] == "WIDE" and row["area"] != "NONE"
    }
    assert [area for area, kind in kinds.items() if kind == "program"] == ["IQG02Q02", "IQG02Q05"]
    rows = table(archive, "data/plans.csv")
    assert [row["area"] for row in rows if row["area_kind"] == "program"] == [
        "IQG02Q02", "IQG02Q05",
    ]  # fmt: skip
    assert len(rows) == 7
    assert {(row["site"], row["plan"], row["outcome"], row["records_of"]) for row in rows} == {
        ("WIDE", "1", "ALL", "WIDE")
    }
    assert {row["first_judged_on"] for row in rows} == {""}
    book = {row["column"] for row in table(archive, "codebook/codebook.csv")
            if row["file"] == "data/plans.csv"}  # fmt: skip
    assert book == set(rows[0])
    for name in archive.namelist():
        assert b"drawn by lot" not in archive.read(name)


def test_the_same_cut_gives_the_same_bytes_and_says_nothing_of_who_asked(
    world, manager, data_officer
):
    data_officer.sites.set(manager.sites.all())
    packs = [made(manager), made(data_officer)]
    first, archive = opened(packs[0])
    second, _archive = opened(packs[1])

    assert first == second
    assert packs[0].sha256 == hashlib.sha256(first).hexdigest()
    for line in archive.read("SHA256SUMS").decode().splitlines():
        digest, name = line.split("  ")
        assert digest == hashlib.sha256(archive.read(name)).hexdigest()
    assert manager.code_name.encode() not in b"".join(map(archive.read, archive.namelist()))


def test_the_codebook_names_every_column_and_the_definitions_every_version(world, manager):
    _content, archive = opened(made(manager))
    known = {(row["file"], row["column"]) for row in table(archive, "codebook/codebook.csv")}
    heads = {
        (name, column)
        for name in archive.namelist()
        if name.endswith(".csv") and name != "codebook/codebook.csv"
        for column in csv.DictReader(io.StringIO(archive.read(name).decode("utf-8-sig"))).fieldnames
    }

    assert known == heads
    assert set(evaluators_tables.DEFINITIONS) >= set(range(1, VERSION + 1))
    assert "weeks begin on Sunday" in archive.read("README-en.txt").decode()
    assert "UCDP" in archive.read("LICENCE-ar.txt").decode()


def test_a_week_stands_as_reo_holds_it_and_a_withheld_correction_nowhere(world, manager, put):
    report = services.freeze_report(services.compile_week(site=world, week_start=WEEK), by=manager)
    put(world, WEEK, 4)
    second = services.revise_report(report, by=manager, reason="four came late")
    services.freeze_report(second, by=manager)
    # In a district that had none: neither it nor its count may show.
    put(world, WEEK, 1, place="IQG02Q01")
    put(world, WEEK - timedelta(weeks=1), 4)
    third = services.revise_report(second, by=manager, reason="one more")
    services.freeze_report(third, by=manager)
    _content, archive = opened(made(manager, cut=periods.now() + timedelta(hours=1)))

    held = SharedWeeklyReport.objects.order_by("revision").last()
    ours = [
        row
        for row in table(archive, "data/weekly.csv")
        if row["site"] == "BASRAH-CENTRE" and row["incidents"]
    ]
    whole = {
        row["week_start"]: (row["incidents"], row["counted"])
        for row in ours
        if row["area"] == "SITE"
    }
    changes = table(archive, "changes/reports.csv")

    assert (held.revision, held.body["total"]) == (1, 11)
    assert whole[str(WEEK)] == ("11", "shared")
    assert whole[str(WEEK - timedelta(weeks=1))] == ("9", "pack")
    assert {row["area"]: row["incidents"] for row in ours if row["week_start"] == str(WEEK)} == {
        "SITE": "11",
        "IQG02Q02": "11",
    }
    assert {row["area"] for row in ours} == {"SITE", "IQG02Q02"}
    assert [row["revision"] for row in changes] == ["0", "1"]
    # Dates and numbers only: the number of a report within its site would count the withheld ones.
    assert list(changes[0]) == [
        "site", "week_start", "revision", "records_as_of", "approved_at", "definitions",
    ]  # fmt: skip
    assert all(b"four came late" not in archive.read(name) for name in archive.namelist())


def test_what_reo_does_not_read_of_a_week_is_hidden_in_the_pack(world, manager, put):
    services.freeze_report(services.compile_week(site=world, week_start=WEEK), by=manager)
    # Three more kidnappings: counted today, nothing of the families would be hidden.
    put(world, WEEK, 3, type="KID")
    _content, archive = opened(made(manager, cut=periods.now() + timedelta(hours=1)))
    shown = {
        row["family"]: (row["incidents"], row["hidden"])
        for row in table(archive, "data/families.csv")
        if (row["site"], row["week_start"]) == ("BASRAH-CENTRE", str(WEEK))
    }

    # Two kidnappings would cost the district its count, so REO reads no family at all.
    assert SharedWeeklyReport.objects.get().body["families"] == []
    assert set(shown.values()) == {("", "yes")}


def test_killed_is_empty_where_nobody_knows_how_many(world, manager, put):
    for week in (WEEK, WEEK - timedelta(weeks=1)):
        put(world, week, 3, killed_best=None, killed_unknown=True)
    services.freeze_report(services.compile_week(site=world, week_start=WEEK), by=manager)
    _content, archive = opened(made(manager, cut=periods.now() + timedelta(hours=1)))
    told = {
        row["week_start"]: (row["incidents"], row["killed"], row["counted"])
        for row in table(archive, "data/weekly.csv")
        if (row["site"], row["area"]) == ("BASRAH-CENTRE", "SITE")
    }

    assert told[str(WEEK)] == ("10", "", "shared")
    assert told[str(WEEK - timedelta(weeks=1))] == ("8", "", "pack")
    assert told[str(WEEK - timedelta(weeks=4))] == ("5", "5", "pack")


def test_it_is_asked_for_once_stopped_and_forgotten(world, manager, worker, make_user, signed_in):
    with pytest.raises(NotForThisRole):
        evaluators.ask(by=worker)
    pack = evaluators.ask(by=manager)
    assert evaluators.ask(by=manager) == pack
    other = make_user(Role.MANAGER, world, username="other.manager")
    assert signed_in(other).get(pack.get_absolute_url()).status_code == 404
    client = signed_in(manager)
    client.post(reverse("reports:pack_cancel", args=[pack.pk]))
    assert jobs.run(pack.job_id) is None
    assert "was stopped" in client.get(pack.get_absolute_url()).content.decode()

    answer = client.get(reverse("reports:pack_download", args=[made(manager).pk]))
    assert b"".join(answer.streaming_content)[:2] == b"PK"
    verbs = AuditEvent.objects.filter(verb__startswith="evaluatorspack.").order_by("seq")
    assert [one.verb.partition(".")[2] for one in verbs] == ["asked", "asked", "made", "taken"]
    EvaluatorsPack.objects.update(expires_at=periods.now())
    evaluators.expire()
    assert not EvaluatorsPackPiece.objects.exists()


def test_a_stop_while_it_is_made_leaves_nothing(world, manager):
    pack = evaluators.ask(by=manager)

    def stop(done, total):
        raise jobs.Cancelled

    with pytest.raises(jobs.Cancelled):
        evaluators.make(pack.pk, progress=stop)
    assert not EvaluatorsPackPiece.objects.exists()


def test_weeks_end_with_the_cut(basrah, put_weeks):
    put_weeks(basrah, [3] * 4)
    told = evaluators_tables.gathered(
        [basrah],
        cut=periods.now().replace(year=2026, month=11, day=14),
        progress=lambda done, total: None,
    )

    assert told.sites[0].rows[-1].week == Week(WEEK - timedelta(weeks=1))
