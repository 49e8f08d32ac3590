"""One set of books: a campaign played over HTTP leaves the ledger where the simulation's own books are."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from functools import cache
from itertools import groupby
from pathlib import Path

import polars as pl
import pytest

from loadtests.adapters import Target
from loadtests.prepare import Client, make_keys, prepare, roles_of
from loadtests.target import TargetServer
from sim.agents.budgets import pool_of_rule
from sim.bookkeeping import BOUNDS, CHART, Kind, code_of
from sim.engine.running import simulate_once
from sim.experiments.cookbook import ideas
from sim.ledger.audit import audit
from sim.ledger.opening import open_reader
from sim.runs import plan_run
from sim.scenario import Scenario
from sim.trace import Trace
from sim.tracing.generate import trace_slice
from sim.tracing.window import span_of
from sim.wire import Wire
from tests.engine.worlds import TOGETHER, ideas_as
from tests.service.serving import DAY
from tests.service.serving import Client as Asking

RUN = "parity"
MEMORANDA = frozenset(code for bounds in BOUNDS.values() for code in bounds)
ITEMS = 500
IDEAS_USERS = 300


@cache
def traced(scenario: str, begins: str | None, ends: str | None) -> Trace:
    plan = plan_run(scenario, users=500)
    return trace_slice(plan.scenario, plan.name, span_of(plan.scenario, begins, ends))


def batches(trace: Trace, wire: Wire) -> Iterator[tuple[str, list[bytes]]]:
    """The trace in its order, cut where the signer changes."""
    for role, rows in groupby((row.item() for row in trace.rows), key=wire.role):
        items = [wire.item(row) for row in rows]
        for first in range(0, len(items), ITEMS):
            yield role, items[first : first + ITEMS]


def play(
    trace: Trace, db: str | Path, folder: Path, then: Callable[[Asking], None] = lambda _: None
) -> list[str]:
    """Play the whole trace against a server of its own, one batch after the other; what was refused. `then` asks
    that server for more."""
    command = [sys.executable, "-m", "sim", "ledger"]
    made = subprocess.run(
        [*command, "init", "--db", str(db), "--json"], capture_output=True, text=True, check=True
    )
    wire = Wire(RUN, int(trace.facts["start_us"]))
    serve = [*command, "serve", "--db", str(db), "--port", "0", "--campaign-clock"]
    refused = []
    with TargetServer(serve, folder / "server.log") as server:
        target = Target(server.host, RUN)
        tokens = make_keys(
            target, json.loads(made.stdout)["token"], roles_of(trace, wire), wire, folder / "keys.json"
        )
        prepare(target, trace, wire, tokens)
        client = Client(target, tokens["admin"])
        for number, (role, items) in enumerate(batches(trace, wire)):
            body = b'{"atomic":false,"items":[%b]}' % b",".join(items)
            answer = client.post("/v1/batch", body, f"{RUN}:batch:{number}", tokens[role])
            refused += [str(one["body"]) for one in answer["results"] if one["status"] >= 300]
        client.close()
        with closing(Asking(int(server.host.rpartition(":")[2]), json.loads(made.stdout)["token"])) as asking:
            then(asking)
    return refused


def balances(db: str | Path, trace: Trace) -> dict[str, int]:
    """Every balance that is not 0; available beans by user where the simulation knows them only so. What bounds rules
    is kept by the ledger alone, beside what is paid."""
    reader = open_reader(db, CHART)
    sums: Counter[str] = Counter()
    for account in reader.accounts():
        by_user = account.name.startswith("2110:") and not trace.facts["beans_by_period"]
        sums[account.name.rpartition(":")[0] if by_user else account.name] += account.balance
    failed = [check for check in audit(reader) if not check["passed"]]
    reader.close()
    assert not failed
    return {name: balance for name, balance in sums.items() if balance and code_of(name) not in MEMORANDA}


@pytest.mark.parametrize(
    ("scenario", "begins", "ends"),
    [
        ("week95_2022", None, None),
        ("zhejiang_account", None, None),
        ("double11_2018", "2018-11-10T22:00", "2018-11-12T00:00"),
    ],
)
def test_a_campaign_played_in_order_gives_the_simulations_books(
    scenario: str, begins: str | None, ends: str | None, db: str | Path, tmp_path: Path
) -> None:
    """Nothing is refused but corrections of donations whose money is spent, as in the simulation; every account of the
    ledger holds what the simulation says, users' periods included."""
    trace = traced(scenario, begins, ends)
    assert_corrections_alone(play(trace, db, tmp_path), trace)
    assert balances(db, trace) == dict(trace.closing.iter_rows())


def assert_corrections_alone(refused: list[str], trace: Trace) -> None:
    """Nothing was refused but corrections of donations whose money is spent."""
    assert [body for body in refused if "insufficient_funds" not in body or "'2400:p" not in body] == []
    assert len(refused) <= (trace.columns["kind"] == Kind.CORRECTION).sum()


# --- incentive rules --------------------------------------------------------------------------------------------


def assert_rules_gave(asking: Asking, scenario: Scenario) -> None:
    """What the ledger says of every rule is what the simulation's table says."""
    table = simulate_once(scenario).tables["rules"].filter(pl.col("rule") != "")
    assert table["rule"].to_list() == list(scenario.rules)
    for number, row in enumerate(table.iter_rows(named=True)):
        page = asking.get(f"/v1/rules/r{number}").said
        assert page["terms"]["name"] == row["rule"]
        assert (page["beans"], page["minutes"]) == (row["beans"], row["minutes"]), row
        assert page.get("fen", row["money_fen"]) == row["money_fen"], row


def assert_no_overspending(asking: Asking, scenario: Scenario, at: int) -> None:
    """Of every rule that has a budget in money: who asks for more than is left of it is refused, and nothing moves;
    were there money enough in the pool or not."""
    for number, rule in enumerate(scenario.rules.values()):
        if rule.budget is not None:
            page, pool = asking.get(f"/v1/rules/r{number}").said, f"s{pool_of_rule(scenario)[number] - 1}"
            more = page["fen_left"] + 1
            words = {"user": "u1", "rule": f"r{number}", "pool": pool, "fen": more, "at": at}
            assert asking.post("/prizes", **words).code == "pool_exhausted"
            assert asking.post(f"/pools/{pool}/deposits", fen=more, at=at).status == 201
            assert asking.post("/prizes", **words).code == "rule_spent"
            assert asking.post(f"/pools/{pool}/withdrawals", fen=more, at=at).status == 201
            assert asking.get(f"/v1/rules/r{number}").said == page | {"as_of_seq": page["as_of_seq"] + 2}


@pytest.mark.parametrize(
    "design", [*TOGETHER, *(pytest.param(idea.name, marks=pytest.mark.nightly) for idea in ideas())]
)
def test_what_rules_give_stands_in_the_ledger_as_in_the_simulations_books(
    design: str, db: str | Path, tmp_path: Path
) -> None:
    """Many ideas at once, and each by itself: every account, and what every rule gave; the audit passes, also after
    somebody asked for more than a budget has left."""
    scenario = ideas_as(design, IDEAS_USERS)
    trace = trace_slice(scenario, design, span_of(scenario, None, None))

    def then(asking: Asking) -> None:
        assert_rules_gave(asking, scenario)
        assert_no_overspending(asking, scenario, int(trace.facts["start_us"]) + DAY)

    assert_corrections_alone(play(trace, db, tmp_path, then), trace)
    assert balances(db, trace) == dict(trace.closing.iter_rows())
