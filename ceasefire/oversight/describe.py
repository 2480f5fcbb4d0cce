"""Writes the data dictionary out of the models, the migrations and `dictionary.py`."""

import inspect
import re
from collections.abc import Iterator

from django.apps import AppConfig, apps
from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import connection, models
from django.db.migrations.loader import MigrationLoader
from django.utils import translation
from django.utils.encoding import force_str

from ceasefire.database.operations import EVERYTHING, Access
from ceasefire.oversight.dictionary import (
    CODE_LISTS,
    NOT_PERSONAL,
    OTHER_TABLES,
    PERSONAL,
    RETENTION,
    SEALED,
)

#: What can hold words about a person, or stand for one.
_TELLING = (
    models.CharField,
    models.TextField,
    models.JSONField,
    models.BinaryField,
    models.GenericIPAddressField,
    models.FileField,
    ArrayField,
)
_COMMENT = re.compile(r"    #: ?(.*)")
_ASSIGNMENT = re.compile(r"    (\w+) = ")


def our_models() -> list[type[models.Model]]:
    """Every model with a table, our own apps first, link tables left out."""
    own: list[type[models.Model]] = []
    others: list[type[models.Model]] = []
    for config in apps.get_app_configs():
        target = own if is_ours(config) else others
        target += [model for model in config.get_models() if model._meta.managed]
    return own + others


def is_ours(config: AppConfig) -> bool:
    """Whether an app belongs to this program."""
    return config.name.partition(".")[0] in {"ceasefire", "incidents", "outreach", "grants"}


def fields_of(model: type[models.Model]) -> list[models.Field]:
    """Columns in their order, then links to many."""
    return [*model._meta.local_fields, *model._meta.local_many_to_many]


def name_of(field: models.Field) -> str:
    """How the tables of `dictionary.py` name a field: app.Model.field."""
    return f"{field.model._meta.label}.{field.name}"


def needs_a_word(field: models.Field) -> bool:
    """Whether a field can hold something about a person, so that somebody has to say if it does."""
    if field.is_relation:
        user = settings.AUTH_USER_MODEL
        ends = {field.related_model._meta.label}
        if field.many_to_many:
            ends.add(field.model._meta.label)
        return user in ends
    if field.choices and name_of(field) not in PERSONAL:
        return False
    return isinstance(field, _TELLING)


def unspoken() -> list[str]:
    """Fields about which `dictionary.py` says nothing."""
    missing = []
    for model in our_models():
        whole = f"{model._meta.label}.*" in NOT_PERSONAL
        for field in fields_of(model):
            name = name_of(field)
            said = name in PERSONAL or name in NOT_PERSONAL or name in CODE_LISTS
            if needs_a_word(field) and not said and not whole:
                missing.append(name)
    return missing


def stale() -> list[str]:
    """Names in `dictionary.py` that no model has."""
    known = {name_of(field) for model in our_models() for field in fields_of(model)}
    known |= {f"{model._meta.label}.*" for model in our_models()}
    gone = [name for table in (PERSONAL, NOT_PERSONAL, CODE_LISTS) for name in table]
    labels = {model._meta.label for model in our_models()}
    return [name for name in gone if name not in known] + [
        name for name in SEALED if name.rpartition(".")[0] not in labels
    ]


def rights() -> dict[str, Access]:
    """The last word of the migrations on each table."""
    loader = MigrationLoader(None, ignore_no_migrations=True)
    found: dict[str, Access] = {}
    for key in sorted(loader.disk_migrations):
        for operation in loader.disk_migrations[key].operations:
            if isinstance(operation, Access):
                found[operation.table] = operation
    return found


def page() -> str:
    """The whole of docs/data-dictionary.md."""
    with translation.override("en"):
        return "\n".join(_lines()) + "\n"


_INTRODUCTION = """\
# Data dictionary

Written by `manage.py data_dictionary` from the models, their migrations and
`ceasefire/oversight/dictionary.py`; do not edit. A test fails when it is out of date, or when a
field that can hold something about a person says neither purpose nor retention.

## How long personal data is kept

The periods are the program's proposal; its directors decide. Where the last column says *by hand*,
the program does not delete by itself yet.
"""
_SEALED = """
## Sealed fields

In no table of their own: `vault_sealed` holds them, AES-256-GCM per field, with the keys outside
the database.
"""
_TABLES = """
## Tables and rights

What the migrations open to the application's database role and to REO's. Where no migration of
ours says anything (other people's tables) the application has all four and REO nothing.
"""


def _lines() -> Iterator[str]:
    yield _INTRODUCTION
    yield from _table(
        ("class", "what", "kept", "at the end", "done"),
        (
            (f"`{key}`", r.title, r.period, r.then, "by itself" if r.automatic else "by hand")
            for key, r in RETENTION.items()
        ),
    )
    yield _SEALED
    yield from _table(
        ("field", "purpose", "class"),
        ((f"`{name}`", p.purpose, f"`{p.retention}`") for name, p in SEALED.items()),
    )
    yield _TABLES
    yield from _table(("table", "model", "application", "REO"), _rights_rows())
    for model in our_models():
        yield from _model(model)


def _rights_rows() -> Iterator[tuple[str, ...]]:
    said = rights()
    for model in our_models():
        named = [(model._meta.db_table, f"`{model._meta.label}`")]
        named += [
            (link.remote_field.through._meta.db_table, f"links of `{name_of(link)}`")
            for link in model._meta.local_many_to_many
            if link.remote_field.through._meta.auto_created
        ]
        for table, what in named:
            access = said.get(table)
            app = access.app if access else EVERYTHING
            yield f"`{table}`", what, _rights(app), _rights(access.reo if access else "")
    for table, what in OTHER_TABLES.items():
        access = said.get(table)
        yield f"`{table}`", what, _rights(access.app if access else EVERYTHING), _rights("")


def _rights(text: str) -> str:
    return "all four" if text == EVERYTHING else text.lower() or "–"


def _model(model: type[models.Model]) -> Iterator[str]:
    yield ""
    yield f"## {model._meta.label}"
    yield ""
    purpose = _purpose(model)
    if purpose:
        yield purpose
        yield ""
    whole = NOT_PERSONAL.get(f"{model._meta.label}.*")
    if whole:
        yield f"Nothing personal{' beyond the fields marked' if _marked(model) else ''}: {whole}."
        yield ""
    yield f"Table `{model._meta.db_table}`."
    yield ""
    notes = _comments(model)
    yield from _table(
        ("field", "type", "null", "values", "about", "personal: purpose", "kept"),
        (_row(field, notes.get(field.name, "")) for field in fields_of(model)),
    )


def _marked(model: type[models.Model]) -> bool:
    return any(name_of(field) in PERSONAL for field in fields_of(model))


def _row(field: models.Field, note: str) -> tuple[str, ...]:
    name = name_of(field)
    personal = PERSONAL.get(name)
    if personal:
        purpose, kept = f"**yes**: {personal.purpose}", f"`{personal.retention}`"
    else:
        purpose, kept = f"no: {NOT_PERSONAL[name]}" if name in NOT_PERSONAL else "", ""
    label = force_str(field.verbose_name)
    about = "" if label in {field.name.replace("_", " "), "ID"} else f"“{label}”"
    return (
        f"`{field.name}`",
        _type(field),
        "null" if field.null else "",
        _values(field),
        " ".join(part for part in (about, note) if part),
        purpose,
        kept,
    )


def _type(field: models.Field) -> str:
    if field.many_to_many:
        return f"links → `{field.related_model._meta.label}`"
    kind = field.db_parameters(connection)["type"] or ""
    if field.is_relation:
        return f"{kind} → `{field.related_model._meta.label}`"
    return f"{kind}, key" if field.primary_key else f"{kind}, unique" if field.unique else kind


def _values(field: models.Field) -> str:
    name = name_of(field)
    if name in CODE_LISTS:
        return f"code list `{CODE_LISTS[name]}`"
    choices = field.choices or getattr(getattr(field, "base_field", None), "choices", None) or ()
    return ", ".join(f"`{value}`" for value, _label in choices)


def _purpose(model: type[models.Model]) -> str:
    text = inspect.getdoc(model) or ""
    # Django writes "Model(field, field …)" where a model has no words of its own.
    if text.startswith(f"{model.__name__}("):
        return ""
    return _plain(text.split("\n\n")[0]) if not is_ours(_config(model)) else _plain(text)


def _config(model: type[models.Model]) -> AppConfig:
    return apps.get_app_config(model._meta.app_label)


def _comments(model: type[models.Model]) -> dict[str, str]:
    """The `#:` comments above the fields, those of the bases first."""
    found: dict[str, str] = {}
    if not is_ours(_config(model)):
        return found
    for kind in reversed(model.__mro__):
        if not issubclass(kind, models.Model) or kind is models.Model:
            continue
        lines: list[str] = []
        for line in inspect.getsource(kind).splitlines():
            comment = _COMMENT.fullmatch(line)
            if comment:
                lines.append(comment[1])
                continue
            assignment = _ASSIGNMENT.match(line)
            if assignment and lines:
                found[assignment[1]] = _plain(" ".join(lines))
            lines = []
    return found


def _plain(text: str) -> str:
    return " ".join(text.split())


def _table(head: tuple[str, ...], rows: Iterator[tuple[str, ...]]) -> Iterator[str]:
    yield f"| {' | '.join(head)} |"
    yield "|---" * len(head) + "|"
    for row in rows:
        yield f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in row)} |"
