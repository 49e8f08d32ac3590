"""`beanpeak ledger …`: serve a ledger, audit, rebuild, export, reconcile; keys are in `sim/cli_keys.py`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from sim import cli_keys
from sim.cli_keys import DEFAULT, Db, Json, changing, leading, looking, say
from sim.errors import InvariantError, UsageError

EXAMPLES = """
Examples:

  beanpeak ledger init --db charity.db                a new ledger and its first key

  beanpeak ledger serve --db charity.db --port 8080   serve it on this machine

  beanpeak ledger key new platform --scope deeds:write --scope orders:write

  beanpeak ledger audit --db charity.db               check every invariant
"""
MOST_EVENTS = 2**53 - 1
FIRST = "operator"  # the key that a new ledger gets

app = typer.Typer(
    help="The reference ledger over HTTP: serve it, make keys, audit, rebuild, export.",
    epilog=EXAMPLES,
    no_args_is_help=True,
    rich_markup_mode="rich",
)
app.add_typer(cli_keys.app, name="key")


@app.command(epilog="Example:  beanpeak ledger serve --db charity.db --port 8080")
def serve(
    db: Db = DEFAULT,
    host: Annotated[str, typer.Option(help="Beyond this machine only with keys.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65_535, help="0 takes a free one and prints it.")] = 8080,
    relaxed: Annotated[
        bool, typer.Option("--relaxed", help="Faster; a power cut may take the last commits.")
    ] = False,
    campaign_clock: Annotated[
        bool, typer.Option("--campaign-clock", help="effective_at may run freely: tests and load only.")
    ] = False,
) -> None:
    """Serve a ledger; one that is missing is made, and its first key printed once."""
    from sim.service.policy import Policy
    from sim.service.server import LOOPBACK, Settings, insist_on_port, serve

    insist_on_port(host, port)
    if host in LOOPBACK and (token := _first_key(db)):
        print(f"first key (shown once): {token}", flush=True)
    serve(Settings(db, host, port, relaxed, Policy(campaign_clock=campaign_clock)))


@app.command(epilog="Example:  beanpeak ledger init --db charity.db")
def init(db: Db = DEFAULT, json: Json = False) -> None:
    """Make a ledger and its first administrator's key, which is shown once."""
    token = _first_key(db)
    if not token:
        raise UsageError("this ledger has keys already; make more with: beanpeak ledger key new")
    say({"id": FIRST, "token": token}, json, f"first key (shown once): {token}")


def _first_key(db: str) -> str:
    """The token of the first key, "" if the ledger had keys already."""
    from sim.ledger.ledger import wall_us
    from sim.service.keys import ALL, SCOPES, Keyring

    with leading(db) as store:
        if store.access_keys():
            return ""
        key, token = Keyring().make(FIRST, SCOPES, (ALL,), wall_us(), None)
        store.save_keys([key.row])
        return token


@app.command(epilog="Example:  beanpeak ledger audit --db charity.db")
def audit(db: Db = DEFAULT, json: Json = False) -> None:
    """Check every invariant on what is committed, also beside a running server; exit 4 if one is broken."""
    from sim.ledger.audit import audit, insist
    from sim.service import promises

    with looking(db) as reader:
        checks = audit(reader, promises.OF_EVENTS, promises.OF_TABLES)
    lines = [f"{'ok   ' if one['passed'] else 'WRONG'} {one['name']}: {one['detail']}" for one in checks]
    say({"checks": checks}, json, "\n".join(lines))
    insist(checks)


@app.command(epilog="Example:  beanpeak ledger rebuild --db charity.db")
def rebuild(db: Db = DEFAULT, json: Json = False) -> None:
    """Make counters, holds and documents anew from the journal, while no server runs."""
    from sim.ledger.rebuild import rebuild

    with changing(db) as store:
        events = rebuild(store)
    say({"events": events}, json, f"rebuilt from {events:,} events")


@app.command(epilog="Example:  beanpeak ledger copy --db charity.db --to backup.db")
def copy(
    to: Annotated[str, typer.Option("--to", metavar="PATH|URL", help="An empty ledger of either kind.")],
    db: Db = DEFAULT,
    json: Json = False,
) -> None:
    """Copy a ledger, keys and all, also beside a running server: a back-up, or a move to PostgreSQL."""
    from sim.ledger.rebuild import copy

    with looking(db) as reader, leading(to) as store:
        events = copy(reader, store)
    say({"events": events}, json, f"copied {events:,} events")


@app.command(epilog="Example:  beanpeak ledger export --db charity.db --after 1000 > events.ndjson")
def export(
    db: Db = DEFAULT,
    after: Annotated[
        int, typer.Option(min=0, max=MOST_EVENTS, help="Number of the last event that is left out.")
    ] = 0,
    limit: Annotated[int | None, typer.Option(min=1, max=MOST_EVENTS, help="At most so many events.")] = None,
) -> None:
    """Write the journal to standard output, a JSON line an event, without a gap."""
    from sim.service.views import exported

    with looking(db) as reader:
        for event in reader.events(after, limit):
            sys.stdout.buffer.write(exported(event) + b"\n")


@app.command(epilog="Example:  beanpeak ledger dump-openapi > openapi.json")
def dump_openapi() -> None:
    """Print the OpenAPI document."""
    from sim.service.openapi import printed

    print(printed().decode())


@app.command(epilog="Example:  beanpeak ledger reconcile settlement.csv --day 20220909 --db charity.db")
def reconcile(
    file: Annotated[Path, typer.Argument(help="CSV with the columns reference (id of the event) and fen.")],
    day: Annotated[int, typer.Option(help="The file's day, YYYYMMDD.")],
    db: Db = DEFAULT,
    json: Json = False,
) -> None:
    """Compare the payment provider's file of a day with what was booked; exit 4 if anything differs."""
    from sim.domain.reconciliation import reconcile
    from sim.service.commands.plan import is_day
    from sim.service.reconciling import balance_of, payments, read_file

    if len(str(day)) != len("YYYYMMDD") or not is_day(day):
        raise UsageError(f"--day {day}: is no day of the calendar; write it as 20220909")
    rows = read_file(file)
    with looking(db) as reader:
        booked = payments(reader)
        held = {name: balance_of(reader, name) for name in ("1110", "2900")}
    defects = reconcile(booked, rows, day)
    lines = [
        f"{d.flaw:12} {d.reference}  booked {d.booked_fen}  in the file {d.settled_fen}" for d in defects
    ]
    lines.append(
        f"{len(rows)} rows, {len(defects)} defects; 1110 {held['1110']} fen, 2900 {held['2900']} fen"
    )
    said = {"day": day, "rows": len(rows), "defects": [d._asdict() for d in defects], "held": held}
    say(said, json, "\n".join(lines))
    if defects:
        raise InvariantError(f"{file}: {len(defects)} defects")
