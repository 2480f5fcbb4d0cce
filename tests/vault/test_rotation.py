"""Moving to a new key: resumable, killable, and never in the readers' way."""

import base64
import secrets
import time
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from ceasefire import vault
from ceasefire.codes.models import Code
from ceasefire.vault.models import Sealed
from ceasefire.vault.services import counts_by_key
from tests import programs


def key_line(key_id: str) -> str:
    return f"{key_id}:{base64.b64encode(secrets.token_bytes(32)).decode()}\n"


@pytest.fixture
def keys(settings, tmp_path) -> Path:
    """A key file of the test's own with one key, `old`."""
    file = tmp_path / "vault-keys"
    file.write_text(key_line("old"))
    settings.VAULT_KEYS_FILE = str(file)
    return file


def fill(number: int) -> None:
    """Many sealed fields, made at one go."""
    from ceasefire.periods import now
    from ceasefire.vault.keys import keyring
    from ceasefire.vault.sealing import seal_text

    ring, moment = keyring(), now()
    Sealed.objects.bulk_create(
        Sealed(
            table="codes_code",
            column="name",
            row=str(row),
            key_id=ring.current,
            updated_at=moment,
            ciphertext=seal_text(
                f"name {row}",
                key=ring.key(ring.current),
                table="codes_code",
                column="name",
                row=str(row),
                key_id=ring.current,
            ),
        )
        for row in range(1, number + 1)
    )


def rotate(**options) -> tuple[str, int]:
    out = StringIO()
    try:
        call_command("rotate_keys", stdout=out, **options)
    except CommandError as error:
        return out.getvalue(), error.returncode
    return out.getvalue(), 0


@pytest.mark.django_db
def test_a_new_last_line_seals_from_then_on_and_the_old_still_opens(keys, basrah, manager):
    vault.seal(basrah, "name", "before", by=manager)
    with keys.open("a") as file:
        file.write(key_line("new"))
    vault.seal(basrah, "alias", "after", by=manager)
    assert counts_by_key() == {"old": 1, "new": 1}
    assert vault.unseal(basrah, "name", by=manager) == "before"
    assert vault.unseal(basrah, "alias", by=manager) == "after"


@pytest.mark.django_db
def test_rotation_moves_everything_and_then_the_old_key_may_go(keys, basrah, manager):
    vault.seal(basrah, "name", "سر", by=manager)
    fill_from = Sealed.objects.count()
    with keys.open("a") as file:
        file.write(key_line("new"))

    assert rotate(check=True) == ("new: 0  (current)\nold: 1\n", 1)
    assert rotate() == ("new: 1  (current)\n", 0)
    assert fill_from == Sealed.objects.count()

    keys.write_text(keys.read_text().splitlines()[1] + "\n")
    assert vault.unseal(basrah, "name", by=manager) == "سر"
    assert rotate(check=True) == ("new: 1  (current)\n", 0)


@pytest.mark.django_db
def test_a_broken_seal_stays_as_it_is_is_named_and_does_not_stop_the_rest(keys, capsys):
    fill(5)
    Sealed.objects.filter(row="3").update(ciphertext=b"\x01" + bytes(80))
    with keys.open("a") as file:
        file.write(key_line("new"))
    err = StringIO()
    with pytest.raises(CommandError):
        call_command("rotate_keys", batch=2, stdout=StringIO(), stderr=err)
    assert "codes_code.name 3: SealBroken" in err.getvalue()
    assert counts_by_key() == {"old": 1, "new": 4}


@pytest.mark.django_db
@pytest.mark.parametrize("batch", [0, -1])
def test_a_batch_holds_something(keys, batch):
    assert rotate(batch=batch)[1] == 2


@pytest.mark.process
@pytest.mark.django_db(transaction=True)
def test_a_rotation_killed_at_any_time_goes_on_where_it_was(keys, manager):
    """kill -9 of the real command three times; the readers read throughout."""
    number = 6000
    fill(number)
    with keys.open("a") as file:
        file.write(key_line("new"))
    program = (
        "import os, django; django.setup();"
        "from django.conf import settings; settings.VAULT_KEYS_FILE = os.environ['ROTATION_KEYS'];"
        "from django.core.management import call_command; call_command('rotate_keys', batch=50)"
    )
    moved = 0
    for _ in range(3):
        running = programs.python("-c", program, ROTATION_KEYS=str(keys))
        deadline = time.monotonic() + 60
        while counts_by_key().get("new", 0) <= moved and time.monotonic() < deadline:
            assert running.poll() is None
            time.sleep(0.02)
        programs.kill_group(running)
        counts = counts_by_key()
        assert sum(counts.values()) == number
        assert counts["new"] > moved
        moved = counts["new"]
        for row in (1, number // 2, number):
            record = Code(pk=row, code=f"C{row}")
            assert vault.unseal(record, "name", by=manager) == f"name {row}"
    assert 0 < moved < number

    assert rotate() == (f"new: {number}  (current)\n", 0)
