"""Every guard of the ledger matters: with any of them taken out, a test of these folders fails.

A mutant replaces a piece of a module's source; the code of the module's functions is exchanged for that of the
changed source, the named test is played and must not pass, and everything is put back.
"""

from __future__ import annotations

import gc
import inspect
import types
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from sim.bookkeeping import CHART
from sim.ledger import accounts, decide, ledger, postgres, rebuild, sql, sqlite, state, tables
from sim.ledger.entries import Mode
from sim.ledger.ledger import Ledger
from sim.ledger.opening import open_store
from tests.ledger import test_commit, test_connections, test_decide, test_failing_disk, test_rebuild

pytestmark = pytest.mark.filterwarnings(
    "ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning"
)


class Mutant(NamedTuple):
    """A piece of a module, what stands in its place, and the test that must notice."""

    module: types.ModuleType
    piece: str
    instead: str
    notices: Callable[..., None]


# fmt: off
MUTANTS: dict[str, Mutant] = {
    "no floors": Mutant(
        decide, "account.available < account.floor", "False", test_decide.test_holds_count_against_the_floor),
    "holds do not count": Mutant(
        accounts, "return self.cr_posted - self.dr_posted - self.dr_pending",
        "return self.cr_posted - self.dr_posted", test_decide.test_holds_count_against_the_floor),
    "holds do not count on debit accounts": Mutant(
        accounts, "return self.dr_posted - self.cr_posted - self.cr_pending",
        "return self.dr_posted - self.cr_posted", test_decide.test_a_debit_account_mirrors_the_floor),
    "no ceilings": Mutant(
        decide, "account.reach > account.ceiling", "False", test_decide.test_a_ceiling_counts_what_is_on_its_way),
    "bounds trap": Mutant(
        decide, "if account.available >= was:", "if False:",
        test_decide.test_bounds_set_later_do_not_trap_what_is_there),
    "closed accounts are open": Mutant(
        decide, "if (debit.closed or credit.closed)", "if False",
        test_decide.test_a_closed_account_only_sees_its_holds_end),
    "any amount": Mutant(
        decide, "if not 0 < amount <= MOST:", "if False:",
        lambda: test_decide.test_an_amount_out_of_range_is_refused(10**12 + 1)),
    "counters wrap": Mutant(
        decide, "account.cr_posted > LIMIT", "False", lambda: test_decide.test_no_counter_passes_its_limit(None)),
    "pending counters wrap": Mutant(
        decide, " or pending > LIMIT", "", lambda: test_decide.test_no_counter_passes_its_limit(Mode.PENDING)),
    "seventeen lines": Mutant(
        decide, "lines > MOST_LINES", "False", test_decide.test_an_event_has_at_most_sixteen_lines),
    "more than held": Mutant(
        decide, "line.amount > hold.amount", "False", test_decide.test_more_than_was_held_cannot_be_posted),
    "a hold ends twice": Mutant(
        decide, "if hold.line != index)", ")", lambda: test_decide.test_a_hold_ends_once(Mode.POST, 60)),
    "a hold ends twice in an entry": Mutant(
        decide, "if ends in ended", "if False", test_decide.test_a_hold_cannot_end_twice_in_one_entry),
    "a hold lapses early": Mutant(
        decide, "or effective_at < hold.deadline", "",
        lambda: test_decide.test_a_hold_lapses_at_its_deadline_not_before(4_999, "not_due")),
    "refused lines stay": Mutant(
        decide, "overlay.accounts[name].counters = counters", "pass",
        test_decide.test_a_refused_entry_leaves_nothing),
    "refused accounts stay": Mutant(
        decide, "overlay.unbear(born)", "pass", test_decide.test_a_refused_entry_leaves_nothing),
    "numbers of accounts have gaps": Mutant(
        state, "self.head.accounts -= 1", "pass", test_decide.test_a_refused_entry_leaves_nothing),
    "any payload": Mutant(
        decide, "if before.fingerprint == fingerprint:", "if True:",
        test_decide.test_another_payload_under_a_used_key_is_refused),
    "a group in part": Mutant(
        decide, "        if not answer.accepted:", "        if False:",
        test_decide.test_an_atomic_group_is_refused_whole),
    "openings for ever": Mutant(
        decide, "if entry.opening and overlay.head.in_business:", "if False:",
        test_decide.test_openings_come_before_everything_else),
    "the clock falls": Mutant(
        decide, "max(head.ts_us + 1, now_us)", "now_us",
        test_decide.test_the_clock_of_the_journal_rises_whatever_the_wall_says),
    "corrected twice": Mutant(
        decide, "if posted.reversed or entry.reverses in overlay.head.reversed:", "if posted.reversed:",
        test_commit.test_a_correction_is_made_once_in_a_batch_and_for_ever),
    "refusals are not written": Mutant(
        decide, "overlay.answers[command.eid] = decision.refused[command.eid] = Kept",
        "overlay.answers[command.eid] = Kept",
        test_commit.test_answers_are_repeated_byte_for_byte_across_restarts),
    "answers are not looked up": Mutant(
        sql, "state.answers.update(self.answers(eids))", "pass",
        test_commit.test_answers_are_repeated_byte_for_byte_across_restarts),
    "ended holds stay in the table": Mutant(
        sql, "if ended:", "if False:", test_commit.test_everything_is_there_after_a_restart),
    "holds of the same batch stay": Mutant(
        tables, "if (h.seq, h.line) not in ended", "", test_commit.test_a_hold_may_begin_and_end_in_one_batch),
    "no epoch on SQLite": Mutant(
        sqlite, '!= self.epoch:', '!= self.epoch and False:',
        lambda tmp_path: test_connections.test_the_epoch_alone_stops_an_old_leader(tmp_path / "l.db", False)),
    "a failed sync is a failed write": Mutant(
        sqlite, "if committing:", "if False:", test_failing_disk.test_a_failed_sync_is_never_tried_again),
    "a failed log is moved": Mutant(
        sqlite, "if not self._failed:", "if True:", test_failing_disk.test_a_failed_sync_is_never_tried_again),
    "writing goes on": Mutant(
        ledger, "            raise StoreError(self.trouble)", "            pass",
        lambda opened, monkeypatch: test_commit.test_after_a_defect_nothing_is_written_any_more(
            opened, KeyError("a defect"), monkeypatch)),
    "no epoch on PostgreSQL": Mutant(
        postgres, "SELECT assert_leader(%b)", "SELECT %b",
        lambda postgres: test_connections.test_the_epoch_alone_stops_an_old_leader(postgres.new(), False)),
    "a lost batch is written again at once": Mutant(
        postgres, "if self._settled(there):", "if False:",
        test_connections.test_a_batch_lost_in_commit_is_looked_up_first),
    "a lost batch is taken for written": Mutant(
        postgres, "if self._settled(there):", "if True:",
        lambda wired, wire, url: test_connections.test_a_batch_lost_in_commit_is_looked_up_first(
            wired, wire, url, "before")),
    "the old session lives on": Mutant(
        postgres, "SELECT pg_terminate_backend(pid) FROM", "SELECT pid FROM",
        lambda wired, wire, url, monkeypatch: (
            monkeypatch.setattr("sim.ledger.postgres.PATIENCE_S", 0.5),
            test_connections.test_an_old_session_is_ended_before_anything_is_looked_up(wired, wire, url))),
    "a broken journal is built upon": Mutant(
        rebuild, "if event.seq != fold.seq + 1 or", "if False and",
        test_rebuild.test_nothing_is_made_from_a_broken_journal),
}
# fmt: on


def functions_of(namespace: dict[str, Any], module: str) -> Iterator[tuple[str, types.FunctionType]]:
    """Every function and method that a module defines, by qualified name."""
    for value in list(namespace.values()):
        members = vars(value).values() if inspect.isclass(value) and value.__module__ == module else [value]
        for member in members:
            member = member.fget if isinstance(member, property) else getattr(member, "__func__", member)
            function = inspect.unwrap(member) if callable(member) else member
            if inspect.isfunction(function) and function.__module__ == module:
                yield function.__qualname__, function


@contextmanager
def changed(mutant: Mutant) -> Iterator[None]:
    """The module with another piece in its source."""
    source = inspect.getsource(mutant.module)
    assert mutant.piece in source, "the guard has moved: name it anew"
    namespace: dict[str, Any] = {"__name__": mutant.module.__name__}
    exec(
        compile(source.replace(mutant.piece, mutant.instead), mutant.module.__file__ or "", "exec"), namespace
    )
    ours = dict(functions_of(vars(mutant.module), mutant.module.__name__))
    theirs = dict(functions_of(namespace, mutant.module.__name__))
    before = {name: function.__code__ for name, function in ours.items()}
    try:
        for name, function in ours.items():
            function.__code__ = theirs[name].__code__
        yield
    finally:
        for name, function in ours.items():
            function.__code__ = before[name]


class Stage:
    """Gives a test what it asks for by name, on SQLite or, with a wire, on PostgreSQL."""

    def __init__(self, request: pytest.FixtureRequest, tmp_path: Path) -> None:
        self.request, self.tmp_path = request, tmp_path
        self.db: str | Path = tmp_path / "ledger.db"
        self.ledgers: list[Ledger] = []

    def gather(self, test: Callable[..., None]) -> dict[str, Any]:
        """What a test asks for."""
        own = {"db": self.db, "opened": self._open, "after": True, "cut": "after"}
        wanted = inspect.signature(test).parameters
        return {name: own[name] if name in own else self.request.getfixturevalue(name) for name in wanted}

    def clear(self) -> None:
        """Stop what a test opened, and what a broken one left open."""
        for one in self.ledgers:
            with suppress(Exception):
                one.stop()
        gc.collect()

    def _open(self, **settings: Any) -> Ledger:
        self.ledgers.append(Ledger(open_store(self.db, CHART), CHART, **settings))
        return self.ledgers[-1]


def outcome(test: Callable[..., None], given: dict[str, Any]) -> str:
    """How a test ends: "passed", or the error; its traceback, and what that holds open, is let go."""
    try:
        test(**given)
    except (KeyboardInterrupt, NameError, SyntaxError, TypeError):
        raise  # of the mutant or of this file, not of a guard
    except BaseException as error:
        return f"{type(error).__name__}: {str(error).splitlines()[0]}"
    return "passed"


@pytest.mark.parametrize("name", MUTANTS)
def test_a_missing_guard_is_noticed(name: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    """The named test does not pass without the guard; `pytest -s` prints how it ends."""
    mutant = MUTANTS[name]
    stage = Stage(request, tmp_path)
    given = stage.gather(mutant.notices)
    with changed(mutant):
        ended = outcome(mutant.notices, given)
    stage.clear()
    print(f"\n{name}: {ended}")
    assert ended != "passed"


@pytest.mark.parametrize("name", MUTANTS)
def test_with_its_guard_the_same_test_passes(
    name: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    """Played the same way without the mutant, the named test passes."""
    stage = Stage(request, tmp_path)
    MUTANTS[name].notices(**stage.gather(MUTANTS[name].notices))
    stage.clear()
