"""The tracer: watches a campaign and writes down its requests, from one barrier to another."""

from __future__ import annotations

import time
from typing import Any

import numpy as np

from sim.bookkeeping import ROLES, Kind, Role
from sim.engine.actions import Actions
from sim.engine.campaign import Campaign
from sim.scenario import SECOND
from sim.trace import Columns, Trace, columns_sha256
from sim.tracing.balances import People, closing, openings
from sim.tracing.columns import CHAIN_BITS, Converter, join_columns
from sim.tracing.links import Keys, Links, document_keys, link
from sim.tracing.prepare import prepare
from sim.tracing.standing import Standing, Years, stand
from sim.wire import NO_REF


class Tracer:
    """Attach it to a campaign before it runs; `begin` and `end` at barriers bound the slice."""

    def __init__(self, campaign: Campaign) -> None:
        self.campaign = campaign
        self.converter = Converter(campaign)
        self.links = Links(len(campaign.projects))
        self.years = Years(campaign.scenario)
        self.parts: list[Columns] = []
        self.count = 0
        self.spent_s = 0.0  # converting, without the campaign itself
        self.start: Standing | None = None
        self._past: Keys = np.zeros(0, np.uint64)  # rows decided before the slice and told inside it
        campaign.watch = self.watch

    def begin(self) -> None:
        """From here on rows are kept. The campaign stands at a barrier."""
        self.start = stand(self.campaign, self.years)
        self._past = document_keys(self.start.held["agent"], self.start.held["number"])
        self.links.begin()

    def watch(self, part: Actions) -> None:
        """Take in one part of the stream."""
        began = time.perf_counter()
        self.years.note(int(self.campaign.barriers[self.campaign.at]), self.campaign.population.users)
        if self.start is None:
            self.links.note_past(part)
        else:
            self._take(part)
        self.spent_s += time.perf_counter() - began

    def _take(self, part: Actions) -> None:
        columns, source = self.converter.convert(part, self.count, self._kept(part))
        self.links.note(part, columns, source)
        self.parts.append(columns)
        self.count += len(source)

    def _kept(self, part: Actions) -> Any:
        """Which rows of a part belong to the slice: all but those decided before it."""
        kept = np.ones(len(part), bool)
        if len(self._past) and len(part):
            keys = document_keys(part["agent"], part["number"])
            told = np.isin(keys, self._past) & _of_users(part)
            kept = ~told
            self._past = np.setdiff1d(self._past, keys[told])
        return kept

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
        prepared, prepared_keys = prepare(start, needed, before)
        link(columns, self.links, prepared, prepared_keys)
        keys = self.links.all_keys()
        people = self._people(columns)
        opened = openings(start, people, prepared, prepared_keys)
        held = keys[columns["kind"] == Kind.REDEEM_HOLD]
        closed = closing(start, end, people, opened, held)
        facts = self._facts(scenario, design, end, people.by_period) | {"sha256": columns_sha256(columns)}
        return Trace(columns, prepared, opened, closed, facts)

    def _people(self, columns: Columns) -> People:
        """Every user with a row. Beans of a voucher that fails come back to one period here, in the ledger to
        those they came from: where several are open, only their sum can be compared."""
        scenario = self.campaign.scenario
        of_users = columns["chain"] >> CHAIN_BITS == Role.USER
        own = of_users & (columns["kind"] != Kind.CORRECTION)
        fails = any(item.cancel > 0 for item in scenario.redemptions.values())
        by_period = scenario.beans.valid_months == 0 or not fails
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
            "fee_cap": campaign.scenario.ngos.fee_cap,
            "beans_by_period": by_period,
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


def _of_users(part: Actions) -> Any:
    return _USER_KIND[part["kind"]]
