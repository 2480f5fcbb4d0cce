"""The stage and the cast of every test.

The test database is made by the owner; every test then runs as the application's role, as the
program does, so a missing right shows at once. Reference rows (code lists, places) stay between
tests; everything else is rolled back or truncated.
"""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import connection, connections
from django.test import Client, TransactionTestCase
from django.test.utils import setup_databases, teardown_databases

from ceasefire.database import roles as database_roles
from ceasefire.people.roles import Role
from tests.demo_world import (  # noqa: F401 - fixtures of every folder
    demo_connection,
    demo_database,
    demo_records,
    demo_world,
    served_connection,
)
from tests.parts import pytest_addoption, pytest_runtestloop  # noqa: F401 - hooks

#: Filled by migrations and never by a test.
REFERENCE_TABLES = {
    "django_migrations",
    "django_content_type",
    "auth_permission",
    "codes_code",
    "grants_statestep",
    "places_place",
    "places_place_successors",
}
PASSWORD = "a long enough password"  # noqa: S105 - the cast's, in the test database


@pytest.fixture(scope="session")
def django_db_setup(
    request: pytest.FixtureRequest,
    django_test_environment: None,
    django_db_blocker: Any,
    django_db_keepdb: bool,
    django_db_createdb: bool,
) -> Iterator[None]:
    """Make the test database as its owner, then step down for every later connection."""
    with django_db_blocker.unblock():
        database_roles.stepping_down = False
        configuration = setup_databases(
            verbosity=0,
            interactive=False,
            keepdb=django_db_keepdb and not django_db_createdb,
            # No test asks for what the migrations wrote to be put back.
            serialized_aliases=(),
        )
        connections.close_all()
        database_roles.stepping_down = True
    yield
    if not django_db_keepdb:
        with django_db_blocker.unblock():
            database_roles.stepping_down = False
            connections.close_all()
            teardown_databases(configuration, verbosity=0)


def empty_tables() -> None:
    """Empty every table but the reference rows, as the owner; the audit trail's guard is lifted."""
    from ceasefire.rulesets import shipped
    from ceasefire.rulesets.models import Ruleset

    with database_roles.as_owner(connection), connection.cursor() as cursor:
        tables = [
            name
            for name in connection.introspection.table_names(cursor)
            if name not in REFERENCE_TABLES
        ]
        guarded = [name for name in tables if name.startswith("audit_")]
        for name in guarded:
            cursor.execute(f'ALTER TABLE "{name}" DISABLE TRIGGER USER')
        cursor.execute(
            "TRUNCATE " + ", ".join(f'"{name}"' for name in tables) + " RESTART IDENTITY"
        )
        for name in guarded:
            cursor.execute(f'ALTER TABLE "{name}" ENABLE TRIGGER USER')
    # The shipped rules share a table with those of sites, which a test makes.
    shipped.load(Ruleset)


@pytest.fixture(autouse=True, scope="session")
def _keep_reference_rows() -> None:
    """Replace Django's flush, which would empty the code lists and places too."""
    TransactionTestCase._fixture_teardown = lambda self: empty_tables()  # type: ignore[method-assign]


def site_of(code: str = "BASRAH-CENTRE", *, place: str = "IQG02Q02", **facts: Any) -> Any:
    """A site by code; the week starts on Sunday."""
    from ceasefire.places.models import Place, Site

    facts = {"name_en": code.title(), "name_ar": "موقع", **facts}
    site, _made = Site.objects.get_or_create(code=code, defaults=facts)
    site.places.add(Place.objects.get(pcode=place))
    return site


@pytest.fixture
def make_site(db: None) -> Callable[..., Any]:
    """`site_of`, where a test may write."""
    return site_of


@pytest.fixture
def basrah(make_site: Callable[..., Any]) -> Any:
    """Basrah Centre, the site most tests play in."""
    return make_site("BASRAH-CENTRE")


@pytest.fixture
def zubair(make_site: Callable[..., Any]) -> Any:
    """Al-Zubair, the other site, whose records the first must never see."""
    return make_site("AL-ZUBAIR", place="IQG02Q06")


def maker_of_users() -> Callable[..., Any]:
    """Makes a person of a role at some sites; the password is `PASSWORD`."""
    from ceasefire.people.models import User

    made = iter(range(1, 10_000))

    def make(role: str, *sites: Any, username: str = "", **facts: Any) -> Any:
        number = next(made)
        name = username or f"{role}.{number}"
        facts = {"language": "en", **facts}
        user = User(username=name, code_name=name.title(), role=role, **facts)
        user.set_password(PASSWORD)
        user.save()
        user.sites.set(sites)
        return user

    return make


@pytest.fixture
def make_user(db: None) -> Callable[..., Any]:
    """What makes a person, numbered from one."""
    return maker_of_users()


@pytest.fixture
def worker(make_user: Callable[..., Any], basrah: Any) -> Any:
    """An outreach worker of Basrah Centre."""
    return make_user(Role.WORKER, basrah, username="worker")


@pytest.fixture
def supervisor(make_user: Callable[..., Any], basrah: Any) -> Any:
    """The supervisor of Basrah Centre."""
    return make_user(Role.SUPERVISOR, basrah, username="supervisor")


@pytest.fixture
def manager(make_user: Callable[..., Any], basrah: Any) -> Any:
    """The program manager, of Basrah Centre."""
    return make_user(Role.MANAGER, basrah, username="manager")


@pytest.fixture
def data_officer(make_user: Callable[..., Any], basrah: Any) -> Any:
    """The data officer of Basrah Centre."""
    return make_user(Role.DATA_OFFICER, basrah, username="data")


@pytest.fixture
def signed_in(client: Client) -> Callable[[Any], Client]:
    """A client signed in as somebody."""

    def sign_in(user: Any) -> Client:
        client.force_login(user)
        return client

    return sign_in
