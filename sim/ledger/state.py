"""What the writer knows: a cache of the store that is never behind it, and overlays on which batches are tried.

`None` in a cache means "looked up, does not exist". What is not cached is fetched from the `Source` when a
draft asks; the writer fetches what commands announce in one look-up before it decides.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

from sim.ledger.accounts import Account, Chart, Opener
from sim.ledger.entries import Document, Hold, Kept, Posted
from sim.ledger.journal import GENESIS, Event

CACHED = 1_000_000  # entries of a cache; past it the whole cache is dropped between two batches


class Source(Protocol):
    """Where the state is read from when it is not cached."""

    def account(self, name: str) -> Account | None: ...
    def family(self, prefix: str) -> list[Account]: ...
    def document(self, id: str) -> Document | None: ...
    def holds(self, seq: int) -> tuple[Hold, ...]: ...
    def event(self, eid: bytes) -> Posted | None: ...
    def answer(self, eid: bytes) -> Kept | None: ...


class Nothing:
    """The source of an empty ledger."""

    def account(self, name: str) -> Account | None:
        return None

    def family(self, prefix: str) -> list[Account]:
        return []

    def document(self, id: str) -> Document | None:
        return None

    def holds(self, seq: int) -> tuple[Hold, ...]:
        return ()

    def event(self, eid: bytes) -> Posted | None:
        return None

    def answer(self, eid: bytes) -> Kept | None:
        return None


@dataclass(slots=True)
class Head:
    """Where the journal ends. `in_business`: something other than openings is in it."""

    seq: int = 0
    ts_us: int = 0
    jhash: bytes = GENESIS
    accounts: int = 0  # the highest account number given out
    in_business: bool = False
    reversed: set[bytes] = field(default_factory=set)  # events corrected in this overlay

    def copy(self) -> Head:
        return Head(self.seq, self.ts_us, self.jhash, self.accounts, self.in_business, set(self.reversed))


def family_of(name: str) -> str:
    """The code and first owner of an account with several: `2110:u1` of `2110:u1:20220930`, else nothing."""
    code, _, rest = name.partition(":")
    owner, several, _ = rest.partition(":")
    return f"{code}:{owner}" if several else ""


class State:
    """The ledger as of the last commit."""

    def __init__(self, chart: Chart, source: Source | None = None, head: Head | None = None) -> None:
        self.opener = Opener(chart)
        self.source = source or Nothing()
        self.head = head or Head()
        self.accounts: dict[str, Account | None] = {}
        self.families: dict[str, list[str]] = {}
        self.documents: dict[str, Document | None] = {}
        self.held: dict[int, tuple[Hold, ...]] = {}
        self.answers: dict[bytes, Kept | None] = {}  # only of the batch at hand

    def account(self, name: str) -> Account | None:
        try:
            return self.accounts[name]
        except KeyError:
            found = self.accounts[name] = self.source.account(name)
            return found

    def names(self, prefix: str) -> list[str]:
        """All accounts of a family, as `2110:u1`."""
        try:
            return self.families[prefix]
        except KeyError:
            members = self.source.family(prefix)
            for account in members:
                self.accounts.setdefault(account.name, account)
            names = self.families[prefix] = [account.name for account in members]
            return names

    def document(self, id: str) -> Document | None:
        try:
            return self.documents[id]
        except KeyError:
            found = self.documents[id] = self.source.document(id)
            return found

    def holds(self, seq: int) -> tuple[Hold, ...]:
        try:
            return self.held[seq]
        except KeyError:
            found = self.held[seq] = self.source.holds(seq)
            return found

    def event(self, eid: bytes) -> Posted | None:
        return self.source.event(eid)

    def answer(self, eid: bytes) -> Kept | None:
        try:
            return self.answers[eid]
        except KeyError:
            return self.source.answer(eid)

    def trim(self) -> None:
        """Forget what can be fetched again; called between two batches."""
        self.answers.clear()
        if len(self.accounts) > CACHED:
            self.accounts.clear()
            self.families.clear()
        for cache in (self.documents, self.held):
            if len(cache) > CACHED:
                cache.clear()


class Overlay:
    """What a batch would change, over a state or over another overlay. `merge` takes it over."""

    def __init__(self, base: State | Overlay) -> None:
        self.base = base
        self.opener: Opener = base.opener
        self.head: Head = base.head.copy()
        self.accounts: dict[str, Account] = {}
        self.born: list[str] = []  # accounts that came into being here, in order
        self.families: dict[str, list[str]] = {}
        self.documents: dict[str, Document] = {}
        self.held: dict[int, tuple[Hold, ...]] = {}
        self.answers: dict[bytes, Kept] = {}
        self.booked: dict[bytes, Event] = {}

    # --- looking: what a draft may do ---------------------------------------------------------------

    def account(self, name: str) -> Account | None:
        return self.accounts.get(name) or self.base.account(name)

    def available(self, name: str) -> int:
        """What can leave an account; 0 if it does not exist yet."""
        account = self.accounts.get(name) or self.base.account(name)
        return 0 if account is None else account.available

    def names(self, prefix: str) -> list[str]:
        fresh = self.families.get(prefix)
        return self.base.names(prefix) + fresh if fresh else self.base.names(prefix)

    def family(self, prefix: str) -> list[tuple[str, int]]:
        """The accounts below a prefix with something available, by name: for periods, earliest first."""
        below = f"{prefix}:"
        names = sorted(name for name in self.names(family_of(below)) if name.startswith(below))
        held = [(name, self.available(name)) for name in names]
        return [(name, available) for name, available in held if available > 0]

    def document(self, id: str) -> Document | None:
        return self.documents.get(id) or self.base.document(id)

    def holds(self, seq: int) -> tuple[Hold, ...]:
        """The holds that an event opened and that are still open."""
        found = self.held.get(seq)
        return self.base.holds(seq) if found is None else found

    def event(self, eid: bytes) -> Posted | None:
        fresh = self.booked.get(eid)
        if fresh is None:
            return self.base.event(eid)
        return Posted(fresh.seq, fresh.kind, fresh.transfers)

    def answer(self, eid: bytes) -> Kept | None:
        return self.answers.get(eid) or self.base.answer(eid)

    # --- changing -------------------------------------------------------------------------------------

    def writable(self, name: str) -> Account:
        """An account to be changed here; it comes into being if it does not exist."""
        mine = self.accounts.get(name)
        if mine is None:
            known = self.base.account(name)
            if known is None:
                self.head.accounts += 1
                mine = self.opener(self.head.accounts, name)
                self.families.setdefault(family_of(name), []).append(name)
                self.born.append(name)
            else:
                mine = known.copy()
            self.accounts[name] = mine
        return mine

    def unbear(self, count: int) -> None:
        """Let only the first `count` accounts have come into being: what a refused entry needed is not there."""
        for name in self.born[count:]:
            del self.accounts[name]
            self.families[family_of(name)].remove(name)
            self.head.accounts -= 1
        del self.born[count:]

    def merge(self) -> None:
        """Make this overlay's changes the base's own."""
        base = self.base
        base.head = self.head
        base.accounts.update(self.accounts)
        base.documents.update(self.documents)
        base.held.update(self.held)
        if isinstance(base, Overlay):
            base.answers.update(self.answers)
            base.booked.update(self.booked)
            base.born += self.born
            for prefix, fresh in self.families.items():
                base.families.setdefault(prefix, []).extend(fresh)
        else:
            base.head.reversed.clear()  # the store knows them now
            for prefix, fresh in self.families.items():
                if prefix in base.families:
                    base.families[prefix].extend(fresh)
