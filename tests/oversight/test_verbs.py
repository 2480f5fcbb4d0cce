"""Every verb that the code can write into the audit trail is said in words to who reads it."""

import ast
from collections.abc import Iterator
from pathlib import Path

from django.apps import apps
from django.conf import settings

from ceasefire.oversight.verbs import VERBS, in_words

#: What writes the trail; the second leaves out what a sensitive incident must not tell.
RECORDERS = ("audit.record", "trail.record")
PACKAGES = ("ceasefire", "incidents", "outreach", "grants")


def modules() -> Iterator[tuple[Path, ast.Module]]:
    for package in PACKAGES:
        for path in sorted((Path(settings.BASE_DIR) / package).rglob("*.py")):
            yield path, ast.parse(path.read_text(encoding="utf-8"))


def texts(node: ast.AST) -> set[str]:
    return {
        one.value
        for one in ast.walk(node)
        if isinstance(one, ast.Constant) and isinstance(one.value, str)
    }


def named(call: ast.Call) -> str:
    return ast.unparse(call.func)


def first(call: ast.Call) -> ast.expr:
    return call.args[0] if call.args else next(k.value for k in call.keywords if k.arg == "verb")


def verbs_of(expression: ast.expr, module: ast.Module, function: str) -> set[str]:
    """What a call's verb can be: a text, one of two, a row of a table, or what callers hand in."""
    if isinstance(expression, ast.Constant):
        return {str(expression.value)}
    if isinstance(expression, ast.IfExp):
        return verbs_of(expression.body, module, function) | verbs_of(
            expression.orelse, module, function
        )
    if isinstance(expression, ast.Subscript):
        table = ast.unparse(expression.value)
        for one in module.body:
            if isinstance(one, ast.Assign) and ast.unparse(one.targets[0]) == table:
                assert isinstance(one.value, ast.Dict)
                return set().union(*(texts(value) for value in one.value.values))
    if isinstance(expression, ast.Name):
        callers = [
            call
            for call in ast.walk(module)
            if isinstance(call, ast.Call) and named(call) == function
        ]
        return set().union(*(verbs_of(first(call), module, "") for call in callers))
    raise AssertionError(f"Which verb is {ast.unparse(expression)}? Write it so that it is read.")


def recorded() -> dict[str, str]:
    """Every verb that is recorded, with the module that does."""
    found: dict[str, str] = {}
    for path, module in modules():
        if path.match("ceasefire/audit/services.py") or path.match("incidents/services/trail.py"):
            continue  # hand on what they are told
        for function in ast.walk(module):
            if not isinstance(function, ast.FunctionDef):
                continue
            for call in ast.walk(function):
                if isinstance(call, ast.Call) and named(call) in RECORDERS:
                    verbs = verbs_of(first(call), module, function.name)
                    assert verbs, f"{path}: {ast.unparse(call)[:80]}"
                    found |= dict.fromkeys(verbs, str(path))
                if isinstance(call, ast.Call) and named(call) == "audit.read":
                    model = ast.unparse(first(call))
                    assert model in {one._meta.model_name for one in apps.get_models()}, model
                    found[f"{model}.read"] = str(path)
    return found


def test_every_verb_that_is_recorded_is_said_in_words():
    found = recorded()

    assert len(found) > 50
    assert {verb: where for verb, where in found.items() if verb not in VERBS} == {}


def test_no_verb_is_said_that_nothing_records():
    assert set(VERBS) - set(recorded()) == set()


def test_a_verb_of_an_older_version_is_still_shown_as_its_code():
    assert in_words("incident.once_upon_a_time") == ""
