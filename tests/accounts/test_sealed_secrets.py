"""The secrets of the second step lie sealed, open for the sign-in, and follow the keys."""

import base64
import json
import secrets
from io import StringIO

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, hotp_value
from allauth.mfa.totp.internal.auth import yield_hotp_counters_from_time as counters
from django.core.management import CommandError, call_command

from ceasefire.accounts import sealed_secrets, tasks
from ceasefire.vault.exceptions import SealBroken, UnknownKey

pytestmark = pytest.mark.django_db

SECRET = "JBSWY3DPEHPK3PXP"  # noqa: S105 - the one of every example


def key_line(key_id: str) -> str:
    return f"{key_id}:{base64.b64encode(secrets.token_bytes(32)).decode()}\n"


@pytest.fixture
def keys(settings, tmp_path):
    file = tmp_path / "vault-keys"
    file.write_text(key_line("old"))
    settings.VAULT_KEYS_FILE = str(file)
    return file


def code() -> str:
    return format_hotp_value(hotp_value(SECRET, next(iter(counters()))))


def stored() -> str:
    return json.dumps(list(Authenticator.objects.values_list("data", flat=True)))


def test_no_secret_and_no_seed_lies_in_the_table(worker):
    TOTP.activate(worker, SECRET)
    codes = RecoveryCodes.activate(worker)

    seed = sealed_secrets.open_secret(codes.instance.data["seed"])
    assert SECRET not in stored()
    assert seed not in stored()
    assert stored().count("sealed:") == 2


def test_a_sealed_second_step_takes_its_code_and_its_recovery_codes(worker):
    step, codes = TOTP.activate(worker, SECRET), RecoveryCodes.activate(worker)

    assert step.validate_code(code())
    first, *_others = codes.get_unused_codes()
    assert codes.validate_code(first)
    assert not codes.validate_code(first)


def plain(worker) -> Authenticator:
    """As it was written before secrets were sealed."""
    return Authenticator.objects.create(user=worker, type="totp", data={"secret": SECRET})


def test_one_of_before_the_sealing_still_opens_and_is_sealed_by_the_daily_clearing(worker):
    row = plain(worker)
    assert TOTP(row).validate_code(code())

    tasks.clear_expired()

    row.refresh_from_db()
    assert SECRET not in stored()
    assert sealed_secrets.open_secret(row.data["secret"]) == SECRET


@pytest.mark.parametrize(
    "spoil",
    [
        lambda text: text[:-4] + ("AAAA" if text[-4:] != "AAAA" else "BBBB"),
        lambda text: text + "!",
        lambda text: text[: len(text) // 2],
    ],
    ids=["changed", "no base64", "cut"],
)
def test_a_spoilt_seal_does_not_open(spoil):
    with pytest.raises(SealBroken):
        sealed_secrets.open_secret(spoil(sealed_secrets.seal_secret(SECRET)))


def test_a_seal_of_an_unknown_key_does_not_open(keys):
    sealed = sealed_secrets.seal_secret(SECRET)
    keys.write_text(key_line("another"))

    with pytest.raises(UnknownKey):
        sealed_secrets.open_secret(sealed)


def test_a_rotation_reaches_the_second_step_and_the_old_key_may_go(keys, worker, supervisor):
    TOTP.activate(worker, SECRET)
    RecoveryCodes.activate(worker)
    plain(supervisor)
    keys.write_text(keys.read_text() + key_line("new"))
    with pytest.raises(CommandError):
        call_command("rotate_keys", "--check", stdout=StringIO())
    out = StringIO()

    call_command("rotate_keys", stdout=out)

    assert out.getvalue() == "new: 3  (current)\n"
    keys.write_text(keys.read_text().splitlines()[1] + "\n")
    assert TOTP(Authenticator.objects.get(user=worker, type="totp")).validate_code(code())
