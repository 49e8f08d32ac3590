"""Farmers: accounts run to milk rewards come where they pay, and controls reduce what they take."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any
from unittest import mock

import numpy as np
import pytest
from numpy.typing import NDArray

from sim.agents.farmers import Farmers
from sim.behaviour.parameters import load_parameters
from sim.bookkeeping import Kind
from sim.engine.campaign import Campaign
from tests.systems.runs import Run, run, scenario, week_beans

USERS = 20_000
CHINA = timezone(timedelta(hours=8))
CONTROLS = {
    "farmers__removal_per_day": 0.3, "farmers__entry_audit": 0.5, "farmers__device_cap": 400,
    "farmers__wrongly_blocked": 0.002,
}  # fmt: skip


@pytest.fixture(scope="module")
def wild() -> Run:
    return run("point_farms", USERS)


@pytest.fixture(scope="module")
def guarded() -> Run:
    return run("point_farms", USERS, **CONTROLS)


def group(r: Run, name: str) -> dict[str, int]:
    return r.tables["abuse"].row(0 if name == "honest" else 1, named=True)


def test_farmers_come_while_an_account_yields_more_than_it_costs(wild: Run) -> None:
    """The first wave is the share asked for; more come while it pays, none when an account is too dear."""
    first = round(wild.campaign.scenario.farmers.share * USERS)
    dear = run("point_farms", USERS, farmers__account_cost="100 yuan")
    assert group(wild, "farmer")["accounts"] > first == group(dear, "farmer")["accounts"]


def test_controls_reduce_what_farmers_take(wild: Run, guarded: Run) -> None:
    """With audits, removal and a cap per device a smaller share of the subsidy goes to farmers."""
    assert wild.metrics["farmer_share"] > 0.2
    assert guarded.metrics["farmer_share"] < 0.75 * wild.metrics["farmer_share"]
    assert group(guarded, "farmer")["accounts"] < group(wild, "farmer")["accounts"]


def test_controls_also_hit_honest_people_and_that_is_counted(wild: Run, guarded: Run) -> None:
    """A wrongly blocked user is an honest one in the stream, loses the available beans and plays no more."""
    assert wild.metrics["wrongly_blocked"] == 0 < guarded.metrics["wrongly_blocked"]
    blocked = guarded.rows(Kind.BLOCK)
    honest = blocked[blocked["agent"] < USERS]
    assert guarded.metrics["wrongly_blocked"] == len(honest) == group(guarded, "honest")["blocked"]
    assert group(guarded, "farmer")["blocked"] == len(blocked) - len(honest) > 0
    assert guarded.campaign.population.users["available"][blocked["agent"]].sum() == 0
    for row in blocked[:50]:
        later = guarded.stream[
            (guarded.stream["agent"] == row["agent"]) & (guarded.stream["t"] > row["t"] + 1)
        ]
        assert not np.isin(later["kind"], [Kind.SESSION, Kind.DEED, Kind.HARVEST, Kind.BEAN_GIFT]).any()


def test_a_device_cap_bounds_the_beans_of_a_farmers_day(wild: Run) -> None:
    """Four hundred beans a device and day over twenty accounts are twenty each."""
    capped = run("point_farms", USERS, farmers__device_cap=400)
    for r, cap in ((wild, 200), (capped, 20)):
        rows = r.rows(Kind.DEED, Kind.GRANT)
        rows = rows[rows["agent"] >= USERS]
        key = rows["agent"].astype(np.int64) * 100 + r.day_of(rows)
        assert np.bincount(np.unique(key, return_inverse=True)[1], rows["beans"]).max() <= cap
    assert group(capped, "farmer")["beans_issued"] < group(wild, "farmer")["beans_issued"]


def test_match_farming_needs_ngos_that_hand_gifts_round(wild: Run) -> None:
    """Farmers' gifts go to recycling NGOs only; without such NGOs they give nothing."""
    farmed = wild.rows(Kind.GIFT)
    farmed = farmed[farmed["agent"] >= USERS]
    ngos = wild.campaign.projects.ngo[farmed["project"]]
    assert len(farmed) > 20
    assert set(ngos) <= set(range(wild.campaign.ngos.recyclers))
    clean = run("point_farms", USERS, ngos__recycling_share=0.0)
    assert (clean.rows(Kind.GIFT)["agent"] < USERS).all()
    more = run("point_farms", USERS, ngos__recycling_share=0.3)
    farmed = more.rows(Kind.GIFT)
    assert len(set(more.campaign.projects.ngo[farmed["project"][farmed["agent"] >= USERS]])) > 1


def play_noting_expectations(name: str, users: int, **changes: Any) -> tuple[list[int], Run]:
    """A run, and what the farms expected every morning that an account earns a day."""
    expected: list[int] = []
    act = Farmers.act

    def noted(self: Farmers, now: int, reward: int, *more: Any) -> int:
        expected.append(reward)
        return act(self, now, reward, *more)

    with mock.patch.object(Farmers, "act", noted):
        return expected, run(name, users, **changes)


@pytest.mark.parametrize(
    "changes",
    [
        {"rules__daily_cap__form__cap": 10_000}, {"rules__daily_cap__form__cap": 55}, {"farmers__device_cap": 800},
        {
            "rules__daily_cap__form__cap": 10_000, "deeds__quiz__adults_only": True,
            "rules__thrice_a_day__form__limit": 1,
        },
    ],
)  # fmt: skip
def test_farms_expect_what_an_unblocked_account_earns(changes: dict[str, Any]) -> None:
    """Deeds as often as a day allows, at the phase's factor, up to the cap: what farms sum up is what accounts earn."""
    end = datetime(2022, 9, 8, tzinfo=CHINA)
    phase = {"phases__week__end": end, **week_beans(1.5)}
    expected, r = play_noting_expectations("point_farms", 2_000, **changes, **phase)
    rows = r.rows(Kind.DEED, Kind.GRANT)
    rows = rows[rows["agent"] >= 2_000]
    for day in range(len(expected) - 1):
        mine = rows[r.day_of(rows) == day]
        earned = np.bincount(mine["agent"] - 2_000, mine["beans"])
        assert set(earned[earned > 0].tolist()) == {expected[day]}  # by the rules that stand in the morning
    if changes.get("rules__daily_cap__form__cap") == 10_000:
        assert len(set(expected[1:])) == 2  # the factor is felt


def test_no_farm_does_what_needs_a_person() -> None:
    """Blood, training, service, an account: a script has no body, no age and no name, whatever these pay."""
    rich = {f"deeds__{name}__beans": 900 for name in ("blood", "training", "volunteer", "steps")}
    r = run(
        "week95_2022",
        2_000,
        **rich,
        rules__daily_cap__form__cap=10_000,
        farmers__share=0.1,
        farmers__device_cap=0,
    )
    deeds = list(r.campaign.scenario.deeds.values())
    farmed = r.rows(Kind.DEED, Kind.GENERAL)
    done = {deeds[k].label for k in farmed["deed"][farmed["agent"] >= 2_000]}
    closed = {d.label for d in deeds if d.adults_only or d.needs_account or d.effect != "deed"}
    assert done
    assert not done & closed
    assert len(r.rows(Kind.SIGN_UP)) == (r.rows(Kind.SIGN_UP)["agent"] < 2_000).sum()


def test_farmers_need_a_game_that_is_open_and_vouchers_somebody_hands_out() -> None:
    """Nobody farms where nobody plays, and who finds no deed that redeems cashes in nothing."""
    settings = scenario("point_farms", 2_000)
    closed = settings.model_copy(update={"play": settings.play.model_copy(update={"open": False})})
    assert Farmers.draw(closed, load_parameters(), 0).rows == 0
    deeds = {name: deed for name, deed in settings.deeds.items() if deed.effect != "redeem"}
    once = settings.rules["once_a_day"]
    rules = settings.rules | {
        "once_a_day": once.model_copy(update={"what": tuple(n for n in once.what if n in deeds)})
    }
    told: list[NDArray[np.void]] = []
    without = Campaign(
        settings.model_copy(update={"deeds": deeds, "rules": rules}),
        workers=1,
        watch=lambda p: told.append(p.copy()),
    )
    without.run()
    kinds = np.concatenate([part["kind"] for part in told])
    assert (kinds == Kind.HARVEST).any()
    assert not (kinds == Kind.REDEEM_HOLD).any()


def test_a_recycled_gift_goes_back_to_the_farmer() -> None:
    """Fen by fen, before its project can ask for it; the sponsor's match stays."""
    r = run("point_farms", USERS, ngos__recycling_share=0.3)
    gifts, back = r.rows(Kind.GIFT), r.rows(Kind.RECYCLE_BACK)
    gifts = gifts[gifts["agent"] >= USERS]
    assert len(gifts) == len(back) > 20
    made = {(g["agent"], g["number"]): (g["fen"], g["project"], r.day_of(g)) for g in gifts}
    assert made == {(b["agent"], b["ref"]): (b["fen"], b["project"], r.day_of(b)) for b in back}
    assert gifts["match"].sum() > 0
    projects = r.tables["projects"]
    assert projects["recycled_fen"].sum() == back["fen"].sum() == r.metrics["recycled_fen"]
    assert (projects["disbursed_fen"] <= projects["raised_fen"]).all()


def test_recycled_gifts_raise_nothing_and_help_nobody() -> None:
    """With a match that is worth next to nothing, NGOs that hand gifts round change no honest number."""
    tiny = {
        "rules__main_match__form__match__most": "0.01 yuan",
        "projects__targets_total": "0 yuan",
        "ngos__correction": 0.0,
    }
    clean, dirty = (run("point_farms", USERS, **tiny, ngos__recycling_share=share) for share in (0.0, 0.3))
    assert len(dirty.rows(Kind.RECYCLE_BACK)) > 20
    given, other = (r.rows(Kind.GIFT) for r in (clean, dirty))
    assert given["fen"].sum() == other[other["agent"] < USERS]["fen"].sum() == clean.metrics["gift_fen"]
    matched = dirty.metrics["matched_fen"] - clean.metrics["matched_fen"]  # a fen a gift
    assert 0 < matched <= len(dirty.rows(Kind.RECYCLE_BACK))
    raised = [r.tables["projects"]["raised_fen"] for r in (clean, dirty)]
    assert raised[1].sum() - raised[0].sum() == matched
    honest = dirty.campaign.projects.ngo >= dirty.campaign.ngos.recyclers
    assert raised[0].filter(honest).equals(raised[1].filter(honest))
    most = matched / dirty.campaign.projects.person_fen.min()
    assert clean.metrics["helped"] <= dirty.metrics["helped"] <= clean.metrics["helped"] + most


def test_cautious_rewards_leave_less_to_take(wild: Run) -> None:
    """Without any control, fewer beans a day and less match a gift bring fewer farmers, who take less."""
    cautious = run(
        "point_farms", USERS, rules__daily_cap__form__cap=50, rules__main_match__form__match__most="2 yuan"
    )
    assert group(cautious, "farmer")["accounts"] < group(wild, "farmer")["accounts"]
    assert group(cautious, "farmer")["subsidy_fen"] < 0.75 * group(wild, "farmer")["subsidy_fen"]


def test_an_audit_at_the_entry_turns_newcomers_away_and_leaves_those_who_were_there(wild: Run) -> None:
    """Half of the newcomers stay out (more, as the rest draw fewer); nobody who was there is removed."""
    audited = run("point_farms", USERS, farmers__entry_audit=0.5)
    there = round(wild.campaign.scenario.farmers.share * USERS)
    came = [group(r, "farmer")["accounts"] - there for r in (audited, wild)]
    assert 0.3 * came[1] < came[0] < 0.7 * came[1]
    assert group(audited, "farmer")["blocked"] == 0
