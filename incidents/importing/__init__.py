"""Reading lists of events in: UCDP GED, ACLED, our own table.

    from incidents import importing

    outcome = importing.import_file(content, format="ucdp-ged", site=site, by=user)
    importing.undo_batch(outcome.batch, by=user)

`reading` finds encoding, delimiter, header and HXL row; a format (`ucdp_ged`, `acled`, `table`)
turns rows into entries; `plan` places them and compares them with what is here; `verbs` writes.
Every refusal is a code with a row and a column, worded when shown (`problems`).
"""

from incidents.importing.checking import check_file, read_workbook
from incidents.importing.problems import FileRefused, Problem
from incidents.importing.verbs import (
    KEPT,
    PAIR,
    UNDO,
    NothingToUndo,
    Outcome,
    UndoRefused,
    UndoTooLate,
    ask_undo,
    import_file,
    set_numbers_aside,
    undo_batch,
)

__all__ = [
    "KEPT",
    "PAIR",
    "UNDO",
    "FileRefused",
    "NothingToUndo",
    "Outcome",
    "Problem",
    "UndoRefused",
    "UndoTooLate",
    "ask_undo",
    "check_file",
    "import_file",
    "read_workbook",
    "set_numbers_aside",
    "undo_batch",
]
