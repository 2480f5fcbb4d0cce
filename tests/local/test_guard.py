"""Production refuses an unsafe start, each fault in one line that names the fault and the mend."""

import base64
import os
import stat
import threading

import pytest

from ceasefire.local import guard


def random_key() -> str:
    return base64.b64encode(os.urandom(32)).decode()


@pytest.fixture
def keys(tmp_path):
    (tmp_path / "secret").write_text("x7" + random_key() * 2)
    (tmp_path / "vault").write_text(f"2026a:{random_key()}\n2026b:{random_key()}\n")
    (tmp_path / "blind").write_text(random_key())
    for path in tmp_path.iterdir():
        path.chmod(0o600)
    return tmp_path


@pytest.fixture
def production(keys):
    return {
        "CEASEFIRE_MODE": "production",
        "SECRET_KEY_FILE": str(keys / "secret"),
        "VAULT_KEYS_FILE": str(keys / "vault"),
        "BLIND_INDEX_KEY_FILE": str(keys / "blind"),
        "ALLOWED_HOSTS": "ceasefire.example.org",
        "DATABASE_URL": "postgres://app:secret@db/ceasefire",
        "DATABASE_OWNER_URL": "postgres://owner:secret@db/ceasefire",
        "REDIS_URL": "redis://redis/0",
    }


def test_a_whole_environment_is_not_refused(production):
    assert guard.check_environment(production) == []


@pytest.mark.parametrize(
    "name",
    [
        "SECRET_KEY_FILE",
        "VAULT_KEYS_FILE",
        "BLIND_INDEX_KEY_FILE",
        "ALLOWED_HOSTS",
        "DATABASE_URL",
        "DATABASE_OWNER_URL",
        "REDIS_URL",
    ],
)
def test_each_missing_setting_is_one_line_with_the_mend(production, name):
    del production[name]

    (fault,) = guard.check_environment(production)

    assert fault.startswith(f"{name} is missing: set it to ")
    assert "\n" not in fault


@pytest.mark.parametrize(
    ("file", "text", "says"),
    [
        ("secret", "django-insecure-" + "abcdefghij" * 6, "default key"),
        ("secret", "change-me", "default key"),
        ("secret", "short", "at least 50 random"),
        ("secret", "a" * 60, "too few different"),  # long, yet guessed at once
        ("secret", "", "empty"),
        ("secret", "demo-" + "0123456789abcdefghij" * 3, "key of a demo"),
        ("vault", "no colon here", "line 1 is malformed"),
        ("vault", "key1:not base64!", "line 1 is malformed"),
        ("vault", "key1:" + base64.b64encode(os.urandom(16)).decode(), "(16 bytes)"),
        ("vault", "key1:" + base64.b64encode(bytes(32)).decode(), "not random"),
        ("vault", f"key1:{random_key()}\nkey1:{random_key()}", "a second time"),
        ("vault", f"demo1:{random_key()}", "key of a demo"),
        ("blind", "short", "malformed"),
        ("blind", base64.b64encode(bytes(32)).decode(), "not random"),
    ],
)
def test_a_bad_key_is_refused_and_never_printed(production, keys, file, text, says):
    (keys / file).write_text(text)

    (fault,) = guard.check_environment(production)

    assert says in fault
    assert "\n" not in fault
    secret = text.rpartition(":")[2]
    assert len(secret) < 16 or secret not in fault


@pytest.mark.parametrize("file", ["secret", "vault", "blind"])
def test_an_absent_key_file_is_named(production, keys, file):
    (keys / file).unlink()

    (fault,) = guard.check_environment(production)

    assert str(keys / file) in fault
    assert "can not be read" in fault


def test_one_key_may_not_stand_twice_in_the_vaults_file(production, keys):
    key = random_key()
    (keys / "vault").write_text(f"old:{key}\nnew:{key}\n")

    (fault,) = guard.check_environment(production)

    assert "VAULT_KEYS_FILE key 'new' is the same key as VAULT_KEYS_FILE key 'old'" in fault


def test_the_blind_index_has_a_key_of_its_own(production, keys):
    key = random_key()
    (keys / "vault").write_text(f"old:{key}\n")
    (keys / "blind").write_text(key)

    (fault,) = guard.check_environment(production)

    assert "BLIND_INDEX_KEY_FILE is the same key as VAULT_KEYS_FILE key 'old'" in fault


def test_the_vaults_file_may_not_serve_as_secret_key(production, keys):
    (keys / "vault").write_text(f"a-long-key-id:{random_key()}\n")
    production["SECRET_KEY_FILE"] = str(keys / "vault")

    (fault,) = guard.check_environment(production)

    assert "is the same key as SECRET_KEY_FILE" in fault


@pytest.mark.parametrize("value", ["1", "true", "True", "yes", "on"])
def test_debug_is_refused(production, value):
    (fault,) = guard.check_environment({**production, "DEBUG": value})

    assert fault == "DEBUG is on: take it out of the environment."


MAIL = {"EMAIL_HOST": "mail.example.org", "EMAIL_FROM": "no-reply@example.org"}


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ({"EMAIL_TLS": "none"}, "EMAIL_TLS is none"),
        ({"EMAIL_TLS": "ssl"}, "EMAIL_TLS is 'ssl'"),
        ({"EMAIL_FROM": ""}, "EMAIL_FROM is missing"),
        ({"EMAIL_PASSWORD_FILE": "/nowhere/at/all"}, "EMAIL_PASSWORD_FILE can not be read"),
    ],
)
def test_a_mail_server_is_reached_encrypted_and_with_a_sender(production, more, says):
    (fault,) = guard.check_environment({**production, **MAIL, **more})

    assert says in fault


def test_a_mail_server_that_is_right_is_not_refused(production, tmp_path):
    file = tmp_path / "password"
    file.write_text("salt\n")
    env = {**production, **MAIL, "EMAIL_PASSWORD_FILE": str(file)}
    here = {**env, "EMAIL_HOST": "127.0.0.1", "EMAIL_TLS": "none"}

    assert guard.check_environment(env) == guard.check_environment(here) == []
    assert guard.mail_password(env) == "salt"


def test_any_host_is_refused(production):
    (fault,) = guard.check_environment({**production, "ALLOWED_HOSTS": "*"})

    assert "ALLOWED_HOSTS is '*'" in fault


@pytest.mark.parametrize("name", ["SECRET_KEY_FILE", "VAULT_KEYS_FILE", "BLIND_INDEX_KEY_FILE"])
@pytest.mark.parametrize("mode", [0o604, 0o602])
def test_a_key_that_every_account_can_read_or_replace_is_refused(production, name, mode):
    os.chmod(production[name], mode)

    (fault,) = guard.check_environment(production)

    assert fault.startswith(f"{name} names {production[name]}, which every account can")
    assert fault.endswith("run chmod 400.")


def test_a_key_for_the_group_of_the_program_is_not_refused(production):
    os.chmod(production["VAULT_KEYS_FILE"], 0o640)

    assert guard.check_environment(production) == []


def test_an_unknown_mode_is_refused():
    (fault,) = guard.check_environment({"CEASEFIRE_MODE": "prod"})

    assert fault == "CEASEFIRE_MODE is 'prod': set it to demo or production."


@pytest.mark.parametrize(
    ("env", "mode"),
    [
        ({}, "demo"),  # a bare checkout
        ({"CEASEFIRE_MODE": "demo", "DATABASE_URL": "postgres://x/y"}, "demo"),
        ({"DATABASE_URL": "postgres://x/y"}, "production"),  # somebody forgot it: the careful way
        ({"CEASEFIRE_MODE": " Production "}, "production"),
        ({"CEASEFIRE_MODE": "typo"}, "production"),
    ],
)
def test_the_mode_is_production_when_in_doubt(env, mode):
    assert guard.mode(env) == mode


def test_demo_mode_has_nothing_to_refuse():
    assert guard.check_environment({"CEASEFIRE_MODE": "demo", "DEBUG": "1"}) == []
    guard.assert_safe_to_start(env={"CEASEFIRE_MODE": "demo"})


def test_refusing_prints_a_line_each_and_exits_with_1(capsys):
    with pytest.raises(SystemExit) as refusal:
        guard.refuse(["first\nin two lines", "second"])

    assert refusal.value.code == 1
    assert capsys.readouterr().err.splitlines() == [
        "ceasefire: refused to start: first in two lines",
        "ceasefire: refused to start: second",
    ]


def test_a_database_that_is_away_is_said_and_not_refused(production, capsys, monkeypatch):
    started = []
    monkeypatch.setattr(threading.Thread, "start", lambda thread: started.append(thread.name))
    production["DATABASE_URL"] = "postgres://app@/ceasefire?host=/nowhere"

    guard.assert_safe_to_start(env=production)

    (line,) = capsys.readouterr().err.splitlines()
    assert "does not answer yet" in line
    assert started == ["guard"]  # asks again later


@pytest.mark.parametrize("command", sorted(guard.ENVIRONMENT_ONLY))
def test_some_commands_need_no_database(production, command, capsys):
    production["DATABASE_URL"] = "postgres://app@/ceasefire?host=/nowhere"

    guard.assert_safe_to_start(command, env=production)

    assert capsys.readouterr().err == ""


def test_the_demo_makes_its_keys_once_and_keeps_them_closed(tmp_path):
    first = guard.demo_keys(tmp_path / "var")
    texts = [path.read_text() for path in vars(first).values()]
    second = guard.demo_keys(tmp_path / "var")

    assert [path.read_text() for path in vars(second).values()] == texts
    assert len(guard.read_secret_key(first.secret_key_file)) >= 50
    assert list(guard.read_vault_keys(first.vault_keys_file)) == ["demo1"]
    assert len(guard.read_blind_index_key(first.blind_index_key_file)) == 32
    for path in vars(first).values():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_many_processes_making_keys_at_once_agree(tmp_path):
    seen = []

    def make() -> None:
        seen.append(guard.demo_keys(tmp_path).secret_key_file.read_text())

    threads = [threading.Thread(target=make) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(seen) == 16
    assert len(set(seen)) == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "blind-index-key",
        "secret-key",
        "vault-keys",
    ]


@pytest.mark.parametrize(
    ("url", "parameters"),
    [
        (
            "postgres://app@/ceasefire?host=/run/sockets",
            {"user": "app", "dbname": "ceasefire", "host": "/run/sockets"},
        ),
        (
            "postgres://app:p%40ss@db.example.org:5433/ceasefire?sslmode=require&conn_max_age=60",
            {
                "user": "app",
                "password": "p@ss",
                "host": "db.example.org",
                "port": "5433",
                "dbname": "ceasefire",
                "sslmode": "require",
            },
        ),
    ],
)
def test_database_addresses_are_read_in_both_forms(url, parameters):
    assert guard.connection_parameters(url) == parameters
