"""What a participant agreed to; and when it is taken back, everything sealed of the case erased.

Any part of the work that seals texts of a case says so once, beside its models or services:

    consent.erases(CaseNote, "participant", ("text",), title=_("Case notes"))
    consent.erases(PlanGoal, "plan__participant", ("words",), title=_("Plan"))

Then a withdrawal erases them too, and the sheet "what is held about me" prints them. The rows
stay, with their codes, days and counts.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from importlib import import_module
from pkgutil import iter_modules
from typing import Any

from django.db import models, transaction
from django.utils.translation import gettext_lazy as _

from ceasefire import audit, codes, jobs, periods, vault, worklist
from ceasefire.people.models import User
from outreach.exceptions import InTheFuture
from outreach.models import SEALED, ConsentRecord, Participant, ParticipantStep
from outreach.services import approvals, cases

ERASE = "outreach.erase_identity"
#: Write down consent, and its end.
CHANGE = "outreach.change_participant"
#: Why a case ends of which the consent was taken back.
WANTS_NO_MORE = "declined"


@dataclass(frozen=True)
class Held:
    """Sealed texts that belong to a case: whose rows, how they lead to it, which fields."""

    model: type[models.Model]
    path: str
    fields: tuple[str, ...]
    title: Any
    #: On the sheet in the place of the words, made of the row; the words are not opened then.
    instead: Callable[[Any], Any] | None = None
    #: Which of the rows are for a reader who may see the case; None is all.
    seen: Callable[[Any, User], Any] | None = None

    def rows(self, participant: Participant) -> Any:
        """The rows of one case."""
        if self.model is Participant:
            return Participant.objects.filter(pk=participant.pk)
        return self.model._default_manager.filter(**{self.path: participant.pk}).order_by("pk")

    def rows_for(self, participant: Participant, reader: User) -> Any:
        """Those of its rows that a reader of the case may see."""
        rows = self.rows(participant)
        return self.seen(rows, reader) if self.seen else rows


_held: dict[str, Held] = {}


def erases(
    model: type[models.Model],
    path: str,
    fields: Iterable[str],
    *,
    title: Any = "",
    instead: Callable[[Any], Any] | None = None,
    seen: Callable[[Any, User], Any] | None = None,
) -> None:
    """Say that a model seals `fields` of a case to which `path` leads, e.g. `plan__participant`.

    `title` heads them on the sheet of what is held, `instead` stands there for what is not to be
    opened, and `seen` leaves out what its reader does not see; everything is erased all the same.
    Asked for at every start, so the same again replaces what stood.
    """
    _held[f"{model._meta.label}:{path}"] = Held(
        model, path, tuple(fields), title or model._meta.verbose_name_plural, instead, seen
    )


def load() -> None:
    """Load every service of outreach, so that all it registers is registered in every process."""
    package = import_module("outreach.services")
    for module in iter_modules(package.__path__):
        import_module(f"outreach.services.{module.name}")


def held() -> list[Held]:
    """Everything that was registered."""
    load()
    return list(_held.values())


erases(Participant, "pk", SEALED, title=_("Identity"))
erases(ParticipantStep, "participant", ("words",), title=_("Reasons given"))


# --- agree ----------------------------------------------------------------------------------------


def in_force(participant: Participant) -> ConsentRecord | None:
    """What the participant agrees to now."""
    return all_in_force(participant).first()


def all_in_force(participant: Participant) -> models.QuerySet[ConsentRecord]:
    """The same as a question, the latest first."""
    return ConsentRecord.objects.in_force().filter(participant=participant)


@transaction.atomic
def record_consent(
    participant: Participant,
    *,
    purposes: Sequence[str],
    manner: str,
    agreed_on: date,
    by: User,
    version: int | None = None,
) -> ConsentRecord:
    """Write down what somebody agreed to, in the place of what stood before.

    Raises `InTheFuture`, and `ConsentWithdrawn` where it was taken back: whoever comes again
    begins with a new case, since nothing is left of the old.
    """
    participant = cases.held(participant, by=by, permission=CHANGE, version=version)
    _refuse_unknown("consent_purpose", *purposes)
    _refuse_unknown("consent_manner", manner)
    if agreed_on > periods.now().date():
        raise InTheFuture
    now = periods.now()
    ConsentRecord.objects.in_force().filter(participant=participant).update(replaced_at=now)
    record = ConsentRecord.objects.create(
        participant=participant,
        purposes=list(dict.fromkeys(purposes)),
        manner=manner,
        agreed_on=agreed_on,
        recorded_by=by,
        recorded_at=now,
    )
    touch(participant, by=by)
    audit.record(
        "participant.consent_recorded",
        subject=participant,
        by=by,
        detail={"purposes": record.purposes, "manner": manner, "on": agreed_on},
    )
    return record


def touch(participant: Participant, *fields: str, by: User) -> None:
    """Save a held case with those fields, one version on."""
    participant.version += 1
    participant.updated_by = by
    participant.save(update_fields=[*fields, "version", "updated_by", "updated_at"])


def _refuse_unknown(name: str, *chosen: str) -> None:
    known = {code for code, _label in codes.choices(name)}
    if not chosen or not known.issuperset(chosen):
        raise ValueError(f"{chosen!r} is not of the list {name}.")


# --- take back ------------------------------------------------------------------------------------


@transaction.atomic
def withdraw_consent(
    participant: Participant, *, manner: str, by: User, version: int | None = None
) -> Participant:
    """Take consent back: the case ends, and everything sealed of it is erased by a job at once.

    From here on no verb writes about the case (`ConsentWithdrawn`), also none that waited for its
    lock meanwhile. Also for somebody of whom no consent was ever written down.
    """
    participant = cases.held(participant, by=by, permission=CHANGE, version=version)
    _refuse_unknown("consent_manner", manner)
    now = periods.now()
    ConsentRecord.objects.in_force().filter(participant=participant).update(
        withdrawn_at=now, withdrawn_manner=manner, withdrawn_by=by
    )
    participant.consent_withdrawn_at = now
    changed = ["consent_withdrawn_at"]
    for kind in approvals.ASK:
        approvals.withdraw(participant, kind, by=by)
    if participant.status != Participant.Status.CLOSED:
        from outreach.services import status

        changed += status.end(participant, reason=WANTS_NO_MORE, by=by, at=now)
    touch(participant, *changed, by=by)
    worklist.close_all_tasks(subject=participant, by=by, reason="withdrawn")
    jobs.enqueue(
        ERASE,
        key=f"erase.{participant.pk}",
        by=by,
        site=participant.site,
        participant_id=participant.pk,
    )
    audit.record(
        "participant.consent_withdrawn", subject=participant, by=by, detail={"manner": manner}
    )
    return participant


def waiting_for_erasing() -> list[Any]:
    """Keys of cases whose consent was taken back and of which something is still sealed."""
    return list(
        Participant.objects.filter(
            consent_withdrawn_at__isnull=False, identity_erased_at__isnull=True
        )
        .order_by("pk")
        .values_list("pk", flat=True)
    )


@transaction.atomic
def erase(participant_id: Any) -> bool:
    """Erase everything sealed of a case whose consent was taken back; whether there was any to do.

    The year of birth goes too, its band stays for the counts, as do codes, days and steps.
    """
    participant = cases.locked(Participant(pk=participant_id))
    if participant.consent_withdrawn_at is None or participant.identity_erased_at is not None:
        return False
    gone = 0
    for one in held():
        keys = [str(key) for key in one.rows(participant).values_list("pk", flat=True)]
        gone += vault.forget_rows(one.model, keys, one.fields)
    if participant.birth_year is not None:
        on = periods.local_day(participant.consent_withdrawn_at)
        participant.age_band = band_of_age(on.year - participant.birth_year)
    participant.birth_year = None
    participant.safety_flags = []
    # Of what the intake form held, the name among it.
    participant.content_hash = ""
    participant.identity_erased_at = periods.now()
    participant.version += 1
    participant.save(
        update_fields=[
            "birth_year",
            "age_band",
            "safety_flags",
            "content_hash",
            "identity_erased_at",
            "version",
            "updated_at",
        ]
    )
    audit.record("participant.identity_erased", subject=participant, detail={"texts": gone})
    return True


#: The bands of the code list `age_band` by their first year.
BANDS = (
    (65, "65+"),
    (50, "50-64"),
    (35, "35-49"),
    (25, "25-34"),
    (18, "18-24"),
    (12, "12-17"),
    (0, "0-11"),
)


def band_of_age(years: int) -> str:
    """The age band of so many whole years; `unknown` for an age nobody has."""
    return next((band for first, band in BANDS if years >= first), "unknown")
