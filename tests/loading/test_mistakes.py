"""Every mistake of a scenario file is told at once, each with its line, its key and what to do."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from sim.errors import ScenarioError
from sim.loading import scenario_text
from sim.scenario import Scenario

Load = Callable[[str], Scenario]
SOUND = Path(__file__).with_name("sound.toml").read_text(encoding="utf-8")


def line_of(text: str, written: str) -> int:
    """The line on which a piece of text begins; it must be there exactly once."""
    assert text.count(written) == 1, written
    return text[: text.index(written)].count("\n") + 1


class Case:
    """An edit of the sound scenario, and the one message it must yield.

    `at` is a piece of the edited text on the line the message must name (the new text if not given).
    """

    def __init__(self, old: str, new: str, key: str, problem: str, at: str = "") -> None:
        self.old, self.new, self.key, self.problem = old, new, key, problem
        self.at = at or new

    def text(self) -> str:
        assert SOUND.count(self.old) == 1, self.old
        return SOUND.replace(self.old, self.new)

    def message(self) -> str:
        return f"bad.toml:{line_of(self.text(), self.at)}: {self.key}: {self.problem}"


MATCH, MATCHED = 'form.match.pool = "main"', "rules.main_match.form.match"

VALUES = [
    Case("per_yuan = 100", "per_yaun = 100", "beans.per_yaun",
         "is not a setting of [beans], did you mean 'per_yuan'?"),
    Case("[redemptions.voucher]", "[redemption.voucher]", "redemption",
         "is not a section of a scenario, did you mean 'redemptions'?"),
    Case("per_yuan = 100", "per_yuan = 100\nxyzzy = 1", "beans.xyzzy",
         "is not a setting of [beans]; use one of ripen, fade, ", "xyzzy"),
    Case('fade = "72 h"', "fade = 72", "beans.fade", 'needs a unit in quotes, for instance "24 h"'),
    Case('fade = "72 h"', 'fade = "72"', "beans.fade", 'is not a number with a unit; write it like "24 h"'),
    Case('fade = "72 h"', 'fade = "72 hrs"', "beans.fade",
         "has no duration unit 'hrs'; use one of us, ms, s, min, h, day, days, week, weeks, 秒, 分钟, 小时, 天, 周, "
         "did you mean 'h'?"),
    Case('total = "5000 yuan"', "total = 5000", "pools.main.total",
         'needs a unit in quotes, for instance "0.02 yuan"'),
    Case('total = "5000 yuan"', 'total = "-5000 yuan"', "pools.main.total", "must not be negative"),
    Case('total = "5000 yuan"', 'total = "5000 h"', "pools.main.total",
         "has no money unit 'h'; use one of yuan, 元, fen, 分, 万元, 亿元"),
    Case('total = "5000 yuan"', 'total = "5 万"', "pools.main.total",
         "has no money unit '万'; use one of yuan, 元, fen, 分, 万元, 亿元, did you mean '万元'?"),
    Case("real_users = 40_000_000", "users_real = 40_000_000", "scenario.users_real",
         "is not a setting of [scenario], did you mean 'real_users'?"),
    Case("beans = 20", "beans = -20", "deeds.quiz.beans", "must not be negative"),
    Case("beans = 20", "beans = 20.5", "deeds.quiz.beans",
         "must be a whole number without quotes or unit, for instance 200"),
    Case("beans = 20", 'beans = "20"', "deeds.quiz.beans",
         "must be a whole number without quotes or unit, for instance 200"),
    Case("beans = 20", "beans = true", "deeds.quiz.beans",
         "must be a whole number without quotes or unit, for instance 200"),
    Case("beans = 20\nhours = 0.1", "beans = 20\nhours = 0.15", "deeds.quiz.hours",
         "must be a multiple of 0.1 charity hours (6 minutes)", "hours = 0.15"),
    Case("beans = 20\nhours = 0.1", "beans = 20\nhours = -0.1", "deeds.quiz.hours",
         "must not be negative", "hours = -0.1"),
    Case("players_at_start = 0.2", "players_at_start = 1.2", "play.players_at_start",
         "must lie between 0 and 1"),
    Case("players_at_start = 0.2", "players_at_start = -0.2", "play.players_at_start",
         "must lie between 0 and 1"),
    Case("players_at_start = 0.2", 'players_at_start = "20 %"', "play.players_at_start",
         "must be a number without quotes or unit, for instance 0.5"),
    Case("orders = 4.0", "orders = 0", "festivals.ninth.orders", "must be above 0"),
    Case("orders = 4.0", "orders = inf", "festivals.ninth.orders", "must be a finite number"),
    Case("form.cap = 200", "form.streak.steps = [{ day = 8, times = 1.5 }]", "rules.daily_cap.form.streak.steps[0].day",
         "must lie between 1 and 7", "form.streak"),
    Case('effect = "gift"', 'effect = "gifts"', "deeds.gift.effect",
         'must be one of "deed", "gift", "bean_gift", "redeem", "volunteer", "account", "team", '
         "did you mean 'gift'?"),
    Case("illness = 0.5", "ilness = 0.5", "projects.causes.ilness",
         "must be one of education, illness, poverty, environment, did you mean 'illness'?"),
    Case("count = 24", 'count = 24\n[staff]\nshare = 0\nnorm = "3 h"', "staff.norm",
         "is a number of charity hours without a unit, for instance 0.1", 'norm = "3 h"'),
    Case('label = "答题"', "label = 5", "deeds.quiz.label",
         'must be a text in quotes, for instance "星河公益基金会"'),
    Case("[teams]\nopen = true", '[teams]\nopen = "yes"', "teams.open",
         "must be true or false, without quotes", 'open = "yes"'),
    Case("start = 2022-09-05T00:00:00+08:00\nlength", "start = 2022-09-05\nlength", "scenario.start",
         "must be a date and a time without quotes, for instance 2022-09-05T00:00:00+08:00",
         "start = 2022-09-05\n"),
    Case("day = 2022-09-09", 'day = "2022-09-09"', "festivals.ninth.day",
         "must be a date without quotes or time, for instance 2022-09-05"),
    Case("flash = [2022-09-05T20:00:00+08:00]", "flash = 2022-09-05T20:00:00+08:00", "pools.main.flash",
         "must be an array in square brackets"),
    Case("[segments.young]", "[segments]\nold = 1\n[segments.young]", "segments.old",
         "must be a table; write [segments.old] and its settings below", "old = 1"),
    Case(MATCH, f"{MATCH}\nform.match.ratio = 1.1234567", f"{MATCHED}.ratio",
         "has more than six decimals, and ratios are counted in parts per million; round it", "ratio"),
    Case(MATCH, f"{MATCH}\nform.match.ratio = 101", f"{MATCHED}.ratio",
         "is too large: the most is 100", "ratio"),
    Case(MATCH, f'{MATCH}\nform.match.ratio = "half"', f"{MATCHED}.ratio",
         'is not a ratio; write it like 1.15 or "115 %"', "ratio"),
    Case("form.cap = 200", 'form.times = "-5 %"', "rules.daily_cap.form.times", "must not be negative", "form.times"),
    Case("review_days = [2, 10]", "review_days = [2, 10]\nfee_cap = 1.01", "ngos.fee_cap",
         'must lie between 0 and 1, or "0 %" and "100 %"', "fee_cap"),
    Case("review_days = [2, 10]", "review_days = [2]", "ngos.review_days[1]",
         "is missing; give one more entry"),
    Case("review_days = [2, 10]", "review_days = [2, 10, 11]", "ngos.review_days",
         "has too many entries; give 2"),
]  # fmt: skip

MISSING = [
    Case('sponsor = "基金会甲"\n', "", "pools.main.sponsor",
         'is missing: every pool needs a sponsor who pays; add sponsor = "星河公益基金会"', "[pools.main]"),
    Case("users = 5_000\n", "", "scenario.users",
         "is missing; add it, for instance users = 100", "[scenario]"),
    Case('length = "7 days"\n', "", "scenario.length",
         'is missing; add it, for instance length = "24 h"', "[scenario]"),
    Case("day = 2022-09-09\n", "", "festivals.ninth.day",
         "is missing; add it, for instance day = 2022-09-05", "[festivals.ninth]"),
    Case('{ after = "12 h", share = 0.6 }', "{ share = 0.6 }", "festivals.ninth.curve[1].after",
         'is missing; add it, for instance after = "24 h"', "{ share = 0.6 }"),
    Case('sponsor = "基金会甲"', 'sponser = "基金会甲"', "pools.main.sponser",
         "is not a setting of [pools.main], did you mean 'sponsor'?"),
]  # fmt: skip

CALENDAR = [
    Case("start = 2022-09-05T00:00:00+08:00\nlength", "start = 2022-09-05T00:00:00\nlength", "scenario.start",
         "must be in the time zone +08:00; write it as 2022-09-05T00:00:00+08:00",
         "start = 2022-09-05T00:00:00\n"),
    Case("start = 2022-09-05T00:00:00+08:00\nlength", "start = 2022-09-05T00:00:00Z\nlength",
         "scenario.start",
         "must be in the time zone +08:00; write it as 2022-09-05T00:00:00+08:00",
         "start = 2022-09-05T00:00:00Z"),
    Case("start = 2022-09-05T00:00:00+08:00\nlength", "start = 2022-09-04T20:00:00+08:00\nlength",
         "scenario.start", "must be midnight; write 2022-09-04T00:00:00+08:00",
         "start = 2022-09-04T20:00:00+08:00"),
    Case('length = "7 days"', 'length = "170 h"', "scenario.length",
         'must be whole days, at least one; write it like "3 days"'),
    Case('length = "7 days"', 'length = "8000 days"', "scenario.length",
         "is too long; use at most 7300 days"),
    Case("real_users = 40_000_000", "real_users = 4_000", "scenario.users",
         "is more than the real_users they stand for (4000); lower it or raise real_users", "users = 5_000"),
    Case('barrier = "1 h"', 'barrier = "7 h"', "clock.barrier",
         'must divide a day evenly into whole seconds; use for instance "10 min" or "1 h"'),
    Case('barrier = "1 h"', 'barrier = "0 h"', "clock.barrier",
         'must divide a day evenly into whole seconds; use for instance "10 min" or "1 h"'),
    Case('barrier = "10 min"', 'barrier = "500 ms"', "clock.fine[0].barrier",
         'must divide a day evenly into whole seconds; use for instance "10 min" or "1 h"'),
    Case("start = 2022-09-05T12:00:00+08:00", "start = 2022-09-05T11:00:00+08:00", "clock.fine[1].start",
         "overlaps the window 0, which runs 2022-09-05T00:00+08:00 to 2022-09-05T12:00+08:00; "
         "move one of them"),
    Case("end = 2022-09-06T00:00:00+08:00", "end = 2022-09-05T12:00:00+08:00 # same", "clock.fine[1].end",
         "is not after the window's start; give a later end", "12:00:00+08:00 # same"),
    Case("end = 2022-09-06T00:00:00+08:00", "end = 2022-09-13T00:00:00+08:00", "clock.fine[1].end",
         "is after the scenario ends; use 2022-09-12T00:00+08:00 or earlier"),
    Case("end = 2022-09-06T00:00:00+08:00", "end = 2022-09-06T00:00:30+08:00", "clock.fine[1].end",
         "must be a whole minute; drop the seconds"),
    Case("start = 2022-09-07T00:00:00+08:00", "start = 2022-09-06T00:00:00+08:00", "phases.second.start",
         "overlaps phases.first, which runs 2022-09-05T00:00+08:00 to 2022-09-07T00:00+08:00; "
         "move one of them", "start = 2022-09-06T00"),
    Case("end = 2022-09-09T00:00:00+08:00", "end = 2022-09-19T00:00:00+08:00", "phases.second.end",
         "is after the scenario ends; use 2022-09-12T00:00+08:00 or earlier"),
    Case("day = 2022-09-09", "day = 2022-09-12", "festivals.ninth.day",
         "is outside the scenario; use a day from 2022-09-05 to 2022-09-11"),
    Case("[play]", "[festivals.again]\nday = 2022-09-09\norders = 2.0\n[play]", "festivals.again.day",
         "is the day of festivals.ninth; keep one of them", "day = 2022-09-09\norders = 2.0"),
    Case("orders = 4.0", "orders = 4.0\ntakes_part = 0", "festivals.ninth.takes_part",
         "must be above 0; remove the festival if nobody takes part", "takes_part"),
    Case("orders = 4.0", "orders = 4.0\npresale_share = 0.1", "festivals.ninth.presale_share",
         "needs presale_from; add the instant deposits begin, or set the share to 0", "presale_share"),
    Case("orders = 4.0", "orders = 4.0\npresale_share = 0.1\npresale_from = 2022-09-09T01:00:00+08:00",
         "festivals.ninth.presale_from", "is not before the festival's day; use an earlier day",
         "presale_from"),
    Case("orders = 4.0",
         "orders = 4.0\npresale_share = 0.1\npresale_from = 2022-09-06T00:00:00+08:00\n[festivals.tenth]\n"
         "day = 2022-09-10\norders = 2\npresale_share = 0.1\npresale_from = 2022-09-07T00:00:00+08:00",
         "festivals.tenth.presale_from", "makes a second presale; only one festival can have one",
         "presale_from = 2022-09-07"),
    Case("orders = 4.0",
         "orders = 4.0\npresale_share = 0.1\npresale_from = 2022-09-06T00:00:00+08:00\n"
         'presale_balance_at = "24 h"', "festivals.ninth.presale_balance_at",
         'is counted from midnight of the day; use less than "24 h"', "presale_balance_at"),
    Case('{ after = "12 h", share = 0.6 }', '{ after = "1 h", share = 0.6 }',
         "festivals.ninth.curve[1].after",
         "must be above that of the point before; sort the curve", "share = 0.6"),
    Case('{ after = "12 h", share = 0.6 }', '{ after = "12 h", share = 0.2 }',
         "festivals.ninth.curve[1].share",
         "must be above that of the point before; sort the curve", '"12 h"'),
    Case('{ after = "12 h", share = 0.6 }', '{ after = "12 h", share = 1.1 }',
         "festivals.ninth.curve[1].share",
         "must lie between 0 and 1"),
    Case('{ after = "12 h", share = 0.6 }', '{ after = "25 h", share = 0.6 }',
         "festivals.ninth.curve[1].after",
         'must lie within the day: above "0 s" and at most "24 h"'),
    Case('{ after = "12 h", share = 0.6 }', '{ after = "24 h", share = 0.6 }',
         "festivals.ninth.curve[1].share",
         "must be 1 at the end of the day"),
    Case("end = 2022-09-07T00:00:00+08:00\nflash = [2022-09-05T20:00:00+08:00]",
         "end = 2022-09-04T00:00:00+08:00", "pools.main.end",
         "is not after the pool's start; give a later end"),
    Case("end = 2022-09-07T00:00:00+08:00\nflash = [2022-09-05T20:00:00+08:00]",
         "flash = [2022-09-05T20:00:00+08:00, 2022-09-12T20:00:00+08:00]", "pools.main.flash[1]",
         "is outside the pool's time; move it between start and end", "flash"),
    Case('total = "5000 yuan"', 'total = "5000 yuan"\nopens_at = "24 h"', "pools.main.opens_at",
         'is a time of day; use less than "24 h"', "opens_at"),
    Case('serves = "beans"', 'serves = "beans"\nstart = 2022-09-12T00:00:00+08:00', "pools.beans.start",
         "leaves the pool closed all through the scenario; move it", "start = 2022-09-12"),
]  # fmt: skip

TOGETHER = [
    Case('ripen = "24 h"', 'ripen = "90 min"', "beans.ripen",
         'must be whole hours, at least one; write it like "12 h"'),
    Case('ripen = "24 h"', 'ripen = "0 h"', "beans.ripen",
         'must be whole hours, at least one; write it like "12 h"'),
    Case('ripen = "24 h"', 'ripen = "5 h"', "beans.ripen",
         "must be whole days or hours that divide a day: 1, 2, 3, 4, 6, 8, 12, 24 h and so on"),
    Case('ripen = "24 h"', 'ripen = "18 h"', "beans.ripen",
         "must be whole days or hours that divide a day: 1, 2, 3, 4, 6, 8, 12, 24 h and so on"),
    Case('fade = "72 h"', 'fade = "30 min"', "beans.fade",
         'must be whole hours, at least one; write it like "12 h"'),
    Case('fade = "72 h"', 'fade = "73 h"', "beans.fade",
         "makes more than 4 days together with ripen (1 day); shorten one of them"),
    Case('fade = "72 h"', 'fade = "96 h"', "beans.fade",
         "makes more than 4 days together with ripen (1 day); shorten one of them"),
    Case("form.goal.beans = 100", "form.goal.beans = 100\nform.goal.head_start = 100",
         "rules.goal.form.goal.head_start", "must be below the goal (100)", "form.goal.head_start"),
    Case('serves = "beans"', 'serves = "teams"', "deeds.bean_gift.effect",
         'is "bean_gift", which needs a pool with serves = "beans" to pay for them; '
         "add it or take the deed out",
         'effect = "bean_gift"'),
    Case("beans = 20\n", "beans = 60_001\n", "deeds.quiz.beans", "is too large; use at most 60000 beans"),
    Case(MATCH, f'{MATCH}\nform.match.per_account = "30_000_000 yuan"', f"{MATCHED}.per_account",
         "is too large; use at most 21474836.47 yuan", "form.match.per_account"),
    Case("count = 24", 'count = 24\n[gifts]\nfirst_median = "30_000_000 yuan"', "gifts.first_median",
         "is too large; use at most 21474836.47 yuan", "first_median"),
    Case('[redemptions.voucher]\nlabel = "礼券"\nbeans = 500\nvalue = "5 yuan"\nstock = 100\n', "",
         "deeds.redeem.effect",
         'is "redeem", which needs a table in [redemptions]; add it or take the deed out',
         'effect = "redeem"'),
    Case('[account]\nopen = true\n\n[benefits.credit]\nlabel = "信用"\nneeds = 3\n', "", "deeds.account.effect",
         'is "account", which needs open = true in [account]; add it or take the deed out',
         'effect = "account"'),
    Case('label = "答题"', 'label = "答题"\nkind = "general"', "deeds.quiz.hours",
         'must be 0 for kind = "general"; choose "labour" or "donated" if it is worth hours',
         "hours = 0.1\n\n[deeds.gift]"),
    Case('effect = "gift"\nkind = "donated"', 'effect = "gift"', "deeds.gift.hours",
         'of a gift are donated, not labour; add kind = "donated"', "hours = 0.1\n\n[deeds.bean_gift]"),
    Case("mix = { quiz = 2.0, gift = 0.5 }", "mix = { quizz = 2.0, gift = 0.5 }", "channels.taobao.mix.quizz",
         "is no deed of this scenario, did you mean 'quiz'?"),
    Case("mix.quiz = 1.5", "mix.walk = 1.5", "segments.young.mix.walk",
         "is no deed of this scenario; use one of quiz, gift, bean_gift, redeem, join, account"),
    Case("audience = 40", "audience = 0", "channels",
         "have no audience above 0; give at least one of them some", "[channels.taobao]"),
    Case("share = 1\n", "share = 0\n", "segments",
         "have no share above 0; give at least one of them some", "[segments.young]"),
    Case("education = 0.5\nillness = 0.5", "education = 0", "projects.causes",
         "have no share above 0; give at least one of them some", "[projects.causes]"),
    Case("weekday = [1, 1, 1, 1, 1, 1, 1]", "weekday = [1, 1]", "shopping.weekday",
         "has 2 entries; give 7, Monday first"),
    Case("[projects.causes]", "[projects.fen_per_person]\neducation = 5_000\n[projects.causes]",
         "projects.fen_per_person", "lacks the cause illness; add what helps one person, in fen",
         "[projects.fen_per_person]"),
    Case('sponsor = "基金会甲"', 'sponsor = "  "', "pools.main.sponsor",
         "is blank; every pool needs a sponsor who pays"),
    Case('label = "淘宝"', 'label = ""', "channels.taobao.label", "is blank; write what people should read"),
    Case("[benefits.credit]", '[benefits."a.b"]', 'benefits."a.b"',
         "is not a name; use letters, digits, - and _ only"),
    Case("[teams]\nopen = true", "[teams]\nopen = true\nminimum = 24\nmaximum = 12", "teams.maximum",
         "is below the minimum (24); raise it", "maximum"),
    Case("review_days = [2, 10]", "review_days = [10, 2]", "ngos.review_days",
         "must be two counts of days, the smaller first"),
]  # fmt: skip

DESIGNS = [
    Case('"deeds.quiz.beans" = 40', "", "designs.double",
         "overrides nothing; add a setting or remove the design", "[designs.double]"),
    Case('"deeds.quiz.beans" = 40', '"deeds.quiz.beans" = 20', 'designs.double."deeds.quiz.beans"',
         "sets what the scenario says already; change the value or remove the line"),
    Case('"deeds.quiz.beans" = 40', '"beans.give_all" = 0.5', 'designs.double."beans.give_all"',
         "sets what the scenario says already; change the value or remove the line"),
    Case('"deeds.quiz.beans" = 40', '"deeds.quiz.bean" = 40', 'designs.double."deeds.quiz.bean"',
         "deeds.quiz.bean is not in the scenario, did you mean 'beans'?"),
    Case('"deeds.quiz.beans" = 40', '"deeds.quizz.beans" = 40', 'designs.double."deeds.quizz.beans"',
         "deeds.quizz is not in the scenario, did you mean 'quiz'?"),
    Case('"deeds.quiz.beans" = 40', '"deed.quiz.beans" = 40', 'designs.double."deed.quiz.beans"',
         "deed is not in the scenario, did you mean 'deeds'?"),
    Case('"deeds.quiz.beans" = 40', "deeds.quiz.beans = 40", "designs.double.deeds.quiz",
         'is in the scenario already; change it by its path, for instance "deeds.quiz.beans" = …, '
         "or choose another name"),
    Case('"deeds.quiz.beans" = 40', '"scenario.users" = 40', 'designs.double."scenario.users"',
         "is fixed for all designs; give users and seed on the command line instead"),
    Case('"deeds.quiz.beans" = 40', '"designs.double" = 40', 'designs.double."designs.double"',
         "is a design itself; override settings of the scenario"),
    Case('"deeds.quiz.beans" = 40', '"deeds.quiz.beans" = -1', 'designs.double."deeds.quiz.beans"',
         "must not be negative"),
    Case('"deeds.quiz.beans" = 40', '"beans.fade" = 96', 'designs.double."beans.fade"',
         'needs a unit in quotes, for instance "24 h"'),
    Case('"deeds.quiz.beans" = 40', '"beans.ripen" = "48 h"', 'designs.double."beans.ripen"',
         "makes beans.fade wrong: it makes more than 4 days together with ripen (2 days); "
         "shorten one of them"),
    Case('"deeds.quiz.beans" = 40', '"channels.taobao.mix" = { quizz = 1 }',
         'designs.double."channels.taobao.mix".quizz', "is no deed of this scenario, did you mean 'quiz'?"),
    Case("[designs.double]", "[designs.base]", "designs.base",
         "is the name of the scenario without any design; choose another"),
]  # fmt: skip


@pytest.mark.parametrize(
    "case", [*VALUES, *MISSING, *CALENDAR, *TOGETHER, *DESIGNS], ids=lambda case: case.key
)
def test_a_mistake_is_told_with_its_line_and_alone(case: Case, load: Load) -> None:
    """One mistake yields exactly one message: file, line, key, what is wrong and what to do."""
    with pytest.raises(ScenarioError) as caught:
        load(case.text())
    told = str(caught.value)
    assert "\n" not in told
    assert told.startswith(case.message())


def test_phases_of_too_many_evenings_are_refused_with_the_first_that_is_too_many(load: Load) -> None:
    """Every day on which a phase begins or ends has a profile of its own, and there are 128 of these."""
    first = datetime(2022, 9, 5, tzinfo=timezone(timedelta(hours=8)))
    days = [first + timedelta(days=k) for k in range(130)]
    evenings = "".join(
        f"[phases.e{k}]\nstart = {(day + timedelta(hours=20)).isoformat()}\n"
        f"end = {(day + timedelta(hours=22)).isoformat()}\n"
        for k, day in enumerate(days)
    )
    with pytest.raises(
        ScenarioError, match=r"phases\.e128\.start: is one of more than 128 days on which phases begin"
    ):
        load(scenario_text("hello").replace('length = "3 days"', 'length = "140 days"') + evenings)


def test_the_sound_scenario_has_no_mistakes(load: Load) -> None:
    """The text that all cases above edit is itself accepted."""
    assert load(SOUND).deeds["quiz"].beans == 20


def test_all_mistakes_are_told_at_once(load: Load) -> None:
    """Mistakes of values, between settings and in designs are told together, by line, and nothing else."""
    cases = [
        next(c for c in group if c.key == key)
        for group, key in [
            (CALENDAR, "clock.fine[1].start"),
            (VALUES, "play.players_at_start"),
            (CALENDAR, "phases.second.start"),
            (VALUES, "beans.per_yaun"),
            (VALUES, "deeds.quiz.hours"),
            (TOGETHER, "channels.taobao.mix.quizz"),
            (MISSING, "pools.main.sponser"),
            (DESIGNS, 'designs.double."deeds.quiz.bean"'),
        ]
    ]
    text = SOUND
    for case in cases:
        text = text.replace(case.old, case.new)
    with pytest.raises(ScenarioError) as caught:
        load(text)
    expected = [f"bad.toml:{line_of(text, c.at)}: {c.key}: {c.problem}" for c in cases]
    assert str(caught.value).splitlines() == expected
    assert caught.value.exit_code == 2
