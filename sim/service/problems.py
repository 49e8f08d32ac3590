"""Problems as of RFC 9457: stable codes, their status, whether asking again may help."""

from __future__ import annotations

from typing import Any, NamedTuple

import msgspec

TYPE = "urn:beanpeak:problem:"
JSON = b"application/json"
PROBLEM = b"application/problem+json"
RETRY_AFTER = b"1"

_encode = msgspec.json.Encoder().encode


class Code(NamedTuple):
    """What a code means to whoever reads the answer."""

    status: int
    title: str
    retryable: bool = False


CODES: dict[str, Code] = {
    # the request
    "bad_request": Code(400, "The request cannot be read"),
    "bad_http": Code(400, "This is not HTTP/1.1 as it is read here"),
    "ambiguous_header": Code(400, "A header could be read in two ways"),
    "idempotency_key_missing": Code(400, "A POST needs an Idempotency-Key"),
    "unauthorized": Code(401, "No valid key"),
    "forbidden": Code(403, "The key may not do this"),
    "foreign_object": Code(403, "The key is not bound to this object"),
    "not_found": Code(404, "There is no such thing"),
    "method_not_allowed": Code(405, "Not with this method"),
    "request_timeout": Code(408, "The body came too slowly", True),
    "too_large": Code(413, "The request is too large"),
    "unsupported_media_type": Code(415, "Only application/json"),
    # the state it meets
    "invalid_transition": Code(409, "The document's state does not allow this"),
    "already_done": Code(409, "This was done before"),
    "pending_already_resolved": Code(409, "The hold was resolved before"),
    "openings_closed": Code(409, "Openings come before any other event"),
    "idempotency_in_flight": Code(409, "The first request with this key is still running", True),
    # the rules
    "insufficient_funds": Code(422, "Too little available"),
    "rule_spent": Code(422, "The rule's budget is spent"),
    "rule_cap": Code(422, "The user has had what the rule gives"),
    "rule_closed": Code(422, "The rule does not hold at this instant"),
    "pool_exhausted": Code(422, "The pool has too little left"),
    "account_closed": Code(422, "The account is closed"),
    "ceiling_exceeded": Code(422, "The account would pass its ceiling"),
    "overflow": Code(422, "An amount is too large"),
    "exceeds_hold": Code(422, "More than was held"),
    "exceeds_price": Code(422, "More than the price"),
    "exceeds_donation": Code(422, "More than the donation"),
    "fee_cap_exceeded": Code(422, "More than the fee's cap"),
    "too_many_periods": Code(422, "It would take from too many periods"),
    "period_ended": Code(422, "The period is over"),
    "not_due": Code(422, "The deadline has not passed"),
    "not_a_donation": Code(422, "The event is not a donation"),
    "already_reversed": Code(422, "The event was corrected before"),
    "maker_is_checker": Code(422, "Who asked cannot approve"),
    "not_empty": Code(422, "The account is not empty"),
    "unknown_account": Code(422, "The chart has no such account"),
    "incomplete": Code(422, "The words do not go together"),
    "batch_refused": Code(422, "An item of the atomic batch was refused, so all are"),
    "effective_at_out_of_range": Code(422, "effective_at is out of range"),
    "idempotency_mismatch": Code(422, "The key was used with another request"),
    # the server
    "internal_error": Code(500, "A defect of the server"),
    "too_many_requests": Code(429, "Too many requests of this key are waiting", True),
    "queue_full": Code(503, "Too many requests are waiting", True),
    "draining": Code(503, "The server is stopping", True),
    "storage_unavailable": Code(503, "The store cannot be written", True),
    "outcome_unknown": Code(503, "Whether it happened is not known: ask again with the same key", True),
}
STATUS = {code: meaning.status for code, meaning in CODES.items()}
WAITS = frozenset(code for code, meaning in CODES.items() if meaning.status in (429, 503)) | {
    "idempotency_in_flight"
}  # answered with Retry-After

_HEADS = {
    code: _encode({"type": TYPE + code, "title": m.title, "status": m.status, "retryable": m.retryable})[:-1]
    for code, m in CODES.items()
}


def problem(code: str, refused: bytes, instance: str) -> bytes:
    """A problem from a kept refusal, whose bytes are `{"code":…,"detail":…,numbers}`."""
    return b'%b,"instance":%b,%b' % (_HEADS[code], _encode(instance), refused[1:])


def refused(code: str, detail: str, **numbers: Any) -> bytes:
    """A refusal's bytes for a request that did not reach the ledger."""
    return _encode({"code": code, "detail": detail, **numbers})


class Problem(Exception):
    """A request that ends here: raised while it is read, answered as a problem."""

    def __init__(self, code: str, detail: str, **numbers: Any) -> None:
        super().__init__(detail)
        self.code = code
        self.body = refused(code, detail, **numbers)
