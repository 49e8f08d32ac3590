"""The server process: opens the ledger, says what it promises, serves until told to stop, drains."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import signal
import socket
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass, field

import uvicorn

from sim.bookkeeping import CHART
from sim.errors import UsageError
from sim.ledger.ledger import Ledger
from sim.ledger.opening import is_postgres, open_store
from sim.ledger.sql import SqlStore
from sim.ledger.sqlite import has_wal_reset_race
from sim.service.app import App
from sim.service.connections import Connection
from sim.service.desk import Desk
from sim.service.keys import Keyring
from sim.service.logs import log, set_up_logs
from sim.service.policy import Policy
from sim.stopping import heeded

LOOPBACK = ("127.0.0.1", "::1", "localhost")
BACKLOG = 2_048


@dataclass(frozen=True)
class Settings:
    """How a server is started."""

    db: str
    host: str = "127.0.0.1"
    port: int = 8080
    relaxed: bool = False
    policy: Policy = field(default_factory=Policy)


class _Server(uvicorn.Server):
    """uvicorn that opens the application on its loop, announces the port, and ends quietly on a signal."""

    def __init__(self, config: uvicorn.Config, app: App, ledger: Ledger) -> None:
        super().__init__(config)
        self._app, self._ledger = app, ledger

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        self._app.open(self._ledger)
        self._ledger.start()
        await super().startup(sockets)
        assert sockets is not None
        host, port = sockets[0].getsockname()[:2]
        shown = f"[{host}]" if ":" in host else host
        tune_collector()
        print(f"listening on http://{shown}:{port}", flush=True)

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        before = {number: signal.signal(number, self.handle_exit) for number in heeded()}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


def tune_collector() -> None:
    """Cached accounts live long and requests make no cycles: collect seldom, and what is there now never."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)


def serve(settings: Settings) -> None:
    """Serve until SIGINT, SIGTERM or SIGHUP; what was taken is answered first. Raises UsageError."""
    set_up_logs()
    with _bound(settings) as listener:
        app, ledger = _opened(settings)
        try:
            with asyncio.Runner(loop_factory=_new_loop) as runner:
                runner.run(_Server(configured(app), app, ledger).serve([listener]))
        finally:
            app.close()
            ledger.stop()
            log.info("stopped", extra={"seq": ledger.state.head.seq})


def insist_on_port(host: str, port: int) -> None:
    """Raises UsageError if a server cannot listen there; before anything is made for it."""
    _bound(Settings("", host, port)).close()


def _bound(settings: Settings) -> socket.socket:
    """The socket to listen on. Raises UsageError."""
    where = f"{settings.host}:{settings.port}"
    listener = socket.socket(socket.AF_INET6 if ":" in settings.host else socket.AF_INET)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((settings.host, settings.port))
    except (OSError, UnicodeError) as error:
        listener.close()
        reason = getattr(error, "strerror", None) or error
        remedy = "give another --port, or 0 for a free one"
        if isinstance(error, socket.gaierror | UnicodeError):
            remedy = "--host is a name or number of this machine, as 127.0.0.1"
        raise UsageError(f"cannot listen on {where}: {reason}; {remedy}") from error
    return listener


def _opened(settings: Settings) -> tuple[App, Ledger]:
    """The application and the ledger it leads. Raises UsageError."""
    store = open_store(settings.db, CHART, relaxed=settings.relaxed)
    try:
        keys = Keyring(store.access_keys())
        _check_host(settings, keys)
        _announce(settings, store)
        desk = Desk(settings.policy, keys)
        return App(desk), Ledger(store, CHART, deliver=desk.deliver, queue=settings.policy.queue)
    except BaseException:
        store.close()
        raise


def _check_host(settings: Settings, keys: Keyring) -> None:
    if settings.host not in LOOPBACK and not len(keys):
        raise UsageError(
            f"--host {settings.host}: make a key first (beanpeak ledger key new), then bind widely"
        )


def _announce(settings: Settings, store: SqlStore) -> None:
    """Say what is promised, and warn of what is not."""
    extra = {"durability": store.durability, "campaign_clock": settings.policy.campaign_clock}
    log.info("starting", extra=extra)
    if settings.policy.campaign_clock:
        log.warning("campaign clock: effective_at may run freely, for tests and load only")
    if settings.relaxed:
        log.warning("relaxed: a power cut may take the last commits")
    if not is_postgres(settings.db) and has_wal_reset_race(sqlite3.sqlite_version_info):
        log.warning(
            f"SQLite {sqlite3.sqlite_version} is in the range of the WAL-reset race; this process alone "
            "writes and checkpoints, so do not open the file for writing elsewhere"
        )


def configured(app: App) -> uvicorn.Config:
    """How uvicorn serves us: our own connections, quietly."""
    return uvicorn.Config(
        app,
        http=Connection,
        interface="asgi3",
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        date_header=False,
        backlog=BACKLOG,
        timeout_keep_alive=75,
        timeout_graceful_shutdown=10,
    )


def _new_loop() -> asyncio.AbstractEventLoop:
    """uvloop's loop where it is installed."""
    try:
        import uvloop
    except ImportError:
        return asyncio.new_event_loop()
    loop: asyncio.AbstractEventLoop = uvloop.new_event_loop()
    return loop
