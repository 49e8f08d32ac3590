"""A scenario in which every setting acts, and how to take away what each of them needs."""

from __future__ import annotations

from datetime import datetime
from typing import Any

# On top of `week95_2022`: every setting that hangs on another one is written, and every one acts.
RICH = """
scenario = { users = 150, profile = "casual-game", length = "7 days" }
merchants = { promotion_pull = 0.5 }
play = { sessions_extra = 1.0, attention = true, anticipation = true }
channels.taobao = { pull = 2.0 }
gifts = { first_median = "2 yuan", donors_at_start = 0.2, match_effect = 0.3, completion = 0.3 }

ngos = { scandal_at = 2022-09-06T12:00:00+08:00, recycling_share = 0.2 }
activities = { users_each = 50, places = 3, hours = 2, notice = "2 days", no_show = 0.2 }
teams = { users_each = 20, minimum = 5, maximum = 900, challenge = "1 day", upper_half_bonus = 0.25 }
staff = { push = 2.0 }
farmers = { share = 0.1, devices = 10, wrongly_blocked = 0.01 }
account = { holders_at_start = 0.5, partner_share = 0.9, partner_records_per_week = 0.9, partner_repeats = 0.3 }
sharing = { post = 0.4, invite = 0.4, post_recruits = 0.5, invite_recruits = 0.5 }

[shopping]
regular_share = 0.5
regular_orders_per_31_days = 20.0
regular_sigma = 1.0
occasional_orders_per_year = 2.0

[projects]
target_sigma = 0.9
limited_share = 0.4
lasts = "1 day"
unfunded = "kept"
fen_per_person = { education = 1, illness = 2, poverty = 3, environment = 4 }

[orders]
delivery_median = "1 day"
delivery_sigma = 0.4
by_hand = 0.5
by_hand_median = "6 h"
by_hand_sigma = 0.7
mail_timer = "36 h"
mail_share = 0.1
virtual_timer = "1 day"
virtual_share = 0.3

[festivals.big]
day = 2022-09-08
orders = 4.0
presale_from = 2022-09-06T00:00:00+08:00
presale_share = 0.5
presale_balance_at = "2 h"

[cities.hangzhou]
label = "杭州"
share = 0.3

[rules]
goal = { form.goal.head_start = 20 }
flash_match = { form.match.lot = true }
week_beans = { when.phase = "week", form.times = 1.5 }
here = { what = "steps", who = { city = "hangzhou", holder = true }, form.add = 5 }
evening = { what = "quiz", when.hours = "18:00-22:00", form.times = 1.5 }
quizzes = { what = "quiz", form = { cap = 100, per = "week" } }
worth = { when.weekdays = ["Sat"], form.price = 80 }
fades = { form.decay = 0.01 }
medals = { form.badges.tiers = [{ label = "铜", hours = 1 }] }
best = { form.rank.money = "50_000 yuan" }
together = { what = "steps", form.share = { deeds = 100, beans = 50 } }
friends = { what = "invite", form.refer = { inviter = 100 } }
"""
# Every rule that names what is about to be taken out.
LIMITS: dict[str, Any] = {"rules.once_a_day": None}
MATCHES: dict[str, Any] = {"rules.flash_match": None, "rules.daily_match": None}
# How to take away what each condition asks for, as overrides of the rich scenario; None takes a setting out.
BREAKS: dict[str, dict[str, Any]] = {
    "PLAY": {"play.open": False},
    "TEAMS": {"teams.open": False, "pools.teams": None, "deeds.join_team": None, "segments": {}, **LIMITS},
    "ACCOUNT": {"account.open": False, "deeds.account": None, "deeds.training": None, "channels": {}, **LIMITS},
    "GIFTS": {"deeds.gift": None, "segments": {}, "channels": {}, **LIMITS},
    "BEAN_GIFTS": {"deeds.bean_gift": None, "farmers.entry": False, **LIMITS},
    "REDEEMS": {"deeds.redeem": None, **LIMITS},
    "VOLUNTEERS": {"deeds.volunteer": None, "channels": {}, **LIMITS},
    "JOINED": {"deeds.join_team": None, "segments": {}},
    "GROWING": {
        "deeds.*.beans": 0, "orders.beans": 0, "rules.here": None, "rules.pass_on": None, "rules.together": None,
        "rules.friends": None, "rules.goal.form.goal.head_start": 0,
    },
    "EXCHANGED": {"deeds.bean_gift": None, "farmers.entry": False, **LIMITS},
    "ONE_PERIOD": {"beans.valid_months": 1},
    "NOT_OF_AGE": {"segments.minors.minor": False, "farmers.share": 0.0, "farmers.entry": False},
    "REACHED": {"segments.minors.minor": False},
    "FOR_MINORS": {"deeds.*.adults_only": False, "benefits": {}},
    "SERVED": {"deeds.bean_gift": None, **LIMITS},
    "GIFTS_MATCHED": {**MATCHES, "pools.flash": None, "pools.daily": None},
    "TEAMS_PAID": {"pools.teams": None},
    "COMPETING": {"teams.mode": "shared_goal"},
    "GOALS": {"projects.targets_total": "0 yuan"},
    "LIMITED": {"projects.limited_share": 0.0},
    "ENDING": {"projects.lasts": "365 days"},
    "ITS_CAUSE": {"projects.causes": {"education": 1.0}},
    "INSIDE": {"ngos.scandal_at": datetime.fromisoformat("2022-09-20T00:00:00+08:00")},
    "STAFF": {"staff.share": 0.0},
    "FARMERS": {"farmers.share": 0.0, "farmers.entry": False},
    "ANNOUNCED": {
        **MATCHES, "pools.flash": None, "pools.daily": None, "rules.week_beans": None, "rules.evening": None,
        "rules.worth": None,
    },
    "FARMS_ENTER": {"farmers.entry": False},
    "DEVICES": {"farmers.device_cap": 0},
    "PARTNER": {"account.partner_share": 0.0},
    "UPLOADS": {"account.partner_records_per_week": 0.0},
    "HELD": {"deeds.account": None, "account.holders_at_start": 0.0, "channels": {}},
    "PASSED_ON": {"deeds.gift": None, "segments": {}, "channels": {}, "festivals": {}, **LIMITS},
    "POSTED": {"sharing.post": 0.0},
    "INVITED": {"sharing.invite": 0.0},
    "REGULARS": {"shopping.regular_share": 0.0},
    "OTHERS": {"shopping.regular_share": 1.0},
    "FESTIVALS": {"festivals": {}},
    "PRESALE": {"festivals.big.presale_from": None, "festivals.big.presale_share": 0.0},
    "PRESOLD": {"festivals.big.presale_share": 0.0},
    "BY_HAND": {"orders.by_hand": 0.0},
    "MAILED": {"orders.mail_share": 0.0},
    "VIRTUAL": {"orders.virtual_share": 0.0},
    "NAMED": {"rules.here": None},
    "RULED": {"play.open": False},
    "HAPPENS": {"sharing.invite": 0.0},
    "HOLDERS": {"account.open": False, "deeds.account": None, "deeds.training": None, "channels": {}, **LIMITS},
    "MEMBERS": {"teams.open": False, "pools.teams": None, "deeds.join_team": None, "segments": {}, **LIMITS},
    "MULTIPLIES": {"deeds.quiz.beans": 0},
    "CAPPED": {"deeds.quiz.beans": 0},
    "HOURS": {"deeds.*.hours": 0, "orders.hours": 0, "deeds.volunteer": None, "channels": {}, **LIMITS},
    "OF_TEAMS": {"teams.open": False, "pools.teams": None, "deeds.join_team": None, "segments": {}},
    "RECRUITED": {"sharing.invite_recruits": 0.0},
}  # fmt: skip

# Settings that act whatever the others say; a new setting goes here or into the table.
ALWAYS = frozenset(
    """
    scenario.title scenario.start scenario.length scenario.users scenario.real_users scenario.seed
    scenario.summary scenario.calibrated clock.barrier clock.fine shopping.regular_share
    shopping.visits_per_order shopping.weekday shopping.price_median shopping.price_sigma festivals.*.day
    festivals.*.orders festivals.*.takes_part festivals.*.visits festivals.*.price_factor festivals.*.curve
    festivals.*.presale_share orders.pay_within orders.cancel orders.ship_within orders.by_hand
    orders.express_timer orders.mail_share orders.virtual_share orders.refund_before orders.hours
    orders.refund_after merchants.real merchants.products_each merchants.size_sigma merchants.charity_share
    merchants.ceiling merchants.minimum_pledge merchants.badge merchants.quit_per_month
    merchants.notices_per_week play.open hours.donated_cap channels.*.label channels.*.audience channels.*.pull
    segments.*.label segments.*.share projects.count projects.causes.* ngos.count ngos.size_sigma
    ngos.on_time_a ngos.on_time_b ngos.late_by ngos.report_every ngos.disburse_every ngos.review_days ngos.fee_cap
    ngos.correction ngos.evaluation
    designs.*
    """.split()  # noqa: SIM905
)
