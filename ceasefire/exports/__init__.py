"""Whatever leaves the program as a file leaves through here: one writer each for CSV, XLSX, PDF.

An app lists its columns in `<app>/exports.py`; the same list serves every format, the page and the
command. The rules are the writers' business: a text never becomes a formula, a number never
becomes a text, Arabic reads from the right, no control character or reordering mark gets out, the
same data give the same bytes.

May import `text`, `periods` and, for streamed answers, `database`.
"""

from ceasefire.exports.cells import escape_cell, unescape_cell
from ceasefire.exports.columns import Cancelled, Column, ControlTotals
from ceasefire.exports.csv import write_csv
from ceasefire.exports.pdf import table_data, write_pdf
from ceasefire.exports.reading import ahead
from ceasefire.exports.responses import (
    csv_response,
    file_response,
    safe_filename,
    stream_response,
)
from ceasefire.exports.xlsx import write_xlsx

__all__ = [
    "Cancelled",
    "Column",
    "ControlTotals",
    "ahead",
    "csv_response",
    "escape_cell",
    "file_response",
    "safe_filename",
    "stream_response",
    "table_data",
    "unescape_cell",
    "write_csv",
    "write_pdf",
    "write_xlsx",
]
