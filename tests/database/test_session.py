"""Who is asking, as PostgreSQL knows it: the wall stands in the database, not in a template."""

import pytest
from django.db import ProgrammingError, connection, transaction

from ceasefire.database.operations import Access
from ceasefire.database.roles import as_owner, prepare_roles
from ceasefire.database.session import acting, acting_user, as_system
from ceasefire.people.roles import Role


def one(sql: str) -> object:
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return cursor.fetchone()[0]


@pytest.mark.django_db(transaction=True)
def test_a_worker_acts_under_the_applications_role_and_their_own_name(worker):
    with acting(worker):
        assert one("SELECT current_user") == "ceasefire_app"
        assert one("SELECT current_setting('app.user_id')") == str(worker.pk)
        assert acting_user() == worker
    assert acting_user() is None


@pytest.mark.django_db(transaction=True)
def test_nothing_of_a_person_stays_on_the_connection(worker, make_user):
    with acting(make_user(Role.REO_VIEWER)):
        assert one("SELECT current_user") == "ceasefire_reo"

    assert one("SELECT current_user") == "ceasefire_app"
    assert not one("SELECT current_setting('app.user_id', true)")


@pytest.mark.django_db(transaction=True)
def test_an_inner_session_gives_the_outer_one_back(worker, make_user):
    with as_system():
        with acting(make_user(Role.REO_VIEWER)):
            assert one("SELECT current_user") == "ceasefire_reo"
        assert one("SELECT current_user") == "ceasefire_app"
        with pytest.raises(RuntimeError), acting(make_user(Role.REO_VIEWER)):
            raise RuntimeError
        assert one("SELECT current_user") == "ceasefire_app"


#: What REO may do, table by table. A right that is not here fails the test: write it
#: down only after asking what it lets an embassy see.
REO_RIGHTS = {
    ("audit_auditevent", "INSERT"),  # what they do and read is recorded
    ("reports_sharedweeklyreport", "SELECT"),
    ("places_place", "SELECT"),  # a grant stands in a district
}
#: Grants are REO's own work: S read, I add, U change some columns, D take away from a draft.
#: What is written once has no U, and nothing that counts has a D.
GRANT_RIGHTS = {
    "officer": "S",
    "statestep": "S",
    "fund": "SIU",
    "authorityrule": "SIU",
    "authorityseat": "SIU",
    "exchangerate": "SIU",
    "organisation": "SIU",
    "organisationperson": "SIU",
    "refcounter": "SIU",
    "organisationcounter": "SIU",
    "grant": "SIU",
    "beneficiaries": "SIUD",
    "budgetline": "SIUD",
    "quote": "SIUD",
    "indicator": "SIUD",
    "tranche": "SIUD",
    "indicatorvalue": "SI",
    "amendment": "SIU",
    "document": "SI",
    "documentcheck": "SI",
    "decision": "SI",
    "transition": "SI",
    "ledgerentry": "SI",
    "paymentrequest": "SIU",
    # How an invoice is matched and why it goes on; the risk sheet, whose owners change.
    "paymentline": "SID",
    "paymentlook": "SI",
    "risk": "SIUD",
    "monitoringvisit": "SI",
    "report": "SIU",
    "finding": "SIU",
    # Papers: what is on file stays (triggers); what was begun and not finished may go.
    "deferral": "SIU",
    "paperneed": "S",
    "upload": "SIUD",
    "storedfile": "SIUD",
    "storedpiece": "SIUD",
    "documentcontent": "SI",
    "pack": "SIUD",
    "packpiece": "SID",
    # Money: stops by two, figures of the donor, the nightly check to read.
    "paymentstop": "SIU",
    "fundfigure": "SIU",
    "ledgercheck": "S",
    # After the award; names of payroll lists lie sealed, read by certifiers and vetting officers.
    "plannedvisit": "SIU",
    "visitpaper": "SI",
    "findingescalation": "S",
    "payrolllist": "SIU",
    "payrollrow": "SIU",
    "payrollflag": "SIU",
    "handover": "SI",
    "districtweek": "S",
    # Vetting: lists, runs and hits are written once; what was sealed opens to vetting officers.
    "organisationblock": "SI",
    "screeninglist": "SIU",
    "screeninglistpart": "SID",
    "screeningrule": "SIU",
    "screening": "SIU",
    "screeningrun": "SI",
    "screeningrunlist": "SI",
    "screeninghit": "SI",
    "screeningdisposition": "SI",
    # Reports and what is published: numbered, never changed.
    "reportrun": "SI",
    "reportrunpart": "SI",
    "reportfile": "SI",
    "reportfilepart": "SI",
    "reportrequest": "SIU",
    "publisher": "SIU",
    "levelchange": "SIU",
    "publishedfile": "SIU",
    "publishedpart": "S",
}
RIGHT = {"S": "SELECT", "I": "INSERT", "U": "UPDATE", "D": "DELETE"}
REO_RIGHTS |= {
    (f"grants_{table}", RIGHT[one]) for table, rights in GRANT_RIGHTS.items() for one in rights
}


@pytest.mark.django_db
def test_reo_holds_the_rights_written_here_and_no_other():
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT table_name, privilege_type FROM information_schema.table_privileges
            WHERE grantee IN ('ceasefire_reo', 'PUBLIC') AND table_schema = 'public'
            UNION
            SELECT table_name, privilege_type FROM information_schema.column_privileges
            WHERE grantee IN ('ceasefire_reo', 'PUBLIC') AND table_schema = 'public'
            """
        )
        found = {(table, right) for table, right in cursor.fetchall()}

    assert found == REO_RIGHTS


@pytest.mark.django_db(transaction=True)
def test_raw_sql_under_reos_role_is_refused_on_every_other_table(make_user):
    viewer = make_user(Role.REO_VIEWER)
    with connection.cursor() as cursor:
        tables = connection.introspection.table_names(cursor)
    open_tables = {table for table, right in REO_RIGHTS if right == "SELECT"}
    assert len(tables) > 30
    for table in tables:
        if table in open_tables:
            continue
        with pytest.raises(ProgrammingError, match="permission denied"), acting(viewer):
            one(f'SELECT count(*) FROM "{table}"')


@pytest.mark.django_db
def test_the_application_owns_nothing_and_is_no_superuser():
    assert one("SELECT current_user") == "ceasefire_app"
    assert (
        one("SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user") is False
    )
    assert one("SELECT count(*) FROM pg_tables WHERE tableowner = 'ceasefire_app'") == 0
    with pytest.raises(ProgrammingError), transaction.atomic():
        one("CREATE TABLE mine (id int)")


def test_a_migrations_rights_survive_being_written_out():
    operation = Access("places_place", app="SELECT", reo="")

    assert operation.deconstruct() == ("Access", ["places_place"], {"app": "SELECT", "reo": ""})


@pytest.mark.django_db
def test_a_new_function_is_for_the_application_and_not_for_everybody():
    with as_owner(), connection.cursor() as cursor:
        prepare_roles(cursor)
        cursor.execute("CREATE FUNCTION public.made_in_a_test() RETURNS int RETURN 1")

    assert one("SELECT has_function_privilege('ceasefire_app', 'made_in_a_test()', 'EXECUTE')")
    assert not one("SELECT has_function_privilege('ceasefire_reo', 'made_in_a_test()', 'EXECUTE')")


@pytest.mark.django_db
def test_no_function_of_ours_is_open_to_everybody():
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT p.oid::regprocedure::text FROM pg_proc p, aclexplode(
                     coalesce(p.proacl, acldefault('f', p.proowner))) AS held
             WHERE p.pronamespace = 'public'::regnamespace AND held.grantee = 0
               AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.deptype = 'e' AND d.objid = p.oid)
            """
        )
        assert cursor.fetchall() == []


@pytest.mark.django_db
def test_a_function_with_its_owners_rights_names_where_it_looks():
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT proname FROM pg_proc
             WHERE prosecdef AND pronamespace = 'public'::regnamespace
               AND NOT coalesce(proconfig::text LIKE '%search_path=pg_catalog, %pg_temp%', false)
            """
        )
        assert cursor.fetchall() == []


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/people/a%00b/", "/people/?q=a%00b", "/places/%00/"])
def test_a_nul_in_an_address_is_a_bad_request(client, make_user, path):
    client.force_login(make_user(Role.ADMINISTRATOR))

    assert client.get(path).status_code == 400
