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
