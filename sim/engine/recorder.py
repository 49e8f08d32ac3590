"""The recorder watches the stream and keeps rows to compute from; it never steers anything.

Everything is arrays indexed by time, project, merchant, deed, channel or segment; frames are made of them
at the end (`sim.engine.frames`).
"""

from __future__ import annotations

from calendar import monthrange
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from sim.bookkeeping import Kind
from sim.engine.actions import Actions
from sim.kernel import tallies as T
from sim.kernel.rows import MAX_CHANNELS, MAX_DEEDS, MAX_SEGMENTS, NO_DEED
from sim.scenario import Scenario, since_start
from sim.spans import DAY_S, HOUR_S, MINUTE_S, SECOND
from sim.streams import Purpose, draws

if TYPE_CHECKING:
    from sim.engine.campaign import Campaign

VISITS, ORDERS, CHARITY, PLEDGED, CONFIRMED, SESSIONS, DEEDS = range(7)
STATE_COLUMNS = ("growing", "available", "helped", "pool_left_fen", "farmer_subsidy_fen")
HELD = len(STATE_COLUMNS)
DONE_KINDS = (Kind.DEED, Kind.GENERAL, Kind.GIFT, Kind.BEAN_GIFT)
_DONE = np.isin(np.arange(256), DONE_KINDS)
REWARDED_APART = ("gift", "account", "team")  # their beans are a row of their own
SOURCES = ("order", "gift", "match", "beans", "team")
MOST_PLEDGE = 10_000  # fen; larger pledges fall into the last class
MICRO_GIFT = 100  # fen: "at most one yuan"
CHUNK = 1 << 18
REFS = 128  # orders per second in an order's reference


def segments(
    seed: int, replication: int, rows: int, upto: NDArray[np.float64], count: int
) -> NDArray[np.uint8]:
    """The age segment of every row, from the same bits of its key as the kernel reads, chunk by chunk."""
    found = np.zeros(rows, np.uint8)
    for first in range(0, rows, CHUNK):
        agents = np.arange(first, min(first + CHUNK, rows))
        share = draws(seed, replication, Purpose.PLACE, agents)[1]
        found[agents] = np.minimum(np.searchsorted(upto, share, side="right"), count - 1)
    return found


def main_festival_day(scenario: Scenario) -> int:
    """The day of the largest festival, counted from the start; -1 without any."""
    if not scenario.festivals:
        return -1
    largest = max(scenario.festivals.values(), key=lambda festival: festival.orders)
    return (largest.day - scenario.scenario.start.date()).days


class Recorder:
    """Counts and sums of one run. `arrays` is all of its state."""

    def __init__(self, scenario: Scenario, replication: int, rows: int, campaign: Campaign) -> None:
        self.scenario, self.campaign = scenario, campaign
        world = scenario.scenario
        self.honest = world.users
        days = world.length // (DAY_S * SECOND)
        self.fine = [
            (since_start(scenario, w.start) // SECOND, since_start(scenario, w.end) // SECOND)
            for w in scenario.clock.fine
        ]
        low = min((a for a, _ in self.fine), default=0)
        high = max((b for _, b in self.fine), default=0)
        self.fine_from = low
        festivals = bool(scenario.festivals)
        self.festival_day = main_festival_day(scenario)
        that_day = world.start.date() + timedelta(days=max(self.festival_day, 0))
        self.days_left = monthrange(that_day.year, that_day.month)[1] - that_day.day
        self.voucher_fen = np.array([r.value for r in scenario.redemptions.values()], np.int64)
        projects, merchants = len(campaign.projects), len(campaign.merchants.size_z)
        self.arrays: dict[str, NDArray[Any]] = {
            "hours": np.zeros((7, days * 24 + 1), np.int64),
            "minutes": np.zeros((5, (high - low) // MINUTE_S + 1), np.int64),
            "festival_s": np.zeros(DAY_S if festivals else 1, np.int64),
            "counts": np.zeros((days, T.COUNT), np.int64),
            "held": np.zeros((days, HELD), np.int64),
            "previous": np.zeros(T.COUNT, np.int64),
            "sources": np.zeros((len(SOURCES), projects), np.int64),
            "merchant_orders": np.zeros(merchants, np.int64),
            "merchant_fen": np.zeros(merchants, np.int64),
            "pledges": np.zeros(MOST_PLEDGE + 1, np.int64),
            "deeds": np.zeros((3, 256), np.int64),
            "channels": np.zeros((4, MAX_CHANNELS), np.int64),
            "segments": np.zeros((5, MAX_SEGMENTS), np.int64),
            "entered": np.full(rows, -1, np.int16),
            "returns": np.zeros(days + 1, np.int64),
            "played": np.zeros(rows, bool),
            "bought": np.zeros(rows, bool),
            "bought_festival": np.zeros(rows, bool),
            "cash": np.zeros((2, days + 1), np.int64),
            "festival_orders": np.zeros(3, np.int64),  # charity orders of the day, paid, refunded later
            "small": np.zeros(2, np.int64),  # gifts and donations in all, of at most one yuan
            "matched": np.zeros(2, np.int64),  # money gifts in all, with a match
            "vouchers": np.zeros(days + 1, np.int64),  # value of those shipped, by day
            "farmers": np.zeros(3, np.int64),  # subsidy fen, beans issued, blocked
            "benefits": np.zeros(16, np.int64),
            "members": np.zeros(max(len(campaign.teams), 1), np.int64),
            "pools": np.zeros((days * 24 + 1, 2 * max(len(scenario.pools), 1)), np.int64),
            "spent": np.zeros(max(len(scenario.pools), 1), np.int64),
            "unmet": np.zeros((2, len(scenario.pools)), np.int64),  # claims on pools that were dry, their fen
        }
        self.unmet = self.arrays["unmet"]
        values = campaign.population.values
        self.segment = segments(world.seed, replication, rows, values["segment_upto"], values["n_segments"])

    def state(self) -> dict[str, NDArray[Any]]:
        """What a snapshot keeps."""
        return self.arrays

    def restore(self, state: dict[str, NDArray[Any]]) -> None:
        """Put the arrays back."""
        for name, value in state.items():
            self.arrays[name][:] = value

    def is_fine(self, second: int) -> bool:
        """Whether an instant lies in a fine window, where traffic is counted by the second."""
        return any(low <= second < high for low, high in self.fine)

    # --- what comes in ------------------------------------------------------------------------------

    def traffic(self, base_s: int, bin_s: int, counts: NDArray[np.int64]) -> None:
        """Visits, orders and charity orders by bin of time, shape (bins, 3)."""
        at = base_s + bin_s * np.arange(len(counts))
        a = self.arrays
        for column in range(3):
            np.add.at(a["hours"][column], at // HOUR_S, counts[:, column])
        if self.is_fine(base_s):
            for column in range(3):
                np.add.at(a["minutes"][column], (at - self.fine_from) // MINUTE_S, counts[:, column])
        if base_s // DAY_S == self.festival_day:
            spread = at - self.festival_day * DAY_S
            np.add.at(a["festival_s"], spread, counts[:, ORDERS])

    def actions(self, part: Actions) -> None:
        """One part of the stream, in order."""
        part = part.compress(part["outcome"] == 0)
        for number in np.flatnonzero(np.bincount(part["kind"], minlength=256)).tolist():
            watch = getattr(self, f"_on_{Kind(number).name.lower()}", None)
            if watch is not None:
                watch(part.compress(part["kind"] == number))
        self._done(part)

    def day(self, day: int, counts: NDArray[np.int64], totals: Any) -> None:
        """The day that closed: what was counted during it, and what stands at its end."""
        a, campaign = self.arrays, self.campaign
        a["counts"][day] = counts - a["previous"]
        a["previous"][:] = counts
        money = campaign.sponsors.money
        a["held"][day] = (
            totals.growing, totals.available, campaign.projects.people,
            money[:, 0].sum() if len(money) else 0, a["farmers"][0],
        )  # fmt: skip

    def pool_levels(self, now_s: int) -> None:
        """What each pool has left, or had left when it was closed, and has spent at a barrier that is a full hour."""
        sponsors, n = self.campaign.sponsors, len(self.scenario.pools)
        row, spent = self.arrays["pools"][now_s // HOUR_S], self.arrays["spent"]
        for k in range(n):
            closed = sponsors.is_closed(k)
            row[k] = sponsors.deposited(k) - spent[k] if closed else sponsors.money[k, 0]
        row[n : 2 * n] = spent[:n]

    def new_players_on(self, day: int) -> int:
        """Players who came in on a day that is closed; none before the first."""
        return int(self.arrays["counts"][day, T.ENTRIES]) if day >= 0 else 0

    # --- kinds of action ------------------------------------------------------------------------------

    def _by_time(self, column: int, rows: Actions, weight: NDArray[np.int64]) -> None:
        second = rows["t"] // SECOND
        np.add.at(self.arrays["hours"][column], second // HOUR_S, weight)
        if column < len(self.arrays["minutes"]) and self.fine:
            minute = (second - self.fine_from) // MINUTE_S
            inside = (minute >= 0) & (minute < self.arrays["minutes"].shape[1])
            np.add.at(self.arrays["minutes"][column], minute[inside], weight[inside])

    def _on_order_create(self, rows: Actions) -> None:
        a = self.arrays
        np.add.at(a["merchant_orders"], rows["party"], 1)
        np.add.at(a["pledges"], np.minimum(rows["fen"], MOST_PLEDGE), 1)
        a["bought"][rows["agent"]] = True
        today = rows["t"] // (DAY_S * SECOND) == self.festival_day
        a["bought_festival"][rows["agent"][today]] = True
        a["festival_orders"][0] += today.sum()

    def _of_festival(self, rows: Actions) -> NDArray[np.bool_]:
        """Whether an order was created on the (first) festival day: its reference starts with the second."""
        return np.asarray(rows["ref"] // REFS // DAY_S == self.festival_day)

    def _cash(self, row: int, rows: Actions) -> None:
        mine = rows[self._of_festival(rows)]
        after = mine["t"] // (DAY_S * SECOND) - self.festival_day
        np.add.at(self.arrays["cash"][row], after, mine["fen"])

    def _on_order_pay(self, rows: Actions) -> None:
        self._by_time(PLEDGED, rows, rows["fen"])
        self._cash(1, rows)
        self.arrays["festival_orders"][1] += self._of_festival(rows).sum()

    def _on_order_confirm(self, rows: Actions) -> None:
        a = self.arrays
        self._by_time(CONFIRMED, rows, rows["fen"])
        self._cash(0, rows)
        np.add.at(a["merchant_fen"], rows["party"], rows["fen"])
        np.add.at(a["sources"][0], rows["project"], rows["fen"])
        np.add.at(a["sources"][2], rows["project"], rows["match"])
        self._small(rows)
        self._spent(rows, rows["match"])

    def _on_order_refund(self, rows: Actions) -> None:
        early = (
            rows["t"] // (DAY_S * SECOND) - self.festival_day <= self.days_left
        )  # until the end of the month
        self.arrays["festival_orders"][2] += (self._of_festival(rows) & early).sum()

    _on_refund_late = _on_order_refund

    def _small(self, rows: Actions) -> None:
        self.arrays["small"] += (len(rows), int((rows["fen"] <= MICRO_GIFT).sum()))

    def _spent(self, rows: Actions, fen: NDArray[np.int64]) -> None:
        pool = rows["pool"].astype(np.int64)
        np.add.at(self.arrays["spent"], pool[pool > 0] - 1, fen[pool > 0])

    def _on_gift(self, rows: Actions) -> None:
        a = self.arrays
        np.add.at(a["sources"][1], rows["project"], rows["fen"])
        np.add.at(a["sources"][2], rows["project"], rows["match"])
        self._small(rows)
        a["matched"] += (len(rows), int((rows["match"] > 0).sum()))
        self._spent(rows, rows["match"])
        self._by_who(rows, 2)
        np.add.at(a["segments"][4], self.segment[rows["agent"]], rows["fen"])
        a["farmers"][0] += rows["match"][rows["agent"] >= self.honest].sum()

    def _on_bean_gift(self, rows: Actions) -> None:
        np.add.at(self.arrays["sources"][3], rows["project"], rows["fen"])
        self._spent(rows, rows["fen"])
        self.arrays["farmers"][0] += rows["fen"][rows["agent"] >= self.honest].sum()

    def _on_team_unlock(self, rows: Actions) -> None:
        np.add.at(self.arrays["sources"][4], rows["project"], rows["fen"])
        self._spent(rows, rows["fen"])

    def _on_redeem_ship(self, rows: Actions) -> None:
        value = self.voucher_fen[rows["deed"]]
        np.add.at(self.arrays["vouchers"], rows["t"] // (DAY_S * SECOND), value)
        self.arrays["farmers"][0] += value[rows["agent"] >= self.honest].sum()

    def _on_enter(self, rows: Actions) -> None:
        a = self.arrays
        a["entered"][rows["agent"]] = rows["t"] // (DAY_S * SECOND)
        np.add.at(a["channels"][0], rows["channel"], 1)
        np.add.at(a["segments"][0], self.segment[rows["agent"]], 1)

    def _on_session(self, rows: Actions) -> None:
        a = self.arrays
        a["played"][rows["agent"]] = True
        self._by_time(SESSIONS, rows, np.ones(len(rows), np.int64))
        self._by_who(rows, 0)
        first = rows[(rows["deed"] == 0) & (a["entered"][rows["agent"]] >= 0)]
        age = first["t"] // (DAY_S * SECOND) - a["entered"][first["agent"]]
        np.add.at(a["returns"], age, 1)

    def _by_who(self, rows: Actions, what: int) -> None:
        """Count by channel and segment: 0 sessions, 1 deeds, 2 gifts."""
        np.add.at(self.arrays["channels"][1 + what], rows["channel"], 1)
        np.add.at(self.arrays["segments"][1 + what], self.segment[rows["agent"]], 1)

    def _on_account_apply(self, rows: Actions) -> None:
        np.add.at(self.arrays["deeds"][0], rows["deed"], 1)

    def _on_redeem_hold(self, rows: Actions) -> None:
        for k, deed in enumerate(self.scenario.deeds.values()):
            if deed.effect == "redeem":
                self.arrays["deeds"][0, k] += len(rows)
                return

    def _on_team_join(self, rows: Actions) -> None:
        np.add.at(self.arrays["deeds"][0], rows["deed"], 1)
        np.add.at(self.arrays["members"], rows["team"], 1)

    def _on_benefit(self, rows: Actions) -> None:
        np.add.at(self.arrays["benefits"], rows["deed"], 1)

    def _on_block(self, rows: Actions) -> None:
        self.arrays["farmers"][2] += (rows["agent"] >= self.honest).sum()

    def _done(self, part: Actions) -> None:
        """Deeds of the catalogue, done: how often, beans, minutes."""
        rows = part.compress(_DONE[part["kind"]])
        if not len(rows):
            return
        times = (rows["kind"] != Kind.DEED) | (rows["minutes"] > 0) | (rows["beans"] > 0)
        bonus = (rows["kind"] == Kind.DEED) & (rows["deed"] < MAX_DEEDS)
        deeds = self.arrays["deeds"]
        apart = [k for k, d in enumerate(self.scenario.deeds.values()) if d.effect in REWARDED_APART]
        reward = bonus & np.isin(rows["deed"], apart)
        done = rows.compress(times & ~reward & (rows["deed"] != NO_DEED))
        np.add.at(deeds[0], done["deed"], 1)
        np.add.at(deeds[1], rows["deed"], rows["beans"] * (rows["kind"] == Kind.DEED))
        np.add.at(deeds[2], rows["deed"], rows["minutes"])
        self._by_time(DEEDS, done, np.ones(len(done), np.int64))
        self._by_who(done, 1)
        farmed = rows[(rows["agent"] >= self.honest) & (rows["kind"] == Kind.DEED)]
        self.arrays["farmers"][1] += farmed["beans"].sum(dtype=np.int64)
