"""A member that a body has twice is refused, however it is written; without one nothing is read otherwise."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.service import examples, operations
from sim.service.bodies import UNREADABLE, decoded, each_once
from sim.service.operations import Operation
from sim.service.problems import Problem
from tests.service.serving import Server, fresh
from tests.service.wire import KEYS, POSTS, Route, Watched, resized

Pairs = list[tuple[str, Any]]


@pytest.fixture(scope="module")
def watched(server: Server) -> Watched:
    return Watched(server)


def escaped(name: str) -> str:
    """The same name, its last letter spelt as an escape."""
    return f"{name[:-1]}\\u{ord(name[-1]):04x}"


def written(members: list[tuple[str, str]], colon: str = ":", comma: str = ",") -> str:
    """An object of members whose names and values are text already."""
    return "{" + comma.join(f'"{name}"{colon}{value}' for name, value in members) + "}"


def doubled(body: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Bodies with one member twice, and its name: the same value or another, here or there, in any spelling."""
    members = [(name, json.dumps(value)) for name, value in body.items()]
    for name, value in members:
        other = {str: '"other"', int: "7", bool: "true"}.get(type(body[name]), value)
        for again in ((name, value), (name, other), (escaped(name), other)):
            yield name, written([*members, again])
            yield name, written([again, *members], " :\n", "\t,")
    name, value = members[0]
    yield name, written([*members, members[0], members[0]])


@pytest.mark.parametrize("operation", operations.ALL, ids=lambda one: one.op)
def test_a_member_that_is_there_twice_is_refused(watched: Watched, operation: Operation) -> None:
    """400 that names it, alone and in a batch; nothing is booked."""
    path_id = examples.path_id(operation.path)
    (route,) = [one for one in POSTS if one.path == operation.path.replace("{id}", path_id)]
    body = examples.BODIES[operation.op]
    requests = [(name, text.encode()) for name, text in doubled(body)]
    told = watched.answers([resized(route, watched.server, text) for _, text in requests])
    for (name, text), (status, said) in zip(requests, told, strict=True):
        assert (status, said["code"], name in said["detail"]) == (400, "bad_request", True), (text, said)

    own = {"id": path_id, **body} if operation.named else body
    items = [(name, text.encode()) for name, text in doubled(own)]
    answers = watched.answers(
        [batched(operation, items, watched.server, atomic) for atomic in (b"false", b"true")]
    )
    (status, each), (refused, all_) = answers
    assert (status, refused) == (200, 422)
    for (name, _), result in zip(items, each["results"], strict=True):
        assert (result["status"], name in result["body"]["detail"]) == (400, True), result
    assert (all_["code"], all_["reason"], all_["index"]) == ("batch_refused", "bad_request", 0)


def batched(operation: Operation, items: list[tuple[str, bytes]], server: Server, atomic: bytes) -> bytes:
    """A batch with these bodies."""
    said = [
        b'{"op":"%b","idempotency_key":"%b","body":%b}' % (operation.op.encode(), fresh().encode(), text)
        for _, text in items
    ]
    return resized(POSTS[-1], server, b'{"atomic":%b,"items":[%b]}' % (atomic, b",".join(said)))


ITEM = {"op": "donations", "idempotency_key": "a:b", "body": examples.BODIES["donations"]}


def test_a_batch_has_each_member_once(watched: Watched) -> None:
    """The batch's own members, and those of its items, whichever item it is: the whole batch is refused."""
    batches = [(name, text) for name, text in doubled({"atomic": False, "items": [ITEM]})]
    for name, item in doubled(ITEM):
        batches.append((name, f'{{"items":[{item}]}}'))
        batches.append((name, f'{{"items":[{json.dumps(ITEM)},{item},{json.dumps(ITEM)}],"atomic":true}}'))
    told = watched.answers([resized(POSTS[-1], watched.server, text.encode()) for _, text in batches])
    for (name, text), (status, said) in zip(batches, told, strict=True):
        assert (status, said["code"], f"`{name}`" in said["detail"]) == (400, "bad_request", True), (
            text,
            said,
        )


@pytest.mark.parametrize("route", KEYS[:2], ids=str)
def test_a_key_is_not_asked_for_in_two_ways(watched: Watched, route: Route) -> None:
    """Scopes, owners and overlaps likewise; no key is made or changed."""
    bodies = [text.encode() for _, text in doubled(json.loads(route.body))]
    for status, said in watched.answers([resized(route, watched.server, body) for body in bodies]):
        assert (status, said["code"], "more than once" in said["detail"]) == (400, "bad_request", True)


def test_what_revokes_a_key_says_nothing_else(watched: Watched) -> None:
    """The path says which key; a body that says another is refused."""
    bodies = (b'{"id":"other"}', b"[]", b"x", b'{"id":"operator"}')
    for status, said in watched.answers([resized(KEYS[2], watched.server, body) for body in bodies]):
        assert (status, said["code"]) == (400, "bad_request")


# --- anything that can be written ------------------------------------------------------------------------------


NAMES = [
    *{name for body in examples.BODIES.values() for name in body},
    "x",
    "a:b",
    'quo"te',
    "back\\slash",
    "",
    "é",
]
SCALARS = st.one_of(
    st.integers(-3, 10**13),
    st.booleans(),
    st.none(),
    st.sampled_from(["u1", "2400:p1", ":", '":', "{", 'a"b:c', "\\"]),
)


class Object(list[tuple[str, Any]]):
    """Members in their order, some of them perhaps twice."""


VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.lists(st.tuples(st.sampled_from(NAMES), inner), max_size=4).map(Object)
    ),
    max_leaves=6,
)


@st.composite
def bodies(draw: st.DrawFn) -> tuple[Operation, Object]:
    """An operation and a body like its example: members left out, doubled, changed, added, in any order."""
    operation = draw(st.sampled_from(operations.ALL))
    pairs: Pairs = list(examples.BODIES[operation.op].items())
    more = st.tuples(st.sampled_from(NAMES), VALUES) | st.sampled_from(pairs)
    pairs += draw(st.lists(more, max_size=2))
    return operation, Object(draw(st.permutations(pairs)))


def spelling(draw: Any, value: Any) -> str:
    """JSON text of a value, in any spelling: blanks, escapes."""
    blank = lambda: draw(st.sampled_from(["", "", " ", "\n\t"]))  # noqa: E731
    if isinstance(value, Object):
        members = [
            f"{blank()}{spelling(draw, name)}{blank()}:{blank()}{spelling(draw, one)}{blank()}"
            for name, one in value
        ]
        return "{" + ",".join(members) + "}"
    if isinstance(value, list):
        return "[" + ",".join(spelling(draw, one) for one in value) + "]"
    if isinstance(value, str) and value and draw(st.booleans()):
        at = draw(st.integers(0, len(value) - 1))
        return f'"{json.dumps(value[:at])[1:-1]}\\u{ord(value[at]):04x}{json.dumps(value[at + 1 :])[1:-1]}"'
    return json.dumps(value, ensure_ascii=draw(st.booleans()))


def has_twice(value: Any) -> bool:
    """Whether an object in it, at any depth, has a member twice."""
    if isinstance(value, Object):
        names = [name for name, _ in value]
        return len(set(names)) < len(names) or any(has_twice(one) for _, one in value)
    return isinstance(value, list) and any(map(has_twice, value))


def outcome(read: Any, text: bytes) -> Any:
    try:
        return read(text)
    except (*UNREADABLE, Problem):
        return "refused"


@settings(max_examples=400, deadline=None)
@given(st.data())
def test_exactly_what_is_there_twice_is_refused(data: st.DataObject) -> None:
    """Whatever the rest of a body is: refused if a member is there twice at any depth, else read as it always was."""
    operation, body = data.draw(bodies())
    text = spelling(data.draw, body).encode()
    told = outcome(lambda text: decoded(operation, text), text)
    assert told == ("refused" if has_twice(body) else outcome(operation.decode, text)), text


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_exactly_what_an_object_has_twice_is_seen(data: st.DataObject) -> None:
    """Of any object whose names have no colon in them, as ours have none, whatever its values are."""
    names = st.sampled_from([name for name in NAMES if ":" not in name])
    body = Object(data.draw(st.lists(st.tuples(names, VALUES), max_size=5)))
    text = spelling(data.draw, body).encode()
    own = [name for name, _ in body]
    assert (outcome(each_once, text) == "refused") == (len(set(own)) < len(own)), text


def test_no_name_of_ours_has_a_colon() -> None:
    """On this the look at the colons rests."""
    assert not [name for one in operations.ALL for name in one.message.__struct_fields__ if ":" in name]
