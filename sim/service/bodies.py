"""A request's body: read within its limits, decoded, and every member of it given once."""

from __future__ import annotations

import json
from typing import Any

import msgspec

from sim.service.desk import Desk
from sim.service.heads import Said
from sim.service.operations import Operation
from sim.service.problems import Problem

DISCARDED = 8 << 20  # bytes of a body that is too large
_members = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
UNREADABLE = (msgspec.MsgspecError, RecursionError, ValueError)


class Disconnected(Exception):
    """The client left before its request was whole."""


# --- reading -------------------------------------------------------------------------------------------


async def read_body(desk: Desk, said: Said, receive: Any, most: int) -> bytes:
    """The whole body, within its limits. Raises Problem, or Disconnected."""
    length = _declared(said.length)
    part = await desk.read(receive)
    body: bytes = part.get("body", b"")
    while part.get("more_body") and length <= most:
        part = await desk.read(receive)
        body += part.get("body", b"")
        length = len(body)
    if part["type"] == "http.disconnect":
        raise Disconnected
    if max(length, len(body)) > most:
        await _discard(desk, receive, part)
        raise Problem("too_large", f"at most {most} bytes", most=most)
    return body


def _declared(length: bytes) -> int:
    """What Content-Length says, 0 if there is none or it is nonsense; what comes is counted anyway."""
    return int(length[:18]) if length.isdigit() else 0


async def _discard(desk: Desk, receive: Any, part: Any) -> None:
    """Read on a little: a client that is still sending would not see the answer."""
    size = 0
    while part.get("more_body") and size < DISCARDED:
        part = await desk.read(receive)
        size += len(part.get("body", b""))


# --- decoding ------------------------------------------------------------------------------------------


def decoded(operation: Operation, body: bytes | msgspec.Raw) -> Any:
    """The message in a body. Raises Problem."""
    text = bytes(body)
    try:
        message = operation.decode(text)
    except UNREADABLE as error:
        raise Problem("bad_request", str(error)) from None
    each_once(text)
    return message


def each_once(text: bytes) -> dict[str, msgspec.Raw]:
    """The members of an object that a message was read from. Raises Problem if one is there twice.

    Of two members with one name a decoder keeps the last, and another reader may keep the first. A member
    has a colon behind its name, and no name of ours has one in it: so there are as many colons as members
    and values account for, unless a member was overwritten.
    """
    members = _members(text)
    colons = text.count(b":")
    if colons != len(members):
        colons -= sum(bytes(value).count(b":") for value in members.values())
        if colons != len(members):
            raise Problem("bad_request", f"Object contains {_twice(text)} more than once")
    return members


def _twice(text: bytes) -> str:
    """The name of a member that is there twice, for the message about it."""

    def look(pairs: list[tuple[str, Any]]) -> None:
        names = [name for name, _ in pairs]
        for name in names:
            if names.count(name) > 1:
                raise _Twice(name)

    try:
        json.loads(text, object_pairs_hook=look)
    except _Twice as found:
        return f"`{found}`"
    except (ValueError, RecursionError):  # beside the member there is a value that nobody has looked into
        pass
    return "a member"


class _Twice(Exception):
    """A member's name that came up again."""
