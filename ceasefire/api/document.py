"""The OpenAPI document, made from the operations themselves."""

from typing import Any

from ceasefire.api.operations import ERROR, EVERYWHERE, OPERATIONS, SHAPES, Answer, Operation
from ceasefire.api.services import LIFE

VERSION = "1.0.0"
BASE = "/api/v1"


def document() -> dict[str, Any]:
    """OpenAPI 3.1 of all operations, with the codes that hold today and their labels."""
    paths: dict[str, Any] = {}
    for operation in OPERATIONS:
        paths.setdefault(operation.path, {})[operation.method.lower()] = _operation(operation)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Ceasefire",
            "version": VERSION,
            "description": "The rules of the pages as JSON. What a person may not see on a page is "
            "absent here too. Names kept sealed are never answered.",
        },
        "servers": [{"url": BASE}],
        "security": [{"device": []}],
        "paths": dict(sorted(paths.items())),
        "components": {
            "securitySchemes": {
                "device": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "A device's token, made under My account; it lasts "
                    f"{LIFE.days} days.",
                }
            },
            "schemas": {
                "Error": ERROR,
                **{name: shape.schema() for name, shape in sorted(SHAPES.items())},
            },
        },
    }


def _operation(operation: Operation) -> dict[str, Any]:
    errors = {status: Answer(text) for status, text in EVERYWHERE.items()}
    answers = {**errors, **operation.answers}
    said: dict[str, Any] = {
        "operationId": operation.key,
        "summary": operation.summary,
        "description": f"Needs a token with the scope `{operation.scope}`.",
        "parameters": [
            *(parameter.document() for parameter in operation.parameters),
            {
                "name": "Accept-Language",
                "in": "header",
                "required": False,
                "description": "ar or en: the language of messages; else the person's own.",
                "schema": {"type": "string"},
            },
        ],
        "responses": {
            str(status): _answer(status, answer) for status, answer in sorted(answers.items())
        },
    }
    if operation.body is not None:
        content: dict[str, Any] = {"schema": operation.body()}
        if operation.example is not None:
            content["example"] = dict(operation.example)
        said["requestBody"] = {"required": True, "content": {"application/json": content}}
    return said


def _answer(status: int, answer: Answer) -> dict[str, Any]:
    said: dict[str, Any] = {"description": answer.description}
    headers = dict(answer.headers)
    if status == 401:
        headers["WWW-Authenticate"] = "How to sign in: Bearer."
    if status in (429, 503):
        headers["Retry-After"] = "Seconds to wait."
    if headers:
        said["headers"] = {
            name: {"description": text, "schema": {"type": "string"}}
            for name, text in headers.items()
        }
    schema = answer.schema() if callable(answer.schema) else answer.schema
    if schema is None and status >= 400:
        schema = {"$ref": "#/components/schemas/Error"}
    if schema is not None:
        said["content"] = {"application/json": {"schema": schema}}
    return said
