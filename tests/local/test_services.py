"""The embedded servers start, keep what was committed and come back after a kill."""

import contextlib
import os
import signal
import subprocess
import sys
import time

import psycopg2
import pytest

from ceasefire.local import guard, processes
from ceasefire.local.faults import StartFault
from ceasefire.local.postgres import APPLICATION, OWNER, REO, Postgres
from tests.local.conftest import bare_environment

pytestmark = pytest.mark.process


def rows(server, role=OWNER):
    connection = server.connect(role, "ceasefire")
    with connection.cursor() as cursor:
        cursor.execute("SELECT array_agg(n ORDER BY n) FROM kept")
        found = cursor.fetchone()[0]
    connection.close()
    return found


def keep(server, *numbers):
    connection = server.connect(OWNER, "ceasefire")
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE IF NOT EXISTS kept (n int PRIMARY KEY)")
        for number in numbers:
            cursor.execute("INSERT INTO kept VALUES (%s)", [number])
    return connection


def test_the_database_has_checksums_no_port_and_the_named_sign_ins(postgres):
    connection = postgres.connect()
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT current_setting('data_checksums'), current_setting('listen_addresses'),"
            " current_setting('fsync'), current_setting('max_wal_size'),"
            " current_setting('server_encoding')"
        )
        assert cursor.fetchone() == ("on", "", "on", "1GB", "UTF8")
        cursor.execute(
            "SELECT rolname, rolcanlogin, rolsuper, rolcreaterole, rolcreatedb, rolbypassrls"
            " FROM pg_roles WHERE rolname LIKE 'ceasefire%' ORDER BY 1"
        )
        assert cursor.fetchall() == [
            (APPLICATION, True, False, False, False, False),
            (OWNER, True, False, True, True, False),
            (REO, False, False, False, False, False),
        ]
    connection.close()


def test_the_servers_log_quotes_nothing_that_was_typed(postgres):
    word = "a-name-that-was-typed"
    connection = postgres.connect(OWNER, "ceasefire")
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE noted (word text UNIQUE)")
        cursor.execute("INSERT INTO noted VALUES (%s)", [word])
        for sql in (
            "INSERT INTO noted VALUES (%s)",  # the detail quotes the key, the statement all
            "SELECT %s::int",  # the message quotes the value
            "SELECT to_tsquery(%s || ' & &')",
            "DO $$ BEGIN RAISE WARNING '%%', %s; END $$",
        ):
            with contextlib.suppress(psycopg2.Error):
                cursor.execute(sql, [word])
    connection.close()

    text = postgres.log.read_text()
    assert "ready to accept connections" in text
    assert word not in text


def test_the_applications_sign_in_passes_the_guard_and_the_others_do_not(postgres):
    assert guard.check_database(postgres.url(APPLICATION)) == []

    (fault,) = guard.check_database(postgres.url(OWNER))
    assert "owns the database" in fault
    (fault,) = guard.check_database(postgres.url("postgres"))
    assert "is a superuser" in fault


@pytest.mark.parametrize(
    ("sql", "says"),
    [
        ("ALTER ROLE ceasefire_app BYPASSRLS", "has BYPASSRLS"),
        ("GRANT postgres TO ceasefire_app", "is a superuser"),  # one SET ROLE away
        ("GRANT ceasefire_owner TO ceasefire_app", "owns the database"),
        ("ALTER ROLE ceasefire_app SET synchronous_commit = off", "synchronous_commit off"),
        (
            "CREATE TABLE mine (n int); ALTER TABLE mine OWNER TO ceasefire_app",
            "owns 1 tables",
        ),
        (
            "CREATE TABLE people_user (is_demo bool, is_active bool);"
            " GRANT SELECT ON people_user TO ceasefire_app;"
            " INSERT INTO people_user VALUES (true, true), (true, false), (false, true)",
            "holds 1 demo accounts in use",
        ),
    ],
)
def test_an_unsafe_database_is_refused_in_one_line(postgres, sql, says):
    connection = postgres.connect(database="ceasefire")
    with connection.cursor() as cursor:
        # The owner of the database may not be one of the application's roles' members.
        cursor.execute("REVOKE ceasefire_app FROM ceasefire_owner")
        cursor.execute(sql)
    connection.close()

    (fault,) = guard.check_database(postgres.url(APPLICATION))

    assert says in fault
    assert "\n" not in fault


@pytest.mark.parametrize("setting", ["fsync", "full_page_writes", "synchronous_commit"])
def test_a_server_that_may_lose_records_is_refused(postgres, setting):
    connection = postgres.connect()
    with connection.cursor() as cursor:
        cursor.execute(f"ALTER SYSTEM SET {setting} = off")
        cursor.execute("SELECT pg_reload_conf()")
    until = time.monotonic() + 10
    while not (faults := guard.check_database(postgres.url(APPLICATION))):
        assert time.monotonic() < until
        time.sleep(0.05)
    connection.close()

    assert [setting in fault for fault in faults] == [True]


def test_a_second_start_keeps_the_rows(postgres):
    keep(postgres, 1, 2, 3).close()
    postgres.stop()
    assert processes.servers_in(postgres.data) == []

    postgres.start()

    assert rows(postgres) == [1, 2, 3]


def test_a_killed_postmaster_comes_back_with_every_committed_row(postgres):
    connection = keep(postgres, *range(200))  # stays open: its backend outlives the postmaster
    os.kill(postgres.child.pid, signal.SIGKILL)
    postgres.child.wait()

    postgres.start()

    assert rows(postgres) == list(range(200))
    connection.close()


def test_a_killed_supervisors_servers_are_found_and_replaced(layout):
    """Killed without a word, and the postmaster too; a zombie and orphans may be left."""
    program = (
        "import os, sys, time\n"
        "from ceasefire.local import paths\n"
        "from ceasefire.local.services import Services\n"
        "layout = paths.open_data_dir(os.environ)\n"
        "services = Services(layout, os.environ)\n"
        "services.start()\n"
        "print(services.postgres.child.pid, flush=True)\n"
        "time.sleep(60)\n"
    )
    env = bare_environment(CEASEFIRE_DATA_DIR=str(layout.data))
    first = subprocess.Popen([sys.executable, "-c", program], env=env, stdout=subprocess.PIPE)
    postmaster = int(first.stdout.readline())
    from ceasefire.local import paths

    server = Postgres(layout, paths.socket_dir(layout), env)
    connection = keep(server, 1, 2)
    os.kill(postmaster, signal.SIGKILL)
    first.kill()
    first.wait()
    first.stdout.close()

    server.start()

    assert rows(server) == [1, 2]
    connection.close()
    server.stop()
    assert processes.servers_in(layout.postgres) == []


def test_a_stale_process_number_does_not_keep_the_database_down(postgres):
    """After a power cut the number in the lock file may belong to another program."""
    keep(postgres, 7).close()
    postgres.stop()
    (postgres.data / "postmaster.pid").write_text(f"{os.getpid()}\n{postgres.data}\n0\n5432\n")

    postgres.start()

    assert rows(postgres) == [7]


def test_a_first_start_cut_off_while_making_the_folder_begins_again(layout, postgres):
    postgres.stop()
    postgres.data.rename(layout.data / "postgres.new")
    (layout.data / "postgres.new" / "PG_VERSION").unlink()

    postgres.start()
    postgres.prepare_roles()

    assert postgres.fresh
    assert not (layout.data / "postgres.new").exists()


def test_another_major_version_is_never_started_on_the_data(layout):
    layout.postgres.mkdir()
    (layout.postgres / "PG_VERSION").write_text("9\n")
    from ceasefire.local import paths

    server = Postgres(layout, paths.socket_dir(layout), bare_environment())

    with pytest.raises(StartFault, match="made by PostgreSQL 9, which is not here"):
        server.start()


def test_a_killed_valkey_comes_back_with_what_was_written(valkey):
    import redis

    client = redis.Redis(unix_socket_path=str(valkey.socket))
    client.set("kept", "yes")
    client.config_set("appendfsync", "always")
    client.set("also", "yes")
    client.close()
    valkey.child.kill()
    valkey.child.wait()

    valkey.start()

    client = redis.Redis(unix_socket_path=str(valkey.socket))
    assert client.mget("kept", "also") == [b"yes", b"yes"]
    client.close()


def test_an_unreadable_file_of_valkey_is_put_aside(valkey):
    valkey.stop()
    for path in valkey.data.rglob("*"):
        if path.is_file():
            path.write_bytes(b"rubbish\r\n" * 50)

    valkey.start()

    assert valkey.ready()
    assert list(valkey.data.parent.glob("valkey.unreadable-*"))


def test_variables_of_libpq_do_not_lead_elsewhere(layout):
    from ceasefire.local.services import Services

    env = bare_environment(PGHOST="elsewhere", PGPORT="1", DATABASE_OWNER_URL="postgres://x/y")
    child = Services(layout, env).child_env()

    assert not [name for name in child if name.startswith("PG")]
    assert child["DATABASE_URL"].startswith("postgres://ceasefire_app@/ceasefire?host=/")
    assert child["DATABASE_OWNER_URL"].startswith("postgres://ceasefire_owner@/ceasefire?host=/")


def test_given_addresses_start_nothing(layout):
    from ceasefire.local.services import Services

    env = bare_environment(DATABASE_URL="postgres://db/x", REDIS_URL="redis://cache/0")
    services = Services(layout, env)

    assert services.embedded == []
    assert services.child_env()["DATABASE_URL"] == "postgres://db/x"


@pytest.mark.parametrize(
    ("command", "code"), [("exit 0", 0), ("exit 7", 7), ("kill -TERM $$", 143)]
)
def test_the_services_command_gives_back_the_commands_exit_code(tmp_path, command, code):
    done = subprocess.run(
        [sys.executable, "-m", "ceasefire.local", "services", "--", "sh", "-c", command],
        env=bare_environment(CEASEFIRE_DATA_DIR=str(tmp_path / "var")),
        timeout=60,
    )

    assert done.returncode == code
    assert processes.servers_in(tmp_path / "var" / "postgres") == []
    assert processes.servers_in(tmp_path / "var" / "valkey") == []


def test_a_backend_that_is_killed_takes_nothing_committed_with_it(postgres):
    connection = keep(postgres, 1, 2, 3)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        os.kill(cursor.fetchone()[0], signal.SIGKILL)
    until = time.monotonic() + 20
    while True:
        try:
            assert rows(postgres) == [1, 2, 3]
            break
        except psycopg2.OperationalError:
            assert time.monotonic() < until
            time.sleep(0.05)
