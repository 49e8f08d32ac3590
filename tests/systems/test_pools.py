"""Match pools: first come or by lot, caps, opening hours, flash pools, and money to the last fen."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from polars.testing import assert_frame_equal

from sim.bookkeeping import Kind
from sim.engine.campaign import Campaign
from sim.loading import scenario_text
from sim.spans import DAY_S
from tests.systems.runs import DAY_US, Run, run, scenario

USERS = 10_000
HOUR_US = DAY_US // 24
SMALL = {"pools__main__total": "400_000 yuan"}  # 100 yuan at this size: dry within hours


@pytest.fixture(scope="module")
def first() -> Run:
    return run("match_pools", USERS)


@pytest.fixture(scope="module")
def lot() -> Run:
    return run("match_pools", USERS, rules__main_match__form__match__lot=True)


def matched(r: Run) -> np.ndarray:
    """Gifts that asked the pool."""
    gifts = r.rows(Kind.GIFT)
    return gifts[gifts["pool"] > 0]


def test_first_come_matches_each_gift_at_the_ratio(first: Run) -> None:
    """One to one below the cap while the money lasts; the last gift gets what is left."""
    asked = matched(first)
    short = asked[asked["match"] < asked["fen"]]
    assert len(asked) > 50
    assert len(short) < 0.2 * len(asked)
    half = matched(run("match_pools", USERS, rules__main_match__form__match__ratio=0.5))
    np.testing.assert_array_equal(half["match"][:20], np.rint(half["fen"][:20] / 2))  # halves to the even fen


def test_the_lot_gives_some_more_and_some_less_than_their_gift(lot: Run) -> None:
    """By lot a match is a random multiple of the gift with the same mean, so some get more than they gave."""
    asked = matched(lot)
    assert (asked["match"] > asked["fen"]).sum() > 10
    assert (asked["match"] < asked["fen"]).sum() > 10


def test_people_meet_the_same_luck_under_both_rules(first: Run, lot: Run) -> None:
    """Until the first match the two runs are one: a rule changes only what it touches."""
    same = [r.stream[r.stream["t"] < DAY_US + 9 * HOUR_US] for r in (first, lot)]
    np.testing.assert_array_equal(*same)


def test_an_exhausted_pool_has_given_everything_to_the_last_fen() -> None:
    """Deposited = given + taken back, and a pool that ran dry has given all of it."""
    dry = run("match_pools", USERS, **SMALL)
    deposited, back = (dry.rows(k)["fen"].sum() for k in (Kind.POOL_DEPOSIT, Kind.POOL_WITHDRAW))
    assert deposited == 10_000
    assert matched(dry)["match"].sum() == deposited
    assert back == 0
    assert 72 + 9 <= dry.metrics["pool_empty_at"] < 96  # hours: for good after its last opening
    assert dry.campaign.books.balance(2600) == 0


def test_what_is_not_given_goes_back_at_the_end() -> None:
    """An ample pool returns exactly what is left when it ends."""
    ample = run(
        "match_pools",
        USERS,
        pools__main__total="40_000_000_000 yuan",
        rules__main_match__form__match__per_account="1 yuan",
    )
    deposited, back = (ample.rows(k)["fen"].sum() for k in (Kind.POOL_DEPOSIT, Kind.POOL_WITHDRAW))
    assert deposited - matched(ample)["match"].sum() == back > 0
    assert set(ample.rows(Kind.POOL_WITHDRAW)["t"] // DAY_US) == {4}


def test_nobody_is_matched_above_the_cap_of_an_account() -> None:
    """A lower cap per account spreads the money over more people."""
    capped = run("match_pools", USERS, rules__main_match__form__match__per_account="3 yuan")
    free = run("match_pools", USERS)
    for r, cap in ((capped, 300), (free, 100_000)):
        per_account = np.bincount(matched(r)["agent"], matched(r)["match"], USERS)
        assert per_account.max() <= cap
    people = [
        (np.bincount(matched(r)["agent"], matched(r)["match"], USERS) > 0).sum() for r in (capped, free)
    ]
    assert people[0] > people[1]


def test_no_gift_is_matched_above_its_cap() -> None:
    """The cap per gift holds for both rules."""
    for lot in (False, True):
        r = run(
            "match_pools",
            USERS,
            rules__main_match__form__match__lot=lot,
            rules__main_match__form__match__most="2 yuan",
        )
        assert matched(r)["match"].max() == 200


def test_a_daily_pool_opens_at_its_hour_every_day(first: Run) -> None:
    """A third of the money comes at nine each day; before the first nine o'clock nothing is matched."""
    deposits = first.rows(Kind.POOL_DEPOSIT)
    assert deposits["t"].tolist() == [d * DAY_US + 9 * HOUR_US for d in (1, 2, 3)]
    assert deposits["fen"].max() - deposits["fen"].min() <= 1
    assert matched(first)["t"].min() >= DAY_US + 9 * HOUR_US
    dry = matched(run("match_pools", USERS, **SMALL))
    assert set(dry["t"] // DAY_US) == {1, 2, 3}  # each day's money is there only from nine on
    assert (dry["t"] % DAY_US >= 9 * HOUR_US).all()


def test_flash_pools_open_at_their_instants() -> None:
    """The week's flash pool pays after 20:00 of its three evenings, first after the first of them."""
    week = run("week95_2022", 20_000, pools__daily__total="0 yuan")
    number = list(week.campaign.scenario.pools).index("flash") + 1
    deposits = week.rows(Kind.POOL_DEPOSIT)
    deposits = deposits[deposits["pool"] == number]
    assert deposits["t"].tolist() == [d * DAY_US + 20 * HOUR_US for d in (0, 3, 6)]
    gifts = week.rows(Kind.GIFT)
    assert gifts["t"][gifts["pool"] == number].min() >= 20 * HOUR_US


def test_a_live_match_makes_more_people_give(first: Run) -> None:
    """Its presence raises the log-odds of giving; without any effect fewer give."""
    plain = run("match_pools", USERS, gifts__match_effect=-0.5)
    assert first.metrics["gifts"] > plain.metrics["gifts"]


def test_a_pool_for_orders_adds_to_what_merchants_give() -> None:
    """Confirmed donations are matched under the pool's caps, and the project gets both."""
    week = run("week95_2022", 20_000)
    number = list(week.campaign.scenario.pools).index("orders") + 1
    confirmed = week.rows(Kind.ORDER_CONFIRM)
    assert set(confirmed["pool"]) == {number}
    np.testing.assert_array_equal(confirmed["match"], np.minimum(confirmed["fen"], 100))


# --- dry, closed, and what was not paid -----------------------------------------------------------------

UNCAPPED = {
    "rules__main_match__form__match__per_account": "1_000_000 yuan",
    "rules__main_match__form__match__most": "1_000_000 yuan",
}


def budget(r: Run, pool: str) -> dict[str, object]:
    """The line of a pool in the table of budgets."""
    return next(row for row in r.tables["budgets"].iter_rows(named=True) if row["pool"] == pool)


def test_a_pool_that_closes_with_money_left_never_ran_dry() -> None:
    """Its end is no exhaustion: no hour of running dry, nothing unmet, and the rest is told."""
    ample = run("match_pools", USERS, pools__main__total="40_000_000_000 yuan")
    row = budget(ample, "main")
    assert np.isnan(ample.metrics["pool_empty_at"])
    assert (row["dry_at"], row["dry_spells"]) == (None, 0)
    assert ample.metrics["unmet_fen"] == ample.metrics["unmet_claims"] == 0
    assert row["left_fen"] == ample.rows(Kind.POOL_WITHDRAW)["fen"].sum() > 0


def saw_it_closed(r: Run, gifts: np.ndarray) -> np.ndarray:
    """Which gifts belong to a session that was begun on the first day before the pool opened."""
    sessions = r.rows(Kind.SESSION)
    opens = DAY_US + 9 * HOUR_US
    begun = [
        sessions["t"][(sessions["agent"] == g["agent"]) & (sessions["t"] <= g["t"])].max() for g in gifts
    ]
    return np.array(begun) < opens


def test_what_a_dry_pool_did_not_pay_is_what_gifts_would_have_been_matched() -> None:
    """One to one without caps, every fen given while the pool was open was matched or is unmet."""
    dry = run("match_pools", USERS, **SMALL, **UNCAPPED)
    gifts = dry.rows(Kind.GIFT)
    open_ = gifts[(gifts["t"] >= DAY_US + 9 * HOUR_US) & (gifts["t"] < 4 * DAY_US)]
    open_ = open_[~saw_it_closed(dry, open_)]
    short = open_["fen"] - open_["match"]
    assert dry.metrics["unmet_fen"] == short.sum() > 0
    assert dry.metrics["unmet_claims"] == (short > 0).sum()
    assert budget(dry, "main")["unmet_fen"] == dry.metrics["unmet_fen"]
    assert budget(dry, "main")["dry_spells"] == 3  # every day


def test_a_doubled_ratio_on_a_dry_pool_costs_the_same_and_says_so() -> None:
    """The pool caps the subsidy; what it was asked beyond is told, and grows."""
    once = run("match_pools", USERS, **SMALL)
    double = run("match_pools", USERS, **SMALL, rules__main_match__form__match__ratio=2.0)
    assert double.metrics["subsidy_fen"] == once.metrics["subsidy_fen"] == 10_000
    assert double.metrics["unmet_fen"] > 1.5 * once.metrics["unmet_fen"]
    assert double.metrics["pool_empty_at"] <= once.metrics["pool_empty_at"]


def test_no_account_is_counted_above_its_cap() -> None:
    """An account that has its cap already would not have been matched, dry pool or not."""
    capped = run("match_pools", USERS, **SMALL, rules__main_match__form__match__most="1 yuan")
    assert 0 < capped.metrics["unmet_fen"] <= 100 * capped.metrics["unmet_claims"]


def test_a_bean_pool_that_cannot_pay_a_hundred_beans_is_dry() -> None:
    """Beans are paid a hundred at a time: 50 fen left are as good as none. Every refusal is counted."""
    few = run("week95_2022", 5_000, pools__beans__total="36_000 yuan")  # 4.50 yuan at this size
    row = budget(few, "beans")
    refused = few.rows(Kind.BEAN_GIFT, refused=True)
    assert 0 < row["left_fen"] < 100
    assert row["dry_at"] is not None
    assert row["unmet_claims"] == len(refused) > 0
    assert row["unmet_fen"] == refused["fen"].sum()


def test_confirmed_orders_that_find_their_pool_dry_are_counted() -> None:
    """Their match would have been the donation, at most a yuan."""
    dry = run("week95_2022", 5_000, pools__orders__total="8_000 yuan")  # one yuan at this size
    confirmed = dry.rows(Kind.ORDER_CONFIRM)
    asked = np.minimum(confirmed["fen"], 100)
    assert budget(dry, "orders")["unmet_fen"] == asked.sum() - confirmed["match"].sum() > 0


def test_a_run_that_goes_on_from_a_snapshot_remembers_what_was_unmet(tmp_path: Path) -> None:
    """Dry spells and unmet claims of before the snapshot are not lost."""
    whole = run("match_pools", USERS, **SMALL)
    made = scenario("match_pools", USERS, changes={"pools.main.total": "400_000 yuan"})
    first, second = Campaign(made, workers=1), Campaign(made, workers=1)
    first.run(until_s=2 * DAY_S)
    assert first.recorder.unmet.sum() > 0
    first.save(tmp_path / "half.npz")
    second.load(tmp_path / "half.npz")
    second.run()
    assert_frame_equal(second.recorder.tables()["budgets"], whole.tables["budgets"])


def test_what_pools_gave_and_have_left_is_what_was_put_in() -> None:
    """For every pool, and for teams nothing is said to be unmet: their points wait."""
    week = run("week95_2022", 5_000, pools__orders__total="8_000 yuan")
    for row in week.tables["budgets"].iter_rows(named=True):
        assert row["spent_fen"] + row["left_fen"] == row["deposited_fen"] <= row["total_fen"]
        assert (row["unmet_fen"] is None) == (row["serves"] == "teams")


def test_a_closed_pool_is_shown_with_what_it_had_left() -> None:
    """The money that goes back to the sponsor was not given: the last row by hour is what the budget says."""
    week = run("week95_2022", 5_000)
    last = {row["pool"]: row["left_fen"] for row in week.tables["pools"].sort("t").iter_rows(named=True)}
    left = {row["pool"]: row["left_fen"] for row in week.tables["budgets"].iter_rows(named=True)}
    assert last == left
    assert any(left.values())


# --- two pools for the same thing ---------------------------------------------------------------------------

SPARE = '\n[pools.spare]\nsponsor = "另一家"\nserves = "{serves}"\ntotal = "{total} yuan"\n{more}\n'
SPARE_MATCH = '\n[rules.spare_match]\nwhat = "gift"\nform.match.pool = "spare"\n'


def with_spare(name: str, serves: str, total: str, more: str = "") -> str:
    """The text of a shipped scenario with a second pool behind its own."""
    rule = SPARE_MATCH if serves == "gifts" else ""
    return scenario_text(name) + SPARE.format(serves=serves, total=total, more=more) + rule


def served_by(r: Run, kind: Kind, pool: str, refused: bool = False) -> np.ndarray:
    """The rows of a kind that asked this pool."""
    rows = r.rows(kind, refused=refused)
    return rows[rows["pool"] == 1 + list(r.campaign.scenario.pools).index(pool)]


def test_a_second_bean_pool_stands_in_when_the_first_cannot_pay_a_hundred_beans() -> None:
    """Half a yuan left in the first pool keeps nobody from the second; before it is needed nothing differs."""
    few = {"pools__beans__total": "36_000 yuan"}  # 4.50 yuan at this size: four hundreds and half a one
    alone = run("week95_2022", 5_000, **few)
    both = run(with_spare("week95_2022", "beans", "80_000_000"), 5_000, **few)
    paid = served_by(both, Kind.BEAN_GIFT, "spare")
    first = served_by(both, Kind.BEAN_GIFT, "beans")
    np.testing.assert_array_equal(first, served_by(alone, Kind.BEAN_GIFT, "beans"))
    assert len(paid) > 10
    assert paid["t"].min() > first["t"].max()
    assert budget(both, "beans")["left_fen"] == budget(alone, "beans")["left_fen"] == 50


def test_a_second_gift_pool_serves_while_the_daily_one_is_dry_closed_or_not_open_yet() -> None:
    """From nine until it is dry the daily pool matches, before and after that the second, every day."""
    alone = run("match_pools", USERS, **SMALL)
    both = run(with_spare("match_pools", "gifts", "40_000_000_000"), USERS, **SMALL)
    daily, spare = served_by(both, Kind.GIFT, "main"), served_by(both, Kind.GIFT, "spare")
    assert spare["t"].min() < DAY_US + 9 * HOUR_US <= daily["t"].min()
    for day in (1, 2, 3):
        paid = daily["t"][(daily["t"] // DAY_US == day) & (daily["match"] > 0)]
        later = spare["t"][spare["t"] // DAY_US == day]
        assert paid.min() < day * DAY_US + 10 * HOUR_US
        assert (later > paid.max()).any()
    assert daily["match"].sum() == budget(both, "main")["deposited_fen"]  # none of its money was passed over
    assert (spare["t"] // DAY_US == 4).any()  # the daily pool has ended
    assert both.metrics["unmet_fen"] < alone.metrics["unmet_fen"]
    assert both.metrics["gifts_matched_share"] > alone.metrics["gifts_matched_share"]


def test_a_pool_that_no_rule_gives_from_lets_the_next_one_serve() -> None:
    """Without a rule that names it, it is as good as no pool, however much money stands in it."""
    both = run(with_spare("match_pools", "gifts", "40_000_000_000"), USERS, rules__main_match=False)
    assert not len(served_by(both, Kind.GIFT, "main"))
    assert served_by(both, Kind.GIFT, "spare")["match"].sum() > 0
