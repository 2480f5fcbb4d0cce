"""The operations of the API: each says its method, path, permission, scope, and what it answers.

A view of an address is made from its operations, and so is the document that describes them.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from jsonschema import Draft202012Validator

from ceasefire.api.answers import problem
from ceasefire.api.exceptions import Refused
from ceasefire.api.shapes import FLAG, TEXT, Schema, Shape, closed, many
from ceasefire.audit import origin
from ceasefire.people.lockout import client_address, keyed_hash

#: What every operation may answer, and why.
EVERYWHERE = {
    400: "The request cannot be read, or does not fit: `fields` names what and why.",
    401: "No token, or one that opens nothing.",
    403: "The token's scope or the person's role does not allow it.",
    429: "Too many unknown tokens from this address; `Retry-After` says how long to wait.",
    500: "A fault of the server.",
    503: "The server cannot answer now; `Retry-After` says when to try again.",
}
ERROR = closed(
    {
        "code": {**TEXT, "description": "What is wrong, for programs; it does not change."},
        "message": {**TEXT, "description": "What is wrong, in the reader's language."},
        "fields": {
            "type": "object",
            "description": "By field (`sources.0.kind` for a row) what is wrong with it.",
            "additionalProperties": many(closed({"code": TEXT, "message": TEXT})),
        },
        "incident": {**TEXT, "description": "The incident that was made under the same key."},
        "likely_duplicates": {
            **many(closed({"code": TEXT, "takes_source": FLAG})),
            "description": "The incidents that a report which asks may repeat, and whether it can "
            "become a further source of each.",
        },
    },
    required=("code", "message"),
)


@dataclass(frozen=True)
class Parameter:
    """One parameter: of the query unless `where` says otherwise."""

    name: str
    schema: Schema | Callable[[], Schema]
    description: str = ""
    where: str = "query"
    required: bool = False

    def document(self) -> dict[str, Any]:
        schema = self.schema() if callable(self.schema) else self.schema
        return {
            "name": self.name,
            "in": self.where,
            "required": self.required,
            "description": self.description,
            "schema": schema,
        }


@dataclass(frozen=True)
class Answer:
    """One way an operation may end: what it says, and the headers that come with it."""

    description: str
    schema: Schema | Callable[[], Schema] | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


def once_key(what: str) -> Parameter:
    """The key of what is made once, however often it is sent; `answers.asked_key` reads it."""
    return Parameter(
        "Idempotency-Key",
        {"type": "string", "format": "uuid"},
        f"New for each {what}; the same when it is sent again.",
        "header",
        required=True,
    )


def made_answers(
    what: str, schema: Schema | Callable[[], Schema], *, first: str = "made"
) -> dict[int, Answer]:
    """How an operation ends that makes something once, of a body: `answers.made_once` in words."""
    location = {"Location": f"The address of the {what}."}
    return {
        200: Answer(
            f"The {what} that was {first} when this came first.",
            schema,
            {**location, "Idempotency-Replayed": "Always `true`."},
        ),
        201: Answer(f"The new {what}.", schema, location),
        413: Answer("More than 256 KB."),
        415: Answer("Not application/json."),
    }


@dataclass(frozen=True)
class Operation:
    """One method of one address. `view` is called with the request and the path's arguments."""

    method: str
    path: str
    key: str
    summary: str
    permission: str
    view: Callable[..., HttpResponse]
    answers: Mapping[int, Answer]
    scope: str = "read"
    parameters: Sequence[Parameter] = ()
    body: Callable[[], Schema] | None = None
    example: Mapping[str, Any] | None = None


OPERATIONS: list[Operation] = []
#: What operations answer with, by name.
SHAPES: dict[str, Shape] = {}


def known_shape(shape: Shape) -> Shape:
    """Put a shape among those of the document."""
    SHAPES[shape.name] = shape
    return shape


def endpoint(*operations: Operation) -> Callable[..., HttpResponse]:
    """The view of one address: the token first, then method, scope and permission, then the work.

    Answers are JSON whatever happens; a refusal is raised as `Refused`, 404 and 403 as everywhere.
    """
    OPERATIONS.extend(operations)
    by_method = {operation.method: operation for operation in operations}
    allowed = ", ".join(sorted({*by_method, *({"HEAD"} if "GET" in by_method else ())}))

    def view(request: HttpRequest, **arguments: Any) -> HttpResponse:
        try:
            method = "GET" if request.method == "HEAD" else str(request.method)
            operation = by_method.get(method)
            if operation is None:
                words = _("This address does not take that method.")
                raise Refused(405, "method", words, headers={"Allow": allowed})
            _refuse_unless_allowed(request, operation)
            device = request.device  # type: ignore[attr-defined]
            source = origin.Origin(
                keyed_hash("address", client_address(request)), keyed_hash("device", device.prefix)
            )
            with origin.coming_from(source):
                return operation.view(request, **arguments)
        except Refused as refused:
            return problem(refused)
        except Http404:
            return problem(Refused(404, "not_found", _("Nothing is here.")))
        except PermissionDenied:
            return problem(Refused(403, "forbidden", _("This is for somebody else to do.")))

    asked = tuple(dict.fromkeys(operation.permission for operation in operations))
    view.required_permission = asked[0] if len(asked) == 1 else asked  # type: ignore[attr-defined]
    view.operations = operations  # type: ignore[attr-defined]
    closed_view: Callable[..., HttpResponse] = csrf_exempt(login_not_required(view))
    return closed_view


def _refuse_unless_allowed(request: HttpRequest, operation: Operation) -> None:
    if operation.scope not in request.device.scopes:  # type: ignore[attr-defined]
        raise Refused(403, "scope", _("This device's token does not allow it."))
    for permission in ("api.use_api", operation.permission):
        if not request.user.has_perm(permission):
            raise PermissionDenied


def refuse_unknown(request: HttpRequest, known: Sequence[str]) -> None:
    """Refuse a parameter that the operation has not: a filter misspelt would answer with all."""
    unknown = [name for name in request.GET if name not in known]
    if unknown:
        words = _("There is no such parameter.")
        raise invalid({name[:60]: [{"code": "unknown", "message": words}] for name in unknown[:20]})


def invalid(fields: Any) -> Refused:
    """400 with what is wrong by field."""
    return Refused(400, "invalid", _("Some answers do not fit."), fields=fields)


def check_types(body: Any, schema: Schema) -> None:
    """Refuse a body whose fields are not of the kinds that the document says.

    Only kinds, names and lengths of lists: what the answers mean is for the form to judge, which
    says it in the words of the page.
    """
    found: dict[str, list[dict[str, Any]]] = {}
    words = {
        "type": _("This is not of the kind that is asked for."),
        "additionalProperties": _("There is no such field."),
        "maxItems": _("At most 30 rows."),
    }
    for error in _validator(_kinds_only(schema)).iter_errors(body):
        path = ".".join(str(part) for part in error.absolute_path)
        keyword = str(error.validator)
        if keyword == "additionalProperties":
            extra = sorted(set(error.instance) - set(error.schema["properties"]))
            names = [f"{path}.{name}".lstrip(".")[:80] for name in extra[:20]]
        else:
            names = [path]
        for name in names:
            found.setdefault(name, [{"code": keyword, "message": words[keyword]}])
    if found:
        raise invalid(found)


def _kinds_only(schema: Any) -> str:
    def bare(part: Any) -> Any:
        if not isinstance(part, dict):
            return part
        kept = {
            key: part[key] for key in ("type", "additionalProperties", "maxItems") if key in part
        }
        if "properties" in part:
            kept["properties"] = {name: bare(one) for name, one in part["properties"].items()}
        if "items" in part:
            kept["items"] = bare(part["items"])
        return kept

    return json.dumps(bare(schema), sort_keys=True)


@cache
def _validator(schema: str) -> Draft202012Validator:
    return Draft202012Validator(json.loads(schema))
