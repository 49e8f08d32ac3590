"""`beanpeak ledger …`: serve a ledger, make keys, audit, rebuild, export, reconcile."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from sim.errors import UsageError

if TYPE_CHECKING:
    from sim.ledger.reading import SqlReader
    from sim.ledger.sql import SqlStore
    from sim.service.keys import AccessKey

EXAMPLES = """
Examples:

  beanpeak ledger init --db charity.db                a new ledger and its first key

  beanpeak ledger serve --db charity.db --port 8080   serve it on this machine

  beanpeak ledger key new platform --scope deeds:write --scope orders:write

  beanpeak ledger audit --db charity.db               check every invariant
"""

app = typer.Typer(
    help="The reference ledger over HTTP: serve it, make keys, audit, rebuild, export.",
    epilog=EXAMPLES,
    no_args_is_help=True,
    rich_markup_mode="rich",
)
key = typer.Typer(help="Keys of the service: new, list, rotate, revoke.", no_args_is_help=True)
app.add_typer(key, name="key")

Db = Annotated[str, typer.Option("--db", metavar="PATH|URL", help="A file of SQLite, or postgresql://…")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else.")]
DEFAULT = "beanpeak-ledger.db"
FIRST = "operator"  # the key that a new ledger gets


@app.command(epilog="Example:  beanpeak ledger serve --db charity.db --port 8080")
def serve(
    db: Db = DEFAULT,
    host: Annotated[
        str, typer.Option(help="Where to listen; beyond this machine only with keys.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65_535, help="0 takes a free one and prints it.")] = 8080,
    relaxed: Annotated[
        bool, typer.Option("--relaxed", help="Faster; a power cut may take the last commits.")
    ] = False,
    campaign_clock: Annotated[
        bool, typer.Option("--campaign-clock", help="effective_at may run freely: tests and load only.")
    ] = False,
) -> None:
    """Serve a ledger; a file that is missing is made, and its first key printed once."""
    from sim.service.policy import Policy
    from sim.service.server import Settings, serve

    token = _first_key(db)
    if token:
        print(f"first key (shown once): {token}", flush=True)
    serve(Settings(db, host, port, relaxed, Policy(campaign_clock=campaign_clock)))


@app.command(epilog="Example:  beanpeak ledger init --db charity.db")
def init(db: Db = DEFAULT, json: Json = False) -> None:
    """Make a ledger and its first administrator's key, which is shown once."""
    token = _first_key(db)
    if not token:
        raise UsageError(f"{_shown(db)}: this ledger has keys already")
    _say({"id": FIRST, "token": token}, json, f"first key (shown once): {token}")


def _shown(db: str) -> str:
    return "the database" if "://" in db else db


def _store(db: str) -> SqlStore:
    from sim.bookkeeping import CHART
    from sim.ledger.opening import open_store

    return open_store(db, CHART)


def _reader(db: str) -> SqlReader:
    from sim.bookkeeping import CHART
    from sim.ledger.opening import open_reader

    return open_reader(db, CHART)


def _first_key(db: str) -> str:
    """The token of the first key, if the ledger had none."""
    from sim.service.keys import SCOPES

    store = _store(db)
    try:
        if store.access_keys():
            return ""
        return _make(store, FIRST, SCOPES, ("*",), None)[1]
    finally:
        store.close()


def _make(
    store: SqlStore, id: str, scopes: Any, owners: Any, expires_us: int | None
) -> tuple[AccessKey, str]:
    from sim.ledger.ledger import wall_us
    from sim.service.keys import Keyring

    made, token = Keyring(store.access_keys()).make(id, scopes, owners, wall_us(), expires_us)
    store.save_keys([made.row])
    return made, token


# --- keys ----------------------------------------------------------------------------------------------------


@key.command(
    "new", epilog="Example:  beanpeak ledger key new ngo-p3 --scope disbursements:create --owns project:p3"
)
def new(
    id: Annotated[str, typer.Argument(help="The principal: it stands in the journal.")],
    scope: Annotated[list[str], typer.Option("--scope", help="What it may do; repeat for more.")],
    owns: Annotated[
        list[str] | None,
        typer.Option("--owns", help="What it is bound to, as project:p3 or pool:s0; all if left out."),
    ] = None,
    expires: Annotated[
        str, typer.Option(help="How long it is valid, as 90d or 12h; for ever if left out.")
    ] = "",
    db: Db = DEFAULT,
    json: Json = False,
) -> None:
    """Make a key while no server runs; the token is shown once."""
    from sim.ledger.ledger import wall_us

    end = wall_us() + _duration_us(expires) if expires else None
    store = _store(db)
    try:
        made, token = _make(store, id, scope, owns or ("*",), end)
    finally:
        store.close()
    _say({"id": made.principal, "token": token, "expires_at": end}, json, f"{token}")


@key.command("list", epilog="Example:  beanpeak ledger key list --db charity.db")
def list_(db: Db = DEFAULT, json: Json = False) -> None:
    """Show every key, without secrets."""
    from sim.service.keys import read_key, shown

    reader = _reader(db)
    keys = [read_key(row) for row in reader.access_keys()]
    reader.close()
    lines = [
        f"{one.id:24} {'valid' if one.is_valid(_now()) else 'ended':6} "
        f"{' '.join(sorted(one.scopes))}  [{' '.join(sorted(one.owners))}]"
        for one in keys
    ]
    _say({"keys": [shown(one) for one in keys]}, json, "\n".join(lines))


@key.command("rotate", epilog="Example:  beanpeak ledger key rotate platform --overlap 1d")
def rotate(
    id: Annotated[str, typer.Argument(help="The principal.")],
    overlap: Annotated[str, typer.Option(help="How long the secrets before stay valid.")] = "1d",
    db: Db = DEFAULT,
    json: Json = False,
) -> None:
    """Give a key a new secret, shown once; the one before stays valid for the overlap."""
    from sim.service.keys import Keyring

    store = _store(db)
    try:
        keys, token = Keyring(store.access_keys()).rotate(id, _now(), _duration_us(overlap))
        store.save_keys([one.row for one in keys])
    finally:
        store.close()
    _say({"id": id, "token": token}, json, token)


@key.command("revoke", epilog="Example:  beanpeak ledger key revoke ngo-p3")
def revoke(
    id: Annotated[str, typer.Argument(help="The principal.")], db: Db = DEFAULT, json: Json = False
) -> None:
    """End a key at once, while no server runs (else POST /v1/keys/{id}/revoke)."""
    from sim.service.keys import Keyring

    store = _store(db)
    try:
        ended = Keyring(store.access_keys()).revoke(id, _now())
        store.save_keys([one.row for one in ended])
    finally:
        store.close()
    _say({"id": id, "revoked": len(ended)}, json, f"{id}: {len(ended)} secret(s) revoked")


def _now() -> int:
    from sim.ledger.ledger import wall_us

    return wall_us()


def _duration_us(text: str) -> int:
    """90d, 12h, 30m or 45s as microseconds. Raises UsageError."""
    seconds = {"d": 86_400, "h": 3_600, "m": 60, "s": 1}.get(text[-1:])
    if seconds is None or not text[:-1].isdigit() or len(text) > 8:
        raise UsageError(f"{text!r} is not a duration; write 90d, 12h, 30m or 45s")
    return int(text[:-1]) * seconds * 1_000_000


def _say(said: dict[str, Any], json: bool, text: str) -> None:
    if json:
        import msgspec

        print(msgspec.json.encode(said).decode())
    else:
        print(text)
