"""S8 ecosystem channels: each with its own audience, its own mix of deeds, and hours of its own."""

from __future__ import annotations

import numpy as np
import pytest

from sim.bookkeeping import Kind
from sim.kernel.rows import PLAYER
from tests.systems.runs import DAY_US, Run, run

USERS = 20_000


@pytest.fixture(scope="module")
def week() -> Run:
    return run("week95_2022", USERS)


def share(r: Run, channel: str, deed: str) -> float:
    """Share of a deed among the deeds done on the spot by honest users of a channel."""
    rows = r.rows(Kind.DEED, Kind.GENERAL)
    mine = rows[
        (rows["channel"] == list(r.campaign.scenario.channels).index(channel)) & (rows["agent"] < USERS)
    ]
    return float((mine["deed"] == r.deed(deed)).mean())


def test_players_come_by_the_channels_audiences(week: Run) -> None:
    """Of a hundred players about as many come through a channel as its audience says."""
    audience = np.array([c.audience for c in week.campaign.scenario.channels.values()])
    players = week.tables["channels"]["new_players"].to_numpy()
    assert players.sum() > 1_000
    np.testing.assert_allclose(players / players.sum(), audience / audience.sum(), atol=0.05)


def players(r: Run) -> dict[str, int]:
    return dict(r.tables["channels"].select("channel", "new_players").iter_rows())


def test_a_new_channel_brings_people_nobody_reached(week: Run) -> None:
    """Without Alipay fewer play: who only it reached stays away, the others come another way."""
    without = run("week95_2022", USERS, channels__alipay__audience=0)
    played = [r.campaign.population.users["flags"][:USERS] & PLAYER > 0 for r in (week, without)]
    assert 0.6 < played[1].sum() / played[0].sum() < 0.85
    assert (
        played[1] & ~played[0]
    ).sum() < 0.01 * USERS  # nobody comes because a channel is gone; friends differ
    assert players(without)["alipay"] == 0
    for name, count in players(week).items():
        if name != "alipay":
            assert players(without)[name] >= 0.9 * count - 5  # friends differ


def test_the_table_of_channels_holds_every_new_player(week: Run) -> None:
    """Each came through one channel, friends' friends too."""
    assert sum(players(week).values()) == week.metrics["new_players"]


def test_who_no_channel_reaches_comes_by_a_friend_or_not_at_all(week: Run) -> None:
    """With one channel that reaches a tenth of the users, about a tenth can play, but for recruits and staff."""
    audiences = {f"channels__{c}__audience": 0 for c in week.campaign.scenario.channels}
    few = run(
        "week95_2022", USERS, **{**audiences, "channels__taobao__audience": 10, "play__entry_per_visit": 1.0}
    )
    played = (few.campaign.population.users["flags"][:USERS] & PLAYER > 0).mean()
    assert 0.05 < played < 0.11  # some do not look into the shop in ten days


@pytest.mark.parametrize(
    ("channel", "deed"),
    [
        ("xianyu", "clothes"),
        ("eleme", "elder_meal"),
        ("cainiao", "clothes"),
        ("fliggy", "reading"),
        ("youku", "voice"),
    ],
)
def test_a_channel_has_its_own_mix_of_deeds(week: Run, channel: str, deed: str) -> None:
    """Clothes are picked up through Xianyu, elder meals given through Ele.me: more often than without the mix."""
    channels = week.campaign.scenario.channels
    plain = run(
        "week95_2022", USERS, **{f"channels__{c}__mix__{d}": 0.0 for c in channels for d in channels[c].mix}
    )
    assert share(week, channel, deed) > 1.25 * share(plain, channel, deed)


def test_a_channel_has_hours_of_its_own(week: Run) -> None:
    """Amap's people are on the way three hours earlier: fewer of their sessions come after 18:00 than Taobao's."""
    sessions = week.rows(Kind.SESSION)
    hour = sessions["t"] % DAY_US // (DAY_US // 24)
    names = list(week.campaign.scenario.channels)
    late = {
        n: (hour[sessions["channel"] == names.index(n)] >= 18).mean() for n in ("amap", "taobao", "youku")
    }
    assert late["amap"] < late["taobao"] - 0.05
    together = run("week95_2022", USERS, channels__amap__hours_shift=0)
    moved = together.rows(Kind.SESSION)
    moved_late = (moved["t"] % DAY_US // (DAY_US // 24) >= 18)[moved["channel"] == names.index("amap")].mean()
    assert moved_late > late["amap"] + 0.05


def test_a_channel_that_pulls_harder_brings_more_people(week: Run) -> None:
    """Twice the pull from a channel, more new players through it and no others."""
    strong = run("week95_2022", USERS, channels__cainiao__pull=2.0)
    before, after = (
        dict(r.tables["channels"].select("channel", "new_players").iter_rows()) for r in (week, strong)
    )
    assert after["cainiao"] > 1.3 * before["cainiao"]
    assert after["fliggy"] == pytest.approx(before["fliggy"], abs=2)
