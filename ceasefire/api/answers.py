"""JSON answers: records, lists, errors; and a body read without trusting it."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.http import parse_etags
from django.utils.translation import gettext as _

from ceasefire.api.exceptions import Refused
from ceasefire.look import errors

PREFIX = "/api/"
#: A report with all its rows and longest texts has some 100 KB.
MOST_BYTES = 256 * 1024
MEDIA_TYPE = "application/json"


def is_api(request: HttpRequest) -> bool:
    """Whether a request is answered as JSON."""
    return request.path_info.startswith(PREFIX)


def answer(content: Any, *, status: int = 200, headers: Mapping[str, str] | None = None) -> Any:
    """Content as JSON, kept by no cache on the way."""
    response = JsonResponse(
        content, status=status, json_dumps_params={"ensure_ascii": False}, safe=False
    )
    response.headers["Cache-Control"] = "no-store, private"
    response.headers["X-Content-Type-Options"] = "nosniff"
    for name, value in (headers or {}).items():
        response.headers[name] = value
    return response


def made_once(content: Any, *, address: str, replayed: bool) -> Any:
    """What was made under an `Idempotency-Key`: new (201), or as it stands since it came first.

    `address` is the whole one of the record. `operations.made_answers` says the same in words.
    """
    headers = {"Location": address}
    if replayed:
        headers["Idempotency-Replayed"] = "true"
    return answer(content, status=200 if replayed else 201, headers=headers)


def problem(refused: Refused) -> Any:
    """An error: a code that stays, words in the reader's language, and errors by field."""
    content: dict[str, Any] = {"code": refused.code, "message": str(refused.message)}
    if refused.fields is not None:
        content["fields"] = {
            name: [{"code": one["code"], "message": str(one["message"])} for one in found]
            for name, found in refused.fields.items()
        }
    return answer({**content, **refused.more}, status=refused.status, headers=refused.headers)


def one_record(request: HttpRequest, content: Any) -> Any:
    """One record with its ETag, or 304 where the device has it already.

    The mark is of the content as this person sees it, so whatever changes it changes the mark.
    """
    text = json.dumps(content, ensure_ascii=False, sort_keys=True).encode()
    # Weak, since the same record may travel compressed.
    mark = f'W/"{hashlib.sha256(text).hexdigest()[:32]}"'
    asked = parse_etags(request.headers.get("If-None-Match", ""))
    plain = {one.removeprefix("W/") for one in asked}
    if "*" in asked or mark.removeprefix("W/") in plain:
        response = HttpResponse(status=304)
        response.headers["Cache-Control"] = "no-store, private"
        response.headers["ETag"] = mark
        return response
    return answer(content, headers={"ETag": mark})


def read_body(request: HttpRequest) -> dict[str, Any]:
    """The body as a JSON object, or a refusal that says what is wrong with it."""
    if request.content_type != MEDIA_TYPE:
        raise Refused(415, "not_json", _("Send application/json."))
    try:
        size = int(request.META.get("CONTENT_LENGTH") or 0)
    except ValueError:
        size = 0
    if size > MOST_BYTES:
        raise Refused(413, "too_large", _("This is larger than any report. Send 256 KB at most."))
    try:
        body = json.loads(
            request.body.decode("utf-8"),
            parse_constant=_no_number,
            object_pairs_hook=_named_once,
        )
        # A half of a pair of surrogates is a text for Python and for nobody else.
        json.dumps(body, ensure_ascii=False).encode("utf-8")
    except (ValueError, RecursionError):
        raise Refused(400, "unreadable", _("This is no JSON that can be read.")) from None
    if not isinstance(body, dict):
        raise Refused(400, "unreadable", _("This is no JSON that can be read."))
    return body


def _no_number(name: str) -> Any:
    raise ValueError(name)


def _named_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError
    return found


# --- errors outside of any operation ------------------------------------------------------------


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    if is_api(request):
        return problem(Refused(400, "unreadable", _("This request cannot be read.")))
    return errors.bad_request(request, exception)


def permission_denied(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    if is_api(request):
        return problem(Refused(403, "forbidden", _("This is for somebody else to do.")))
    return errors.permission_denied(request, exception)


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    if is_api(request):
        return problem(Refused(404, "not_found", _("Nothing is here.")))
    return errors.not_found(request, exception)


def server_error(request: HttpRequest) -> HttpResponse:
    """A fault of ours; with the database away, one that may be tried again soon."""
    page = errors.server_error(request)
    if not is_api(request):
        return page
    if page.status_code == 503:
        again = {"Retry-After": str(errors.RETRY_AFTER)}
        return problem(Refused(503, "away", _("Not reachable now. Try again."), headers=again))
    return problem(Refused(500, "fault", _("Something went wrong here.")))


def asked_key(text: str) -> UUID:
    """The key of `Idempotency-Key`; a report without one could be made twice."""
    try:
        return UUID(text.strip())
    except ValueError:
        words = _("Send a new UUID as Idempotency-Key, and the same one when you send it again.")
        raise Refused(400, "idempotency_key", words) from None
