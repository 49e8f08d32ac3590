"""The OpenAPI 3.1 document, made from the tables of operations and pages and from the types of messages."""

from __future__ import annotations

from functools import cache
from importlib import metadata
from typing import Any

import msgspec

from sim.service import answers as a
from sim.service import examples, operations, pages, views
from sim.service import messages as m
from sim.service.keys import ALL, SCOPES
from sim.service.policy import Policy
from sim.service.problems import CODES

Said = dict[str, Any]
REF = "#/components/schemas/{name}"
TITLE = "Beanpeak reference ledger"
ABOUT = (
    "Beans, charity time and money of an online charity campaign in double-entry books. Every POST carries an "
    "Idempotency-Key: asked again it gets the same answer, byte for byte, and has no second effect. A retryable "
    "problem is asked again with the same key. Business dates are judged by effective_at, never by the clock. "
    "What could be read in two ways is refused: a header, a parameter or a member of a body that is given twice."
)
WRITES = (400, 401, 403, 404, 405, 408, 409, 413, 415, 422, 429, 503)
READS = (400, 401, 403, 404, 405, 503)


@cache
def printed() -> bytes:
    """The document as JSON."""
    return msgspec.json.encode(document())


def document() -> Said:
    """The whole document."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": TITLE,
            "version": metadata.version("beanpeak"),
            "description": ABOUT,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "security": [{"key": []}],
        "paths": _paths(),
        "components": {
            "schemas": _schemas(),
            "responses": {f"problem{status}": _problem(status) for status in sorted(WRITES)},
            "parameters": _parameters(),
            "securitySchemes": {
                "key": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": f"bp_<id>_<secret>, in one header; scopes: {', '.join(SCOPES)}",
                }
            },
        },
    }


# --- types -------------------------------------------------------------------------------------------------


def _messages() -> list[type]:
    return sorted({one.message for one in operations.ALL}, key=lambda kind: kind.__name__)


def _answers() -> list[type]:
    shown = {page.answer for page in pages.ALL}
    rest = {a.Booked, a.Problem, a.Results, a.Verdicts, a.KeyPage, a.KeyPages, a.Readiness, a.Health}
    return sorted(shown | rest, key=lambda kind: kind.__name__)


def _schemas() -> Said:
    types = [*_messages(), *_answers(), m.Batch, m.NewKey, m.Overlap]
    _, found = msgspec.json.schema_components(types, ref_template=REF)
    schemas: Said = _readable(found)
    for kind in _messages():
        if "id" in schemas[kind.__name__]["properties"] and issubclass(kind, (m.Named, m.Limit)):
            del schemas[kind.__name__]["properties"]["id"]  # it stands in the path
    schemas["Batch"]["properties"]["items"] |= {"minItems": 1, "maxItems": Policy().batch_items}
    schemas["Item"]["properties"]["op"]["description"] = ", ".join(one.op for one in operations.ALL)
    schemas["Item"]["properties"]["body"] = {
        "description": "the operation's own body, with the id of its path as `id`; checked item by item",
    }
    schemas["Result"]["properties"]["body"] = {
        "anyOf": [{"$ref": REF.format(name=kind.__name__)} for kind in (a.Booked, a.Problem)]
    }
    return schemas


def _readable(schema: Any) -> Any:
    """Patterns as everybody writes them: outside Python `$` is the end and nothing else."""
    if isinstance(schema, dict):
        return {name: _readable(value) for name, value in schema.items()}
    if isinstance(schema, list):
        return [_readable(value) for value in schema]
    return schema.replace(m.END, "$") if isinstance(schema, str) else schema


def _json(type_: type, media: str = "application/json") -> Said:
    return {media: {"schema": {"$ref": REF.format(name=type_.__name__)}}}


def _problem(status: int) -> Said:
    codes = [code for code, meaning in CODES.items() if meaning.status == status]
    said: Said = {"description": "; ".join(codes), "content": _json(a.Problem, "application/problem+json")}
    headers: Said = {}
    if status in (429, 503):
        headers["Retry-After"] = {"schema": {"type": "string"}, "description": "seconds"}
    if status == 405:
        headers["Allow"] = {"schema": {"type": "string"}}
    return said | ({"headers": headers} if headers else {})


def _problems(statuses: tuple[int, ...]) -> Said:
    return {str(status): {"$ref": f"#/components/responses/problem{status}"} for status in statuses}


# --- parameters ----------------------------------------------------------------------------------------------


def _parameters() -> Said:
    most = Policy().page
    return {
        "IdempotencyKey": {
            "name": "Idempotency-Key",
            "in": "header",
            "required": True,
            "description": "names this request for ever; the event's id follows from it and the key's id. Once, "
            "on one line, like every header that is read here: two are refused (ambiguous_header)",
            "schema": {"type": "string", "pattern": _readable(m.KEY_PATTERN)},
            "example": "run1:17",
        },
        "Cursor": {
            "name": "cursor",
            "in": "query",
            "description": "`next` of the page before; at most once, like every parameter",
            "schema": {"type": "string", "pattern": _readable(views.CURSOR_PATTERN)},
        },
        "Limit": {
            "name": "limit",
            "in": "query",
            "schema": {"type": "integer", "minimum": 1, "maximum": most, "default": most},
        },
    }


def _id(pattern: str, example: str) -> Said:
    return {
        "name": "id",
        "in": "path",
        "required": True,
        "schema": {"type": "string", "pattern": _readable(pattern)},
        "example": example,
    }


def _ref(parameter: str) -> Said:
    return {"$ref": f"#/components/parameters/{parameter}"}


# --- paths ---------------------------------------------------------------------------------------------------


def _paths() -> Said:
    paths: Said = {}
    for one in operations.ALL:
        paths.setdefault(one.path, {})["post"] = _post(one)
    for page in pages.ALL:
        paths.setdefault(page.path, {})["get"] = _get(page)
    paths["/v1/batch"] = {"post": _batch()}
    paths |= _keys() | _for_auditors() | _server()
    return paths


def _post(one: operations.Operation) -> Said:
    parameters = [_ref("IdempotencyKey")]
    if one.named:
        pattern = m.ACCOUNT_PATTERN if one.message is m.Limit else m.ID_PATTERN
        parameters.append(_id(pattern, examples.path_id(one.path)))
    content = _json(one.message)
    content["application/json"]["example"] = examples.BODIES[one.op]
    headers: Said = {
        "Idempotency-Replayed": {"schema": {"type": "string", "enum": ["true"]}, "description": "a repeat"}
    }
    if one.made:
        headers["Location"] = {"schema": {"type": "string"}, "required": True}
    bound = f" The key must be bound to {one.owner or 'the project'} or to *." if one.owner != ALL else ""
    return {
        "operationId": one.op,
        "tags": [one.path.split("/")[2]],
        "summary": one.summary,
        "description": f"Scope {' or '.join(sorted(one.scopes))}.{bound}",
        "parameters": parameters,
        "requestBody": {"required": True, "content": content},
        "responses": {
            str(one.status): {"description": "booked", "headers": headers, "content": _json(a.Booked)},
            **_problems(WRITES),
        },
    }


def _get(page: pages.Page) -> Said:
    noun = page.path.split("/")[2]
    example = (
        "2400:p1" if noun == "accounts" else "0123456789abcdef" * 2 if noun == "events" else noun[0] + "1"
    )
    parameters = [_id(page.pattern, example)]
    if page.paged:
        parameters += [_ref("Cursor"), _ref("Limit")]
    return {
        "operationId": f"read-{page.look_up.__name__}",
        "tags": [noun],
        "summary": " ".join((page.look_up.__doc__ or "").split("\n\n")[0].split()),
        "description": f"Scope {page.scope}.",
        "parameters": parameters,
        "responses": {"200": {"description": "found", "content": _json(page.answer)}, **_problems(READS)},
    }


def _batch() -> Said:
    return {
        "operationId": "batch",
        "tags": ["batch"],
        "summary": "Many requests, decided together, each under its own key; atomic: all or none.",
        "description": "Each item needs the scope of its operation.",
        "parameters": [_ref("IdempotencyKey")],
        "requestBody": {"required": True, "content": _json(m.Batch)},
        "responses": {
            "200": {"description": "a result an item", "content": _json(a.Results)},
            "201": {"description": "all were booked", "content": _json(a.Results)},
            **_problems(WRITES),
        },
    }


def _keys() -> Said:
    def post(name: str, summary: str, body: type | None, status: str, answer: type, named: bool) -> Said:
        said: Said = {
            "operationId": name,
            "tags": ["keys"],
            "summary": summary,
            "description": "Scope admin.",
            "parameters": [_id(m.ID_PATTERN, "platform")] if named else [],
            "responses": {
                status: {"description": "done", "content": _json(answer)},
                **_problems((400, 401, 403, 404, 405, 408, 409, 413, 415, 503)),
            },
        }
        return said | ({"requestBody": {"required": True, "content": _json(body)}} if body else {})

    make = post("make-key", "A new key; its token is in this answer only.", m.NewKey, "201", a.KeyPage, False)
    every = {
        "operationId": "read-keys",
        "tags": ["keys"],
        "summary": "Every key, without secrets.",
        "description": "Scope admin.",
        "responses": {"200": {"description": "found", "content": _json(a.KeyPages)}, **_problems(READS)},
    }
    rotate = post("rotate-key", "A second secret; those before end later.", m.Overlap, "201", a.KeyPage, True)
    revoke = post("revoke-key", "A key ends, at once.", None, "200", a.KeyPages, True)
    return {
        "/v1/keys": {"get": every, "post": make},
        "/v1/keys/{id}/rotate": {"post": rotate},
        "/v1/keys/{id}/revoke": {"post": revoke},
    }


def _for_auditors() -> Said:
    def number(name: str, least: int) -> Said:
        schema = {"type": "integer", "minimum": least, "maximum": 2**53 - 1}
        return {"name": name, "in": "query", "schema": schema}

    lines = {"application/x-ndjson": {"schema": {"type": "string"}}}
    return {
        "/v1/export": {
            "get": {
                "operationId": "export",
                "tags": ["audit"],
                "summary": "The journal after `after`, gap-free, up to the head when asked: a JSON line an event.",
                "description": "Scope audit:read. A line is an EventLine.",
                "parameters": [number("after", 0), number("limit", 1)],
                "responses": {"200": {"description": "lines", "content": lines}, **_problems(READS)},
            }
        },
        "/v1/audit": {
            "get": {
                "operationId": "audit",
                "tags": ["audit"],
                "summary": "Every invariant, checked on what is committed.",
                "description": "Scope audit:read.",
                "responses": {
                    "200": {"description": "checked", "content": _json(a.Verdicts)},
                    **_problems(READS),
                },
            }
        },
    }


def _server() -> Said:
    def get(name: str, summary: str, content: Said, more: Said | None = None) -> Said:
        responses = {
            "200": {"description": "as it is", "content": content},
            **(more or {}),
            **_problems((400, 405)),
        }
        return {
            "get": {
                "operationId": name,
                "tags": ["server"],
                "summary": summary,
                "security": [],
                "responses": responses,
            }
        }

    text: Said = {"text/plain": {"schema": {"type": "string"}}}
    anything: Said = {"application/json": {"schema": {"type": "object"}}}
    unready = {"503": {"description": "takes no requests", "content": _json(a.Readiness)}}
    return {
        "/healthz": get("healthz", "The process answers.", _json(a.Health)),
        "/readyz": get("readyz", "Whether requests are taken.", _json(a.Readiness), unready),
        "/metrics": get("metrics", "For Prometheus.", text),
        "/openapi.json": get("openapi", "This document.", anything),
    }
