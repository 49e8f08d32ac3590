"""Projects (公益项目): the rows donations go to, their goals, and what users see of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.agents.returnable import Given, Returnable
from sim.arrays import Flags, Floats, Ints
from sim.behaviour.parameters import Parameters
from sim.behaviour.trust import trust_pull
from sim.bookkeeping import Kind
from sim.kernel.rows import GIFT_PROJECT, NO_DEED, NOBODY
from sim.scenario import Projects as ProjectSettings
from sim.scenario import Scenario
from sim.spans import NEVER_US
from sim.streams import Purpose, draws

DONATIONS = (Kind.GIFT, Kind.ORDER_CONFIRM)
_DONATES = np.isin(
    np.arange(max(Kind) + 1), DONATIONS
)  # looked up by kind: np.isin costs more than all the rest of it


def donations(actions: NDArray[np.void]) -> NDArray[np.intp]:
    """The rows of a stream that are gifts or order donations which stay: a farmer's gift, no deed, goes back."""
    goes_back = (actions["kind"] == Kind.GIFT) & (actions["deed"] == NO_DEED)
    return np.flatnonzero(_DONATES[actions["kind"]] & (actions["outcome"] == 0) & ~goes_back)


def _person_fen(
    settings: ProjectSettings, cause: NDArray[np.intp], lot: Floats, parameters: Parameters
) -> Ints:
    """What a person's help costs in each project: around its cause's cost, whole fen."""
    from scipy.special import ndtri

    usual = np.array([settings.fen_per_person[name] for name in settings.causes], float)[cause]
    spread = np.exp(parameters["projects_cost_sigma"] * ndtri(lot))
    return np.asarray(np.maximum(np.rint(usual * spread), 1.0).astype(np.int64))


def popular_first(recent: Floats, places: int) -> Floats:
    """How those who take from the top of the list spread over the projects: less by place, 1, 1/2, 1/3, …

    The list shows those first that were given to most of late; what nobody gave to is not on it.
    """
    share = np.zeros(len(recent))
    first = np.argsort(-recent, kind="stable")[:places]
    first = first[recent[first] > 0]
    if len(first):
        share[first] = 1.0 / np.arange(1, len(first) + 1)
        share /= share.sum()
    return share


@dataclass
class Projects:
    """Rows of projects; money stands in the books, here is what is published about them."""

    scenario: Scenario
    causes: tuple[str, ...]
    cause: Ints
    ngo: Ints
    appeal: Floats
    target_fen: Ints  # of the present round, 0 = standing
    round_start_fen: Ints  # raised before the present round
    open: NDArray[np.bool_]
    ends_at: NDArray[np.int64]  # when the present round ends without its target, µs
    ended: NDArray[np.bool_]  # it did, and no other has begun
    rounds: Ints  # rounds ended
    funded: Ints  # rounds that reached their target
    person_fen: Ints  # what helping one person costs here
    paid_fen: Ints  # paid out to those it works for
    latest_fen: Ints  # the latest gift or order donation: what a correction would take back
    delay_days: Floats  # of reports so far, mean
    corrections: Ints
    recent: Floats  # gifts by last midnight, those of earlier days fading
    today: Ints  # gifts since
    by_gift: Flags = field(init=False)  # whether the latest donation was a gift
    returnable: Returnable = field(init=False)

    def __post_init__(self) -> None:
        self.by_gift = np.zeros(len(self.cause), bool)
        self.returnable = Returnable(self.scenario.projects.unfunded == "returned")

    @classmethod
    def draw(cls, scenario: Scenario, parameters: Parameters, replication: int, ngo_size: Floats) -> Projects:
        """Draw projects over the NGOs (larger ones have more) and the causes by their share of giving."""
        from scipy.special import ndtri

        settings, world = scenario.projects, scenario.scenario
        n, ngos = settings.count, len(ngo_size)
        u = draws(world.seed, replication, Purpose.PROJECT, np.arange(n))
        v = draws(world.seed, replication, Purpose.PROJECT, np.arange(n), 1)
        by_size = np.cumsum(np.sqrt(ngo_size)) / np.sqrt(ngo_size).sum()
        ngo = np.searchsorted(by_size, u[0])
        if n >= ngos:  # enough for everybody to have one
            ngo[:ngos] = np.arange(ngos)
        causes = tuple(settings.causes)
        shares = np.array(list(settings.causes.values()))
        cause = np.searchsorted(np.cumsum(shares) / shares.sum(), u[1])
        appeal = np.exp(parameters["projects_appeal_sigma"] * ndtri(u[2])) * np.sqrt(ngo_size[ngo])
        for k in range(len(causes)):  # a cause's share of giving does not hang on how many projects it has
            mine = cause == k
            if mine.any():
                appeal[mine] *= shares[k] / appeal[mine].sum()
        limited = u[3] < settings.limited_share
        total = settings.targets_total * world.users / world.real_users
        weight = np.exp(settings.target_sigma * ndtri(v[0])) * appeal
        weight = np.where(limited, weight, 0.0)
        target = np.zeros(n, np.int64)
        if total > 0 and limited.any():
            target = np.where(limited, np.maximum(total * weight / weight.sum(), 100.0), 0).astype(np.int64)
        zeros = np.zeros(n, np.int64)
        return cls(
            scenario, causes, cause.astype(np.int64), ngo.astype(np.int64), appeal, target, zeros.copy(),
            np.ones(n, bool), np.where(target > 0, settings.lasts, NEVER_US), np.zeros(n, bool), zeros.copy(),
            zeros.copy(), _person_fen(settings, cause, v[1], parameters), zeros.copy(), zeros.copy(), np.zeros(n),
            zeros.copy(), np.zeros(n), zeros.copy(),
        )  # fmt: skip

    def __len__(self) -> int:
        return len(self.cause)

    def note_donations(self, actions: NDArray[np.void]) -> None:
        """Remember each project's latest gift or order donation, and how many gifts people chose it for."""
        given = donations(actions)
        gifts = actions["kind"][given] == Kind.GIFT
        self.latest_fen[actions["project"][given]] = actions["fen"][given]
        self.by_gift[actions["project"][given]] = gifts
        chosen = given[gifts]
        self.today += np.bincount(actions["project"][chosen], minlength=len(self))
        self.returnable.note(actions.take(chosen), (self.target_fen > 0) & (self.open | self.ended))

    def take_latest(self, project: int) -> int:
        """What the latest donation brought, fen, for it to be corrected: once, and then it is returned no more."""
        fen, self.latest_fen[project] = int(self.latest_fen[project]), 0
        if self.by_gift[project]:
            self.returnable.forget_latest(project)
        return fen

    def take_back(self, free: Ints) -> Given:
        """The gifts that ended rounds hand back out of `free` fen by project; they can be corrected no more."""
        back = self.returnable.take(np.where(self.ended, free, 0))
        went = np.bincount(back["project"], minlength=len(self)) > 0
        self.latest_fen[went & self.by_gift] = 0
        return back

    def pass_day(self, parameters: Parameters) -> None:
        """It is midnight: the day's gifts join the recent ones, of which a part is forgotten every day."""
        fade = 0.5 ** (1.0 / parameters["projects_list_half_life_days"])
        self.recent[:] = self.recent * fade + self.today
        self.today[:] = 0

    def close_reached(self, raised: Ints) -> Ints:
        """Close every round whose target is reached; returns the projects closed now."""
        reached = self.open & (self.target_fen > 0) & (raised - self.round_start_fen >= self.target_fen)
        closed = np.flatnonzero(reached)
        self.open[closed] = False
        self.rounds[closed] += 1
        self.funded[closed] += 1
        self.returnable.forget(reached)
        return closed

    def close_ended(self, now: int) -> None:
        """Close every round whose time is over without its target."""
        over = self.open & (self.ends_at <= now)
        self.open[over] = False
        self.ended[over] = True
        self.rounds[over] += 1

    def heir(self, project: int) -> int:
        """The open project that gets what an ended one leaves: of the same cause, of the same NGO if it can be.

        What is left when a project ends goes to one of the same or a similar purpose (Charity Law 2016, art. 57: U).
        NOBODY if no project of the cause is open.
        """
        like = np.flatnonzero(self.open & (self.cause == self.cause[project]))
        if not len(like):
            return NOBODY
        kin = like[self.ngo[like] == self.ngo[project]]
        among = kin if len(kin) else like
        return int(among[np.argmax(self.appeal[among])])

    def reopen(self, project: int, raised: int, now: int) -> None:
        """A new round begins with the same target and the same time."""
        self.open[project] = True
        self.ended[project] = False
        self.returnable.forget(np.arange(len(self)) == project)
        self.round_start_fen[project] = raised
        self.ends_at[project] = now + self.scenario.projects.lasts

    def trust_pulls(self, trust: Floats, small: NDArray[np.bool_], p: Parameters) -> Floats:
        """Log-odds every project gains or loses by trust in its NGO.

        Trust weighs 2.0 log-odds for small NGOs and 0.8 for others around its neutral value (behaviour §5.7).
        """
        slope = np.where(small[self.ngo], p["trust_small_slope"], p["trust_large_slope"])
        return trust_pull(trust[self.ngo], p["trust_neutral"], slope)

    def done(self, raised: Ints) -> Floats:
        """The share of its target that each limited project has in this round; 0 for the others."""
        share = (raised - self.round_start_fen) / np.maximum(self.target_fen, 1)
        return np.asarray(np.where(self.target_fen > 0, np.clip(share, 0.0, 1.0), 0.0))

    def gift_table(self, raised: Ints, pull: Floats, p: Parameters) -> NDArray[np.void]:
        """What givers choose from: open projects by appeal, `pull` (log-odds of each), progress, and the list."""
        index = np.flatnonzero(self.open)
        table = np.zeros(len(index), GIFT_PROJECT)
        if not len(index):
            return table
        weight = self.appeal[index] * np.exp(pull[index] + p["projects_goal_pull"] * self.done(raised)[index])
        share = weight / weight.sum()
        listed = popular_first(self.recent[index], int(p["projects_list_places"]))
        if listed.any():
            share += p["projects_list_share"] * (listed - share)
        table["upto"] = np.cumsum(share) / share.sum()
        table["project"] = index
        table["pull"] = pull[index]
        left = self.target_fen[index] - (raised[index] - self.round_start_fen[index])
        table["left"] = np.where(self.target_fen[index] > 0, left, -1)
        table["typical"] = self.scenario.gifts.first_median
        table["cause"] = self.cause[index]
        return table

    def by_appeal(self) -> tuple[Floats, Ints]:
        """Cumulative shares and numbers of all projects, by appeal: what the first pledges choose from."""
        return np.cumsum(self.appeal) / self.appeal.sum(), np.arange(len(self))

    def state(self) -> dict[str, Any]:
        """What a snapshot keeps."""
        names = (
            "round_start_fen", "open", "ends_at", "ended", "recent", "today", "rounds", "funded", "paid_fen",
            "latest_fen", "by_gift", "delay_days", "corrections",
        )  # fmt: skip
        return {name: getattr(self, name) for name in names} | {"returnable": self.returnable.all()}

    def restore(self, state: dict[str, Any]) -> None:
        """Put a snapshot's rows back."""
        self.returnable.restore(state.pop("returnable"))
        for name, value in state.items():
            getattr(self, name)[:] = value
