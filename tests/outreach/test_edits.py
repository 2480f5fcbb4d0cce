"""Two people, two devices, one participant: merged, or kept twice, and nothing lost."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.db import ProgrammingError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from ceasefire import vault, worklist
from ceasefire.audit.models import AuditEvent
from ceasefire.jobs.models import Job
from ceasefire.places.models import Site, Zone
from ceasefire.vault.models import Sealed
from outreach.exceptions import (
    CaseIsClosed,
    ChangedMeanwhile,
    ConsentWithdrawn,
    NotForThisPerson,
    SiteIsReadOnly,
)
from outreach.models import EditConflict, FieldChange, Participant
from outreach.services import consent, edits, identity, status
from tests.conftest import PASSWORD
from tests.incidents.test_two_connections import meet

pytestmark = pytest.mark.django_db
FACTS = {"zone": "", "sex": "m", "age": "1999", "language": "ar", "safety_flags": ""}
SEALED = {"alias": "أبو مطر", "name": "علي جاسم محمد", "phone": "0770 123 4567"}


def anew(case: Participant) -> Participant:
    return Participant.objects.get(pk=case.pk)


@pytest.fixture
def one(case: Callable[..., Participant], worker: Any) -> Participant:
    """A case with an alias, a name and a phone, in its first version."""
    made = case(sex="m", birth_year=1999, age_band="25-34")
    for field, text in SEALED.items():
        vault.seal(made, field, text, by=worker, index=field)
    return made


def save(case: Participant, by: Any, *, version: int = 1, **typed: str) -> edits.Outcome:
    """What a form of that version sends; what is not named stands as that form showed it."""
    shown = {**FACTS, "alias": SEALED["alias"]}
    return edits.edit_participant(case, typed=shown | typed, version=version, by=by)


def text_of(case: Participant, field: str) -> str:
    return vault.unseal(case, field, by=None)


# --- one person -----------------------------------------------------------------------------------


def test_what_was_changed_is_taken_over_one_version_on(one: Participant, worker: Any) -> None:
    done = save(one, worker, sex="f", alias="أم مطر", phone="٠٧٨٠ ٩٩٩ ٨٨٧٧")
    kept = anew(one)
    assert (kept.sex, kept.version, kept.updated_by_id) == ("f", 2, worker.pk)
    assert text_of(one, "alias") == "أم مطر"
    assert set(done.changed) == {"sex", "alias", "phone"}
    assert not done.conflicts
    assert [m.row for m in vault.find("phone", "07809998877")] == [str(one.pk)]
    assert text_of(one, "name") == SEALED["name"]
    event = AuditEvent.objects.get(verb="participant.changed")
    assert set(event.fields) == {"sex", "alias", "phone"}


def test_a_form_left_as_it_was_changes_nothing(one: Participant, worker: Any) -> None:
    assert save(one, worker).changed == ()
    assert anew(one).version == 1
    assert not FieldChange.objects.exists()


def test_a_form_sent_twice_changes_once(one: Participant, worker: Any) -> None:
    for _ in range(2):
        save(one, worker, sex="f", name="علي جاسم")
    assert anew(one).version == 2
    assert not EditConflict.objects.exists()


def test_something_sealed_can_be_taken_away(one: Participant, worker: Any) -> None:
    save(one, worker, phone="")
    assert vault.sealed_fields(one) == ["alias", "name"]


@pytest.mark.parametrize(
    ("age", "year", "band"), [("2000", 2000, None), ("18-24", None, "18-24"), ("unknown", None, "")]
)
def test_the_year_or_else_the_band(
    one: Participant, worker: Any, age: str, year: int | None, band: str | None
) -> None:
    save(one, worker, age=age)
    kept = anew(one)
    assert kept.birth_year == year
    if year is None:
        assert kept.age_band == (band or "unknown")
    else:
        assert kept.age_band != "unknown"


# --- two people -----------------------------------------------------------------------------------


def test_different_facts_are_merged_and_it_is_said(one: Participant, team: Any) -> None:
    save(one, team.supervisor, sex="f")
    done = save(one, team.worker, language="ku")
    kept = anew(one)
    assert (kept.sex, kept.language, kept.version) == ("f", "ku", 3)
    assert done.merged == (("sex", team.supervisor.code_name),)
    assert not EditConflict.objects.exists()


def test_sealed_facts_are_merged_as_well(one: Participant, team: Any) -> None:
    save(one, team.supervisor, alias="السبع")
    save(one, team.worker, phone="07801112233")
    assert text_of(one, "alias") == "السبع"
    assert text_of(one, "phone") == "07801112233"
    assert not EditConflict.objects.exists()


def test_the_same_fact_with_the_same_value_is_nothing(one: Participant, team: Any) -> None:
    save(one, team.supervisor, sex="f", alias="السبع", phone="0780 111 2233")
    done = save(one, team.worker, sex="f", alias="السبع", phone="+964 780 1112233")
    assert (done.changed, done.conflicts) == ((), ())
    assert anew(one).version == 2


@pytest.mark.parametrize(
    ("field", "first", "second"),
    [
        ("sex", "f", "unknown"),
        ("age", "2001", "2002"),
        ("age", "2001", "18-24"),
        ("language", "ku", "fa"),
        ("alias", "السبع", "الفهد"),
        ("name", "حسن علي", "حسين علي"),
        ("phone", "07801112233", "07801112234"),
        # Taken away by one, written anew by the other.
        ("phone", "", "07801112234"),
        ("phone", "07801112233", ""),
    ],
)
def test_the_same_fact_with_two_values_is_kept_twice(
    one: Participant, team: Any, field: str, first: str, second: str
) -> None:
    save(one, team.supervisor, **{field: first})
    done = save(one, team.worker, **{field: second}, tribe="بني مالك")

    assert edits._current(anew(one), [field])[field] == first
    assert done.changed == ("tribe",)
    (conflict,) = EditConflict.objects.all()
    assert (conflict.field, conflict.theirs_by, conflict.mine_by) == (
        field,
        team.supervisor,
        team.worker,
    )
    both = vault.unseal_rows([conflict], ["theirs", "mine"], by=None)[conflict.pk]
    assert (both["theirs"], both["mine"]) == (first, second)
    task = worklist.Task.objects.open().get(kind=edits.EDITS_MET)
    assert task.assignee == team.worker
    assert worklist.Notification.objects.get(kind=edits.EDITS_MET).recipient == team.supervisor


def test_one_person_on_two_devices_is_two_people(one: Participant, worker: Any) -> None:
    save(one, worker, alias="السبع")
    assert save(one, worker, alias="الفهد").conflicts
    assert text_of(one, "alias") == "السبع"


def test_the_second_value_sent_again_is_kept_once(one: Participant, team: Any) -> None:
    save(one, team.supervisor, alias="السبع")
    for _ in range(3):
        save(one, team.worker, alias="الفهد")
    assert EditConflict.objects.count() == 1


def test_a_third_person_makes_a_second_choice(one: Participant, team: Any, manager: Any) -> None:
    save(one, team.supervisor, alias="السبع")
    save(one, team.worker, alias="الفهد")
    save(one, manager, alias="النمر")
    assert EditConflict.objects.open().count() == 2
    assert text_of(one, "alias") == "السبع"


def test_each_safety_flag_is_a_fact_of_its_own(one: Participant, team: Any) -> None:
    save(one, team.supervisor, safety_flags="armed no_home")
    # Saw none of them: adds one, and takes none away.
    save(one, team.worker, safety_flags="no_call")
    assert set(anew(one).safety_flags) == {"armed", "no_home", "no_call"}
    # Saw all three: takes one away.
    save(one, team.worker, version=3, safety_flags="armed no_home")
    assert set(anew(one).safety_flags) == {"armed", "no_home"}
    assert not EditConflict.objects.exists()


def test_changed_and_changed_back_is_what_the_form_showed(one: Participant, team: Any) -> None:
    save(one, team.supervisor, sex="f")
    save(one, team.supervisor, version=2, sex="m")
    done = save(one, team.worker, language="ku")
    assert done.changed == ("language",)
    assert not done.conflicts


def test_what_the_form_showed_is_read_from_the_version_it_was_made_of(
    one: Participant, team: Any
) -> None:
    save(one, team.supervisor, alias="السبع")
    save(one, team.supervisor, version=2, alias="الفهد")
    # Of the second version, left as it stood there: no change at all.
    assert save(one, team.worker, version=2, alias="السبع").conflicts == ()
    assert text_of(one, "alias") == "الفهد"
    # Of the first version, typed as the second: meant, and different from what stands.
    assert save(one, team.worker, version=1, alias="السبع").conflicts


def test_a_move_of_the_case_meanwhile_is_no_conflict(one: Participant, team: Any) -> None:
    from datetime import timedelta

    from ceasefire import periods

    status.pause(
        one, reason="travelling", until=periods.now().date() + timedelta(7), by=team.worker
    )
    assert save(one, team.supervisor, sex="f").changed == ("sex",)


@pytest.mark.parametrize("version", [0, -1, 99])
def test_a_version_that_never_was_is_refused(one: Participant, worker: Any, version: int) -> None:
    with pytest.raises(ChangedMeanwhile), transaction.atomic():
        save(one, worker, version=version)


# --- who and when not -----------------------------------------------------------------------------


@pytest.mark.parametrize("who", ["worker2", "interrupter", "manager", "auditor", "zubair"])
def test_who_does_not_see_the_case_or_may_not_change_it_is_refused(
    one: Participant, team: Any, make_user: Any, basrah: Any, elsewhere: Any, who: str
) -> None:
    stranger = {
        "worker2": team.worker2,
        "interrupter": team.interrupter,
        "manager": elsewhere.manager,
        "auditor": make_user("auditor"),
        "zubair": elsewhere.worker,
    }[who]
    with pytest.raises(NotForThisPerson), transaction.atomic():
        save(one, stranger, sex="f")


def test_a_closed_case_and_a_read_only_site_are_refused(
    one: Participant, case: Any, worker: Any, basrah: Any
) -> None:
    with pytest.raises(CaseIsClosed), transaction.atomic():
        save(case(status="closed"), worker, sex="f")
    Site.objects.filter(pk=basrah.pk).update(read_only=True)
    with pytest.raises(SiteIsReadOnly), transaction.atomic():
        save(one, worker, sex="f")


def test_a_zone_of_another_site_or_out_of_use_is_refused(
    one: Participant, worker: Any, basrah: Any, zubair: Any
) -> None:
    from ceasefire import periods

    Zone.objects.create(site=zubair, code="Z9", name_en="There", name_ar="هناك")
    Zone.objects.create(
        site=basrah, code="Z8", name_en="Gone", name_ar="كان", closed_on=periods.now().date()
    )
    Zone.objects.create(site=basrah, code="Z1", name_en="Here", name_ar="هنا")
    for code in ("Z9", "Z8", "nowhere"):
        with pytest.raises(edits.ZoneClosed), transaction.atomic():
            save(one, worker, zone=code)
    save(one, worker, zone="Z1")
    kept = Participant.objects.select_related("zone").get(pk=one.pk)
    assert kept.zone is not None
    assert kept.zone.code == "Z1"


@pytest.mark.parametrize(
    "typed", [{"sex": "x"}, {"language": "la"}, {"safety_flags": "gossip"}, {"age": "old"}]
)
def test_what_is_no_code_is_refused(one: Participant, worker: Any, typed: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="is not of the list"), transaction.atomic():
        save(one, worker, **typed)


def test_no_value_stands_in_a_table_or_in_the_trail(one: Participant, team: Any) -> None:
    save(one, team.supervisor, alias="السبع", age="2001")
    save(one, team.worker, alias="الفهد", age="2002")
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT coalesce(string_agg(row_to_json(c)::text, ''), '') FROM outreach_fieldchange c"
        )
        lying = cursor.fetchone()[0]
        cursor.execute("SELECT string_agg(row_to_json(c)::text, '') FROM outreach_editconflict c")
        lying += cursor.fetchone()[0] + str(list(AuditEvent.objects.values()))
    for word in ("السبع", "الفهد", "2002", "1999", "أبو مطر"):
        assert word not in lying


@pytest.mark.parametrize(
    ("table", "verb"),
    [
        ("outreach_fieldchange", "UPDATE {} SET id = id"),
        ("outreach_fieldchange", "DELETE FROM {}"),
        ("outreach_editconflict", "DELETE FROM {}"),
    ],
)
def test_the_application_forgets_no_change(db: None, table: str, verb: str) -> None:
    with (
        pytest.raises(ProgrammingError, match="permission denied"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(verb.format(table))


# --- consent taken back ---------------------------------------------------------------------------


def test_erasing_takes_what_stood_before_and_what_was_kept_twice(
    one: Participant, team: Any
) -> None:
    save(one, team.supervisor, alias="السبع", age="2001", phone="07801112233")
    save(one, team.worker, alias="الفهد", age="2002", phone="07801112234")
    consent.withdraw_consent(anew(one), manner="spoken", by=team.worker)
    consent.erase(one.pk)
    assert not Sealed.objects.exclude(table="people_user").exists()
    assert FieldChange.objects.count() == 3
    assert EditConflict.objects.count() == 3


# --- choosing -------------------------------------------------------------------------------------


@pytest.fixture
def met(one: Participant, team: Any) -> Callable[..., EditConflict]:
    def make(field: str = "alias", first: str = "السبع", second: str = "الفهد") -> EditConflict:
        save(one, team.supervisor, **{field: first})
        (conflict,) = save(one, team.worker, **{field: second}).conflicts
        return conflict

    return make


@pytest.mark.parametrize(
    ("choice", "text", "result", "version"),
    [("theirs", "", "السبع", 2), ("mine", "", "الفهد", 3), ("third", " النمر ", "النمر", 3)],
)
def test_a_person_chooses(
    one: Participant, team: Any, met: Any, choice: str, text: str, result: str, version: int
) -> None:
    conflict = met()
    edits.settle(conflict, choice=choice, text=text, version=2, by=team.worker)
    assert text_of(one, "alias") == result
    assert anew(one).version == version
    conflict.refresh_from_db()
    assert (conflict.choice, conflict.settled_by) == (choice, team.worker)
    assert not worklist.Task.objects.open().filter(kind=edits.EDITS_MET).exists()
    assert AuditEvent.objects.get(verb="participant.edit_settled").detail == {"choice": choice}
    with pytest.raises(edits.SettledAlready), transaction.atomic():
        edits.settle(conflict, choice="mine", version=version, by=team.supervisor)


def test_the_task_stays_until_the_last_is_chosen(one: Participant, team: Any) -> None:
    save(one, team.supervisor, alias="السبع", sex="f")
    first, second = save(one, team.worker, alias="الفهد", sex="unknown").conflicts
    edits.settle(first, choice="mine", version=2, by=team.worker)
    assert worklist.Task.objects.open().filter(kind=edits.EDITS_MET).exists()
    edits.settle(second, choice="theirs", version=3, by=team.worker)
    assert not worklist.Task.objects.open().filter(kind=edits.EDITS_MET).exists()


def test_who_looked_at_an_older_value_looks_again_before_choosing(
    one: Participant, team: Any, met: Any
) -> None:
    conflict = met()
    save(one, team.supervisor, version=2, alias="النمر")
    with pytest.raises(ChangedMeanwhile), transaction.atomic():
        edits.settle(conflict, choice="mine", version=2, by=team.worker)
    # Another fact is no reason to look again.
    save(one, team.supervisor, version=3, sex="f", alias="النمر")
    edits.settle(conflict, choice="mine", version=3, by=team.worker)
    assert text_of(one, "alias") == "الفهد"


def test_what_stands_bears_the_name_of_who_wrote_it_last(
    one: Participant, team: Any, manager: Any, met: Any
) -> None:
    conflict = met()
    save(one, manager, version=2, alias="النمر")
    conflict.refresh_from_db()
    assert conflict.theirs_by == manager
    edits.settle(conflict, choice="mine", version=3, by=team.worker)
    conflict.refresh_from_db()
    assert conflict.theirs_by == manager


def test_nobody_chooses_about_a_case_they_do_not_see_or_that_is_shut(
    one: Participant, team: Any, met: Any, elsewhere: Any
) -> None:
    conflict = met()
    for stranger in (team.worker2, team.interrupter, elsewhere.manager):
        with pytest.raises(NotForThisPerson), transaction.atomic():
            edits.settle(conflict, choice="mine", version=2, by=stranger)
    consent.withdraw_consent(anew(one), manner="spoken", by=team.worker)
    with pytest.raises(ConsentWithdrawn), transaction.atomic():
        edits.settle(conflict, choice="mine", version=2, by=team.worker)


# --- two connections ------------------------------------------------------------------------------


class TestTwoConnections:
    pytestmark = pytest.mark.django_db(transaction=True)

    def test_different_facts(self, one: Participant, team: Any) -> None:
        came = meet(
            lambda: save(one, team.supervisor, sex="f", alias="السبع"),
            lambda: save(one, team.worker, language="ku", name="حسن علي"),
        )
        kept = anew(one)
        assert came.conflicts == ()
        assert (kept.sex, kept.language, kept.version) == ("f", "ku", 3)
        assert (text_of(one, "alias"), text_of(one, "name")) == ("السبع", "حسن علي")

    def test_the_same_fact(self, one: Participant, team: Any) -> None:
        came = meet(
            lambda: save(one, team.supervisor, alias="السبع"),
            lambda: save(one, team.worker, alias="الفهد"),
        )
        assert [found.field for found in came.conflicts] == ["alias"]
        assert text_of(one, "alias") == "السبع"
        assert EditConflict.objects.open().count() == 1

    def test_the_same_value(self, one: Participant, team: Any) -> None:
        came = meet(
            lambda: save(one, team.supervisor, alias="السبع"),
            lambda: save(one, team.worker, alias="السبع"),
        )
        assert (came.changed, came.conflicts) == ((), ())
        assert anew(one).version == 2

    def test_consent_taken_back_meanwhile_lets_nothing_in(
        self, one: Participant, team: Any
    ) -> None:
        came = meet(
            lambda: consent.withdraw_consent(one, manner="spoken", by=team.supervisor),
            lambda: save(one, team.worker, alias="الفهد", sex="f"),
        )
        assert isinstance(came, ConsentWithdrawn)
        consent.erase(one.pk)
        assert not vault.sealed_fields(one)
        assert anew(one).sex == "m"
        assert Job.objects.filter(kind=consent.ERASE).count() == 1

    def test_written_first_it_is_erased_with_the_rest(self, one: Participant, team: Any) -> None:
        came = meet(
            lambda: save(one, team.worker, alias="الفهد"),
            lambda: consent.withdraw_consent(one, manner="spoken", by=team.supervisor),
        )
        assert came.consent_withdrawn_at
        consent.erase(one.pk)
        assert not Sealed.objects.filter(table__startswith="outreach_").exists()

    def test_closed_meanwhile(self, one: Participant, team: Any) -> None:
        came = meet(
            lambda: status.close(one, reason="killed", by=team.supervisor),
            lambda: save(one, team.worker, sex="f"),
        )
        assert isinstance(came, CaseIsClosed)
        assert anew(one).sex == "m"

    def test_two_choose_at_once_and_one_counts(self, one: Participant, team: Any) -> None:
        save(one, team.supervisor, alias="السبع")
        (conflict,) = save(one, team.worker, alias="الفهد").conflicts
        came = meet(
            lambda: edits.settle(conflict, choice="mine", version=2, by=team.worker),
            lambda: edits.settle(conflict, choice="theirs", version=2, by=team.supervisor),
        )
        assert isinstance(came, edits.SettledAlready)
        assert text_of(one, "alias") == "الفهد"


# --- pages ----------------------------------------------------------------------------------------


@pytest.fixture
def browse(client: Any) -> Any:
    def sign_in(person: Any) -> Any:
        client.force_login(person)
        return client

    return sign_in


def sent(one: Participant, **typed: Any) -> dict[str, Any]:
    return {
        "version": one.version,
        "alias": SEALED["alias"],
        "zone": "",
        "sex": "m",
        "birth_year": "1999",
        "age_band": "25-34",
        "language": "ar",
        **typed,
    }


def alike(answer: Any, address: str) -> str:
    """A page without its own address, and without the token that is another each time."""
    return re.sub(r"\b[A-Za-z0-9]{64}\b", "", answer.content.decode().replace(address, ""))


def edit_url(one: Participant) -> str:
    return reverse("outreach:participant_edit", args=[one.code])


def test_the_form_shows_the_alias_and_no_name(one: Participant, worker: Any, browse: Any) -> None:
    page = browse(worker).get(edit_url(one)).content.decode()
    assert SEALED["alias"] in page
    for field in ("name", "phone"):
        assert SEALED[field] not in page
    assert edit_url(one) in browse(worker).get(one.get_absolute_url()).content.decode()


def test_two_open_forms_meet_on_the_page_of_the_case(
    one: Participant, team: Any, browse: Any
) -> None:
    browse(team.supervisor).post(edit_url(one), sent(one, alias="السبع", sex="f"))
    page = browse(team.worker)
    answer = page.post(edit_url(one), sent(one, alias="الفهد", language="ku"), follow=True)
    said = answer.content.decode()
    assert answer.redirect_chain[0][0].endswith("#edits")
    for word in ("السبع", "الفهد", team.supervisor.code_name, "Both are kept"):
        assert word in said
    conflict = EditConflict.objects.get()
    settle = reverse("outreach:edit_settle", args=[one.code, conflict.pk])
    assert settle in said
    shown = page.get(settle)
    assert shown.context["row"]["second"] == "الفهد"
    version = shown.context["form"].initial["version"]
    page.post(settle, {"version": version, "choice": "third", "third": "النمر"})
    assert text_of(one, "alias") == "النمر"
    assert "#edits" not in page.get(one.get_absolute_url()).content.decode()


def test_names_are_chosen_blind_or_shown_for_a_reason_and_the_password(
    one: Participant, team: Any, browse: Any
) -> None:
    save(one, team.supervisor, name="حسن علي كاظم")
    (conflict,) = save(one, team.worker, name="حسين علي كاظم").conflicts
    page = browse(team.worker)
    settle = reverse("outreach:edit_settle", args=[one.code, conflict.pk])
    for address in (settle, one.get_absolute_url()):
        unseen = page.get(address).content.decode()
        assert "حسن علي" not in unseen
        assert "حسين علي" not in unseen
    for wrong in ({"reason": "", "password": PASSWORD}, {"reason": "Ask", "password": "no"}):
        answer = page.post(settle, {"open": "1", **wrong})
        assert "حسين علي" not in answer.content.decode()
    before = vault.reveals_left(team.worker)
    answer = page.post(settle, {"open": "1", "reason": "To choose", "password": PASSWORD})
    assert "حسن علي كاظم" in answer.content.decode()
    assert "حسين علي كاظم" in answer.content.decode()
    assert vault.reveals_left(team.worker) == before - 2
    page.post(settle, {"version": 2, "choice": "mine"})
    assert text_of(one, "name") == "حسين علي كاظم"


def test_with_one_reveal_left_neither_is_shown(
    one: Participant, team: Any, manager: Any, browse: Any
) -> None:
    save(one, team.supervisor, name="حسن علي كاظم")
    (conflict,) = save(one, team.worker, name="حسين علي كاظم").conflicts
    for _ in range(14):
        vault.reveal(one, "phone", by=team.worker, reason="why")
    with pytest.raises(identity.RevealLimit):
        edits.reveal_both(conflict, by=team.worker, reason="why")
    assert vault.reveals_left(team.worker) == 1
    assert worklist.Notification.objects.filter(
        recipient=manager, kind=identity.REVEAL_LIMIT
    ).exists()


def test_after_consent_was_taken_back_open_facts_stay_typed_and_sealed_ones_go(
    one: Participant, team: Any, browse: Any
) -> None:
    page = browse(team.worker)
    consent.withdraw_consent(anew(one), manner="spoken", by=team.supervisor)
    answer = page.post(
        edit_url(one), sent(one, alias="الفهد", name="حسين علي كاظم", birth_year="2003")
    )
    said = answer.content.decode()
    assert answer.status_code == 200
    assert "Consent was withdrawn" in said
    assert 'value="2003"' in said
    for word in ("الفهد", "حسين علي", SEALED["alias"]):
        assert word not in said
    assert page.get(edit_url(one)).status_code == 302


def test_closed_meanwhile_nothing_typed_is_lost(one: Participant, team: Any, browse: Any) -> None:
    page = browse(team.worker)
    status.close(one, reason="killed", by=team.supervisor)
    answer = page.post(edit_url(one), sent(one, alias="الفهد", sex="f"))
    said = answer.content.decode()
    assert answer.status_code == 200
    assert "The case is closed" in said
    assert "الفهد" in said
    assert anew(one).sex == "m"


@pytest.mark.parametrize(
    ("typed", "field"),
    [
        ({"alias": "ن" * 81}, "alias"),
        ({"alias": "a\x00b"}, "alias"),
        ({"name": "ن" * 161}, "name"),
        ({"phone": "123"}, "phone"),
        ({"phone": "no number"}, "phone"),
        ({"address": "ن" * 401}, "address"),
        ({"birth_year": "1899"}, "birth_year"),
        ({"birth_year": "2100"}, "birth_year"),
        ({"birth_year": "nineteen"}, "birth_year"),
        ({"sex": "x"}, "sex"),
        ({"sex": ""}, "sex"),
        ({"zone": "nowhere"}, "zone"),
        ({"language": "la"}, "language"),
        ({"safety_flags": ["armed", "gossip"]}, "safety_flags"),
        ({"take_away": ["name"], "name": "حسن"}, "name"),
        ({"take_away": ["alias"]}, "take_away"),
        ({"version": ""}, "version"),
        ({"version": "x"}, "version"),
    ],
)
def test_bad_input_is_said_at_its_field_and_nothing_typed_is_lost(
    one: Participant, worker: Any, browse: Any, typed: dict[str, Any], field: str
) -> None:
    answer = browse(worker).post(edit_url(one), sent(one, **{"tribe": "بني مالك", **typed}))
    assert answer.status_code == 200
    assert field in answer.context["form"].errors
    assert "بني مالك" in answer.content.decode()
    assert anew(one).version == 1


@pytest.mark.parametrize("year", ["٢٠٠١", "۲۰۰۱", "2001", "\u202e2001\u202c"])
def test_either_digits_are_read(one: Participant, worker: Any, browse: Any, year: str) -> None:
    assert browse(worker).post(edit_url(one), sent(one, birth_year=year)).status_code == 302
    assert anew(one).birth_year == 2001


def test_another_workers_case_answers_like_an_absent_one(
    one: Participant, case: Any, team: Any, browse: Any
) -> None:
    save(one, team.supervisor, alias="السبع")
    (conflict,) = save(one, team.worker, alias="الفهد").conflicts
    page = browse(team.worker2)
    own = case(by=team.worker2)
    pairs = [
        (edit_url(one), reverse("outreach:participant_edit", args=["P-000000"])),
        (
            reverse("outreach:edit_settle", args=[one.code, conflict.pk]),
            reverse("outreach:edit_settle", args=["P-000000", conflict.pk]),
        ),
        # Under a case of one's own, another's conflict is absent too.
        (
            reverse("outreach:edit_settle", args=[own.code, conflict.pk]),
            reverse("outreach:edit_settle", args=[own.code, 999_999]),
        ),
    ]
    for there, absent in pairs:
        for verb in (page.get, page.post):
            one_answer, other = verb(there), verb(absent)
            assert one_answer.status_code == other.status_code == 404, there
            assert alike(one_answer, there) == alike(other, absent), there


def test_an_interrupter_sees_the_two_values_and_may_not_choose(
    one: Participant, case: Any, team: Any, browse: Any
) -> None:
    from outreach.models import CaseMember

    CaseMember.objects.create(participant=one, user=team.interrupter, added_by=team.worker)
    save(one, team.supervisor, sex="f")
    (conflict,) = save(one, team.worker, sex="unknown").conflicts
    page = browse(team.interrupter)
    said = page.get(one.get_absolute_url()).content.decode()
    settle = reverse("outreach:edit_settle", args=[one.code, conflict.pk])
    assert 'id="edits"' in said
    assert settle not in said
    assert page.get(settle).status_code == 403
    assert page.get(edit_url(one)).status_code == 403


def queries(page: Any, address: str) -> int:
    with CaptureQueriesContext(connection) as asked:
        assert page.get(address).status_code == 200
    return len(asked)


def test_pages_ask_the_database_a_fixed_number_of_times(
    one: Participant, team: Any, browse: Any
) -> None:
    page = browse(team.worker)
    page.get(edit_url(one))
    before = queries(page, edit_url(one))
    save(one, team.supervisor, alias="السبع", phone="07801112233", sex="f")
    conflict, *_others = save(
        one, team.worker, alias="الفهد", phone="07801112234", sex="unknown"
    ).conflicts
    settle = reverse("outreach:edit_settle", args=[one.code, conflict.pk])
    first = queries(page, settle)
    case_page = queries(page, one.get_absolute_url())
    # More of everything.
    for number in range(6):
        save(one, team.worker, alias=f"الفهد {number}", sex="unknown")
    assert queries(page, edit_url(one)) == before <= 30
    assert queries(page, settle) == first <= 32
    assert queries(page, one.get_absolute_url()) == case_page
