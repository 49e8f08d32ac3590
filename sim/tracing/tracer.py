"""The tracer: watches a campaign and writes down its requests, from one barrier to another."""

from __future__ import annotations

import time
from typing import Any

import numpy as np

from sim.arrays import Flags
from sim.bookkeeping import ROLES, Kind, Role
from sim.domain.ratios import PPM
from sim.engine.actions import Actions
from sim.engine.campaign import Campaign
from sim.errors import UsageError
from sim.spans import DAY_S, DAY_US, SECOND
from sim.trace import Columns, Trace, columns_sha256
from sim.tracing.balances import People, closing, openings
from sim.tracing.columns import CHAIN_BITS, Converter, Rows, join_columns
from sim.tracing.links import MOST_USERS, Keys, Links, document_keys, link, mark_dependent
from sim.tracing.prepare import prepare
from sim.tracing.standing import Standing, Years, stand
from sim.tracing.terms import rule_terms
from sim.wire import NO_REF

UNTOLD = NO_REF - 1


class Tracer:
    """Attach it to a campaign before it runs; `begin` and `end` at barriers bound the slice."""

    def __init__(self, campaign: Campaign) -> None:
        if campaign.at > 0:
            raise UsageError("a trace needs its campaign from the start; it cannot begin with a snapshot")
        if campaign.population.rows > MOST_USERS:
            raise UsageError(
                f"a trace can name {MOST_USERS:,} users and no more; use fewer, with the same real_users"
            )
        self.campaign = campaign
        self.converter = Converter(campaign)
        self.links = Links(len(campaign.projects))
        self.years = Years(campaign.scenario)
        self.parts: list[Columns] = []
        self.count = 0
        self.spent_s = 0.0  # converting, without the campaign itself
        self.start: Standing | None = None
        self._told: dict[
            int, int
        ] = {}  # rows still to come in the stream: by key, the number they have already
        campaign.watch = self.watch

    def begin(self) -> None:
        """From here on rows are kept. The campaign stands at a barrier."""
        self.start = stand(self.campaign, self.years)
        self._told = dict.fromkeys(_action_keys(self.start.held).tolist(), NO_REF)
        self.links.begin()

    def watch(self, part: Actions) -> None:
        """Take in one part of the stream."""
        began = time.perf_counter()
        self.years.note(int(self.campaign.barriers[self.campaign.at]), self.campaign.population.users)
        if self.start is None:
            self.links.note_past(part)
        else:
            self._take(part)
            self._take_decided()
        self.spent_s += time.perf_counter() - began

    def _take(self, part: Actions) -> None:
        """Write down the rows of a part, but for those that are written down already or belong to the past."""
        numbers = self._numbers(part)
        kept = numbers == UNTOLD
        for key in _action_keys(part[~kept]).tolist():
            del self._told[key]
        columns, source = self._write(part, np.flatnonzero(kept))
        numbers[source] = columns["n"]
        self.links.note_donations(part, np.where(numbers == UNTOLD, NO_REF, numbers))

    def _take_decided(self) -> None:
        """Claims that this barrier has served, though they are due a moment after it: now is their turn.

        A user who plays across a barrier claims what the barrier shares out. Sent at its own instant such a
        claim would come after claims that were served later, and a pool's last fen would go elsewhere.
        """
        held = self.campaign.held
        claims = held.take(np.flatnonzero(self.converter.shared(held)))
        claims = claims.take(np.flatnonzero(self._numbers(claims) == UNTOLD))
        if len(claims):
            order = self.converter.served(claims)
            claims["t"] = self.campaign.barriers[self.campaign.at] * SECOND
            columns, source = self._write(claims, order)
            self._told |= dict(zip(_action_keys(claims)[source].tolist(), columns["n"].tolist(), strict=True))

    def _write(self, part: Actions, chosen: Rows) -> tuple[Columns, Rows]:
        columns, source = self.converter.convert(part, chosen, self.count)
        self.links.note(part, columns, source)
        self.parts.append(columns)
        self.count += len(source)
        return columns, source

    def _numbers(self, part: Actions) -> Keys:
        """By row of a part the number it has already, UNTOLD where it has none."""
        numbers = np.full(len(part), UNTOLD, np.uint64)
        if self._told and len(part):
            told = np.array(list(self._told), np.uint64)
            users = np.flatnonzero(_USER_KIND[part["kind"]])
            keys = _action_keys(part)[users]
            found = np.isin(keys, told)
            numbers[users[found]] = [self._told[key] for key in keys[found].tolist()]
        return numbers

    def end(self, scenario: str, design: str = "base") -> Trace:
        """The trace of everything since `begin`. The campaign stands at a barrier."""
        assert self.start is not None
        began = time.perf_counter()
        end = stand(self.campaign, self.years)
        if len(end.held):
            self._take(end.held)
        columns = join_columns(self.parts)
        self.parts.clear()
        trace = self._whole(columns, end, scenario, design)
        self.spent_s += time.perf_counter() - began
        return trace

    def _whole(self, columns: Columns, end: Standing, scenario: str, design: str) -> Trace:
        start = self.start
        assert start is not None
        before = self.links.corrected(columns)
        before = before[before["n"] == NO_REF]
        needed = self.links.opened_before(columns)
        terms = rule_terms(self.campaign.scenario, start.books, start.now_s)
        prepared, prepared_keys = prepare(start, needed, before, terms)
        link(columns, self.links, prepared, prepared_keys)
        mark_dependent(columns, self._loose(columns))
        keys = self.links.all_keys()
        people = self._people(columns, self._knows_periods(end))
        opened = openings(start, people, prepared, prepared_keys)
        held = keys[columns["kind"] == Kind.REDEEM_HOLD]
        closed = closing(start, end, people, opened, held)
        facts = self._facts(scenario, design, end, people.by_period) | {"sha256": columns_sha256(columns)}
        return Trace(columns, prepared, opened, closed, facts)

    def _loose(self, columns: Columns) -> Flags:
        """Vouchers that fail when their beans may come back to an account of another period than here.

        In the ledger they fall back to the periods they came from, here to the latest of those. That is the
        same while only one period is open, and not over.
        """
        cancelled = columns["kind"] == Kind.REDEEM_CANCEL
        if self.campaign.scenario.beans.valid_months > 0:
            return np.asarray(cancelled)
        return np.asarray(cancelled & self.converter.calendar.is_over(columns["due_us"] // DAY_US))

    def _knows_periods(self, end: Standing) -> bool:
        """Whether available beans can be compared period by period at the slice's end, or only their sum."""
        scenario = self.campaign.scenario
        last = np.array([max(end.now_s - 1, 0) // DAY_S])
        one = scenario.beans.valid_months == 0 and not self.converter.calendar.is_over(last).any()
        return one or all(item.cancel == 0 for item in scenario.redemptions.values())

    def _people(self, columns: Columns, by_period: bool) -> People:
        """Every user with a row."""
        of_users = columns["chain"] >> CHAIN_BITS == Role.USER
        own = of_users & (columns["kind"] != Kind.CORRECTION)
        users = np.unique(columns["subject"][own]).astype(np.int64)
        return People(users, self.converter.calendar, by_period)

    def _facts(self, scenario: str, design: str, end: Standing, by_period: bool) -> dict[str, Any]:
        campaign, world = self.campaign, self.campaign.scenario.scenario
        assert self.start is not None
        return {
            "scenario": scenario,
            "title": world.title,
            "design": design,
            "seed": world.seed,
            "replication": campaign.replication,
            "users": world.users,
            "real_users": world.real_users,
            "start_us": round(world.start.timestamp()) * SECOND,
            "from_us": self.start.now_s * SECOND,
            "until_us": end.now_s * SECOND,
            "fee_cap": campaign.scenario.ngos.fee_cap / PPM,
            "beans_by_period": by_period,
            "rules": list(campaign.scenario.rules),
            "agents": {
                "users": campaign.population.rows,
                "merchants": len(campaign.merchants.size_z),
                "projects": len(campaign.projects),
                "pools": len(campaign.sponsors.pools),
                "ngos": len(campaign.ngos.size),
            },
        }


_USER_KIND = np.zeros(256, bool)
for _kind, _role in ROLES.items():
    _USER_KIND[_kind] = _role is Role.USER


def _action_keys(part: Actions) -> Keys:
    """A user's action by user and number."""
    return document_keys(part["agent"], part["number"])
