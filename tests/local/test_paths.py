"""Where things lie, and who may not come near."""

import stat
import tempfile

import pytest

from ceasefire.local import paths
from ceasefire.local.faults import StartFault
from ceasefire.local.services import Lock


def test_the_data_folder_is_made_closed(tmp_path):
    layout = paths.open_data_dir({"CEASEFIRE_DATA_DIR": str(tmp_path / "deep" / "var")})

    assert stat.S_IMODE(layout.data.stat().st_mode) == 0o700


def test_without_a_setting_the_data_lies_in_the_checkout():
    assert paths.data_dir({}) == paths.CHECKOUT / "var"


def test_two_data_folders_have_two_socket_folders(tmp_path):
    first = paths.open_data_dir({"CEASEFIRE_DATA_DIR": str(tmp_path / "one")})
    second = paths.open_data_dir({"CEASEFIRE_DATA_DIR": str(tmp_path / "two")})

    assert paths.socket_dir(first) != paths.socket_dir(second)
    assert paths.socket_dir(first) == paths.socket_dir(first)


def test_the_socket_folder_is_closed_even_when_it_was_open(layout):
    folder = paths.socket_dir(layout)
    folder.chmod(0o755)

    assert stat.S_IMODE(paths.socket_dir(layout).stat().st_mode) == 0o700
    assert layout.sockets_link.resolve() == folder


def test_a_link_in_place_of_the_socket_folder_is_refused(layout, tmp_path):
    folder = paths.socket_dir(layout)
    folder.rmdir()
    (tmp_path / "trap").mkdir()
    folder.symlink_to(tmp_path / "trap")
    try:
        with pytest.raises(StartFault, match="is not a folder of this account"):
            paths.socket_dir(layout)
    finally:
        folder.unlink()


@pytest.mark.parametrize("name", ["long" * 30, "with space", "q?host=x"])
def test_a_temporary_folder_unfit_for_an_address_is_passed_over(
    layout, tmp_path, monkeypatch, name
):
    unfit = tmp_path / name
    unfit.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(unfit))

    folder = paths.socket_dir(layout)

    assert str(folder).startswith("/tmp/ceasefire-")
    folder.rmdir()


def test_a_data_folder_that_can_not_be_made_is_one_line(tmp_path):
    (tmp_path / "file").write_text("")

    with pytest.raises(StartFault, match="set CEASEFIRE_DATA_DIR") as fault:
        paths.open_data_dir({"CEASEFIRE_DATA_DIR": str(tmp_path / "file" / "var")})

    assert "\n" not in str(fault.value)


def test_a_second_program_on_one_data_folder_is_told_who_has_it(layout):
    first, second = Lock(layout), Lock(layout)
    first.take("http://127.0.0.1:8000/")

    for _ in range(2):  # being refused does not wipe the word of the first
        with pytest.raises(StartFault, match="already runs .*process .*http://127.0.0.1:8000/"):
            second.take("again")

    first.release()
    second.take("now")
    second.release()
