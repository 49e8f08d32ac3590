"""The writing side, the same in both stores: a batch's rows in one durable commit."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from contextlib import AbstractContextManager

from sim.ledger.decide import Decision
from sim.ledger.entries import Command
from sim.ledger.failpoints import failpoint
from sim.ledger.reading import SqlReader as SqlReader
from sim.ledger.state import State, family_of
from sim.ledger.stores import line_id
from sim.ledger.tables import Rows, rows_of


class SqlStore(SqlReader):
    """The one writer's connection."""

    @abstractmethod
    def insert(self, table: str, rows: Rows) -> None:
        """Insert rows, inside a transaction; where a table's rows change, they overwrite what is there."""

    @abstractmethod
    def delete(self, table: str, ids: Sequence[int]) -> None:
        """Delete rows by id, inside a transaction."""

    @abstractmethod
    def clear(self, table: str) -> None:
        """Delete all rows, inside a transaction."""

    durability: str  # what a commit survives, printed beside every figure

    @abstractmethod
    def transaction(self) -> AbstractContextManager[None]:
        """One durable commit of what is written inside, if this process still leads.

        Raises StoreError: nothing is in the store; OutcomeUnknown: all or nothing is.
        """

    def write(self, state: State, decision: Decision) -> None:
        """A decision in one durable commit; raises what `transaction` raises."""
        with self.transaction():
            self._write(state, decision)

    def save_keys(self, rows: Rows) -> None:
        """Keep keys of the service, new ones or as they are now; raises what `transaction` raises."""
        with self.transaction():
            self.insert("access_key", rows)

    def preload(self, state: State, commands: Sequence[Command], groups: Sequence[bytes]) -> None:
        """Fill the state's caches with what commands announce, in one look-up a table."""
        eids = list({command.eid for command in commands} | set(groups))
        state.answers = dict.fromkeys(eids)
        state.answers.update(self.answers(eids))
        known = state.accounts
        names = {name for c in commands for name in c.touches if name not in known}
        if names:
            condition, parameters = self._among("name", list(names))
            known.update(dict.fromkeys(names))
            known.update({a.name: a for a in self._accounts(condition, parameters)})
        families = {family_of(f"{family}:") for c in commands for family in c.families}
        if families := families - state.families.keys():
            state.families.update({prefix: [] for prefix in families})
            for account in self.families(list(families)):
                known.setdefault(account.name, account)
                state.families[family_of(account.name)].append(account.name)
        papers = {id for c in commands for id in c.documents if id not in state.documents}
        if papers:
            condition, parameters = self._among("id", list(papers))
            state.documents.update(dict.fromkeys(papers))
            state.documents.update({d.id: d for d in self._documents(condition, parameters)})

    @abstractmethod
    def checkpoint(self) -> None:
        """House-keeping between two batches."""

    @abstractmethod
    def reader(self) -> SqlReader:
        """A connection that only reads, for one other thread."""

    def _write(self, state: State, decision: Decision) -> None:
        """All rows of a decision, inside a transaction."""
        for table, rows in rows_of(decision, state.head.seq).items():
            if rows:
                self.insert(table, rows)
        ended = [line_id(hold.seq, hold.line) for hold in decision.ended if hold.seq <= state.head.seq]
        if ended:
            self.delete("hold", ended)
        failpoint("before-commit")
