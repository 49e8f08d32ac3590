"""`beanpeak ledger key …`, and what both command modules of the ledger share."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sim.errors import UsageError
from sim.spans import DAY_US

if TYPE_CHECKING:
    from sim.ledger.reading import SqlReader
    from sim.ledger.sql import SqlStore

DEFAULT = "beanpeak-ledger.db"
MOST_DIGITS = 10
LONGEST_US = 36_500 * DAY_US  # a century
Db = Annotated[str, typer.Option("--db", metavar="PATH|URL", help="A file of SQLite, or postgresql://…")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else.")]
Principal = Annotated[str, typer.Argument(help="The key's id: it stands in the journal.")]

app = typer.Typer(help="Keys of the service: new, list, rotate, revoke.", no_args_is_help=True)


@contextmanager
def changing(db: str) -> Iterator[SqlStore]:
    """A ledger that is there, led by this process alone: a mistyped name makes none."""
    with looking(db):
        pass
    with leading(db) as store:
        yield store


@contextmanager
def leading(db: str) -> Iterator[SqlStore]:
    """The ledger, led by this process alone; it is made if it is not there."""
    from sim.bookkeeping import CHART
    from sim.ledger.opening import open_store

    store = open_store(db, CHART)
    try:
        yield store
    finally:
        store.close()


@contextmanager
def looking(db: str) -> Iterator[SqlReader]:
    """The ledger as of one commit, also beside a running server."""
    from sim.bookkeeping import CHART
    from sim.ledger.opening import open_reader

    reader = open_reader(db, CHART)
    try:
        with reader.snapshot():
            yield reader
    finally:
        reader.close()


def say(said: dict[str, Any], json: bool, text: str) -> None:
    """Print an object as JSON, or its text."""
    if json:
        import msgspec

        print(msgspec.json.encode(said).decode())
    else:
        print(text)


@app.command(epilog="Example:  beanpeak ledger key new ngo-p3 --scope disbursements:create --owns project:p3")
def new(
    id: Principal,
    scope: Annotated[list[str], typer.Option("--scope", help="What it may do; repeat for more.")],
    owns: Annotated[
        list[str] | None,
        typer.Option("--owns", help="What it is bound to, as project:p3 or pool:s0; all if left out."),
    ] = None,
    expires: Annotated[str, typer.Option(help="How long it is valid, as 90d or 12h; else for ever.")] = "",
    db: Db = DEFAULT,
    json: Json = False,
) -> None:
    """Make a key while no server runs (else POST /v1/keys); the token is shown once."""
    from sim.service.keys import Keyring

    lasts = _duration_us("--expires", expires) if expires else None
    if lasts == 0:
        raise UsageError(f"--expires {expires}: the key would be over at once; give more, or leave it out")
    end = None if lasts is None else _now() + lasts
    with changing(db) as store:
        key, token = Keyring(store.access_keys()).make(id, scope, owns or ("*",), _now(), end)
        store.save_keys([key.row])
    say({"id": id, "token": token, "expires_at": end}, json, token)


@app.command("list", epilog="Example:  beanpeak ledger key list --db charity.db")
def list_(db: Db = DEFAULT, json: Json = False) -> None:
    """Show every key, without secrets."""
    from sim.service.keys import read_key, shown

    with looking(db) as reader:
        keys = [read_key(row) for row in reader.access_keys()]
    lines = [
        f"{key.id:24} {'valid' if key.is_valid(_now()) else 'ended':6} "
        f"{' '.join(sorted(key.scopes))}  [{' '.join(sorted(key.owners))}]"
        for key in keys
    ]
    say({"keys": [shown(key) for key in keys]}, json, "\n".join(lines))


@app.command(epilog="Example:  beanpeak ledger key rotate platform --overlap 1d")
def rotate(
    id: Principal,
    overlap: Annotated[str, typer.Option(help="How long the secrets before stay valid.")] = "1d",
    db: Db = DEFAULT,
    json: Json = False,
) -> None:
    """Give a key a new secret, shown once; the one before stays valid for the overlap."""
    from sim.service.keys import Keyring

    both = _duration_us("--overlap", overlap)
    with changing(db) as store:
        keys, token = Keyring(store.access_keys()).rotate(id, _now(), both)
        store.save_keys([key.row for key in keys])
    say({"id": id, "token": token}, json, token)


@app.command(epilog="Example:  beanpeak ledger key revoke ngo-p3")
def revoke(id: Principal, db: Db = DEFAULT, json: Json = False) -> None:
    """End a key at once, while no server runs (else POST /v1/keys/{id}/revoke)."""
    from sim.service.keys import Keyring

    with changing(db) as store:
        ended = Keyring(store.access_keys()).revoke(id, _now())
        if ended:
            store.save_keys([key.row for key in ended])
    say({"id": id, "revoked": len(ended)}, json, f"{id}: {len(ended)} secret(s) revoked")


def _now() -> int:
    from sim.ledger.ledger import wall_us

    return wall_us()


def _duration_us(flag: str, text: str) -> int:
    """90d, 12h, 30m or 45s as microseconds. Raises UsageError."""
    seconds = {"d": 86_400, "h": 3_600, "m": 60, "s": 1}.get(text[-1:])
    number = text[:-1]
    if seconds is None or not (number.isascii() and number.isdecimal()):
        raise UsageError(f"{flag} {text}: is no duration; write 90d, 12h, 30m or 45s")
    us = int(number) * seconds * 1_000_000 if len(number) <= MOST_DIGITS else LONGEST_US + 1
    if us > LONGEST_US:
        raise UsageError(f"{flag} {text}: is longer than {LONGEST_US // DAY_US:,}d; give less")
    return us
