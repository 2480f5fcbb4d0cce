"""What is said of a record: one table of fields, from which answer and schema are both made."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from ceasefire import codes
from ceasefire.periods import BAGHDAD

Schema = dict[str, Any]

TEXT: Schema = {"type": "string"}
FLAG: Schema = {"type": "boolean"}
COUNT: Schema = {"type": "integer", "minimum": 0}
DAY: Schema = {"type": "string", "format": "date"}
MOMENT: Schema = {"type": "string", "format": "date-time"}
CLOCK: Schema = {"type": "string", "pattern": "^[0-2][0-9]:[0-5][0-9]$"}
DEGREES: Schema = {"type": "number", "minimum": -180, "maximum": 180}


def or_null(schema: Schema) -> Schema:
    """The same, or null where nothing is known (or not to this reader)."""
    if "enum" in schema:
        return {**schema, "type": [schema["type"], "null"], "enum": [*schema["enum"], None]}
    if "type" in schema:
        return {**schema, "type": [schema["type"], "null"]}
    return {"anyOf": [schema, {"type": "null"}]}


def many(schema: Schema, most: int | None = None) -> Schema:
    """A list of such."""
    limit = {} if most is None else {"maxItems": most}
    return {"type": "array", "items": schema, **limit}


def one_of(values: Sequence[Any], description: str = "") -> Schema:
    """One of the values."""
    said = {"description": description} if description else {}
    return {"type": "string", "enum": list(values), **said}


def coded(name: str, *, retired: bool = False) -> Callable[[], Schema]:
    """A code of a list, with its labels in the reader's language as the description."""

    def schema() -> Schema:
        known = codes.choices(name, retired=retired)
        words = "; ".join(f"{code} {label}" for code, label in known)
        return one_of([code for code, _label in known], words)

    return schema


def numbered(name: str) -> Callable[[], Schema]:
    """A code of a list whose codes are numbers."""

    def schema() -> Schema:
        known = codes.choices(name, retired=True)
        words = "; ".join(f"{code} {label}" for code, label in known)
        return {
            "type": "integer",
            "enum": [int(code) for code, _l in known],
            "description": words,
        }

    return schema


def moment(value: datetime | None) -> str | None:
    """A moment in Baghdad's time, ISO 8601 with its zone."""
    return value.astimezone(BAGHDAD).isoformat(timespec="seconds") if value else None


def day(value: date | None) -> str | None:
    """A day, ISO 8601."""
    return value.isoformat() if value else None


@dataclass(frozen=True)
class Field:
    """One field: its name, its schema (or what makes it), and how it is read of a row.

    `read` takes the row and what the reader may see; by default the attribute of that name.
    """

    name: str
    schema: Schema | Callable[[], Schema]
    read: Callable[[Any, Any], Any] | None = None
    description: str = ""

    def described(self) -> Schema:
        schema = self.schema() if callable(self.schema) else self.schema
        return {**schema, "description": self.description} if self.description else schema

    def of(self, row: Any, sight: Any) -> Any:
        return getattr(row, self.name) if self.read is None else self.read(row, sight)


@dataclass(frozen=True)
class Shape:
    """A kind of record, as it is answered."""

    name: str
    fields: tuple[Field, ...]
    description: str = ""

    def of(self, row: Any, sight: Any = None) -> dict[str, Any]:
        """A row as JSON."""
        return {field.name: field.of(row, sight) for field in self.fields}

    def schema(self) -> Schema:
        """Every field always stands, and no other."""
        return closed({field.name: field.described() for field in self.fields}, self.description)

    @property
    def ref(self) -> Schema:
        return {"$ref": f"#/components/schemas/{self.name}"}


def closed(
    properties: Mapping[str, Schema],
    description: str = "",
    required: Sequence[str] | None = None,
) -> Schema:
    """An object of exactly these fields; all of them are required unless said otherwise."""
    said = {"description": description} if description else {}
    return {
        "type": "object",
        "properties": dict(properties),
        "required": list(properties if required is None else required),
        "additionalProperties": False,
        **said,
    }


def page_of(shape: Shape) -> Schema:
    """A page of a list, with the cursors of its neighbours."""
    return closed(
        {
            "items": many(shape.ref),
            "after": or_null({**TEXT, "description": "Cursor of the next page, if any."}),
            "before": or_null({**TEXT, "description": "Cursor of the page before, if any."}),
        }
    )
