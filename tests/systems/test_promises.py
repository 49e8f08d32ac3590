"""Rules by which sponsors add to gifts and to pledges: for whom, for which gifts, how much, and from whose money.

Paired runs: two that differ by a rule meet the same luck, and whom the rule is not for does in both the same.
"""

from __future__ import annotations

import tomllib
from datetime import datetime
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.agents.matching import Promise
from sim.bookkeeping import Kind
from sim.loading import scenario_text
from sim.loading.reading import read
from sim.spans import DAY_US
from sim.streams import Purpose, draws
from tests.systems.runs import Run, run, with_parameters

USERS = 6_000
HOUR_US = DAY_US // 24
STILL = {"merchants_reweighs": 0.0, "merchants_innovation": 0.0, "merchants_imitation": 0.0}
ALWAYS: dict[str, Any] = {
    "pools__main": {"sponsor": "腾云基金会", "serves": "gifts", "total": "40_000_000_000 yuan"},
    "gifts__first_median": "2 yuan", "designs": {},
}  # fmt: skip


def campaign(**rules: dict[str, Any]) -> Run:
    """Four days of gifts with a pool that lasts, and these rules for it, in this order."""
    made = {f"rules__{name}": {"what": "gift", **rule} for name, rule in rules.items()}
    return run("match_pools", USERS, rules__main_match=False, **ALWAYS, **made)


def match(**terms: Any) -> dict[str, Any]:
    return {"match": {"pool": "main", "most": "10_000 yuan", "per_account": "0 yuan"} | terms}


def gifts_of(r: Run) -> np.ndarray:
    return r.rows(Kind.GIFT)


def percentiles(r: Run) -> np.ndarray:
    """Where each user stands among all, 0 … 99, by which cohorts are cut."""
    world = r.campaign.scenario.scenario
    return (draws(world.seed, r.campaign.replication, Purpose.CITY, np.arange(world.users))[0] * 100).astype(
        int
    )


def rule_of(r: Run, name: str) -> int:
    """The rule's number in the stream."""
    return 1 + list(r.campaign.scenario.rules).index(name)


def given_by(r: Run, name: str) -> int:
    """What a rule cost, fen, by its name in the stream."""
    return int(r.stream["match"][r.stream["rule"] == rule_of(r, name)].sum())


@pytest.fixture(scope="module")
def none() -> Run:
    return campaign()


@pytest.fixture(scope="module")
def plain() -> Run:
    return campaign(plain={"form": match()})


# --- which gifts, and how much ------------------------------------------------------------------------------


def test_the_whole_gift_is_matched_at_the_ratio_of_its_tier() -> None:
    """Below two yuan nothing, to ten a half, from ten on double: of the whole gift, halves of a fen to the even one."""
    tiers = [{"above": "2 yuan", "ratio": 0.5}, {"above": "10 yuan", "ratio": 2.0}]
    gifts = gifts_of(campaign(by_size={"form": match(tiers=tiers)}))
    ratio = np.select([gifts["fen"] >= 1_000, gifts["fen"] >= 200], [2.0, 0.5], 0.0)
    np.testing.assert_array_equal(gifts["match"], np.rint(gifts["fen"] * ratio))
    assert all((ratio == one).sum() > 10 for one in (0.0, 0.5, 2.0))
    assert set(gifts["rule"][ratio == 0]) == {0}


def test_tiers_keep_to_the_cap_of_an_account() -> None:
    """What an account got by a rule in the run stays within the cap, whatever tiers its gifts lie in."""
    tiers = [{"above": "0 yuan", "ratio": 1.0}, {"above": "5 yuan", "ratio": 2.0}]
    free, capped = (
        campaign(by_size={"form": match(tiers=tiers, per_account=cap)}) for cap in ("0 yuan", "6 yuan")
    )
    got = [np.bincount(gifts_of(r)["agent"], gifts_of(r)["match"], USERS) for r in (free, capped)]
    assert got[1].max() == 600 < got[0].max()
    assert got[1].sum() < got[0].sum()


def test_the_first_gift_is_doubled_twice_and_later_ones_are_not() -> None:
    """Of everybody the first gift of the run, of who gave before it too; and only that."""
    r = campaign(first={"form": match(first=True, ratio=2.0)})
    gifts = gifts_of(r)
    order = np.lexsort((gifts["number"], gifts["agent"]))
    gifts = gifts[order]
    is_first = np.r_[True, gifts["agent"][1:] != gifts["agent"][:-1]]
    np.testing.assert_array_equal(gifts["match"], np.where(is_first, 2 * gifts["fen"], 0))
    np.testing.assert_array_equal(gifts["rule"] > 0, is_first)
    assert (~is_first).sum() > 20
    assert r.campaign.scenario.gifts.donors_at_start > 0


def test_gifts_after_the_first_are_as_many_as_without_any_match(none: Run, plain: Run) -> None:
    """A match of the first gift only draws who has not given: it makes fewer gifts than one of all, more than none."""
    first = campaign(first={"form": match(first=True)})
    counts = [len(gifts_of(r)) for r in (none, first, plain)]
    assert counts[0] < counts[1] < counts[2]


def test_a_match_of_a_cause_is_for_its_projects(none: Run) -> None:
    """Gifts to other causes are not matched, and nobody gives more to them for it."""
    r = campaign(schools={"form": match(cause="education")})
    gifts = gifts_of(r)
    causes = r.campaign.projects.causes
    mine = r.campaign.projects.cause[gifts["project"]] == causes.index("education")
    np.testing.assert_array_equal(gifts["match"], np.where(mine, gifts["fen"], 0))
    first_day = [
        gifts_of(one)[gifts_of(one)["t"] < DAY_US] for one in (none, r)
    ]  # before others are popular for it
    schools = [
        one.campaign.projects.cause[day["project"]] == causes.index("education")
        for one, day in zip((none, r), first_day, strict=True)
    ]
    assert schools[1].sum() > 1.1 * schools[0].sum()
    assert abs(int((~schools[1]).sum()) - int((~schools[0]).sum())) <= 0.05 * (~schools[0]).sum()


# --- for whom -----------------------------------------------------------------------------------------------


def test_whom_a_match_is_not_for_draws_the_same_numbers(none: Run) -> None:
    """An A/B test within one world: cohort B does what it would have done without the match, action by action."""
    r = campaign(half={"who": {"cohort": "0-50 %"}, "form": match()})
    cohort = percentiles(r) < 50
    assert 0.45 < cohort.mean() < 0.55
    gifts = gifts_of(r)
    np.testing.assert_array_equal(gifts["match"] > 0, cohort[gifts["agent"]])

    def others(one: Run, *kinds: Kind) -> np.ndarray:
        rows = one.rows(*kinds)
        return rows[~cohort[rows["agent"]]]

    for kind in (Kind.SESSION, Kind.DEED):
        rows = [others(one, kind) for one in (r, none)]
        rows = [one[one["deed"] != r.deed("gift")][["t", "agent", "minutes", "deed"]] for one in rows]
        np.testing.assert_array_equal(*rows)
    theirs = [others(one, Kind.GIFT) for one in (r, none)]
    first_day = [rows[rows["t"] < DAY_US][["t", "agent", "fen", "project"]] for rows in theirs]
    np.testing.assert_array_equal(*first_day)
    assert abs(len(theirs[0]) - len(theirs[1])) < 0.03 * len(
        theirs[1]
    )  # which projects are popular has changed
    treated = [len(gifts_of(one)) - len(rows) for one, rows in zip((r, none), theirs, strict=True)]
    assert treated[0] > 1.05 * treated[1]


def test_the_first_rule_of_the_file_that_holds_pays_and_the_next_stands_in() -> None:
    """A cohort has a match of its own; the others have the one for everybody; each cost has its rule's name."""
    r = campaign(
        own={"who": {"cohort": "0-30 %"}, "form": match(ratio=2.0)}, everybody={"form": match(ratio=1.0)}
    )
    gifts, cohort = gifts_of(r), percentiles(r) < 30
    mine = cohort[gifts["agent"]]
    np.testing.assert_array_equal(gifts["rule"], np.where(mine, rule_of(r, "own"), rule_of(r, "everybody")))
    np.testing.assert_array_equal(gifts["match"], np.where(mine, 2, 1) * gifts["fen"])
    assert given_by(r, "own") + given_by(r, "everybody") == r.metrics["matched_fen"]
    np.testing.assert_array_equal(
        r.campaign.sponsors.given[[rule_of(r, "own"), rule_of(r, "everybody")]],
        [given_by(r, "own"), given_by(r, "everybody")],
    )


def test_a_match_holds_while_its_rule_does() -> None:
    """In the evening only, whenever its pool has money: for sessions that open then."""
    r = campaign(evening={"when": {"hours": "18:00-22:00"}, "form": match()})
    gifts, sessions = gifts_of(r), r.rows(Kind.SESSION)
    begun = np.array(
        [sessions["t"][(sessions["agent"] == g["agent"]) & (sessions["t"] <= g["t"])].max() for g in gifts]
    )
    hour = begun % DAY_US // HOUR_US
    np.testing.assert_array_equal(gifts["match"] > 0, (hour >= 18) & (hour < 22))
    assert 10 < (gifts["match"] > 0).sum() < len(gifts)


# --- what people answer ---------------------------------------------------------------------------------------


def test_presence_counts_and_not_the_ratio(plain: Run) -> None:
    """Three to one finds the givers that one to one does; a fourth finds fewer, and a name a few more."""
    counts = {
        name: len(gifts_of(campaign(plain={"form": match(**terms)})))
        for name, terms in {"high": {"ratio": 3.0}, "low": {"ratio": 0.25}, "named": {"named": True}}.items()
    }
    assert counts["high"] == len(gifts_of(plain)) < counts["named"]
    assert counts["low"] < counts["high"]


# --- from whose money -----------------------------------------------------------------------------------------


def test_a_rule_ends_when_its_budget_is_spent() -> None:
    """To the last fen, though its pool has more; then the next rule of the file matches."""
    budget = 40_000_000 * 100 // 100  # 1 % of a yuan for every real user: 60 yuan at this size
    r = campaign(short={"form": match(), "budget": f"{budget // 100} yuan"}, long={"form": match(ratio=0.5)})
    scenario = r.campaign.scenario.scenario
    assert given_by(r, "short") == budget * scenario.users // scenario.real_users
    assert given_by(r, "long") > 0
    gifts = gifts_of(r)
    assert (
        gifts["t"][gifts["rule"] == rule_of(r, "long")].min()
        > gifts["t"][gifts["rule"] == rule_of(r, "short")].min()
    )
    assert r.metrics["unmet_fen"] == 0


def test_a_flash_pool_at_noon_is_added_by_a_design(none: Run) -> None:
    """A pool and its rule, from noon of the second day on: people wait for it, give under it, and it pays them."""
    noon = datetime.fromisoformat("2018-09-07T12:00:00+08:00")
    pool = {"sponsor": "午间基金", "serves": "gifts", "total": "400_000 yuan", "start": noon, "flash": [noon]}
    r = run(
        "match_pools", USERS, rules__main_match=False, **ALWAYS, pools__noon=pool,
        rules__noon={"what": "gift", "form": match(pool="noon")},
    )  # fmt: skip
    gifts = gifts_of(r)
    at = 36 * HOUR_US
    paid = gifts[gifts["match"] > 0]
    assert given_by(r, "noon") == paid["match"].sum() > 0
    assert paid["t"].min() >= at
    soon = [
        ((s["t"] >= at) & (s["t"] < at + HOUR_US)).sum()
        for s in (one.rows(Kind.SESSION) for one in (none, r))
    ]
    assert soon[1] > soon[0]
    same = [one.stream[one.stream["t"] < DAY_US] for one in (none, r)]
    kinds = [rows[rows["kind"] == Kind.GIFT]["fen"] for rows in same]
    np.testing.assert_array_equal(*kinds)


# --- pledges ------------------------------------------------------------------------------------------------


def cofunded(**terms: Any) -> Run:
    """The festival with a sponsor who adds to what sellers pledge."""
    pool = {"sponsor": "a bank", "serves": "orders", "total": "1_000_000_000 yuan"}
    form = {"cofund": {"pool": "orders", "per_account": "0 yuan"} | terms}
    return run("festival", USERS, pools__orders=pool, rules__double={"what": "order", "form": form})


def test_pledges_of_five_fen_and_more_are_doubled_and_smaller_ones_are_not() -> None:
    """The sponsor adds as much as the seller gives, from the sum on that the rule names."""
    confirmed = cofunded(above="0.05 yuan").rows(Kind.ORDER_CONFIRM)
    large = confirmed["fen"] >= 5
    np.testing.assert_array_equal(confirmed["match"], np.where(large, confirmed["fen"], 0))
    assert large.sum() > 20 < (~large).sum()
    assert set(confirmed["pool"][~large]) == {0}


def test_sellers_give_more_where_only_larger_pledges_are_doubled() -> None:
    """To pledge what is doubled is worth more than before: no fewer do than where nothing is added."""
    plain, added = run("festival", USERS), cofunded(above="0.1 yuan")
    shares = [(r.rows(Kind.ORDER_CREATE)["fen"] >= 10).mean() for r in (plain, added)]
    assert shares[1] >= shares[0]
    assert (
        added.campaign.market.product["taken"][:, 1] != added.campaign.market.product["taken"][:, 0]
    ).any()


def test_a_buyer_whom_the_sponsor_adds_nothing_for_sees_the_plain_label() -> None:
    """Outside the cohort orders are those of a run without the sponsor; inside some go to what gives more."""
    alone = {"sharing__post": 0.0}  # posts of those inside reach those outside
    plain = with_parameters("festival", USERS, STILL, **alone)
    pool = {"sponsor": "a bank", "serves": "orders", "total": "1_000_000_000 yuan"}
    form = {"cofund": {"pool": "orders", "ratio": 20.0, "per_account": "0 yuan"}}
    half = with_parameters(
        "festival", USERS, STILL, **alone, pools__orders=pool,
        rules__half={"what": "order", "who": {"cohort": "0-50 %"}, "form": form},
    )  # fmt: skip
    cohort = percentiles(half) < 50
    confirmed = half.rows(Kind.ORDER_CONFIRM)
    np.testing.assert_array_equal(confirmed["match"] > 0, cohort[confirmed["agent"]])
    looks = half.campaign.market.product["taken"]
    assert (looks[:, 1] != looks[:, 0]).any()
    orders = [r.rows(Kind.ORDER_CREATE) for r in (plain, half)]
    outside = [rows[~cohort[rows["agent"]]][["t", "agent", "price", "party"]] for rows in orders]
    np.testing.assert_array_equal(*outside)
    assert len(orders[1]) - len(outside[1]) > len(orders[0]) - len(outside[0])


# --- what a promise comes to --------------------------------------------------------------------------------


def promise(most: int, *tiers: tuple[int, int]) -> Promise:
    """Tiers from so many fen on at so many millionths, and at most so many fen for one gift."""
    above, ratios = zip(*tiers, strict=True)
    return Promise(0, "a rule", "gifts", 0, above, ratios, most, 0)


TERMS = st.tuples(
    st.integers(1, 60),
    st.dictionaries(st.integers(0, 3_000), st.integers(10_000, 3_000_000), min_size=1, max_size=4),
)


@given(TERMS)
def test_who_is_after_the_match_gives_the_least_that_draws_the_most(
    terms: tuple[int, dict[int, int]],
) -> None:
    """No gift draws more, and none that is smaller draws as much."""
    most, tiers = terms
    one = promise(most, *sorted(tiers.items()))
    draws = [one.asked(fen) for fen in range(10_000)]
    assert one.best_fen() == max(draws.index(max(draws)), 1)


def test_a_ratio_is_felt_at_a_usual_gift_or_at_the_least_that_is_matched() -> None:
    """Within the cap of one gift: 1:1 of at most a yuan is a half to who gives two."""
    assert promise(100_000, (0, 1_000_000)).felt_ratio(200) == 1.0
    assert promise(100, (0, 1_000_000)).felt_ratio(200) == 0.5
    assert promise(100_000, (0, 250_000), (1_000, 2_000_000)).felt_ratio(200) == 0.25
    assert promise(100_000, (1_000, 2_000_000)).felt_ratio(200) == 2.0


# --- what is refused ----------------------------------------------------------------------------------------

SMALL = [{"above": "5 yuan", "ratio": 1}]
REFUSED = [
    ({"form": match(pool="mane")}, "rules.plain.form.match.pool: is no pool of this scenario, did you mean 'main'?"),
    ({"form": {"cofund": {"pool": "main"}}, "what": "order"}, 'is a pool for gifts; name one with serves = "orders"'),
    ({"form": match(), "what": "order"}, 'rules.plain.what: cannot be "order" for match'),
    ({"form": match(most="30_000_000 yuan")}, "rules.plain.form.match.most: is too large"),
    ({"form": match(cause="environment")}, "rules.plain.form.match.cause: has no projects"),
    ({"form": match(tiers=[{"above": "5 yuan", "ratio": 1}, {"above": "1 yuan", "ratio": 2}])}, "may not overlap"),
    ({"form": match(ratio=2, tiers=[{"above": "5 yuan", "ratio": 1}])}, "does nothing beside tiers"),
    ({"form": match(tiers=[{"above": f"{k} yuan", "ratio": 1} for k in range(9)])}, "are 9; keep at most 8"),
]  # fmt: skip


def mistakes(rules: dict[str, Any]) -> list[str]:
    """What is said about these rules in a world with projects for education only."""
    document = tomllib.loads(scenario_text("match_pools")) | {"designs": {}, "rules": rules}
    document["projects"]["causes"] = {"education": 1.0}
    _, found = read(document)
    return [f"{'.'.join(map(str, one.path))}: {one.problem}" for one in found]


@pytest.mark.parametrize(("rule", "said"), REFUSED, ids=[said[:40] for _, said in REFUSED])
def test_a_promise_that_cannot_be_kept_is_refused_by_its_place(rule: dict[str, Any], said: str) -> None:
    """What, where and what to do, for every mistake of its own."""
    told = mistakes({"plain": {"what": "gift"} | rule})
    assert any(said in line for line in told), told


NEWCOMERS = {"what": "gift", "who": {"joined_within": "7 days"}, "form": match(ratio=2.0)}
EVERYBODY = {"what": "gift", "form": match()}
HALVES = [
    EVERYBODY | {"budget": "1000 yuan"},
    EVERYBODY | {"when": {"hours": "18:00-22:00"}},
    EVERYBODY | {"form": match(first=True)},
    EVERYBODY | {"form": match(tiers=SMALL)},
    NEWCOMERS,
]


def test_a_rule_that_is_never_asked_is_refused_and_one_that_may_be_is_not() -> None:
    """The first of the file that covers a gift is the one: who stands behind one for everything gets nothing."""
    assert mistakes({"own": NEWCOMERS, "rest": EVERYBODY}) == []
    assert [line.partition(":")[0] for line in mistakes({"rest": EVERYBODY, "own": NEWCOMERS})] == [
        "rules.own.form.match"
    ]
    for part in HALVES:
        assert mistakes({"part": part, "rest": EVERYBODY}) == []


def test_a_file_has_room_for_so_many_promises() -> None:
    """Three that add to pledges; the fourth is told."""
    cohorts = [f"{k * 10}-{k * 10 + 10} %" for k in range(4)]
    form = {"cofund": {"pool": "main"}}
    rules = {
        f"c{k}": {"what": "order", "who": {"cohort": one}, "form": form} for k, one in enumerate(cohorts)
    }
    assert any(
        "rules.c3.form.cofund: is the 4th rule with cofund; keep at most 3" in line
        for line in mistakes(rules)
    )
