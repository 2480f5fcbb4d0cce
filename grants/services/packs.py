"""The audit pack: everything about one grant in one file that opens without the system.

What stands in it is read in one moment, under the grant's lock: papers, decisions, steps, postings.
Then the file is written straight into sealed pieces, so that its size costs no memory and nothing
readable touches a disk. It holds no word of who asked for it and when: the same state of the grant
gives the same bytes, and two packs can be compared. `SHA256SUMS` is for `sha256sum --check`.

Papers under seal (`SEALED`) come with their row and hash; with their bytes where who asks
may open them, and then nobody else takes the pack who may not.
"""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from ceasefire import audit, jobs, periods
from ceasefire.database.session import acting, as_system
from ceasefire.exports import Column, write_csv, write_pdf
from ceasefire.people.models import User
from ceasefire.vault import pieces
from ceasefire.vault.exceptions import SealBroken
from ceasefire.vault.keys import keyring
from grants.exceptions import GrantRefusal, NotForThisPerson
from grants.models import (
    PIECE,
    SEALED,
    Amendment,
    BudgetLine,
    Decision,
    Document,
    Finding,
    Grant,
    LedgerEntry,
    MonitoringVisit,
    Pack,
    PackPiece,
    PaymentLine,
    PaymentLook,
    PaymentRequest,
    Risk,
    Stage,
    StoredFile,
    Tranche,
    Transition,
)
from grants.services import completeness, documents, files, kinds
from grants.services.held import held, officer, or_else

MAKE = "grants.make_pack"
#: A finished pack can be fetched for so long.
KEPT_FOR = timedelta(days=3)
LANGUAGES = ("en", "ar")
_TABLE = "grants_packpiece"
#: Every entry carries this moment: the first that the format can hold.
_MOMENT = (1980, 1, 1, 0, 0, 0)


class Stopped(Exception):
    """Somebody asked for the making to stop."""


class PackUnderWay(GrantRefusal):
    message = gettext_lazy("A pack of this grant is being made already.")


def may_ask(by: User) -> bool:
    """REO staff and auditors; a viewer reads the pages."""
    return bool(by.has_perm("grants.work_grant") or by.has_perm("grants.flag_grant"))


# --- asking -------------------------------------------------------------------------------------


@transaction.atomic
def ask(grant: Grant, *, by: User) -> Pack:
    """Have a pack made. While one is being made, it is that one; a silent worker's is given up.

    Raises `PackUnderWay` where the one that is being made holds papers under seal that `by` may
    not open.
    """
    who = officer(by)
    if not may_ask(by):
        raise NotForThisPerson
    now = periods.now()
    waiting = (
        Pack.objects.select_for_update(of=("self",))
        .filter(grant=grant, state__in=[Pack.State.WAITING, Pack.State.RUNNING])
        .first()
    )
    opens = sorted(set(SEALED) - documents.sealed_to(grant, who))
    if waiting is not None and not waiting.is_silent:
        if not set(waiting.holds) <= set(opens):
            raise PackUnderWay
        return waiting
    if waiting is not None:
        _settle(waiting, Pack.State.FAILED)
    with or_else({"one_pack_of_a_grant_is_made_at_a_time": PackUnderWay}):
        pack = Pack.objects.create(
            grant=grant,
            by=who,
            holds=opens,
            created_at=now,
            touched_at=now,
            expires_at=now + KEPT_FOR,
        )
    jobs.enqueue(MAKE, by=by, pack_id=pack.pk)
    audit.record("grant.pack_asked", subject=grant, by=by, detail={"pack": pack.pk})
    return pack


@transaction.atomic
def cancel(pack: Pack, *, by: User) -> None:
    """Ask the worker to stop; a finished pack stays."""
    if not may_ask(by):
        raise NotForThisPerson
    asked = Pack.objects.filter(
        pk=pack.pk, cancel_requested=False, state__in=[Pack.State.WAITING, Pack.State.RUNNING]
    ).update(cancel_requested=True)
    if asked:
        audit.record("grant.pack_stopped", subject=pack.grant, by=by, detail={"pack": pack.pk})


@transaction.atomic
def expire() -> int:
    """Forget every pack that ran out, made or not; how many."""
    due = Pack.objects.filter(expires_at__lte=periods.now())
    PackPiece.objects.filter(pack__in=due).delete()
    return due.delete()[0]


def _settle(pack: Pack, state: str) -> None:
    """End a pack that is not ready; nothing of it is left."""
    PackPiece.objects.filter(pack=pack).delete()
    Pack.objects.filter(pk=pack.pk).update(state=state, touched_at=periods.now())


# --- making -------------------------------------------------------------------------------------


def make(pack_id: str, *, is_last_attempt: bool = False) -> None:
    """Write a pack that waits, as the person who asked. Run again after it was made, nothing.

    A paper whose bytes do not open is told to the trail and ends the pack: half an answer would
    look like a whole one.
    """
    with as_system():
        pack = (
            Pack.objects.select_related("grant", "by")
            .filter(
                pk=pack_id,
                state__in=[Pack.State.WAITING, Pack.State.RUNNING],
                expires_at__gt=periods.now(),
            )
            .first()
        )
        if pack is None:
            return
        person = User.objects.get(pk=pack.by_id)
        if pack.cancel_requested or not (may_ask(person) and person.may_sign_in()):
            _settle(pack, Pack.State.CANCELLED)
            return
        _settle(pack, Pack.State.RUNNING)
    try:
        _make(pack, person)
    except Stopped:
        with as_system():
            _settle(pack, Pack.State.CANCELLED)
    except SealBroken:
        with as_system():
            _settle(pack, Pack.State.FAILED)
            files.told_broken(pack.grant)
    except Exception:
        with as_system():
            _settle(pack, Pack.State.FAILED if is_last_attempt else Pack.State.WAITING)
        raise


def _make(pack: Pack, person: User) -> None:
    with acting(person):
        # As the duties stand now: they may have changed since it was asked for.
        shut = documents.sealed_to(pack.grant, officer(person))
        told = gathered(pack.grant, shut)
        total = sum(paper.file.size for paper in told.papers if paper.file)
        holds = sorted({one.row.type for one in told.papers if one.file} & set(SEALED))
        Pack.objects.filter(pk=pack.pk).update(done=0, total=total, holds=holds)
    sink = _Sink(pack, person, total)
    # The stream asks for no session of its own but where it reads a piece or puts one away.
    write(told, sink, within=lambda: acting(person))
    sink.finish()
    with acting(person):
        made = Pack.objects.filter(pk=pack.pk, state=Pack.State.RUNNING).update(
            state=Pack.State.READY,
            size=sink.size,
            sha256=sink.sha256,
            done=total,
            touched_at=periods.now(),
        )
        if made:
            audit.record(
                "grant.pack_made",
                subject=pack.grant,
                by=person,
                detail={
                    "pack": pack.pk,
                    "sha256": sink.sha256,
                    "papers": len(told.papers),
                },
            )


class _Sink(pieces.Cutter):
    """Where the archive is written: sealed piece by piece, and told to who waits for it."""

    def __init__(self, pack: Pack, person: User, total: int) -> None:
        super().__init__(self._seal, piece=PIECE)
        self.pack, self.person, self.total = pack, person, total
        self.key_id = keyring().current

    def _seal(self, number: int, content: bytes) -> None:
        with acting(self.person):
            rows = Pack.objects.filter(pk=self.pack.pk, state=Pack.State.RUNNING)
            # What is packed may be a little more or less than what was put in.
            alive = rows.filter(cancel_requested=False).update(
                done=min(self.size, self.total), touched_at=periods.now()
            )
            if alive:
                PackPiece.objects.create(
                    pack=self.pack,
                    number=number,
                    key_id=self.key_id,
                    ciphertext=pieces.seal_piece(
                        content, table=_TABLE, file=self.pack.pk, number=number, key_id=self.key_id
                    ),
                )
        if not alive:
            raise Stopped


# --- taking -------------------------------------------------------------------------------------


def pieces_of(pack: Pack, *, by: User) -> Iterator[bytes] | None:
    """The finished pack, piece by piece; None where it is not made, or does not open any more."""
    if pack.state != Pack.State.READY:
        return None

    def read(number: int) -> bytes | None:
        with acting(by):
            row = PackPiece.objects.filter(pack=pack, number=number).first()
        if row is None:
            return None
        return pieces.open_piece(
            row.ciphertext, table=_TABLE, file=pack.pk, number=number, key_id=row.key_id
        )

    return pieces.opened(read, pack.size)


# --- what stands in it --------------------------------------------------------------------------


@dataclass(frozen=True)
class Paper:
    """A paper as the pack lists it. `name`: its place in the pack, empty without bytes.

    `is_sealed`: its bytes are kept, and not in this pack.
    """

    number: int
    row: Document
    file: StoredFile | None
    name: str
    supersedes: int | None
    superseded_by: int | None
    checks: list[Any]
    is_sealed: bool

    @property
    def checked(self) -> Any:
        """The last word of a second person on it, if there is one."""
        return self.checks[-1] if self.checks else None


@dataclass(frozen=True)
class Told:
    """All that a pack says of a grant, read in one moment."""

    grant: Grant
    papers: list[Paper]
    needs: list[Any]
    decisions: list[Decision]
    steps: list[Transition]
    entries: list[LedgerEntry]
    risks: list[Risk]
    #: Invoices on the lines of the budget, and why those go on that resemble another.
    lines: list[PaymentLine]
    looks: list[PaymentLook]
    payments: list[PaymentRequest]
    tranches: list[Tranche]
    amendments: list[Amendment]
    visits: list[MonitoringVisit]
    findings: list[Finding]
    budget: list[BudgetLine]
    complete: completeness.Completeness
    sums: dict[str, str] = field(default_factory=dict)

    @property
    def head(self) -> dict[str, Any]:
        """The chain up to the grant's last posting: it stands for every posting before."""
        last = self.entries[-1] if self.entries else None
        return {"seq": last.seq, "hash": bytes(last.hash).hex()} if last is not None else {}

    @property
    def moment(self) -> Any:
        """When the grant last changed, as far as the pack shows it."""
        moments = [
            self.grant.created_at,
            *(one.row.uploaded_at for one in self.papers),
            *(one.at for one in self.decisions),
            *(one.at for one in self.steps),
            *(one.posted_at for one in self.entries),
            *(one.entered_at for one in self.risks),
            *(one.at for one in self.looks),
            *(moment for one in self.payments for moment in _moments_of(one)),
            *(one.closed_at or one.opened_at for one in self.amendments),
            *(one.recorded_at for one in self.visits),
            *(one.closed_at or one.raised_at for one in self.findings),
        ]
        return max(moments)


def _moments_of(payment: PaymentRequest) -> list[Any]:
    moments = (payment.requested_at, payment.certified_at, payment.paid_at)
    return [one for one in moments if one is not None]


@transaction.atomic
def gathered(grant: Grant, shut: set[str]) -> Told:
    """Everything about a grant as it stands, nobody writing to it meanwhile.

    `shut`: types of papers that come without their bytes.
    """
    held(grant)
    grant = Grant.objects.select_related(
        "fund", "district", "grantee", "implementer", "requester", "owner"
    ).get(pk=grant.pk)
    return Told(
        grant=grant,
        papers=_papers(grant, shut),
        needs=completeness.needs(grant),
        decisions=list(
            Decision.objects.filter(grant=grant)
            .select_related("actor", "amendment", "finding")
            .order_by("id")
        ),
        steps=list(Transition.objects.filter(grant=grant).select_related("actor").order_by("id")),
        entries=list(
            LedgerEntry.objects.filter(grant=grant)
            .select_related("actor", "tranche")
            .order_by("seq")
        ),
        risks=list(grant.risks.select_related("owner", "entered_by").order_by("number")),
        lines=list(
            PaymentLine.objects.filter(payment__grant=grant)
            .select_related("payment", "budget_line", "matched_by")
            .order_by("payment__requested_at", "payment", "id")
        ),
        looks=list(
            PaymentLook.objects.filter(payment__grant=grant)
            .select_related("payment", "by")
            .order_by("id")
        ),
        payments=list(
            PaymentRequest.objects.filter(grant=grant)
            .select_related(
                *("tranche", "payee", "requested_by", "certifier", "payer", "witness"),
                *("refused_by", "evidence", "proof"),
            )
            .order_by("requested_at", "id")
        ),
        tranches=list(grant.tranches.order_by("number")),
        amendments=list(grant.amendments.select_related("opened_by").order_by("number")),
        visits=list(
            grant.visits.select_related("visitor", "report").order_by("visited_on", "recorded_at")
        ),
        findings=list(
            grant.findings.select_related("owner", "raised_by", "closed_by").order_by("number")
        ),
        budget=list(grant.budget_lines.order_by("number")),
        complete=completeness.of(grant),
    )


def _papers(grant: Grant, shut: set[str]) -> list[Paper]:
    rows = (
        Document.objects.filter(grant=grant)
        .select_related("uploaded_by", "content__file")
        .prefetch_related("checks__by")
    )
    order = {value: at for at, value in enumerate(Stage.values)}
    ordered = sorted(rows, key=lambda row: (order[row.stage], row.uploaded_at, str(row.pk)))
    numbers = {row.pk: number for number, row in enumerate(ordered, start=1)}
    later = {row.supersedes_id: row.pk for row in ordered if row.supersedes_id}
    papers = []
    for row in ordered:
        content = getattr(row, "content", None)
        is_sealed = content is not None and row.type in shut
        name = ""
        if is_sealed:
            content = None
        if content is not None:
            ending = kinds.BY_MIME[row.mime].ending
            place = f"{order[row.stage] + 1:02}-{row.stage}"
            name = f"papers/{place}/{numbers[row.pk]:03}-{row.type}.{ending}"
        papers.append(
            Paper(
                number=numbers[row.pk],
                row=row,
                file=content.file if content is not None else None,
                name=name,
                supersedes=numbers[row.supersedes_id] if row.supersedes_id else None,
                superseded_by=numbers[later[row.pk]] if row.pk in later else None,
                checks=sorted(row.checks.all(), key=lambda one: one.pk),
                is_sealed=is_sealed,
            )
        )
    return papers


# --- writing it ---------------------------------------------------------------------------------


def write(told: Told, sink: Any, *, within: Any) -> None:
    """Write the archive into `sink`; `within` opens a session where a paper's piece is read."""
    sums: list[tuple[str, str]] = []
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, chunks in _parts(told):
            sums.append((_entry(archive, name, chunks), name))
        for paper in told.papers:
            if paper.file is None:
                continue
            chunks = files.pieces_of(paper.file, within=within)
            digest = _entry(archive, paper.name, chunks, size=paper.file.size)
            if digest != paper.file.sha256:
                raise SealBroken(f"The bytes of paper {paper.row.pk} are not those that came.")
            sums.append((digest, paper.name))
        lines = "".join(f"{digest}  {name}\n" for digest, name in sorted(sums, key=lambda s: s[1]))
        _entry(archive, "SHA256SUMS", [lines.encode()])


def _entry(
    archive: zipfile.ZipFile, name: str, chunks: Iterable[bytes], *, size: int | None = None
) -> str:
    """Write one file; its SHA-256."""
    entry = zipfile.ZipInfo(name, _MOMENT)
    entry.compress_type = zipfile.ZIP_DEFLATED
    entry.create_system = 3
    entry.external_attr = 0o644 << 16
    if size is not None:
        entry.file_size = size
    digest = hashlib.sha256()
    with archive.open(entry, "w") as out:
        for chunk in chunks:
            digest.update(chunk)
            out.write(chunk)
    return digest.hexdigest()


def _parts(told: Told) -> Iterator[tuple[str, Iterable[bytes]]]:
    """All that is not a paper: the index in both languages, the summary, the tables."""
    for language in LANGUAGES:
        yield _index_name(language), [_index(told, language)]
    for language in LANGUAGES:
        yield f"summary-{language}.pdf", [_summary(told, language)]
    with translation.override("en"):
        for name, columns, rows in TABLES:
            yield f"data/{name}.csv", list(write_csv(columns, rows(told)))
    head = told.head
    line = f"{head['seq']} {head['hash']}\n" if head else "0\n"
    yield "data/ledger-head.txt", [line.encode()]


def _index_name(language: str) -> str:
    return "index.html" if language == "en" else f"index-{language}.html"


def _index(told: Told, language: str) -> bytes:
    with translation.override(language):
        return render_to_string(
            "grants/pack_index.html",
            {
                "told": told,
                "grant": told.grant,
                "language": language,
                "direction": "rtl" if language == "ar" else "ltr",
                "others": [(one, _index_name(one)) for one in LANGUAGES if one != language],
                "amounts": amounts(told.grant),
                "missing": [one for one in told.needs if one.document_id is None],
                "tables": [f"data/{name}.csv" for name, _columns, _rows in TABLES],
            },
        ).encode()


def amounts(grant: Grant) -> list[tuple[str, Any]]:
    """The sums of a grant in US dollars, each with its name."""
    return [
        (_("Asked for"), grant.requested_usd),
        (_("Approved"), grant.approved_usd),
        (_("Obligated"), grant.net_obligated_usd),
        (_("Paid"), grant.net_disbursed_usd),
        (_("Refunded"), grant.refunded_usd),
        (_("Verified expenses"), grant.expensed_usd),
        (_("Obligated and not paid"), grant.unliquidated_usd),
    ]


def _summary(told: Told, language: str) -> bytes:
    with translation.override(language):
        grant = told.grant
        title = grant.title
        data = {
            "title": f"{grant.ref} – {title}",
            "subtitle": _("Summary of the audit pack"),
            "meta": _facts(told),
            "blocks": [
                {"kind": "heading", "text": _("Amounts in US dollars"), "level": 1},
                {
                    "kind": "table",
                    "columns": [
                        {"label": _("Amount")},
                        {"label": _("US dollars"), "kind": "decimal"},
                    ],
                    "rows": [list(one) for one in amounts(grant)],
                },
                {"kind": "heading", "text": _("Decisions"), "level": 1},
                {
                    "kind": "table",
                    "columns": [
                        {"label": _("What was decided")},
                        {"label": _("As")},
                        {"label": _("Who"), "kind": "code"},
                        {"label": _("Verdict")},
                        {"label": _("US dollars"), "kind": "decimal"},
                        {"label": _("When"), "kind": "date"},
                    ],
                    "rows": [
                        [
                            one.get_step_display(),
                            one.get_role_display(),
                            one.actor.code_name,
                            one.get_verdict_display(),
                            one.amount_usd,
                            periods.local_day(one.at),
                        ]
                        for one in told.decisions
                    ],
                },
                {"kind": "heading", "text": _("Papers"), "level": 1},
                {
                    "kind": "table",
                    "columns": [
                        {"label": _("Number"), "kind": "int"},
                        {"label": _("Paper"), "width": 22},
                        {"label": _("Stage"), "width": 12},
                        {"label": _("Filed on"), "kind": "date"},
                        {"label": "SHA-256", "kind": "code"},
                    ],
                    "rows": [
                        [
                            one.number,
                            one.row.get_type_display(),
                            one.row.get_stage_display(),
                            periods.local_day(one.row.uploaded_at),
                            one.row.sha256[:16] + "…",
                        ]
                        for one in told.papers
                    ],
                    "note": _("Whole hashes: data/papers.csv and SHA256SUMS."),
                },
                {"kind": "heading", "text": _("Missing papers"), "level": 1},
                {
                    "kind": "list",
                    "items": [
                        one.get_type_display() for one in told.needs if one.document_id is None
                    ]
                    or [_("Nothing is missing.")],
                },
            ],
        }
    return write_pdf("base", data, language=language)


def _facts(told: Told) -> list[list[Any]]:
    grant = told.grant
    facts: list[list[Any]] = [
        [_("Fund"), grant.fund.code],
        [_("State"), grant.get_state_display()],
        [_("Grantee"), grant.grantee.name if grant.grantee else "–"],
        [_("District"), grant.district.name],
        [_("Requester"), grant.requester.code_name],
        [_("Last change"), told.moment],
        [_("Papers complete"), f"{told.complete.percent} %"],
    ]
    if told.head:
        facts.append([_("Ledger up to posting"), f"{told.head['seq']}  {told.head['hash'][:16]}…"])
    return facts


# --- the tables ---------------------------------------------------------------------------------


def _checked(of: str) -> Any:
    def read(paper: Paper) -> Any:
        last = paper.checked
        if last is None:
            return None
        return last.by.code_name if of == "by" else getattr(last, of)

    return read


def _columns(*names: str | tuple[str, Any] | tuple[str, Any, str]) -> Sequence[Column]:
    """Columns by key, with where the value comes from and its kind where that is not plain text."""
    made = []
    for one in names:
        key, value, kind = (*((one,) if isinstance(one, str) else one), None, None)[:3]
        made.append(Column(key, key, kind or "text", value))
    return made


_PAPERS = _columns(
    ("number", None, "int"),
    ("stage", "row.stage"),
    ("type", "row.type"),
    ("title", "row.title"),
    ("language", "row.language"),
    ("dated", "row.dated", "date"),
    ("sha256", "row.sha256", "code"),
    ("size", "row.size", "int"),
    ("media_type", "row.mime"),
    ("filed_by", "row.uploaded_by.code_name"),
    ("filed_at", "row.uploaded_at", "datetime"),
    ("supersedes", None, "int"),
    ("superseded_by", None, "int"),
    ("checked_by", _checked("by")),
    ("checked_good", _checked("good")),
    ("checked_at", _checked("at"), "datetime"),
    ("name_in_pack", "name"),
    ("under_seal", "is_sealed"),
    ("sha256_in_pack", lambda paper: paper.file.sha256 if paper.file else None, "code"),
)
_NEEDS = _columns(
    "type",
    "stage",
    ("required_since", lambda need: periods.local_day(need.since), "date"),
    ("present", lambda need: need.document_id is not None),
    ("put_off_until", lambda need: need.deferral.due_on if need.deferral else None, "date"),
)
_DECISIONS = _columns(
    ("number", "id", "int"),
    ("round", None, "int"),
    "step",
    ("amendment", lambda row: row.amendment.number if row.amendment else None, "int"),
    "role",
    ("actor", "actor.code_name"),
    "verdict",
    ("amount_usd", None, "decimal"),
    ("limit_usd", None, "decimal"),
    "authority",
    ("quorum", None, "int"),
    ("rule", "rule_id", "code"),
    ("routed_usd", None, "decimal"),
    "reason",
    "conditions",
    ("finding", lambda row: row.finding.number if row.finding else None, "int"),
    ("valid_to", None, "date"),
    ("at", None, "datetime"),
)
_STEPS = _columns(
    ("number", "id", "int"),
    "from_state",
    "to_state",
    "role",
    ("actor", "actor.code_name"),
    ("at", None, "datetime"),
    "reason",
    ("round", None, "int"),
    ("documents_hash", None, "code"),
)
_LEDGER = _columns(
    ("seq", None, "int"),
    "kind",
    ("tranche", lambda row: row.tranche.number if row.tranche else None, "int"),
    ("payment", "payment_id", "code"),
    ("amount", None, "decimal"),
    ("currency", None, "code"),
    ("rate_iqd_per_usd", "rate", "decimal"),
    ("rate_on", None, "date"),
    "rate_source",
    ("amount_usd", None, "decimal"),
    ("effective_on", None, "date"),
    ("posted_at", None, "datetime"),
    ("actor", "actor.code_name"),
    ("reverses", "reverses_id", "int"),
    "reason",
    ("prev_hash", lambda row: bytes(row.prev_hash).hex(), "code"),
    ("hash", lambda row: bytes(row.hash).hex(), "code"),
)
_RISKS = _columns(
    ("number", None, "int"),
    "level",
    "text",
    "mitigation",
    ("owner", lambda row: row.owner.code_name if row.owner else None),
    ("entered_by", "entered_by.code_name"),
    ("entered_at", None, "datetime"),
)
_LINES = _columns(
    ("payment", "payment_id", "code"),
    ("voucher_no", "payment.voucher_no"),
    ("budget_line", "budget_line.number", "int"),
    ("description", "budget_line.description"),
    ("amount", None, "decimal"),
    ("currency", "payment.currency", "code"),
    ("matched_by", "matched_by.code_name"),
)
_LOOKS = _columns(
    ("payment", "payment_id", "code"),
    ("voucher_no", "payment.voucher_no"),
    "step",
    ("found", lambda row: " ".join(row.kinds)),
    "reason",
    ("by", "by.code_name"),
    ("at", None, "datetime"),
)


def _code_of(field: str) -> Any:
    """The code name of an officer who is named in a row, if one is."""
    return lambda row: getattr(getattr(row, field), "code_name", None)


def _hash_of(field: str) -> Any:
    """By which hash the table of papers has a paper that a row names."""
    return lambda row: getattr(getattr(row, field), "sha256", None)


#: Whom a payment went to stands as the code of the organisation.
_PAYMENTS = _columns(
    ("payment", "id", "code"),
    ("tranche", "tranche.number", "int"),
    "state",
    "voucher_no",
    ("invoiced_on", None, "date"),
    ("amount", None, "decimal"),
    ("currency", None, "code"),
    "method",
    ("payee", "payee.code", "code"),
    ("requested_by", "requested_by.code_name"),
    ("requested_at", None, "datetime"),
    ("certified_by", _code_of("certifier")),
    ("certified_at", None, "datetime"),
    ("paid_by", _code_of("payer")),
    ("paid_at", None, "datetime"),
    ("paid_on", None, "date"),
    ("witness", _code_of("witness")),
    ("evidence_sha256", _hash_of("evidence"), "code"),
    ("proof_sha256", _hash_of("proof"), "code"),
    ("refused_by", _code_of("refused_by")),
    "reason",
)
_TRANCHES = _columns(
    ("number", None, "int"),
    ("planned_usd", None, "decimal"),
    ("paid_usd", None, "decimal"),
    ("accounted_usd", None, "decimal"),
    ("due_on", None, "date"),
    "needs_report",
    "needs_visit",
)
_AMENDMENTS = _columns(
    ("number", None, "int"),
    "state",
    ("old_usd", None, "decimal"),
    ("new_usd", None, "decimal"),
    ("old_end", None, "date"),
    ("new_end", None, "date"),
    "reason",
    ("opened_by", "opened_by.code_name"),
    ("opened_at", None, "datetime"),
    ("closed_at", None, "datetime"),
)
#: Where exactly it was, and who was said to hold the place, is not in it.
_VISITS = _columns(
    ("visited_on", None, "date"),
    "kind",
    ("visitor", "visitor.code_name"),
    "seen",
    "is_open",
    "is_used",
    "is_safe",
    ("report_sha256", _hash_of("report"), "code"),
    ("recorded_at", None, "datetime"),
)
_FINDINGS = _columns(
    ("number", None, "int"),
    "severity",
    "text",
    ("due_on", None, "date"),
    ("owner", "owner.code_name"),
    ("raised_by", "raised_by.code_name"),
    ("raised_at", None, "datetime"),
    ("closed_by", _code_of("closed_by")),
    ("closed_at", None, "datetime"),
    "remedy",
)
_BUDGET = _columns(
    ("number", None, "int"),
    "description",
    "unit",
    ("quantity", None, "decimal"),
    ("unit_cost_usd", None, "decimal"),
    ("amount_usd", None, "decimal"),
    ("paid_by_the_grantee", "own"),
)
#: Tables of the pack: name, columns, rows.
TABLES: tuple[tuple[str, Sequence[Column], Any], ...] = (
    ("papers", _PAPERS, lambda told: told.papers),
    ("required-papers", _NEEDS, lambda told: told.needs),
    ("decisions", _DECISIONS, lambda told: told.decisions),
    ("steps", _STEPS, lambda told: told.steps),
    ("ledger", _LEDGER, lambda told: told.entries),
    ("risks", _RISKS, lambda told: told.risks),
    ("invoices", _LINES, lambda told: told.lines),
    ("resemblances", _LOOKS, lambda told: told.looks),
    ("budget", _BUDGET, lambda told: told.budget),
    ("tranches", _TRANCHES, lambda told: told.tranches),
    ("payments", _PAYMENTS, lambda told: told.payments),
    ("amendments", _AMENDMENTS, lambda told: told.amendments),
    ("visits", _VISITS, lambda told: told.visits),
    ("findings", _FINDINGS, lambda told: told.findings),
)
