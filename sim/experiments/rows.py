"""Published experiments scored with the stored parameters: what the engine does, and whether it holds.

A row is fitted ("calibrate"), never used in a fit ("held out"), or asks for a shape ("form"). It is scored on the
engine, in a world of its own (`letters`, `newcomers`, `choices`, `market`, `projects`), or, where the engine has no
mechanism for the experiment's design, by formula only (`designs`): such rows are counted apart. Failed rows are rows
too. The published tables and their sources stand in `sim/data/published.toml`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from math import exp, inf, sqrt

import numpy as np

from sim.behaviour.choice import crossed, felt_reward
from sim.behaviour.label import sales_gain
from sim.behaviour.parameters import Parameters
from sim.experiments import choices, market, projects
from sim.experiments.designs import effort, finish_probability, median_days, root
from sim.experiments.evidence import load_evidence
from sim.experiments.fits import logit
from sim.experiments.letters import Answers, answers
from sim.experiments.newcomers import retention
from sim.experiments.published import published

CALIBRATE, HELD_OUT, FORM = "calibrate", "held out", "form"
ENGINE, FORMULA = "engine", "formula only"


@dataclass(frozen=True)
class Row:
    """One published number beside the model's; it passes if low <= model <= high."""

    number: int
    experiment: str
    use: str
    scored: str
    published: float
    model: float
    low: float
    high: float
    source: str

    @property
    def passed(self) -> bool:
        return self.low <= self.model <= self.high


@dataclass(frozen=True)
class Rows:
    """Makes the rows of one published table that are scored in one way."""

    table: str
    scored: str

    def near(
        self, number: int, experiment: str, use: str, value: float, model: float, tolerance: float
    ) -> Row:
        """A row whose number may be so far from the published one."""
        return self.within(number, experiment, use, value, model, (value - tolerance, value + tolerance))

    def within(
        self, number: int, experiment: str, use: str, value: float, model: float, span: tuple[float, float]
    ) -> Row:
        """A row whose number may lie in a span."""
        source = str(published()[self.table]["source"])
        return Row(number, experiment, use, self.scored, value, float(model), *span, source)


def letters(p: Parameters) -> Iterator[Row]:
    """Rows 1 and 2 on the engine: how many past donors answer, what a match and its ratio add, and what they give."""
    data, row = published()["letters"], Rows("letters", ENGINE)
    told = {"control": answers(p, 0.0)} | {f"ratio_{ratio}": answers(p, float(ratio)) for ratio in (1, 2, 3)}
    told["match"] = told["ratio_1"]  # the ratio changes nothing, as the rows of number 2 show
    rate = {arm: data[arm]["gave"] / data[arm]["sent"] for arm in told}
    share = {arm: told[arm].share() for arm in told}
    for arm, tolerance in (("control", 0.0020), ("match", 0.0016)):
        yield row.near(1, f"letters answered, {arm}", CALIBRATE, rate[arm], share[arm], tolerance)
    per_log_odds = rate["match"] * (1.0 - rate["match"])
    added, value = (logit(of["match"]) - logit(of["control"]) for of in (share, rate))
    yield row.near(1, "match, log-odds of giving", CALIBRATE, value, added, 0.0016 / per_log_odds)
    for ratio in (1, 2, 3):
        arm = f"ratio_{ratio}"
        yield row.near(2, f"letters answered, {ratio}:1", FORM, rate[arm], share[arm], 0.0028)
    step = (logit(share["ratio_3"]) - logit(share["ratio_1"])) / 2
    yield row.near(2, "log-odds per step of the ratio", FORM, 0.0, step, 0.09)
    yield from _given(p, row)
    yield from _of_whom(told, row)


def _given(p: Parameters, row: Rows) -> Iterator[Row]:
    """What the letters' donors give: as much as published, and a match does not move it."""
    data, given = published()["letters"], [answers(p, ratio).given for ratio in (0.0, 1.0)]
    both = np.concatenate(given)
    log_of = [float(np.log(gifts).mean()) for gifts in (*given, both)]
    for label, model in (("log_dollars", log_of[2]), ("dollars", both.mean())):
        value, error = data[label], data[f"{label}_error"]
        yield row.near(1, f"a gift, {label.replace('_', ' of ')}", CALIBRATE, value, float(model), 2 * error)
    value, error = data["match_log_amount"], data["match_log_amount_error"]
    yield row.near(2, "a gift, log that a match adds", FORM, value, log_of[1] - log_of[0], 2 * error)


def _of_whom(told: Mapping[str, Answers], row: Rows) -> Iterator[Row]:
    """Who answers, by prior gifts and by months since the last, all arms together: within two standard errors.

    How many letters went to whom is not published; the error takes the engine's share of such donors.
    """
    data = published()["letters"]
    letters = sum(data[arm]["sent"] for arm in ("control", "match"))
    matched = data["match"]["sent"] / letters
    for by, unit in (("gifts", "gifts"), ("months", "months")):
        edges = [*data[f"by_{by}_from"], inf]
        have = getattr(told["control"], by)
        for low, high, value in zip(edges, edges[1:], data[f"by_{by}"], strict=False):
            theirs = (have >= low) & (have < high)
            model = (1.0 - matched) * told["control"].share(theirs) + matched * told["match"].share(theirs)
            error = sqrt(value * (1.0 - value) / (letters * theirs.mean()))
            span = f"{low} or more" if high == inf else f"{low} to below {high}"
            yield row.near(1, f"answered, {unit} {span}", HELD_OUT, value, model, 2 * error)


def presses(p: Parameters) -> Iterator[Row]:
    """Rows 3 and 4 by formula: key presses by pay. A deed of the engine is done or not, never more of it."""
    data, e, row = published()["presses"], load_evidence(), Rows("presses", FORMULA)
    charity = p["choice_weight_charity"]
    arms = [
        ("none", CALIBRATE, 0.0, 1.0),
        ("cent_1", CALIBRATE, 1.0, 1.0),
        ("cent_10", CALIBRATE, 10.0, 1.0),
        ("charity_1", CALIBRATE, 1.0, charity),
        ("charity_10", CALIBRATE, 10.0, charity),
        ("lottery_1_percent", CALIBRATE, 1.0, e["weight_lottery"]),
        ("lottery_50_percent", CALIBRATE, 1.0, e["weight_coin"]),
        ("two_weeks", CALIBRATE, 1.0, e["weight_two_weeks"]),
        ("four_weeks", CALIBRATE, 1.0, e["weight_four_weeks"]),
        ("cent_per_1000", HELD_OUT, 0.1, 1.0),
        ("cent_4", HELD_OUT, 4.0, 1.0),
    ]
    for arm, use, cents, weight in arms:
        model = effort(e["effort_base"], cents, e["effort_s0"], e["effort_slope"], weight)
        number, share = (3, 0.035) if use == CALIBRATE else (4, 0.03)
        yield row.near(number, f"presses, {arm.replace('_', ' ')}", use, data[arm], model, share * data[arm])


def rewards(p: Parameters) -> Iterator[Row]:
    """Rows 5, 6 and 8 on the engine: gift cards for blood, money to oneself and to charity for steps."""
    data, e = published()["blood"], load_evidence()
    for dollars, ratio in zip(data["dollars"], data["risk_ratio"], strict=True):
        number, use, tolerance = (6, HELD_OUT, 0.08) if dollars == 10 else (5, CALIBRATE, 0.05)
        model = exp(choices.reward_effect(p, e["cost_blood"], dollars, 1.0))
        label = f"blood donation, ${dollars} card"
        yield Rows("blood", ENGINE).near(number, label, use, ratio, model, tolerance)
    steps, row = published()["steps"], Rows("steps", ENGINE)
    arms = [
        ("self", "money", CALIBRATE, 1.0, 0.05),
        ("charity", "charity", HELD_OUT, p["choice_weight_charity"], 0.35),
    ]
    for arm, label, use, weight, tolerance in arms:
        model = exp(choices.reward_effect(p, e["cost_steps"], steps["dollars"], weight))
        value = steps[f"odds_ratio_{arm}"]
        yield row.near(8, f"joining for {label}, odds ratio", use, value, model, tolerance)


def tickets(p: Parameters) -> Iterator[Row]:
    """Row 7 by formula: a lottery ticket for blood. The engine raffles nothing."""
    data, e = published()["lottery_ticket"], load_evidence()
    luck = felt_reward(data["dollars"], e["cost_blood"], e["weight_lottery"], p["choice_slope"])
    gain = crossed(data["base"], luck) - data["base"]
    yield Rows("lottery_ticket", FORMULA).near(
        7, "blood, lottery ticket", HELD_OUT, data["gain"], gain, 0.025
    )


def cards(p: Parameters) -> Iterator[Row]:
    """Rows 9 and 10 by formula: stamp cards. The engine's goal is a sum of beans, and nobody finishes a card."""
    coffee, wash = published()["coffee_card"], published()["car_wash"]
    kappa, iota = p["choice_goal_kappa"], p["choice_goal_iota"]
    stamps, goal, given = coffee["stamps"], coffee["stamps_endowed"], coffee["endowed"]
    base = median_days(1.0, 0, stamps, kappa, iota) / coffee["median_days"]
    days = median_days(base, given, goal, kappa, iota)
    speed = 1.0 - exp(-kappa * (stamps - 2) / stamps)
    row, value = Rows("coffee_card", FORMULA), coffee["median_days_endowed"]
    yield row.near(9, "coffee card, days, 2 of 12 given", CALIBRATE, value, days, 1.5)
    yield row.near(9, "coffee card, gaps shorter by", CALIBRATE, coffee["speed_up"], speed, 0.05)
    control = wash["stamps"]
    dropout = root(lambda d: finish_probability(0, control, d, kappa, iota) - wash["redeemed"], 1e-6, 10.0)
    share = finish_probability(wash["endowed"], wash["stamps_endowed"], dropout, kappa, iota)
    low, high = wash["interval"]
    yield Rows("car_wash", FORMULA).within(
        10, "car wash, 2 of 10 given, redeemed", HELD_OUT, wash["redeemed_endowed"], share, (low, high)
    )


def games(p: Parameters) -> Iterator[Row]:
    """Row 11 on the engine: retention of a casual game, habit and streaks included."""
    cats, row, newcomers = published()["cookie_cats"], Rows("cookie_cats", ENGINE), retention(p, "game")
    players = sum(cats["players"])
    d1, d7, joint = sum(cats["day_1"]) / players, sum(cats["day_7"]) / players, cats["both_days"]
    m1, m7, both = newcomers.active[1], newcomers.active[7], newcomers.both
    pairs = [
        ("D1", d1, m1),
        ("D7", d7, m7),
        ("D1 and D7", joint, both),
        ("D1, not D7", d1 - joint, m1 - both),
        ("D7, not D1", d7 - joint, m7 - both),
        ("neither", 1 - d1 - d7 + joint, 1 - m1 - m7 + both),
    ]
    for label, value, model in pairs:
        yield row.near(11, f"game retention, {label}", CALIBRATE, value, model, 0.005)


def apps(p: Parameters) -> Iterator[Row]:
    """Row 12 on the engine: retention of utility apps."""
    data, row, active = published()["apps"], Rows("apps", ENGINE), retention(p, "utility").active
    for day in (1, 14, 30):
        yield row.near(12, f"app retention, D{day}", CALIBRATE, data[f"day_{day}"], active[day], 0.01)
    low, high = data["day_7_interval"]
    yield row.within(12, "app retention, D7", HELD_OUT, (low + high) / 2, active[7], (low, high))


def labels(p: Parameters) -> Iterator[Row]:
    """Row 13 on the engine: what a charity label sells, of sellers in the middle and of established ones."""
    ebay, label, cents = published()["ebay"], published()["fair_trade"], published()["two_cents"]
    middle = p.vary({"label_established": 1.0})
    for donated, gain in zip(ebay["donated"], ebay["gain"], strict=True):
        pull = market.label_effect(middle, donated)
        below = crossed(ebay["middle"], -pull / 2)
        model = crossed(below, pull) - below
        yield Rows("ebay", ENGINE).near(
            13, f"charity auction, {donated:.0%} donated", CALIBRATE, gain, model, 0.005
        )
    model = sales_gain(market.label_effect(p, label["donated"]))
    yield Rows("fair_trade", ENGINE).near(13, "fair trade label, sales", HELD_OUT, label["gain"], model, 0.06)
    most, model = cents["largest_gain"], sales_gain(market.label_effect(p, cents["donated"]))
    yield Rows("two_cents", ENGINE).within(13, "minimum pledge, sales", HELD_OUT, 0.0, model, (-most, most))


def orders(p: Parameters) -> Iterator[Row]:
    """Row 14 on the engine: what a charity order gives."""
    data, row, mean = published()["charity_orders"], Rows("charity_orders", ENGINE), market.yuan_per_order(p)
    yield row.near(14, "yuan per charity order, 2018", CALIBRATE, data["yuan_per_order"], mean, 0.01)
    yield row.near(14, "yuan per charity order, panda packs", HELD_OUT, data["panda_packs"], mean, 0.01)


def classrooms(p: Parameters) -> Iterator[Row]:
    """Row 15 on the engine: funded projects and the gift that completes one."""
    data, row = published()["classrooms"], Rows("classrooms", ENGINE)
    share, ratio = projects.funding(p)
    yield row.near(15, "projects funded", CALIBRATE, data["funded"], share, 0.05)
    least = data["completing_ratio"]
    yield row.within(15, "completing gift ÷ others", CALIBRATE, least, ratio, (least, float("inf")))


def sharing(p: Parameters) -> Iterator[Row]:
    """Row 18 on the engine: who posts after a gift, and who comes by a post."""
    data, row = published()["sharing"], Rows("sharing", ENGINE)
    posts, recruits = choices.posts_after_gifts(p)
    yield row.near(18, "post after a donation", CALIBRATE, data["post"], posts, 0.02)
    yield row.near(18, "new donors per post", CALIBRATE, data["recruits"], recruits, 0.005)


GROUPS: tuple[Callable[[Parameters], Iterator[Row]], ...] = (
    letters, presses, rewards, tickets, cards, games, apps, labels, orders, classrooms, sharing,
)  # fmt: skip


def score(parameters: Parameters) -> list[Row]:
    """Every row, in the order of their numbers, with these parameters."""
    rows = [row for group in GROUPS for row in group(parameters)]
    return sorted(rows, key=lambda row: row.number)
