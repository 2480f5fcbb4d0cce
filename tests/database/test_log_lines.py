"""A log says where something failed and quotes nobody."""

import logging

from ceasefire.database.log_lines import CarefulFormatter


def test_an_exception_is_logged_by_class_and_place_without_its_words():
    try:
        try:
            int("a name that was typed")
        except ValueError as error:
            raise RuntimeError("another name") from error
    except RuntimeError as error:
        record = logging.LogRecord(
            "x",
            logging.ERROR,
            __file__,
            1,
            "it failed",
            None,
            (type(error), error, error.__traceback__),
        )
    record.exc_text = "a careless handler kept: another name"

    text = CarefulFormatter("%(message)s").format(record)

    assert "RuntimeError" in text
    assert "ValueError" in text
    assert "test_log_lines.py" in text
    assert "name" not in text.replace("test_an_exception", "").replace(__name__, "")


def test_a_one_time_link_is_cut_out_of_a_path():
    record = logging.makeLogRecord(
        {"msg": "Forbidden (%s): %s", "args": ("no mark", "/accounts/password/new/T0ken-_x/")}
    )

    text = CarefulFormatter("%(message)s").format(record)

    assert text == "Forbidden (no mark): /accounts/password/new/-/"


def test_the_program_logs_by_this_formatter(settings):
    handlers = settings.LOGGING["handlers"].values()

    names = {settings.LOGGING["formatters"][handler["formatter"]]["()"] for handler in handlers}
    assert names == {f"{CarefulFormatter.__module__}.{CarefulFormatter.__qualname__}"}


def test_what_was_searched_for_is_cut_off_an_address():
    record = logging.makeLogRecord(
        {"msg": "Error handling request %s", "args": ("/incidents/?q=a%20name&site=X",)}
    )

    assert CarefulFormatter("%(message)s").format(record) == "Error handling request /incidents/"


def test_the_web_server_keeps_no_list_of_addresses():
    from gunicorn.config import AccessLog

    from ceasefire.local.supervisor import Supervisor

    ours = object.__new__(Supervisor)
    ours.host, ours.port = "127.0.0.1", 8000
    assert AccessLog.default is None
    assert not [word for word in ours._web_command() if "access" in word or "statsd" in word]
