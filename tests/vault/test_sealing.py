"""A sealed text opens where it was sealed, unchanged, and nowhere else."""

import secrets

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ceasefire.vault.exceptions import SealBroken
from ceasefire.vault.sealing import open_text, seal_text

KEY = secrets.token_bytes(32)
PLACE = {"table": "outreach_participant", "column": "name", "row": "7", "key_id": "k1"}


@given(st.text())
def test_what_is_sealed_is_what_is_read(text):
    assert open_text(seal_text(text, key=KEY, **PLACE), key=KEY, **PLACE) == text


@pytest.mark.parametrize(
    "change",
    [
        {"table": "incidents_source"},  # copied to another table
        {"column": "alias"},  # to another column
        {"row": "8"},  # to another person
        {"key_id": "k2"},  # called another key's
        {"table": "outreach_participantname", "column": ""},  # the same letters, parted elsewhere
        {"key": secrets.token_bytes(32)},
    ],
)
def test_a_seal_moved_to_another_place_does_not_open(change):
    sealed = seal_text("علي حسن", key=KEY, **PLACE)
    with pytest.raises(SealBroken):
        open_text(sealed, **{"key": KEY, **PLACE, **change})


def test_no_bit_can_be_flipped():
    sealed = seal_text("علي", key=KEY, **PLACE)
    for octet in range(len(sealed)):
        for bit in range(8):
            flipped = bytearray(sealed)
            flipped[octet] ^= 1 << bit
            with pytest.raises(SealBroken):
                open_text(bytes(flipped), key=KEY, **PLACE)


def test_no_end_can_be_cut_and_nothing_added():
    sealed = seal_text("علي", key=KEY, **PLACE)
    for cut in (*(sealed[:length] for length in range(len(sealed))), sealed + b"\0"):
        with pytest.raises(SealBroken):
            open_text(cut, key=KEY, **PLACE)


def test_the_same_text_is_sealed_differently_each_time():
    nonces = {seal_text("علي", key=KEY, **PLACE)[1:13] for _ in range(1000)}
    assert len(nonces) == 1000


def test_short_names_are_of_one_length():
    assert len({len(seal_text("x" * n, key=KEY, **PLACE)) for n in range(32)}) == 1
