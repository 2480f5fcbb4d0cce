"""How often each page asks the database: as often with many rows as with few.

Every address of incidents stands in one of the tables here, so that a new page is not forgotten.
What a list costs with very many incidents is in test_plans.py and test_map.py.
"""

import itertools
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.http import QueryDict
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import get_resolver, resolve

from ceasefire import attachments, periods
from incidents import export_files, importing, services
from incidents.exceptions import SameKeyOtherContent
from incidents.forms.filters import IncidentFilter
from incidents.importing import pairs
from incidents.models import ImportBatch, ImportMapping, Incident, RetaliationWatch, Victimization
from incidents.models.record import IncidentActor
from incidents.services import ActorFacts, SourceFacts, saved
from tests.attachments.conftest import drawn
from tests.incidents.conftest import FAIR, MOMENT, facts
from tests.incidents.files_to_import import as_csv, table
from tests.incidents.test_collected import CHOSEN, OLD
from tests.incidents.test_import_pages import send
from tests.incidents.test_plans import NO_QUERY

pytestmark = pytest.mark.django_db

TRIBAL = [ActorFacts(category="tribal")]
TYPES = ("MUR", "SHT", "KID", "THR", "ASL", "EXT", "ROB", "DMG", "TRB", "DKA", "CLS", "IED")


class World:
    """A site with some of everything; `grow` adds more of it, to the same records and beside."""

    def __init__(self, log: Any, people: dict[str, Any], basrah: Any, make_user: Any) -> None:
        self.log, self.people, self.site, self.make_user = log, people, basrah, make_user
        self.numbers = itertools.count(1)
        self.key = uuid4()
        self.open = log(actors=TRIBAL, key=self.key)
        self.settled = log(type="SHT", occurred_from=MOMENT - timedelta(days=300), state="accepted")
        self.draft = log(type="DMG", state="draft")
        self.hidden = log(type="SXV", occurred_from=MOMENT - timedelta(days=200))
        self.others: list[Incident] = []

    def grow(self, number: int) -> None:
        for _once in range(number):
            self._one_more(next(self.numbers))
        self._files(number)

    def _one_more(self, at: int) -> None:
        worker, supervisor = self.people["worker"], self.people["supervisor"]
        # Half of them near in time, so that there are likely twins too.
        moment = MOMENT - timedelta(hours=7 * at if at % 2 else 100 * at)
        self.others.append(self.log(actors=TRIBAL, occurred_from=moment, lat=30.51, lon=47.82))
        gone = self.log(occurred_from=MOMENT - timedelta(days=100 + at))

        self.open.refresh_from_db()
        said = SourceFacts(kind="street", reliability="C", credibility="3", text="I saw it.")
        services.add_source(self.open, facts=said, by=worker)
        Victimization.objects.create(incident=self.open, harm="killed", roles=["teacher"])
        IncidentActor.objects.create(incident=self.open, category="criminal", certainty="stated")
        attachments.attach_photos(self.open, [drawn(at)], by=worker)
        services.add_link(self.others[-1], kind="same_event_as", to=self.open, by=worker)
        services.record_action(self.open, kind="canvass", people_reached=at, by=worker)
        # Returned below, which ends its watch.
        if not self.open.watches.filter(ended_at__isnull=True).exists():
            services.start_watch(self.open, by=supervisor)
        services.check_watch(self.open, side="victim", finding="quiet", by=supervisor)
        services.add_second_report(
            self.open, facts=facts(killed_best=2), sources=[FAIR], by=worker, key=uuid4()
        )
        with pytest.raises(SameKeyOtherContent):
            services.create_incident(
                site=self.site, facts=facts(killed_best=at), sources=[FAIR], by=worker,
                key=self.key, digest=f"{at}",
            )  # fmt: skip
        services.merge_incidents(kept=self.open, gone=gone, by=supervisor)
        self.open.refresh_from_db()
        services.return_incident(
            self.open, by=supervisor, reason="which street?", version=self.open.version
        )
        self.open.refresh_from_db()
        services.submit_incident(self.open, by=worker, version=self.open.version)
        self.open.refresh_from_db()

        self.settled.refresh_from_db()
        changed = {name: getattr(self.settled, name) for name in services.FIELDS}
        services.revise_incident(
            self.settled, facts={**changed, "killed_best": at + 1}, reason="counted again",
            version=self.settled.version, by=supervisor,
        )  # fmt: skip
        Victimization.objects.create(incident=self.draft, harm="killed")
        services.name_worker(self.hidden, person=self.make_user("worker", self.site), by=supervisor)
        for person in (worker, supervisor):
            saved.save_filter(
                name=f"kept {at}", answers={"type": "MUR"}, words="السوق", by=person,
                shared_with=self.site if person is supervisor else None,
            )  # fmt: skip
        RetaliationWatch.objects.filter(ended_at__isnull=True).update(
            ends_at=periods.now() + timedelta(days=1)
        )

    def _files(self, number: int) -> None:
        data, manager = self.people["data"], self.people["manager"]
        for at in (next(self.numbers) for _once in range(number)):
            outcome = importing.import_file(
                table({"source_id": f"B-{at}", "occurred_from": "2019-03-05"}),
                format="table",
                site=self.site,
                by=data,
            )
            assert outcome.done
            self.imported = outcome.batch
            pairs.find_pairs(outcome.batch)
            self.mapping = ImportMapping.objects.create(
                site=self.site, name=f"list {at}", signature=f"{at:064}", by=data
            )
            filters = IncidentFilter(
                QueryDict(f"type={TYPES[at % len(TYPES)]}"),
                user=manager,
                sites=[self.site],
                places=[],
            )
            assert filters.is_valid()
            self.export = export_files.ask(
                format="xlsx", filters=filters, language="en", by=manager
            )
        client = Client()
        client.force_login(data)
        rows = [{"type": "MUR" if at % 3 else "dragon"} for at in range(4 * number)]
        send(client, table(*({"source_id": f"P-{next(self.numbers)}", **row} for row in rows)))
        self.preview = self._newest()
        words = [{**OLD, "ماذا": f"word {at}", "رقم": f"{at}"} for at in range(3 * number)]
        page = send(client, as_csv(words))
        given = {field.name: "" for field in page.context["form"]}
        for place, name in enumerate(OLD):
            if name in CHOSEN:
                given[CHOSEN[name]] = f"c{place}"
        given |= {"source_kind": "c4", "source_id": "c5"}
        page = client.post(page.request["PATH_INFO"], given, follow=True)
        assert page.request["PATH_INFO"].endswith("/values/")
        self.words = self._newest()
        # All refused, since they were ticked on an older page: the outcome names each.
        self.bulk = services.ask_bulk(
            key=uuid4(), verb="take", rows=[(one.code, 0) for one in self.others],
            by=self.people["supervisor"],
        )  # fmt: skip
        services.run_here(self.bulk, by=self.people["supervisor"])
        assert self.bulk.rows.filter(outcome="refused").count() == len(self.others)

    def _newest(self) -> ImportBatch:
        return ImportBatch.objects.filter(state="previewed").latest("at")


@pytest.fixture
def world(
    log: Any,
    basrah: Any,
    worker: Any,
    supervisor: Any,
    manager: Any,
    data_officer: Any,
    make_user: Any,
) -> World:
    people = {
        "worker": worker, "supervisor": supervisor, "manager": manager, "data": data_officer
    }  # fmt: skip
    return World(log, people, basrah, make_user)


SPAN = "since=01/01/2020&until=01/12/2026"
#: name of the address -> [(who, the address)].
PAGES: dict[str, list[tuple[str, Callable[[World], str]]]] = {
    "incident_list": [
        ("worker", lambda w: "/incidents/?all=1"),
        ("worker", lambda w: "/incidents/?q=Ashar"),
        ("worker", lambda w: "/incidents/?type=MUR&place=IQG02Q02"),
        ("supervisor", lambda w: "/incidents/?all=1"),
    ],
    "incident_new": [("worker", lambda w: "/incidents/new/")],
    "entry": [("worker", lambda w: "/incidents/entry/")],
    "board": [
        ("worker", lambda w: "/incidents/board/"),
        ("manager", lambda w: "/incidents/board/"),
    ],
    "board_rows": [("supervisor", lambda w: "/incidents/board/rows/?who=free")],
    "incident_review": [("supervisor", lambda w: "/incidents/review/")],
    "twin_list": [("supervisor", lambda w: "/incidents/duplicates/")],
    "place_search": [("worker", lambda w: "/incidents/places/?q=ash")],
    "incident_map": [("worker", lambda w: f"/incidents/map/?{SPAN}")],
    "map_marks": [("worker", lambda w: f"/incidents/map/marks/?{SPAN}&box=46,29,49,32&grid=8")],
    "map_records": [("worker", lambda w: f"/incidents/map/records/?{SPAN}&area=IQG02Q02N02")],
    "incident_detail": [
        ("worker", lambda w: w.open.get_absolute_url()),
        ("supervisor", lambda w: w.open.get_absolute_url()),
        ("data", lambda w: w.open.get_absolute_url()),
        ("supervisor", lambda w: w.settled.get_absolute_url()),
        ("worker", lambda w: w.draft.get_absolute_url()),
    ],
    "incident_edit": [
        ("worker", lambda w: f"{w.open.get_absolute_url()}edit/"),
        ("worker", lambda w: f"{w.draft.get_absolute_url()}edit/"),
    ],
    "incident_revise": [("supervisor", lambda w: f"{w.settled.get_absolute_url()}revise/")],
    "merge": [
        ("supervisor", lambda w: f"{w.open.get_absolute_url()}merge/{w.others[0].code}/"),
    ],
    "named": [("supervisor", lambda w: f"{w.hidden.get_absolute_url()}named/")],
    "incident_chain": [("worker", lambda w: f"{w.open.get_absolute_url()}chain/")],
    "response_action": [("worker", lambda w: f"{w.open.get_absolute_url()}response/")],
    "response_assign": [
        ("supervisor", lambda w: f"{w.others[0].get_absolute_url()}response/assign/")
    ],
    "import_new": [("data", lambda w: "/incidents/import/")],
    "import_detail": [
        ("data", lambda w: w.preview.get_absolute_url()),
        ("data", lambda w: w.imported.get_absolute_url()),
    ],
    "import_pairs": [("supervisor", lambda w: f"{w.imported.get_absolute_url()}pairs/")],
    "import_columns": [("data", lambda w: f"{w.preview.get_absolute_url()}columns/")],
    "import_values": [("data", lambda w: f"{w.words.get_absolute_url()}values/")],
    "import_undo": [("data", lambda w: f"{w.imported.get_absolute_url()}undo/")],
    "mapping_list": [("data", lambda w: "/incidents/import/mappings/")],
    "mapping_detail": [("data", lambda w: f"/incidents/import/mappings/{w.mapping.pk}/")],
    "incident_export": [("manager", lambda w: "/incidents/export/")],
    "export_detail": [("manager", lambda w: w.export.get_absolute_url())],
    "export_progress": [("manager", lambda w: f"{w.export.get_absolute_url()}progress/")],
    "filter_list": [
        ("worker", lambda w: "/incidents/filters/"),
        ("worker", lambda w: "/incidents/filters/?type=MUR&status=submitted"),
    ],
    "bulk_detail": [("supervisor", lambda w: w.bulk.get_absolute_url())],
    "bulk_progress": [("supervisor", lambda w: f"{w.bulk.get_absolute_url()}progress/")],
}
#: Files, which are read row by row, and a redirect to the list.
NO_PAGES = {
    "paper", "map_outlines", "import_blank", "import_rejects", "export_columns", "export_codebook",
    "export_download", "filter_open",
}  # fmt: skip
#: A record with all that hangs on it is one statement, whoever reads it.
MOST, MOST_OF_A_RECORD = 18, 12


def questions(client: Client, address: str) -> list[str]:
    """What a page asks for, when it is asked for the second time."""
    client.get(address)
    with CaptureQueriesContext(connection) as asked:
        answer = client.get(address)
    assert answer.status_code == 200, address
    return [one["sql"] for one in asked.captured_queries if not one["sql"].startswith(NO_QUERY)]


@pytest.mark.slow
def test_a_page_asks_as_often_with_many_rows_as_with_few(world: World) -> None:
    world.grow(2)
    asked: list[dict[tuple[str, str, int], list[str]]] = []
    for more in (0, 4):
        world.grow(more) if more else None
        asked.append({})
        for name, pages in PAGES.items():
            for number, (who, address) in enumerate(pages):
                client = Client()
                client.force_login(world.people[who])
                path = address(world)
                assert resolve(path.partition("?")[0]).url_name == name
                asked[-1][name, who, number] = questions(client, path)
    few, many = asked
    for key, sql in many.items():
        assert len(sql) <= len(few[key]), (key, len(few[key]), len(sql), "\n".join(sql))
        most = MOST_OF_A_RECORD if key[0] == "incident_detail" else MOST
        assert len(sql) <= most, (key, len(sql))


def test_the_confirmation_of_many_asks_as_often_as_that_of_few(
    world: World, signed_in: Any
) -> None:
    world.grow(6)
    client = signed_in(world.people["supervisor"])
    counts = []
    for rows in (world.others[:2], world.others):
        sent = {"verb": "accept", "pick": [f"{one.code}:{one.version}" for one in rows]}
        client.post("/incidents/bulk/", sent)
        with CaptureQueriesContext(connection) as asked:
            page = client.post("/incidents/bulk/", sent)
        assert all(one.code in page.content.decode() for one in rows)
        counts.append(len(asked))
    assert counts[0] == counts[1]


def test_every_address_of_incidents_is_counted_or_takes_no_look(
    world: World, signed_in: Any
) -> None:
    world.grow(1)
    client = signed_in(world.people["supervisor"])
    (incidents,) = (
        one for one in get_resolver().url_patterns if getattr(one, "namespace", "") == "incidents"
    )

    def flat(patterns: Any) -> Any:
        for one in patterns:
            if hasattr(one, "url_patterns"):
                yield from flat(one.url_patterns)
            else:
                yield one

    for pattern in flat(incidents.url_patterns):
        if pattern.name in PAGES or pattern.name in NO_PAGES:
            continue
        address = "/incidents/" + str(pattern.pattern)
        for part, value in (
            ("<code:code>", world.open.code),
            ("<code:other>", world.others[0].code),
            ("<int:number>", "1"),
            ("<int:key>", "1"),
            ("<uuid:pk>", str(uuid4())),
        ):
            address = address.replace(part, value)
        assert client.get(address).status_code == 405, pattern.name
