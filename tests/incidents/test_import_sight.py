"""A file tells its sender nothing of records that are not shown to them, and changes none.

And what people left on a record keeps the import that made it from being undone.
"""

from typing import Any

import pytest

from ceasefire import attachments
from ceasefire.attachments.models import Attachment
from ceasefire.exports import write_csv
from ceasefire.people.roles import Role
from incidents import exports, importing
from incidents.models import (
    ImportBatch,
    Incident,
    IncidentLink,
    IncidentMerge,
    NotATwin,
    SecondReport,
)
from incidents.services import clocks
from tests.attachments.conftest import drawn
from tests.incidents.conftest import MOMENT
from tests.incidents.files_to_import import as_csv, table, ucdp_rows
from tests.incidents.test_import import ACLED, found

pytestmark = pytest.mark.django_db

ABSENT = "INC-2026-987654"


def told(outcome: importing.Outcome, *secrets: str) -> tuple[Any, ...]:
    """All that an outcome says, without the value that the sender wrote."""

    def words(problems: Any) -> list[tuple[Any, ...]]:
        return [
            (
                one.row,
                one.column,
                one.code,
                one.reason,
                "own" if one.value in secrets else one.value,
            )
            for one in problems
        ]

    return outcome.counts(), words(outcome.problems), words(outcome.warnings), outcome.done


def standing() -> list[dict[str, Any]]:
    """Every record as it stands."""
    return list(Incident.objects.order_by("pk").values())


# --- a row known by its key ---------------------------------------------------------------------


@pytest.mark.parametrize("skip", [False, True])
def test_a_changed_row_does_not_change_a_hidden_record(
    basrah: Any, data_officer: Any, skip: bool
) -> None:
    importing.import_file(table({"type": "SXV"}, {}), format="table", site=basrah, by=None)
    hidden = Incident.objects.filter(is_sensitive=True)
    before = list(hidden.values()), [list(one.sources.values()) for one in hidden]
    outcome = importing.import_file(
        table({"summary": "Something else"}, {"summary": "A correction"}),
        format="table",
        site=basrah,
        by=data_officer,
        skip_rejected=skip,
    )
    assert found(outcome) == [(2, "source_id", "elsewhere")]
    assert (list(hidden.values()), [list(one.sources.values()) for one in hidden]) == before
    assert Incident.objects.filter(summary="A correction").count() == skip


def test_a_hidden_record_answers_like_one_of_another_site(
    basrah: Any, zubair: Any, data_officer: Any
) -> None:
    one, other = ucdp_rows()[:2]
    importing.import_file(as_csv([one]), format="ucdp-ged", site=basrah, by=None)
    importing.import_file(as_csv([other]), format="ucdp-ged", site=zubair, by=None)
    Incident.objects.filter(origin_id=one["id"]).update(is_sensitive=True, staff_involved=True)
    before = standing()
    # Neither that the row differs nor that it is the same is told.
    for change in ({}, {"side_a": "Somebody else"}):
        answers = [
            importing.import_file(
                as_csv([{**row, **change}]), format="ucdp-ged", site=basrah, by=data_officer
            )
            for row in (one, other)
        ]
        assert [found(answer) for answer in answers] == [[(2, "id", "elsewhere")]] * 2
        assert [answer.counts() for answer in answers] == [answers[0].counts()] * 2
        assert answers[0].problems[0].reason == answers[1].problems[0].reason
    assert standing() == before


def test_whether_staff_worked_on_a_hidden_record_is_not_told(
    basrah: Any, data_officer: Any
) -> None:
    importing.import_file(as_csv(ucdp_rows()[:1]), format="ucdp-ged", site=basrah, by=None)
    Incident.objects.update(is_sensitive=True, staff_involved=True, version=2)
    outcome = importing.import_file(
        as_csv([{**ucdp_rows()[0], "side_a": "Somebody else"}]),
        format="ucdp-ged",
        site=basrah,
        by=data_officer,
    )
    assert found(outcome) == [(2, "id", "elsewhere")]


def test_ones_own_file_again_makes_nothing_even_where_a_row_is_hidden_by_now(
    basrah: Any, data_officer: Any, make_user: Any
) -> None:
    content = table({"type": "SXV"}, {})
    importing.import_file(content, format="table", site=basrah, by=data_officer)
    again = importing.import_file(content, format="table", site=basrah, by=data_officer)
    assert (again.done, again.unchanged) == (True, 2)
    colleague = make_user(Role.DATA_OFFICER, basrah)
    other = importing.import_file(content, format="table", site=basrah, by=colleague)
    assert found(other) == [(2, "source_id", "elsewhere")]
    changed = table({"type": "SXV", "killed_best": "2"}, {})
    mine = importing.import_file(changed, format="table", site=basrah, by=data_officer)
    assert found(mine) == [(2, "source_id", "elsewhere")]


def test_a_visible_record_is_still_changed_by_its_list(basrah: Any, data_officer: Any) -> None:
    importing.import_file(table(), format="table", site=basrah, by=None)
    outcome = importing.import_file(
        table({"summary": "A correction"}), format="table", site=basrah, by=data_officer
    )
    assert (outcome.done, outcome.updated) == (True, 1)


# --- codes --------------------------------------------------------------------------------------


@pytest.fixture
def hidden_codes(log: Any, basrah: Any, zubair: Any, make_user: Any) -> dict[str, str]:
    """Codes that say nothing to a data officer of Basrah Centre."""
    return {
        "sensitive": log(type="SXV", state="accepted").code,
        "of another site": log(
            site=zubair, by=make_user(Role.WORKER, zubair), state="accepted"
        ).code,
        "a draft": log(state="draft").code,
        "imported and hidden by now": _imported_and_hidden(basrah),
    }


def _imported_and_hidden(site: Any) -> str:
    importing.import_file(table(), format="table", site=site, by=None)
    row = Incident.objects.get(batch__isnull=False)
    Incident.objects.filter(pk=row.pk).update(is_sensitive=True, staff_involved=True)
    return row.code


#: What the sender tries beside the code: anything that could make the answers differ.
TRIES: list[dict[str, str]] = [
    {},
    {"type": "SXV"},
    {"workflow_state": "returned"},
    {"source_id": "B-77"},
    {"summary": "Something else"},
]


@pytest.mark.parametrize("change", TRIES, ids=str)
def test_a_table_does_not_tell_which_codes_there_are(
    hidden_codes: dict[str, str], basrah: Any, data_officer: Any, change: dict[str, str]
) -> None:
    before = standing()

    def answer(code: str, *, dry: bool) -> tuple[Any, ...]:
        written = code.lower() if dry else code
        outcome = importing.import_file(
            table({"code": written, **change}),
            format="table",
            site=basrah,
            by=data_officer,
            dry_run=dry,
        )
        return told(outcome, code)

    for dry in (True, False):
        absent = answer(ABSENT, dry=dry)
        assert [problem[2] for problem in absent[1]] == ["code_taken"]
        for kind, code in hidden_codes.items():
            assert answer(code, dry=dry) == absent, kind
    assert standing() == before


def test_a_research_file_does_not_tell_which_codes_there_are(
    hidden_codes: dict[str, str], log: Any, basrah: Any, data_officer: Any
) -> None:
    shown = log(state="accepted")
    before = standing()

    def answer(code: str) -> importing.Outcome:
        content = as_csv([{**ACLED, "event_id_cnty": code}])
        return importing.import_file(content, format="acled", site=basrah, by=data_officer)

    absent = answer(ABSENT)
    assert found(absent) == [(2, "event_id_cnty", "code_taken")]
    for kind, code in hidden_codes.items():
        assert told(answer(code), code) == told(absent, ABSENT), kind
    assert standing() == before
    seen = answer(shown.code)
    assert (seen.done, seen.unchanged) == (True, 1)
    assert [remark.code for remark in seen.warnings] == ["ours_already"]


def test_the_system_sees_every_code(hidden_codes: dict[str, str], basrah: Any) -> None:
    content = as_csv([{**ACLED, "event_id_cnty": code} for code in hidden_codes.values()])
    outcome = importing.import_file(content, format="acled", site=basrah, by=None)
    assert (outcome.done, outcome.unchanged) == (True, len(hidden_codes))


def test_what_a_person_sees_goes_out_and_comes_back_unchanged(
    hidden_codes: dict[str, str], log: Any, basrah: Any, data_officer: Any
) -> None:
    log(state="accepted")
    importing.import_file(table({"source_id": "C-1"}), format="table", site=basrah, by=data_officer)
    seen = exports.rows(Incident.objects.visible_to(data_officer))
    content = b"".join(write_csv(exports.COLUMNS, seen))
    outcome = importing.import_file(content, format="table", site=basrah, by=data_officer)
    assert outcome.done, outcome.problems
    assert outcome.counts() == {
        "read": 2,
        "created": 0,
        "updated": 0,
        "unchanged": 2,
        "rejected": 0,
    }
    # And a code that is not of our form is a key like any other.
    foreign = table({"code": "HOSPITAL-17", "source_id": ""})
    assert (
        importing.import_file(foreign, format="table", site=basrah, by=data_officer).counts()[
            "created"
        ]
        == 1
    )


# --- undo ---------------------------------------------------------------------------------------


@pytest.fixture
def batch(basrah: Any) -> ImportBatch:
    """Two records that were imported."""
    made = importing.import_file(table({}, {}), format="table", site=basrah, by=None).batch
    assert made is not None
    return made


def photo(one: Incident, other: Incident, by: Any) -> None:
    attachments.attach_photos(one, [drawn()], by=by)


def removed_photo(one: Incident, other: Incident, by: Any) -> None:
    photo(one, other, by)
    Attachment.objects.update(removed_at=MOMENT, removed_by=by, removed_reason="blurred")


def link(one: Incident, other: Incident, by: Any) -> None:
    IncidentLink.objects.create(
        from_incident=other, to_incident=one, kind=IncidentLink.Kind.FOLLOW_UP_OF
    )


def not_a_twin(one: Incident, other: Incident, by: Any) -> None:
    NotATwin.objects.create(**NotATwin.pair(one.pk, other.pk), by=by)


def second_report(one: Incident, other: Incident, by: Any) -> None:
    SecondReport.objects.create(
        key="7d4cf8a4-7b1c-4a52-8a29-0d7c8f0a4b11", content_hash="x", incident=one, by=by
    )


def merge(one: Incident, other: Incident, by: Any) -> None:
    IncidentMerge.objects.create(kept=one, gone=other, by=by)


@pytest.mark.parametrize("work", [photo, removed_photo, link, not_a_twin, second_report, merge])
def test_what_people_left_on_a_record_keeps_its_import(
    batch: ImportBatch, log: Any, supervisor: Any, work: Any
) -> None:
    one = Incident.objects.filter(batch=batch).order_by("code")[0]
    work(one, log(), supervisor)
    one.refresh_from_db()
    assert one.version == 1
    with pytest.raises(importing.UndoRefused) as refused:
        importing.undo_batch(batch, by=None)
    assert refused.value.rows == [(one.code, "worked_on")]
    assert Incident.objects.filter(batch=batch).count() == 2


def test_an_answer_on_the_board_keeps_its_import(batch: ImportBatch, supervisor: Any) -> None:
    one = Incident.objects.filter(batch=batch).order_by("code")[0]
    clocks.open_clock(one, by=supervisor, at=MOMENT, by_hand=True)
    with pytest.raises(importing.UndoRefused) as refused:
        importing.undo_batch(batch, by=None)
    assert refused.value.rows == [(one.code, "worked_on")]


def test_a_photo_on_another_record_keeps_nothing(
    batch: ImportBatch, log: Any, supervisor: Any
) -> None:
    photo(log(), log(), supervisor)
    importing.undo_batch(batch, by=None)
    assert not Incident.objects.filter(batch=batch).exists()
    assert Attachment.objects.count() == 1
