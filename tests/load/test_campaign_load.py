"""A scenario against the ledger, end to end and as users do it: the command line, real servers, real Locust."""

from __future__ import annotations

import json
import signal
import sys
import textwrap
from collections.abc import Callable
from itertools import chain
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from loadtests.target import TargetServer
from sim.experiments.cookbook import ideas
from sim.loading import resolved_toml
from tests.commands import beanpeak, ended, started
from tests.engine.worlds import TOGETHER, world

from .conftest import NO_HURRY, sent_something, until

ROOT = Path(__file__).parents[2]
USERS = 1_000
KINDS = ("DEED", "ORDER_CREATE", "ORDER_PAY")
Adapter = Callable[[str, str], None]


@pytest.fixture
def adapter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Adapter:
    """A function that writes an adapter of one's own where this process and those it starts find it."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)

    def write(name: str, text: str) -> None:
        (tmp_path / f"{name}.py").write_text(textwrap.dedent(text), encoding="utf-8")
        monkeypatch.delitem(sys.modules, name, raising=False)

    return write


def output(*arguments: str | Path, cwd: Path, code: int = 0) -> str:
    """Standard output of a command that ends with a code; its servers and Locust are children as ever."""
    ran = beanpeak(*arguments, cwd=cwd)
    assert ran.returncode == code, ran.stdout + ran.stderr
    return ran.stdout


def hello(
    *flags: str, users: int = USERS, rate: int = 1_000, **options: str | Path
) -> tuple[str | Path, ...]:
    """A load of hello at one rate, judged without hurry."""
    given = {"users": str(users), "peak-rate": str(rate), "floor-rate": str(rate), "slo": NO_HURRY} | options
    return "load", "hello", "--json", *flags, *chain(*((f"--{name}", value) for name, value in given.items()))


def load(folder: Path, code: int = 0, **how: Any) -> Any:
    """The report of a load of hello, without pictures."""
    return json.loads(output(*hello("--no-figures", **how), cwd=folder, code=code))


def answered(counts: dict[str, int]) -> int:
    """Events with a clear end. After a kill what depends on others may be refused; the audit says whether rightly."""
    assert counts["rejected"] < 10
    return counts["accepted"] + counts["duplicate"] + counts["rejected"]


def kills(file: Path, hours: list[float]) -> Path:
    """A file of faults: the server is killed at these hours of the campaign."""
    one = '[[fault]]\nat = "{} min"\ndo = "kill9"\nrestart_after = "200 ms"\n'
    file.write_text("\n".join(one.format(round(hour * 60)) for hour in hours), encoding="utf-8")
    return file


def test_a_campaign_is_sent_and_every_bean_fen_and_minute_is_found_again(tmp_path: Path) -> None:
    """All events are accepted, all seven checks of the audit pass, and the folder holds what was promised."""
    ran = ended(started(*hello(), cwd=tmp_path))
    assert ran.returncode == 0, ran.stderr
    report = json.loads(ran.stdout)
    assert report["audit"]["verdict"] == "passed"
    assert report["counts"]["scheduled"] == report["counts"]["sent"] == report["counts"]["accepted"] > 500
    assert set(KINDS) <= set(report["kinds"])
    (folder,) = (tmp_path / "results" / "hello").iterdir()
    audit = json.loads((folder / "audit.json").read_text(encoding="utf-8"))
    assert {check["status"] for check in audit["checks"]} == {"passed"}
    for name in ("load.json", "summary.md", "intended.hgrm", "trace/trace.parquet", "figures/load_heat.svg"):
        assert (folder / name).exists(), name
    assert pl.read_parquet(folder / "seconds.parquet")["offered"].sum() == report["counts"]["scheduled"]
    assert not list(folder.rglob("*.json.token")) + list(folder.rglob("keys.json"))


NIGHTLY_IDEAS = ("others", *(idea.name for idea in ideas()))


@pytest.mark.parametrize(
    "design", ["many", *(pytest.param(design, marks=pytest.mark.nightly) for design in NIGHTLY_IDEAS)]
)
def test_whatever_rules_pay_passes_the_audit(tmp_path: Path, design: str) -> None:
    """Many ideas at once, and each by itself: requests in flight side by side end as the simulation's books."""
    together = resolved_toml(world("ideas_together", 200))
    (tmp_path / "mine.toml").write_text(together, encoding="utf-8")
    flags = (
        "--no-figures",
        "--json",
        "--users",
        "200",
        "--peak-rate",
        "1000",
        "--floor-rate",
        "1000",
        "--slo",
        NO_HURRY,
    )
    named = ("mine.toml" if design in TOGETHER else "ideas", "--design", design)
    report = json.loads(output("load", *named, *flags, cwd=tmp_path))
    assert report["audit"]["verdict"] == "passed", report["audit"]
    counts = report["counts"]
    assert (
        counts["accepted"] + counts["rejected"] == counts["scheduled"] > 500
    )  # the audit says whether rightly
    assert "GRANT" in report["kinds"]


def test_two_workers_and_a_killed_server_lose_and_double_nothing(tmp_path: Path) -> None:
    """kill -9 in the middle of the load: retries under the same keys, and the audit finds each event once."""
    faults = kills(tmp_path / "faults.toml", [20, 45])
    report = load(tmp_path, workers="2", faults=faults, rate=500)
    assert report["audit"]["verdict"] == "passed"
    assert answered(report["counts"]) == report["counts"]["scheduled"] > 500
    assert report["counts"]["retries"] > 0
    assert len(report["faults"]) == 2
    assert report["recovery_s"] > 0


@pytest.mark.nightly
def test_twenty_kills_lose_and_double_nothing(tmp_path: Path) -> None:
    """The same through twenty kills of one long load."""
    faults = kills(tmp_path / "faults.toml", [4 + 3 * k for k in range(20)])
    report = load(tmp_path, faults=faults, users=5_000, rate=60)
    assert report["audit"]["verdict"] == "passed"
    assert len(report["faults"]) == 20
    assert answered(report["counts"]) == report["counts"]["scheduled"]


@pytest.mark.nightly  # tests/children/test_endings.py ends one in another way, test_locust.py Locust by Ctrl-C
def test_ctrl_c_leaves_a_report_and_no_process(tmp_path: Path) -> None:
    """Exit 130; what was measured is kept under its final name and called invalid; the ledger is gone."""
    running = started(*hello("--no-figures", users=5_000, rate=50), cwd=tmp_path)
    until(lambda: any(map(sent_something, tmp_path.rglob("sendlog-0.bin"))))
    running.send_signal(signal.SIGINT)
    ran = ended(running)
    assert ran.returncode == 130, ran.stderr
    (folder,) = (tmp_path / "results" / "hello").iterdir()
    assert str(folder.relative_to(tmp_path)) in ran.stderr
    report = json.loads((folder / "load.json").read_text(encoding="utf-8"))
    assert report["verdict"] == "invalid"
    assert not (folder / "figures").exists()  # as was asked
    assert 0 < report["counts"]["sent"] < report["counts"]["scheduled"]


def test_a_load_that_never_began_leaves_no_folder(tmp_path: Path, adapter: Adapter) -> None:
    """What the adapter cannot prepare is said, and nothing is written."""
    lame = """
    from loadtests.targets.reference import Reference
    from sim.errors import UsageError

    class Lame(Reference):
        def prepare(self, agents):
            raise UsageError("no accounts today")
    """
    adapter("lame", lame)
    output(*hello(adapter="lame:Lame"), cwd=tmp_path, code=2)
    assert not list((tmp_path / "results" / "hello").iterdir())


LIAR = """
from loadtests.adapters import Ending, Outcome
from loadtests.targets.reference import Reference

class Loses(Reference):
    def encode(self, ev):
        method, path, body, headers = super().encode(ev)
        return (method, path, body, headers) if ev.n % 50 else ("GET", "/healthz", b"", headers)

    def classify(self, status, headers, body):
        lost = b'"seq"' not in body and status == 200
        return Outcome(Ending.ACCEPTED, 1) if lost else super().classify(status, headers, body)

class Silent:
    def __init__(self, target):
        self.inner = Reference(target)

    def encode(self, ev):
        return self.inner.encode(ev)

    def classify(self, status, headers, body):
        return self.inner.classify(status, headers, body)

    def prepare(self, trace):
        self.inner.prepare(trace)
"""


def test_a_ledger_that_acknowledges_and_forgets_fails_the_audit(tmp_path: Path, adapter: Adapter) -> None:
    """Fast but wrong does not pass: exit 4, and the lost events are named."""
    adapter("liar", LIAR)
    report = load(tmp_path, adapter="liar:Loses", code=4)
    assert report["audit"]["verdict"] == "failed"
    assert any("lost" in reason for reason in report["reasons"])


def test_a_ledger_that_tells_nothing_is_not_audited_and_never_passed(
    tmp_path: Path, adapter: Adapter
) -> None:
    """Without a journal to read, the verdict says so."""
    adapter("liar", LIAR)
    report = load(tmp_path, adapter="liar:Silent")
    assert report["audit"]["verdict"] == "not-audited"
    assert any("not audited" in reason for reason in report["reasons"])


def test_a_ledger_of_ones_own_is_loaded_under_a_namespace_and_only_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With --host and an administrator's token; a ledger with events of others is refused before any load."""
    db = tmp_path / "own.db"
    token = json.loads(output("ledger", "init", "--db", db, "--json", cwd=tmp_path))["token"]
    monkeypatch.setenv("BEANPEAK_ADMIN_TOKEN", token)
    serve = [
        sys.executable,
        "-m",
        "sim",
        "ledger",
        "serve",
        "--port",
        "0",
        "--campaign-clock",
        "--db",
        str(db),
    ]
    with TargetServer(serve, tmp_path / "server.log") as server:
        report = load(tmp_path, host=server.host)
        assert report["audit"]["verdict"] == "passed"
        output(*hello(host=server.host), cwd=tmp_path, code=2)


def test_a_host_beyond_this_machine_is_refused(tmp_path: Path) -> None:
    """Only what is owned, and said to be, is loaded."""
    output(*hello(host="http://198.51.100.7:80"), cwd=tmp_path, code=2)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["reference:Reference", "batching:Batching"])
def test_both_adapters_of_ours_pass_their_check(name: str, tmp_path: Path) -> None:
    """New, repeated, altered, overdrawn and malformed events end as they must."""
    said = output("load", "check-adapter", f"loadtests.targets.{name}", cwd=tmp_path)
    assert said.endswith("events, 0 wrong\n")


def test_the_check_finds_an_adapter_that_takes_refusals_for_acceptance(
    tmp_path: Path, adapter: Adapter
) -> None:
    """It says what was expected and what the adapter says, and ends with 1."""
    lax = """
    from loadtests.adapters import Ending, Outcome
    from loadtests.targets.reference import Reference

    class Lax(Reference):
        def classify(self, status, headers, body):
            return Outcome(Ending.ACCEPTED, super().classify(status, headers, body).seq)
    """
    adapter("lax", lax)
    said = output("load", "check-adapter", "lax:Lax", cwd=tmp_path, code=1)
    assert "another amount under a used key: expected REJECTED, the adapter says ACCEPTED" in said


def test_an_adapter_to_begin_with_is_written_once(tmp_path: Path) -> None:
    """The file compiles and names the class; a file that is there is not overwritten."""
    output("load", "init-adapter", "mine.py", cwd=tmp_path)
    names: dict[str, Any] = {"__name__": "mine"}
    exec(compile((tmp_path / "mine.py").read_text(encoding="utf-8"), "mine.py", "exec"), names)
    assert names["Ledger"]
    output("load", "init-adapter", "mine.py", cwd=tmp_path, code=2)
