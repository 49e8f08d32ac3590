"""The rows the kernel works on: users, their errands, and the tables every user reads.

A user is 92 bytes plus `next_s`, the next instant at which anything happens, as a column of its own:
an idle user costs bytes and no time. Static traits (shopping rate, warm glow, lifetime) are redrawn
from the user's key instead of stored.
"""

from __future__ import annotations

import numpy as np

from sim.arrays import NOBODY as NOBODY
from sim.kernel.tallies import COUNT
from sim.spans import MOST_DAYS

NEVER = 2**31 - 1  # a second that does not come
NO_DEED = 255  # in the column `deed`: beans for an order, a share or a head start, no row of the catalogue

GROWING_DAYS = 5  # beans earned today … four days ago: ripen + fade <= 4 days
PERIODS = 3  # open expiry periods of available beans
MAX_DEEDS = 24
MAX_CHANNELS = 12
MAX_SEGMENTS = 6
MAX_REDEMPTIONS = 8
MAX_BENEFITS = 8
MAX_BADGES = 8  # tiers of all badges together
MAX_SLOTS = 12  # choices in one session; the session ends there
DEED_LOTS = MAX_DEEDS * MAX_SLOTS  # a session's deeds by what and how often: each has luck of its own
MOST_REFS = 128  # documents that a user can open in one second: orders, and a claim …
CLAIMS_FROM = 64  # … in this place: deeds are a second apart
MOST_MONTHS = MOST_DAYS // 28 + 4  # expiry periods of a scenario
MOST_YEARS = MOST_DAYS // 365 + 3  # financial years of a scenario
STREAK_LEVELS = 8  # 0 … 7 days
LEVELS = 8  # of holding more beans than the next thing costs, by halves of its price
MAX_KINDS = 64  # of days by what is on offer
MAX_PARTS = 16  # of a day, between whose edges the same rules hold
MOST_OPENINGS = 4_096  # of pools and rules that are announced
MAX_RULES = 48
MAX_TIERS = 96  # of all rules together
MAX_AGE = 400  # days since somebody joined, or was last seen, that are told apart
PRICES = 256  # price lists that a block keeps at hand …
VISITS = 512  # … and values of visits
MATCH_TIERS = 8  # of a match by size of the gift
MAX_MATCHES = 16  # rules that match gifts
MAX_COFUNDS = 3  # rules that add to pledges: with none, and with beans or not, a label has eight looks

USER = np.dtype(
    [
        ("visit_s", "i4"),  # next shopping visit
        ("play_s", "i4"),  # next play session
        ("errand", "i4"),  # first errand, earliest due first
        ("number", "u4"),  # actions so far: the key of the next one
        ("budget", "f4"),  # what is left of the Exp(1) lifetime budget
        ("habit", "f4"),
        ("growing", "u2", (GROWING_DAYS,)),  # beans by day earned, modulo GROWING_DAYS
        ("available", "u2", (PERIODS,)),  # harvested beans by expiry period, modulo PERIODS
        ("labour", "u4"),  # charity minutes of labour (出力)
        ("donated", "u4"),  # charity minutes of donation (捐献)
        ("today", "u4"),  # how often each deed was done today, packed in base 4 for the first 16 deeds
        ("today_more", "u2"),  # the same for deeds 16 … 23
        ("beans_today", "u2"),
        ("young", "u2"),  # of the beans that grow: those earned in the day's latest step of ripening …
        ("step", "u1"),  # … and which step that was
        ("day", "i2"),  # the day the counters of today belong to
        ("clock", "u2"),  # how far the day's sessions have come, in 1/65536 of the day's profile
        ("gift_yuan", "u2"),  # largest gift so far, whole yuan rounded up
        ("gift_month", "i2"),  # month of the last gift, counted from the start: negative for those of before
        ("gifts", "u1"),
        (
            "streak",
            "u1",
        ),  # days in a row that were played up to `last`, at most 7
        ("since_break", "u1"),  # days since a streak broke, 255 = never or long ago
        ("sessions", "u1"),  # begun today (low 4 bits) and planned today (high 4 bits)
        ("flags", "u1"),
        ("used", "f4"),  # what this user is used to: gain of a visit's value over one without incentives
        ("spent", "f4"),  # willingness that deeds have spent, as of `day`
        ("slump_until", "i2"),  # the day on which the slump after a prize ends
        ("done", "u1"),  # deeds done today
        ("channel", "u1"),  # the way in: a trait too, but needed whenever something happens and dear to draw
        ("joined", "i2"),  # the day on which they began to play; long ago for who played at the start
        ("last", "i2"),  # the last day they played
        ("away", "u1"),  # days between that one and the day they played before
        ("row", "u1"),  # the days in a row that the next day they play will follow on
        ("repairs", "u2"),  # missed days that rules let pass: how many (low 3 bits) of which week
    ]
)

PLAYER, GONE, IN_TEAM, HOLDER, BLOCKED, SERVING, CLAIMING, ENDOWED = 1, 2, 4, 8, 16, 32, 64, 128

ERRAND = np.dtype(
    [
        ("due", "i4"),
        ("next", "i4"),
        ("ref", "i8"),
        ("price", "i4"),
        ("fen", "i4"),
        ("project", "i4"),
        ("party", "i4"),
        ("step", "u1"),
        ("spare", "u1", (3,)),
    ]
)
# Steps of an errand: what happens when it falls due.
PAY, SHIP, CONFIRM, REFUND, LATE_REFUND, CANCEL, VOUCHER_SHIP, VOUCHER_CANCEL, SERVICE, NEW_YEAR, LATER = (
    range(1, 12)
)


DEED = np.dtype(
    [
        ("beans", "i4"),
        ("minutes", "i4"),
        ("cost", "f8"),  # perceived cost, yuan
        ("ease", "f8"),  # log-odds against stopping, before rewards
        ("effect", "i4"),
        ("klass", "i4"),  # 0 labour, 1 donated, 2 general
        ("team", "i4"),
        ("needs_account", "i4"),
        ("adults_only", "i4"),
    ]
)
EFFECTS = ("deed", "gift", "bean_gift", "redeem", "volunteer", "account", "team")
E_DEED, E_GIFT, E_BEAN_GIFT, E_REDEEM, E_VOLUNTEER, E_ACCOUNT, E_TEAM = range(7)
LABOUR, DONATED, GENERAL = range(3)

# A sponsor's promise to gifts or orders, as far as it can be asked now.
MATCH = np.dtype(
    [
        ("rule", "i8"),  # index of the rule
        ("pool", "i8"),  # 1 + index of its pool
        ("pull", "f8"),  # log-odds of giving it adds, 0 of a dry pool
        ("most", "i8"),  # for one gift, fen
        ("cause", "i8"),  # only for projects of this cause, -1 = any
        ("first", "i8"),  # 1 = only somebody's first gift in the run
        ("lot", "i8"),  # 1 = what is asked is drawn by lot
        ("best", "i8"),  # the least gift that draws the most, fen
        ("tiers", "i8"),  # how many of these count
        ("above", "i8", (MATCH_TIERS,)),  # from this gift on, fen, ascending …
        ("ratio", "i8", (MATCH_TIERS,)),  # … this ratio, ppm
    ]
)

# What agents and pools publish; rewritten at barriers, read by every user in between.
PUBLIC = np.dtype(
    [
        ("stamp", "i8"),  # another whenever what follows from a bean's worth changes
        ("trust", "f8"),  # platform trust as log-odds of giving
        ("bean_pool", "i8"),  # 1 + index of the live pool, 0 = none
        ("projects", "i8"),  # how many stand in the gift table
        ("activities", "i8"),  # how many still have places
        ("recycler", "i8"),  # project of an NGO that recycles gifts, NOBODY = none …
        ("recycler_cause", "i8"),  # … and its cause
        ("counting", "i8"),  # 1 while orders are counted for the heterogeneity table
        ("cheapest", "i8"),  # beans of the cheapest voucher in stock, 0 = none
        ("team_pull", "f8"),  # log-odds of a team's deed while a challenge runs
        ("reached", "f8"),  # share of people whom a post of a charity order of this festival day has reached
        ("self_yuan", "f8"),  # what a bean is worth spent on oneself …
        ("charity_yuan", "f8"),  # … and given
        ("next_thing", "i8"),  # beans that its better use takes, 0 = they buy nothing
        ("felt_yuan", "f8"),  # … and what the better of both feels like
        ("entry_most", "f8", (MAX_KINDS,)),  # the largest chance that anybody enters on a visit
        ("n_matches", "i8"),
        ("live_matches", "i8"),  # the first so many can be kept …
        ("matches", MATCH, (MAX_MATCHES,)),  # … the others belong to pools that have run dry
        ("n_cofunds", "i8"),
        ("live_cofunds", "i8"),
        ("cofunds", MATCH, (MAX_COFUNDS,)),
        ("odds", "f8", (MAX_RULES,)),  # the chance people give themselves in a rule's drawing …
        ("urge", "f8", (MAX_RULES,)),  # … and the log-odds that a rule's contest or shared goal adds
    ]
)

# Shopping time: a row a bin, and one that only closes the last (see `sim.engine.clocks.ShoppingClock`).
BIN = np.dtype(
    [("edge_s", "f8"), ("upto", "f8"), ("orders", "f8"), ("plain_orders", "f8"), ("keep", "f8"), ("price", "f8"),
     ("festival", "i8")]
)  # fmt: skip
# What a block counts: records written, its free and used errands, tallies; of the present choice the weights, and of
# its session the clock of every option (stopping first), and how often each has rung.
BOOK = np.dtype(
    [
        ("records", "i8"),
        ("free", "i8"),
        ("used", "i8"),
        ("tally", "i8", (COUNT,)),
        ("weights", "f8", (MAX_DEEDS,)),
        ("beans", "i8", (1 + MAX_RULES,)),  # what a deed pays by itself, and what each rule adds …
        ("time", "i8", (1 + MAX_RULES,)),  # … and its minutes
        ("clocks", "f8", (1 + MAX_DEEDS,)),
        ("turns", "i8", (1 + MAX_DEEDS,)),
        ("sent", "i8", (MAX_RULES,)),  # messages by rule
    ]
)
DAY = np.dtype(
    [
        ("lift", "f8"),
        ("weekday", "f8"),
        ("offer", "i8"),  # what kind of day it is by what is on offer
        ("opening", "i8"),  # the first announced opening from its midnight on
        ("period", "i8"),
        ("month", "i8"),
        ("shape", "i8"),
    ]
)
# Rules of incentives. Their forms as numbers, in the order of `sim.scenario.incentives.KINDS`.
(
    F_ADD,
    F_HOURS,
    F_TIMES,
    F_TIERS,
    F_LIMIT,
    F_CAP,
    F_FADING,
    F_STREAK,
    F_GOAL,
    F_BADGES,
    F_NUDGE,
    F_PRICE,
    F_DECAY,
) = range(13)
PER_DAY, PER_WEEK, PER_PHASE, EVER = range(4)
OF_BEANS, OF_TIME = 1, 2
# What a rule is about: the rows of the catalogue, and beside them:
ORDER, INVITE, JOIN, PLEDGE = range(MAX_DEEDS, MAX_DEEDS + 4)
THINGS = MAX_DEEDS + 4
# What is announced without a rule, as bits beside those of the rules.
CONTEST = 1 << 61
EVERY = (1 << MAX_RULES) - 1  # all rules
RULE = np.dtype(
    [
        ("form", "i8"),
        ("segments", "i8"),  # bits; all of them where nothing is asked
        ("channels", "i8"),
        ("cities", "i8"),  # bits, -1 = nothing is asked
        ("cohort", "i8", (2,)),  # percentiles
        ("holder", "i8"),  # -1 = either
        ("team", "i8"),
        ("minutes", "i8", (2,)),
        ("beans", "i8"),  # of add; of a cap; of a goal
        ("time", "i8"),
        ("ppm", "i8"),  # of times; what a fading cap keeps
        ("of", "i8"),  # what is multiplied: bits
        ("each", "i8"),
        ("per", "i8"),
        ("column", "i8"),  # of `marks`, NOBODY = it does not count
        ("tier", "i8"),  # its rows of `tiers`: the first …
        ("tiers", "i8"),  # … and the one behind the last
        ("head", "i8"),  # what a goal gives at the start: beans, or deeds
        ("goal", "i8"),  # deeds of a goal; repairs a week; messages in seven days
        ("minute", "i8"),  # of the day of a message
        ("flag", "i8"),  # public badges; messages to those alone whose streak breaks
        ("repairs", "i8"),  # missed days a week that do not break a streak
        ("chance", "f8"),  # of a lottery at every deed
        ("salt", "i8"),  # of the rule's lots
        ("fen", "i8"),  # the prize of a lottery, 0 = beans …
        ("pool", "i8"),  # … and 1 + index of the pool that pays it
        ("friend", "i8"),  # beans of a friend who was invited
        ("row", "i8"),  # of `points`, 0 = it counts nothing of many together
        ("later_s", "i8"),  # paid so much later, 0 = at once …
        ("kept", "f8"),  # … and what that leaves of its effect
    ]
)
# Of a message's column: the days of the last seven on which there was one, as bits, and whether they are switched off.
SEVEN, OFF = 127, 1 << 15
TIER = np.dtype([("start", "i8"), ("value", "i8")])
# A part of a day: from a second of it on these rules hold, for so much of its visits; what people plan by are those of
# its `offers`: without matches whose pool is not announced for the day.
PART = np.dtype([("from_s", "i8"), ("mask", "i8"), ("share", "f8"), ("offers", "i8")])
# A price list: what deeds pay the first time and weigh, for those for whom the same rules hold.
PRICE = np.dtype(
    [
        ("mask", "i8"),
        ("key", "i8"),
        ("stamp", "i8"),
        ("most", "i8"),
        ("beans", "i8", (MAX_DEEDS,)),
        ("pull", "f8", (MAX_DEEDS,)),
        ("limit", "i8", (MAX_DEEDS,)),
    ]
)
VISIT = np.dtype([("mask", "i8"), ("key", "i8"), ("stamp", "i8"), ("value", "f8")])
REDEMPTION = np.dtype([("beans", "i8"), ("stock", "i8"), ("ship_s", "i8"), ("cancel", "f8")])
BENEFIT = np.dtype([("needs", "i8"), ("youth", "i8")])

# What users choose from: products with their pledges, projects, activities.
PRODUCT = np.dtype(
    [
        ("keep", "f4"),  # alias table of popularity: chance of the own row …
        ("other", "i4"),  # … and the row taken otherwise
        (
            "taken",
            "f4",
            (2 * (1 + MAX_COFUNDS),),
        ),  # chance that who has found it takes it, by its label: see `label_look`
        ("merchant", "i4"),
        ("price", "f4"),  # multiple of the market's median
        ("ppm", "i4"),  # pledged share in parts per million of the price, 0 = fixed amount
        ("fixed", "i4"),  # pledged fixed amount in fen
        ("project", "i4"),  # NOBODY = no pledge
        ("spare", "i4"),
    ]
)
GIFT_PROJECT = np.dtype(
    [("upto", "f8"), ("project", "i8"), ("pull", "f8"), ("left", "f8"), ("typical", "f8"), ("cause", "i8")]
)
ACTIVITY = np.dtype([("id", "i8"), ("start_s", "i8"), ("minutes", "i8"), ("project", "i8")])
