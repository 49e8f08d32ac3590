"""What a request's head says. Whatever it could be taken to say in two ways is refused before anything is done.

A server, a proxy and a log that each take another one of two headers do three different things, and money
is booked twice. So every header that we go by is there at most once, on one line, with one value.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any, NoReturn
from urllib.parse import parse_qsl, unquote

from sim.service.messages import KEY_PATTERN
from sim.service.problems import JSON, Problem
from sim.suggestions import did_you_mean

Headers = list[tuple[bytes, bytes]]

# The headers that the server goes by, beside Connection and Upgrade. None of them is a list to us.
OURS = frozenset(
    b"authorization idempotency-key content-type content-length content-encoding transfer-encoding expect "
    b"host".split()
)
_SELDOM = frozenset({b"content-encoding", b"transfer-encoding", b"expect"})
_is_key = re.compile(KEY_PATTERN).match
_half_an_escape = re.compile(rb"%(?![0-9A-Fa-f]{2})").search
# Decoded they are a part of the path, a file of a proxy, or nothing that a log can show.
_turns_into_another = re.compile(rb"%(2f|[01][0-9a-f]|7f)", re.IGNORECASE).search


class Said:
    """The headers that matter. Raises Problem if one of ours is ambiguous."""

    __slots__ = ("authorization", "encoding", "expect", "host", "idempotency_key", "length", "media")

    def __init__(self, headers: Headers) -> None:
        said = dict(headers)
        get = said.get
        self.authorization = authorization = get(b"authorization")
        self.idempotency_key = key = get(b"idempotency-key")
        self.media = media = get(b"content-type", b"")
        self.length = length = get(b"content-length", b"")
        self.host = host = get(b"host", b"")
        self.encoding = self.expect = b""
        # The head of a plain POST can be seen to be in order at a glance.
        if authorization and key and media and length and host and len(said) == len(headers):
            values = b"".join((authorization, key, media, length, host))
            if b"," not in values and b"_" not in b"".join(said) and _SELDOM.isdisjoint(said):
                return
        self.encoding, self.expect = get(b"content-encoding", b""), get(b"expect", b"")
        _check_each(headers)

    def check_media(self) -> None:
        """Raises Problem unless the body is said to be JSON, in UTF-8 and not compressed."""
        if self.media != JSON and not _is_json(self.media):
            raise Problem("unsupported_media_type", "send Content-Type: application/json, in UTF-8")
        if self.encoding and self.encoding.lower() != b"identity":
            raise Problem("unsupported_media_type", "send the body without Content-Encoding")

    def key(self) -> str:
        """The idempotency key. Raises Problem."""
        if self.idempotency_key is None:
            raise Problem("idempotency_key_missing", "send an Idempotency-Key of 1 to 128 characters")
        text = self.idempotency_key.decode("latin-1")
        if not _is_key(text):
            raise Problem("bad_request", f"Idempotency-Key must match {KEY_PATTERN.partition('(?!')[0]}")
        return text


def read(scope: Any, *parameters: str) -> Said:
    """The head of a request of ASGI, whose query has at most these parameters. Raises Problem."""
    said = Said(scope["headers"])
    if not said.host and scope["http_version"] == "1.1":
        raise Problem("bad_request", "send a Host header", header="Host")
    if said.expect and said.expect.lower() != b"100-continue":
        raise Problem("bad_request", "Expect: nothing but 100-continue is known here", header="Expect")
    _check_path(scope["raw_path"])
    _check_query(scope["query_string"], parameters)
    return said


def check_framing(url: bytes, headers: Headers, version: str, upgrade: bool) -> None:
    """Raises Problem if it is not sure where the request ends, or what it asks for."""
    codings = [value.lower() for name, value in headers if name == b"transfer-encoding"]
    if codings and (codings != [b"chunked"] or version != "1.1"):
        raise Problem("bad_http", "Transfer-Encoding: nothing but chunked is known here")
    if upgrade:
        raise Problem("bad_http", "this server speaks HTTP/1.1 only: send no Upgrade")
    if b"#" in url or not url.isascii():
        raise Problem("bad_http", "a request's target is ASCII and has no fragment")


def _check_each(headers: Headers) -> None:
    seen = set()
    for name, value in headers:
        meant = name.replace(b"_", b"-")  # a proxy reads it so, or drops it
        if meant not in OURS:
            continue
        if meant in seen:
            _ambiguous(meant, "is given more than once")
        if meant != name:
            _ambiguous(meant, "is spelt with an underscore")
        if not value or b"," in value:
            _ambiguous(meant, "has more than one value" if value else "has no value")
        seen.add(meant)


def _ambiguous(name: bytes, how: str) -> NoReturn:
    header = name.decode().title()
    raise Problem("ambiguous_header", f"{header} {how}: send it once, on one line", header=header)


@lru_cache(64)
def _is_json(media: bytes) -> bool:
    """Whether a Content-Type is that of JSON in UTF-8. Other words may follow, but not another charset."""
    kind, *rest = (part.strip().lower() for part in media.split(b";"))
    charsets = [word.partition(b"=")[2].strip(b'"') for word in rest if word.startswith(b"charset")]
    return kind == JSON and charsets in ([], [b"utf-8"])


def _check_path(raw: bytes) -> None:
    """Escapes are decoded once and are then what they stand for; not all can be."""
    if b"%" not in raw:
        return
    try:
        unquote(raw.decode("ascii"), errors="strict")
    except UnicodeDecodeError:
        raise Problem("bad_request", "the path is not UTF-8") from None
    if _half_an_escape(raw) or _turns_into_another(raw):
        raise Problem("bad_request", "the path has an escape that cannot stand in a path")


def _check_query(query: bytes, known: tuple[str, ...]) -> None:
    """Raises Problem for a parameter twice, or an unknown one: a misspelt limit is no limit."""
    if not query:
        return
    try:
        names = [
            name for name, _ in parse_qsl(query.decode("ascii"), keep_blank_values=True, errors="strict")
        ]
    except ValueError:  # neither ASCII nor, decoded, UTF-8
        raise Problem("bad_request", "the query is not UTF-8") from None
    if _half_an_escape(query):
        raise Problem("bad_request", "the query has an escape that stands for nothing")
    for name in names:
        if name not in known:
            meant = did_you_mean(name, known) if known else "; there are none here"
            raise Problem("bad_request", f"{name[:100]!r} is no parameter{meant}", parameter=name[:100])
        if names.count(name) > 1:
            raise Problem("bad_request", f"the parameter {name} is given more than once", parameter=name)
