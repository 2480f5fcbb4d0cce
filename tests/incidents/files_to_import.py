"""Files that the import tests read: the slice of UCDP as it is and as published, and tables."""

import csv
import io
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

SLICE = Path(__file__).parents[1] / "reference" / "ucdp" / "ged_iraq_slice.csv"
#: What the published file calls the columns of the reduced one, and what it has besides.
PUBLISHED = {
    "deaths_best": "best",
    "deaths_low": "low",
    "deaths_high": "high",
    "governorate": "adm_1",
}


def ucdp_rows() -> list[dict[str, str]]:
    """The rows of the slice."""
    with SLICE.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def as_csv(
    rows: Iterable[Mapping[str, Any]],
    header: Iterable[str] | None = None,
    *,
    delimiter: str = ",",
    second: Iterable[str] = (),
    encoding: str = "utf-8",
) -> bytes:
    """Rows as a file; `second` is a row of its own under the header."""
    rows = list(rows)
    names = list(header or rows[0])
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=delimiter)
    writer.writerow(names)
    if second:
        writer.writerow(list(second))
    for row in rows:
        writer.writerow([row.get(name, "") for name in names])
    return out.getvalue().encode(encoding)


def published(rows: Iterable[Mapping[str, str]], *, tags: bool = False, **more: str) -> bytes:
    """The slice as UCDP publishes it: its names, more columns, another order, perhaps HXL tags."""
    made = []
    for row in rows:
        renamed = {PUBLISHED.get(name, name): value for name, value in row.items()}
        renamed |= {
            "year": row["date_start"][:4],
            "country": "Iraq",
            "source_article": "Someone Named, 'A headline'",
            "number_of_sources": "3",
            "date_start": row["date_start"] + " 00:00:00.000",
            **more,
        }
        made.append(renamed)
    names = sorted(made[0], reverse=True)
    return as_csv(made, names, second=[f"#x+{name}" for name in names] if tags else ())


#: One good row of our own table.
ROW = {
    "site": "BASRAH-CENTRE",
    "type": "MUR",
    "occurred_from": "2026-03-05",
    "place": "IQG02Q02N02-ASHAR",
    "killed_best": "1",
    "source_kind": "family",
    "source_reliability": "C",
    "source_credibility": "3",
    "source_id": "A-1",
}


def table(*changes: Mapping[str, Any], **kw: Any) -> bytes:
    """A table, a row per mapping of changes to `ROW`; a change of None takes a column away."""
    rows = [
        {**ROW, "source_id": f"A-{at}", **change} for at, change in enumerate(changes or [{}], 1)
    ]
    names = list(dict.fromkeys(name for row in rows for name in row))
    names = [name for name in names if not any(row.get(name, "") is None for row in rows)]
    return as_csv(rows, names, **kw)
