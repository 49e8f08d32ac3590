"""The scenarios of the engine's tests: shipped ones, and two in which everything happens to few people."""

from __future__ import annotations

import tomllib
from copy import deepcopy
from functools import reduce
from pathlib import Path
from typing import Any

from sim.loading import apply_design, load_scenario, scenario_text
from sim.loading.reading import read
from sim.scenario import Scenario

# On top of `week95_2022`, so that a few hundred users do all there is to do: a festival with a presale,
# orders that are cancelled and refunded, beans that fade and expire, and go on being harvested after that,
# vouchers that fail, busy farmers who recycle gifts, scarce places, friends who come, a stocked partner.
BUSY = """
scenario = { length = "11 days", calibrated = true }
shopping = { regular_orders_per_31_days = 30.0 }
clock = { barrier = "2 h" }
play = { players_at_start = 0.5, entry_per_visit = 0.2, sessions_extra = 2.0 }
hours = { donated_cap = 1.5 }
gifts = { intercept = -1.0, donors_at_start = 0.5 }
projects = { targets_total = "2_000_000 yuan" }
ngos = { recycling_share = 0.3 }
activities = { users_each = 50, places = 1, notice = "3 days" }
staff = { share = 0.2, norm = 0.5 }
account = { native = 0.3, partner_share = 0.9, partner_records_per_week = 0.9 }
sharing = { post = 0.4, invite = 0.4, post_recruits = 0.5, invite_recruits = 0.5 }

[orders]
cancel = 0.1
ship_within = "1 day"
delivery_median = "1 day"
by_hand = 0.9
by_hand_median = "6 h"
virtual_timer = "1 day"
virtual_share = 0.3
mail_timer = "36 h"
mail_share = 0.1
refund_before = 0.2
refund_after = 0.2

[beans]
valid_after_end = "1 day"
ripen = "24 h"
fade = "24 h"

[farmers]
share = 0.1
account_cost = "0.2 yuan"
removal_per_day = 0.05
wrongly_blocked = 0.01
device_cap = 9_000

[deeds]
volunteer = { ease = -2.0 }
account = { ease = -1.0 }
training = { ease = -1.0 }

[redemptions]
voucher = { stock = 10_000_000, cancel = 0.3 }
badge = { stock = 100_000, cancel = 0.3 }

[pools]
daily = { total = "20_000_000 yuan" }

[rules]
goal.form.goal.head_start = 20
daily_cap.form.cap = 300
daily_match.form.match.per_account = "50 yuan"

[festivals.big]
day = 2022-09-08
orders = 4.0
takes_part = 0.5
price_factor = 1.3
presale_from = 2022-09-06T00:00:00+08:00
presale_share = 0.5
curve = [{ after = "30 s", share = 0.01 }, { after = "2 h", share = 0.5 }, { after = "9 h", share = 0.6 }]

[designs.lots]
"phases.week.start" = 2022-09-05T20:00:00+08:00
"phases.week.end" = 2022-09-09T12:30:00+08:00
"rules.daily_match.form.match.lot" = true
"rules.flash_match.form.match.lot" = true
"rules.streak" = false
"rules.goal.form.goal.head_start" = 0
"rules.daily_cap.form.cap" = 60
"beans.ripen" = "6 h"
"beans.fade" = "19 h"

[designs.promises]
"rules.flash_match.who.cohort" = "0-40 %"
"rules.daily_match.who.cohort" = "0-40 %"
"rules.orders_cofund.who.cohort" = "0-50 %"
"pools.orders.total" = "3_000_000 yuan"

[designs.promises.rules.first_gift]
what = "gift"
who = { cohort = "30-70 %" }
budget = "500_000 yuan"
form.match = { pool = "daily", ratio = 2.0, first = true, most = "30 yuan", lot = true }

[designs.promises.rules.by_size]
what = "gift"
when = { hours = "8:00-20:00" }
form.match.pool = "flash"
form.match.tiers = [{ above = "2 yuan", ratio = 0.4 }, { above = "10 yuan", ratio = 1.5 }]
form.match.named = true

[designs.promises.rules.schools]
what = "gift"
who = { team = false }
form.match = { pool = "daily", cause = "education", ratio = 0.5, lot = true, per_account = "0 yuan" }

[designs.promises.rules.larger_pledges]
what = "order"
who = { cohort = "20-100 %" }
form.cofund = { pool = "orders", above = "0.05 yuan", ratio = 0.5, most = "0.5 yuan" }
[designs.worthless]           # beans buy nothing
"pools.beans.total" = "1 yuan"
"redemptions.voucher.stock" = 1
"redemptions.badge.stock" = 1
"""

# On top of `zhejiang_account`: beans by calendar month, a voucher bought before and cancelled after its
# beans' month has expired.
MONTHS = """
scenario = { start = 2022-03-07T00:00:00+08:00, length = "36 days" }
clock = { barrier = "6 h" }
play = { players_at_start = 0.7 }
beans = { valid_months = 1 }
staff = { share = 0.2, norm = 0.5 }  # the financial year begins anew on 1 April

[deeds]
redeem = { label = "兑换", effect = "redeem", kind = "general", cost = "0.05 yuan", ease = -2.5 }

[redemptions.voucher]
label = "礼券"
beans = 40
value = "1 yuan"
stock = 50_000_000
ship_within = "6 days"
cancel = 0.5

[designs.one_month]
"beans.valid_months" = 0
"""
# On top of `hello`: longer than 388 days, after which a user's references no longer fit 32 bits.
LONG = """
scenario = { length = "400 days" }
clock = { barrier = "24 h" }
merchants = { charity_share = 0.9 }
"""
OWN = {
    "rules": Path(__file__).with_name("rules_of_every_form.toml"),
    "merits": Path(__file__).with_name("merits_of_every_form.toml"),
    "prizes": Path(__file__).with_name("prizes_of_every_form.toml"),
}
# The shipped ideas for incentive rules, as many at once as can stand together: the ones, and those that the first leave
# no room for.
TOGETHER: dict[str, tuple[str, ...]] = {
    "many": (
        "evening_quiz", "newcomers", "third_quiz", "repair", "lottery", "referral", "threshold", "ranking",
        "match_tiers", "cofund", "badges", "nudge", "win_back", "noon", "half", "one_city", "decay", "orders",
    ),
    "others": ("tiers", "sure_reward", "first_gift", "lottery", "badges", "orders"),
}  # fmt: skip
MADE = {"busy": ("week95_2022", BUSY), "months": ("zhejiang_account", MONTHS), "long": ("hello", LONG)}


def merged(document: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    """The document with the changes' values, table by table."""
    for key, value in changes.items():
        old = document.get(key)
        both = isinstance(old, dict) and isinstance(value, dict) and key != "designs"
        document[key] = merged(old, value) if both else value
    return document


def world(name: str, users: int, seed: int = 1, design: str = "base") -> Scenario:
    """A shipped scenario or one made here, at a size, with a seed and a design."""
    if name in OWN:
        document = tomllib.loads(OWN["rules"].read_text("utf-8"))
        if name != "rules":  # the same world with other rules
            document |= {"designs": {}} | tomllib.loads(OWN[name].read_text("utf-8"))
        return made(document, users, seed, design)
    if name == "ideas_together":
        return made(ideas_together(), users, seed, design)
    if name not in MADE:
        return load_scenario(name, design, {"users": users, "seed": seed})
    base, changes = MADE[name]
    document = merged(tomllib.loads(scenario_text(base)), tomllib.loads(changes))
    return made(document, users, seed, design)


def ideas_as(design: str, users: int) -> Scenario:
    """The shipped ideas under a design of theirs, or under many at once."""
    return world("ideas_together" if design in TOGETHER else "ideas", users, 1, design)


def ideas_together() -> dict[str, Any]:
    """The scenario of ideas with designs that are many of its designs at once."""
    document = tomllib.loads(scenario_text("ideas"))
    designs = document["designs"]
    document["designs"] = {
        name: reduce(merged, [deepcopy(designs[idea]) for idea in ideas], {})
        for name, ideas in TOGETHER.items()
    }
    return document


def made(document: dict[str, Any], users: int, seed: int, design: str) -> Scenario:
    """A scenario of a document, at a size, with a seed and a design."""
    document["scenario"] |= {"users": users, "seed": seed}
    scenario, mistakes = read(apply_design(document, design))
    assert scenario is not None, mistakes
    return scenario
