"""What the import linter cannot see: the house's rules about URLs, tables and measures."""

import ast
import importlib
import inspect
import pkgutil
import re
from itertools import chain
from pathlib import Path

import pytest
from django.apps import apps
from django.db import models
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.operations import CreateModel
from django.urls import URLPattern, URLResolver, get_resolver

from ceasefire.database.operations import Access

ROOT = Path(__file__).resolve().parent.parent
OUR_APPS = [
    config
    for config in apps.get_app_configs()
    if config.name.startswith("ceasefire.") or config.name in {"incidents", "outreach", "grants"}
]
#: Views that may be opened by anybody, signed in or not; each has a reason to be.
OPEN_VIEWS = {
    "account_login": "the way in",
    "account_inactive": "says why there is no way in",
    "mfa_authenticate": "the second step of the way in",
    "password_by_link": "choose one's own password by a one-time link",
    "leave": "the quick exit must never fail",
    "away": "where the quick exit leads",
    "token": "a form that waits to be sent asks whether somebody is signed in",
    "language_set": "language before signing in",
    "reports:mail_stop": "a mail's link ends the mails, also where nobody can sign in",
    "livez": "health, without detail",
    "readyz": "health, without detail",
}
#: Asked by devices with a token; tests/api/test_who_may.py has their rows.
API_VIEWS = {
    "api:openapi",
    "api:me",
    "api-places:place_list",
    "api:place_one",
    "api-incidents:incident_list",
    "api-incidents:incident_one",
}
#: Sign-in pages of django-allauth for those already signed in; they touch one's own account only.
ALLAUTH_OWN = {
    "account_logout",
    "account_reauthenticate",
    "account_change_password",
    "mfa_index",
    "mfa_reauthenticate",
    "mfa_activate_totp",
    "mfa_deactivate_totp",
    "mfa_view_recovery_codes",
    "mfa_generate_recovery_codes",
}


def patterns(resolver=None, prefix="", namespace=""):
    """Every URL pattern as (full name, path, view)."""
    resolver = resolver or get_resolver()
    for entry in resolver.url_patterns:
        if isinstance(entry, URLResolver):
            inner = f"{namespace}{entry.namespace}:" if entry.namespace else namespace
            yield from patterns(entry, prefix + str(entry.pattern), inner)
        elif isinstance(entry, URLPattern):
            yield f"{namespace}{entry.name}", prefix + str(entry.pattern), entry.callback


URLS = list(patterns())


@pytest.mark.parametrize(("name", "path", "view"), URLS, ids=[name for name, _p, _v in URLS])
def test_every_view_says_who_may_open_it(name, path, view):
    if name in OPEN_VIEWS or name in ALLAUTH_OWN:
        return
    assert hasattr(view, "required_permission"), f"/{path} is closed to nobody by name"


def test_the_lists_of_open_views_name_only_views_that_exist():
    names = {name for name, _path, _view in URLS}

    assert set(OPEN_VIEWS) | ALLAUTH_OWN | API_VIEWS <= names


def test_every_permission_asked_for_is_held_by_some_role():
    from ceasefire.people.roles import PERMISSIONS

    held = set().union(*PERMISSIONS.values())
    asked = set()
    for _name, _path, view in URLS:
        needed = getattr(view, "required_permission", None)
        if needed:
            asked |= {needed} if isinstance(needed, str) else set(needed)

    assert asked <= held


def test_every_table_of_ours_says_in_its_migration_who_may_do_what():
    loader = MigrationLoader(None, ignore_no_migrations=True)
    labels = {config.label for config in OUR_APPS}
    named, made = set(), set()
    for (label, _name), migration in loader.disk_migrations.items():
        if label not in labels:
            continue
        for operation in chain.from_iterable(
            [one, *getattr(one, "database_operations", ())] for one in migration.operations
        ):
            if isinstance(operation, Access):
                named.add(operation.table)
            elif isinstance(operation, CreateModel):
                made.add((label, operation.name))
    tables = set()
    for config in OUR_APPS:
        for model in config.get_models(include_auto_created=True):
            if model._meta.managed:
                tables.add(model._meta.db_table)

    assert made
    assert tables - named == set()


def measures_of(app):
    """The modules that hold an app's measures: one file, or a package of several."""
    module = importlib.import_module(f"{app}.measures")
    yield module
    for one in pkgutil.iter_modules(getattr(module, "__path__", [])):
        yield importlib.import_module(f"{app}.measures.{one.name}")


@pytest.mark.parametrize("app", ["incidents", "outreach"])
def test_measures_return_numbers_and_never_a_record(app):
    found = 0
    for module in measures_of(app):
        for name, function in inspect.getmembers(module, inspect.isfunction):
            if function.__module__ != module.__name__ or name.startswith("_"):
                continue
            found += 1
            said = str(inspect.signature(function).return_annotation)
            for model in apps.get_app_config(app).get_models():
                assert not re.search(rf"\b{model.__name__}\b", said), f"{name} returns {said}"
    assert found


def test_case_files_cannot_be_reached_backwards_from_shared_ground():
    """A reverse accessor from User, Site or Place to an incident would walk round the wall."""
    for model in apps.get_app_config("incidents").get_models():
        for field in model._meta.get_fields():
            if not isinstance(field, models.ForeignKey | models.ManyToManyField):
                continue
            target = field.related_model._meta
            if target.app_label != "incidents":
                assert field.remote_field.hidden, f"{model.__name__}.{field.name}"


def test_nothing_asks_the_registry_for_a_model_of_an_app_above_it():
    for path in sorted((ROOT / "ceasefire").rglob("*.py")) + sorted(
        (ROOT / "grants").rglob("*.py")
    ):
        if "migrations" in path.parts:
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and node.func.attr == "get_model"
                and node.args
                and isinstance(node.args[0], ast.Constant)
            ):
                assert not str(node.args[0].value).startswith(("incidents", "outreach")), path


def test_the_project_names_no_place_outside_itself():
    """Nothing at run time or in tests reads a folder beside the checkout, or asks another host."""
    outside = re.compile(r"/home/\w|googleapis|jsdelivr|unpkg|cdnjs")
    for folder in ("ceasefire", "incidents", "outreach", "grants", "templates", "static", "script"):
        for path in (ROOT / folder).rglob("*"):
            if path.suffix in {".py", ".html", ".js", ".css", ".sh", ".typ", ""} and path.is_file():
                if "vendor" in path.parts or "__pycache__" in path.parts:
                    continue
                found = outside.search(path.read_text(encoding="utf-8", errors="ignore"))
                assert not found, f"{path}: {found.group()}"
