"""Every mistake in an incentive rule is told with its line, what is wrong, why, and what to do; all at once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from sim.errors import ScenarioError
from sim.kernel.rows import MATCH_TIERS, MAX_BADGES, MAX_COFUNDS, MAX_DEEDS, MAX_MATCHES, MAX_RULES, MAX_TIERS
from sim.loading.checks import MOST
from sim.loading.ruleforms import MOST_BADGES, MOST_MATCH_TIERS, MOST_OF, MOST_TIERS
from sim.scenario import Scenario

Load = Callable[[str], Scenario]
BASE = Path(__file__).with_name("rules.toml").read_text(encoding="utf-8")


@dataclass(frozen=True)
class Case:
    """A rule (or two) put behind the sound ones, and the one message it must yield.

    `at` is a piece of the rule's text on the line that the message must name, `key` what it names, below [rules].
    """

    rule: str
    key: str
    problem: str
    at: str

    @property
    def added(self) -> str:
        return f"[rules.mine]\n{self.rule}\n"

    def text(self) -> str:
        return f"{BASE}\n{self.added}"

    def message(self) -> str:
        assert self.added.count(self.at) == 1, self.at
        line = (BASE + "\n" + self.added[: self.added.index(self.at)]).count("\n") + 1
        return f"bad.toml:{line}: rules.{self.key}: {self.problem}"


QUIZ = 'what = "quiz"\n'
ADD = "form.add = 5"
FORM = [
    Case(QUIZ + "form.keeps = 0.5", "mine.form", "says nothing; write one of add, add_hours, times, ", "form.keeps"),
    Case(QUIZ + "form = { add = 5, times = 2.0 }", "mine.form.times",
         "stands beside add; one rule has one form, make two of it", "form ="),
    Case(QUIZ, "mine.form",
         "is missing; add a table [rules.mine.form] with one setting or more, such as add, add_hours, times",
         "[rules.mine]"),
    Case(QUIZ + "form.limit = 4", "mine.form.limit", "must lie between 1 and 3", "form.limit = 4"),
    Case(QUIZ + "form.ad = 5", "mine.form.ad", "is not a setting of [rules.mine.form], did you mean 'add'?", "form.ad"),
]  # fmt: skip
WHAT = [
    Case('what = "quizz"\n' + ADD, "mine.what", "is no deed of this scenario, did you mean 'quiz'?", '"quizz"'),
    Case('what = [\n"quiz",\n"stepz",\n]\n' + ADD, "mine.what[1]", "is no deed of this scenario, did you mean 'steps'?",
         '"stepz"'),
    Case('what = ["quiz", "quiz"]\n' + ADD, "mine.what[1]", "is named twice; remove one", "what = ["),
    Case("what = []\n" + ADD, "mine.what", "names nothing; name a deed, or leave it out for any", "what = []"),
    Case('what = ["quiz", "any"]\n' + ADD, "mine.what", 'says "any" beside others', "what = ["),
    Case('what = "quiz"\nform.match.pool = "main"', "mine.what",
         'cannot be "quiz" for match, which is about "gift"', "what ="),
    Case('what = "gift"\nform.cofund.pool = "orders"', "mine.what",
         'cannot be "gift" for cofund, which is about "order" or "pledge"', 'what = "gift"\nform.cofund.pool'),
    Case("form.cofund.pool = \"orders\"", "mine.what",
         'cannot be "any" for cofund, which is about "order" or "pledge"', "[rules.mine]"),
    Case('what = "order"\nform.refer.inviter = 10', "mine.what",
         'cannot be "order" for refer, which is about deeds or "gift" or "invite" or "any"', "what ="),
    Case('what = "order"\nform.limit = 1', "mine.what",
         'cannot be "order" for limit, which is about deeds or "gift" or "any"', 'what = "order"\nform.limit'),
    *(
        Case(f'what = "quiz"\nform.{form}', "mine.what", f'cannot be "quiz" for {kind}, which is about "any"', "what =")
        for kind, form in [("decay", "decay = 0.01"), ("price", "price = 50"), ("nudge", 'nudge.at = "20:00"'),
                           ("badges", 'badges.tiers = [{ label = "铜", hours = 1 }]')]
    ),
    Case('what = "pledge"\n' + ADD, "mine.what", 'cannot be "pledge" for add, which is about deeds', 'what = "pledge"'),
    Case('what = "bean_gift"\n' + ADD, "mine.what",
         'names bean_gift, whose effect = "bean_gift" spends beans and brings none; take it out', 'what = "bean_gift"'),
    Case('what = ["quiz", "redeem"]\nform.times = 2', "mine.what",
         'names redeem, whose effect = "redeem" spends beans and brings none; take it out', "what ="),
    Case('what = "share_news"\nform.add_hours = 1', "mine.what",
         "names share_news, which is worth no hours whatever a rule says; take it out", "what ="),
]  # fmt: skip
WHO = [
    Case(QUIZ + 'who.segment = "yung"\n' + ADD, "mine.who.segment",
         "is no segment of this scenario, did you mean 'young'?", "who.segment"),
    Case(QUIZ + 'who.city = ["hangzhou", "ningbo"]\n' + ADD, "mine.who.city[1]",
         "is no city of this scenario; use one of hangzhou, nowhere", "who.city = [\"hangzhou\", \"ningbo"),
    Case(QUIZ + 'who.channel = "taobo"\n' + ADD, "mine.who.channel",
         "is no channel of this scenario, did you mean 'taobao'?", "who.channel"),
    Case(QUIZ + 'who.city = "nowhere"\n' + ADD, "mine.who.city",
         "names nobody: share is 0 in [cities.nowhere]; raise it", 'who.city = "nowhere"'),
    Case(QUIZ + 'who.segment = "ghosts"\n' + ADD, "mine.who.segment",
         "names nobody: share is 0 in [segments.ghosts]; raise it", "who.segment"),
    Case(QUIZ + 'who.channel = "silent"\n' + ADD, "mine.who.channel",
         "names nobody: audience is 0 in [channels.silent]; raise it", "who.channel"),
    Case(QUIZ + 'who.cohort = "50-50 %"\n' + ADD, "mine.who.cohort",
         'must run upwards within 0 and 100, for instance "50-100 %"', "who.cohort"),
    Case(QUIZ + 'who.joined_within = "0 days"\n' + ADD, "mine.who.joined_within",
         'leaves nobody a newcomer; write it like "7 days"', "joined_within"),
    Case(QUIZ + 'who.away_for = "0 days"\n' + ADD, "mine.who.away_for", 'is no absence; write it like "5 days"',
         "away_for"),
    Case(QUIZ + 'who.away_for = "8 days"\n' + ADD, "mine.who.away_for",
         "is as long as the whole run (7 days): nobody comes back; shorten it", "away_for"),
    Case(QUIZ + 'who.streak = "5-9"\n' + ADD, "mine.who.streak",
         "goes beyond 7: longer streaks count as 7 days; use at most that", "streak"),
    Case(QUIZ + "who = { minutes_from = 3, minutes_below = 3 }\n" + ADD, "mine.who.minutes_below",
         "leaves nobody: it is not above minutes_from; raise it", "who ="),
    Case(QUIZ + "who.minutes_below = 0\n" + ADD, "mine.who.minutes_below",
         "leaves nobody: it is not above minutes_from; raise it", "minutes_below"),
    Case(QUIZ + 'who = { joined_within = "2 days", streak = "4-7" }\n' + ADD, "mine.who.streak",
         "takes longer than joined_within lasts: that is 3 days of the calendar at most; lower one or raise the other",
         "who ="),
    Case(QUIZ + 'who = { joined_within = "2 days", away_for = "3 days" }\n' + ADD, "mine.who.away_for",
         "excludes joined_within: who joined so lately has not been away so long; shorten it", "who ="),
    Case(QUIZ + 'who = { away_for = "3 days", streak = "2-7" }\n' + ADD, "mine.who.streak",
         "excludes away_for: who was away begins a streak anew; drop one of them", "who ="),
    Case('what = "gift"\nwho.segment = "minors"\n' + ADD, "mine.who",
         "names minors only, and gift is for adults; name another segment or another deed", "who.segment"),
    Case('what = "training"\nwho.holder = false\n' + ADD, "mine.who",
         "leaves out holders of the account, whom training is for; drop holder = false", "who.holder"),
]  # fmt: skip
WHEN = [
    Case(QUIZ + 'when.phase = "frst"\n' + ADD, "mine.when.phase", "is no phase of this scenario, did you mean 'first'?",
         "when.phase"),
    Case(QUIZ + "when.start = 2022-09-08T00:00:00+08:00\nwhen.end = 2022-09-07T00:00:00+08:00\n" + ADD, "mine.when.end",
         "is not after the rule's start; give a later end", "when.end"),
    Case(QUIZ + "when.start = 2022-09-12T00:00:00+08:00\n" + ADD, "mine.when.start",
         "is after the scenario ends; use an earlier instant", "when.start"),
    Case(QUIZ + "when.end = 2022-09-05T00:00:00+08:00\n" + ADD, "mine.when.end",
         "is before the scenario starts; use a later instant", "when.end"),
    Case(QUIZ + 'when = { phase = "first", start = 2022-09-08T00:00:00+08:00 }\n' + ADD, "mine.when.start",
         "leaves no time together with the other times of the rule; make them overlap", "when ="),
    Case(QUIZ + 'when.first = "30 s"\n' + ADD, "mine.when.first",
         "counts from nothing; name a phase or a start beside it", "when.first"),
    Case(QUIZ + 'when = { phase = "first", first = "0 s" }\n' + ADD, "mine.when.first",
         'leaves no time at all; write it like "30 s"', "when ="),
    Case(QUIZ + 'when = { phase = "first", weekdays = ["Sat", "Sun"] }\n' + ADD, "mine.when.weekdays",
         "do not come while the rule could hold; name other days, or give it more time", "when ="),
    Case(QUIZ + 'when = { phase = "second", first = "2 h", hours = "18:00-22:00" }\n' + ADD, "mine.when.hours",
         "do not come while the rule could hold; name other hours, or give it more time", "when ="),
    Case(QUIZ + 'when = { phase = "second", weekdays = ["Fri"], hours = "12:00-23:00" }\n' + ADD, "mine.when.hours",
         "do not come while the rule could hold; name other hours, or give it more time", "when ="),
    Case(QUIZ + 'when.weekdays = ["Sunday"]\n' + ADD, "mine.when.weekdays[0]", 'must be one of "Mon", "Tue", ',
         "weekdays"),
    Case(QUIZ + 'when.hours = "6 to 8"\n' + ADD, "mine.when.hours",
         'is not a stretch of the day; write it like "18:00-22:00"', "when.hours"),
]  # fmt: skip
MODIFIERS = [
    Case(QUIZ + "form = { cap = 50, each = 2 }", "mine.form.each",
         "does nothing beside cap: it goes with add, add_hours, times", "form ="),
    Case(QUIZ + 'form = { add = 5, of = "hours" }', "mine.form.of", "does nothing beside add: it goes with times",
         "form ="),
    Case(QUIZ + 'form = { limit = 1, per = "week" }', "mine.form.per",
         "does nothing beside limit: it goes with tiers, ", "form ="),
    Case(QUIZ + 'form = { add = 5, per = "week" }', "mine.form.per",
         "does nothing: add counts only with each; add it or drop this", "form ="),
    Case(QUIZ + "form = { cap = 50, keeps = 0.2 }", "mine.form.keeps",
         "does nothing beside cap: it goes with fading_cap", "form ="),
    Case(QUIZ + 'form = { tiers = [{ start = 1, beans = 5 }], later = "2 days" }', "mine.form.later",
         "does nothing beside tiers: it goes with add, add_hours, times", "form ="),
    Case(QUIZ + "form = { add = 5, each = 1 }", "mine.form.each",
         "does nothing: every one is every one; drop it or raise it", "form ="),
    Case('form = { goal = { beans = 50 }, per = "week" }', "mine.form.per",
         "does nothing: a goal of beans is held at once; drop it", "form ="),
    Case(QUIZ + "form.goal.beans = 50", "mine.what",
         "does nothing: a goal of beans counts all that is held; leave it out, or count deeds", "what ="),
]  # fmt: skip
STEPS = [
    Case(QUIZ + "form.tiers = [{ start = 1, beans = 5 }, { start = 1, beans = 9 }]", "mine.form.tiers[1].start",
         "must be above that of the one before: tiers may not overlap; sort them", "form.tiers"),
    Case(QUIZ + "form.tiers = [\n{ start = 2, beans = 5 },\n{ start = 1, beans = 9 },\n]", "mine.form.tiers[1].start",
         "must be above that of the one before: tiers may not overlap; sort them", "{ start = 1, beans = 9 }"),
    Case("form.streak.steps = [{ day = 3, times = 1.2 }, { day = 3, times = 1.5 }]", "mine.form.streak.steps[1].day",
         "must be above that of the one before: steps may not overlap; sort them", "form.streak"),
    Case('form.badges.tiers = [{ label = "铜", hours = 3 }, { label = "银", hours = 3 }]',
         "mine.form.badges.tiers[1].hours", "must be above that of the one before: tiers may not overlap; sort them",
         "form.badges"),
    Case('form.badges.tiers = [{ label = "铜", hours = 3 }, { label = "铜", hours = 4 }]',
         "mine.form.badges.tiers[1].label", "is the label of another tier too; give each its own", "form.badges"),
    Case('form.badges.tiers = [{ label = " ", hours = 3 }]', "mine.form.badges.tiers[0].label",
         "is blank; write what people should read", "form.badges"),
    Case("form.streak.steps = []", "mine.form.streak.steps", "has no steps; write at least one", "form.streak"),
    Case("form.badges.tiers = []", "mine.form.badges.tiers", "has no tiers; write at least one", "form.badges"),
    Case("form.streak.steps = [{ day = 8, times = 1.2 }]", "mine.form.streak.steps[0].day",
         "must lie between 1 and 7", "form.streak"),
]  # fmt: skip
NOTHING = [
    Case(QUIZ + "form.times = 1", "mine.form.times", "changes nothing: times 1 is what it was", "form.times = 1"),
    Case(QUIZ + "form = { fading_cap = 50, keeps = 1 }", "mine.form.keeps", "cuts nothing: all of it is kept",
         "form ="),
    Case(QUIZ + "form = { fading_cap = 50, keeps = 0 }", "mine.form.keeps",
         "keeps nothing, which is a plain cap; write cap instead of fading_cap", "form ="),
    Case("form.streak.steps = [{ day = 2, times = 1 }]", "mine.form.streak.steps", "change nothing: all are times 1",
         "form.streak"),
    Case('what = "invite"\nform.refer = {}', "mine.form.refer", "pays nobody; give beans to the inviter", "form.refer"),
]  # fmt: skip
GOALS = [
    Case(QUIZ + "form.goal.prize = 100", "mine.form.goal", "says not what to reach; give deeds or beans", "form.goal"),
    Case("form.goal = { deeds = 3, beans = 50 }", "mine.form.goal.beans",
         "stands beside deeds; a goal is one of them, make two rules of it", "form.goal"),
    Case("form.goal = { beans = 100, head_start = 100 }", "mine.form.goal.head_start", "must be below the goal (100)",
         "form.goal"),
    Case(QUIZ + "form = { each = 3, times = 2 }", "mine.form.each",
         "is never reached: rules.twice allows 2 times a day; lower it or raise that", "form ="),
    Case(QUIZ + 'form = { goal = { deeds = 20, prize = 9 }, per = "week" }', "mine.form.goal.deeds",
         "is never reached: rules.twice allows 14 times a week; lower it or raise that", "form ="),
    Case(QUIZ + "form.tiers = [{ start = 1, beans = 5 }, { start = 3, beans = 9 }]", "mine.form.tiers[1].start",
         "is never reached: rules.twice allows 2 times a day; lower it or raise that", "form.tiers"),
]  # fmt: skip
POT = 'budget = "10 yuan"\n'
MONEY = [
    Case(POT + QUIZ + 'form.lottery = { chance = 0.01, money = "20 yuan" }', "mine.form.lottery.money",
         "is more than the pot (10 yuan): it could not be paid; raise the budget", "form.lottery"),
    Case(POT + QUIZ + 'form.lottery = { winners = 6, money = "2 yuan" }', "mine.form.lottery.money",
         "is more than the pot for 6 winners (10 yuan): it could not be paid; raise the budget", "form.lottery"),
    Case(POT + QUIZ + "form.lottery = { winners = 6, beans = 200 }", "mine.form.lottery.beans",
         "is more than the pot for 6 winners (10 yuan): it could not be paid; raise the budget", "form.lottery"),
    Case(QUIZ + 'form.lottery = { chance = 0.01, money = "20 yuan" }', "mine.form.lottery.money",
         'has no pot; add budget = "10000 yuan" to the rule, at real size', "form.lottery"),
    Case(POT + QUIZ + 'form.lottery = { chance = 0.01, money = "2 yuan", beans = 5 }', "mine.form.lottery.beans",
         "stands beside money; keep one of them", "form.lottery"),
    Case(QUIZ + "form.lottery.chance = 0.01", "mine.form.lottery", "says not what to win; give money or beans",
         "form.lottery"),
    Case(QUIZ + "form.lottery.beans = 100", "mine.form.lottery", "says not how to draw; give chance or winners",
         "form.lottery"),
    Case(QUIZ + "form.lottery = { chance = 0.1, winners = 3, beans = 5 }", "mine.form.lottery.winners",
         "stands beside chance; keep one of them", "form.lottery"),
    *(
        Case(f"{POT}{what}form.{form}", "mine.budget", f"is never spent: {kind} pays nobody beans or money; remove it",
             "budget =")
        for kind, what, form in [
            ("limit", 'what = "share_news"\n', "limit = 1"), ("cap", QUIZ, "cap = 50"),
            ("fading_cap", QUIZ, "fading_cap = 50"),
            ("nudge", "", 'nudge.at = "20:00"'), ("price", "", "price = 50"), ("decay", "", "decay = 0.01"),
            ("badges", "", 'badges.tiers = [{ label = "铜", hours = 1 }]'), ("goal", "", "goal.beans = 50"),
            ("times", QUIZ, "times = 0.5"), ("add_hours", QUIZ, "add_hours = 0.1"),
        ]
    ),
    Case('budget = "0 yuan"\n' + QUIZ + ADD, "mine.budget", "is spent before the rule begins; raise it", "budget ="),
    Case(POT + 'form.rank.money = "500 yuan"', "mine.budget", "is less than what the best share (500 yuan); raise it",
         "budget ="),
    Case('what = "gift"\nform.match.pool = "man"', "mine.form.match.pool",
         "is no pool of this scenario, did you mean 'main'?", "form.match.pool ="),
    Case('what = "gift"\nform.match.pool = "beans"', "mine.form.match.pool",
         'is a pool for beans; name one with serves = "gifts"', "form.match.pool ="),
    Case('what = "order"\nform.cofund.pool = "main"', "mine.form.cofund.pool",
         'is a pool for gifts; name one with serves = "orders"', "form.cofund.pool ="),
    Case('what = "gift"\nform.match = { pool = "main", cause = "educaton" }', "mine.form.match.cause",
         'must be one of "education", "illness", "poverty", "environment", did you mean \'education\'?', "educaton"),
]  # fmt: skip
LARGE = "is too large; use at most 60000 beans"
LARGER = "is too large; use at most 21474836.47 yuan"
AMOUNTS = [
    *(
        Case(f"{what}form.{form}", f"mine.form.{key}", LARGE, "60_001")
        for what, form, key in [
            (QUIZ, "add = 60_001", "add"),
            (QUIZ, "tiers = [{ start = 1, beans = 60_001 }]", "tiers[0].beans"),
            ("", "goal.beans = 60_001", "goal.beans"), ("", "goal = { beans = 9, prize = 60_001 }", "goal.prize"),
            (QUIZ, "lottery = { chance = 0.1, beans = 60_001 }", "lottery.beans"),
            (QUIZ, "share = { deeds = 9, beans = 60_001 }", "share.beans"),
            ('what = "invite"\n', "refer.inviter = 60_001", "refer.inviter"),
            ('what = "invite"\n', "refer.invitee = 60_001", "refer.invitee"),
        ]
    ),
    *(
        Case(f"{QUIZ}form.{key} = 524_288", f"mine.form.{key}", "is too large; use at most 524287 beans", "524_288")
        for key in ("cap", "fading_cap")
    ),
    Case("form.price = 10_001", "mine.form.price", "is too large; use at most 10000 beans for a yuan", "form.price"),
    Case('what = "order"\nwho.segment = "minors"\nform.cofund = { pool = "orders", most = "30_000_000 yuan" }\n'
         '[rules.orders_cofund.who]\nsegment = "young"', "mine.form.cofund.most", LARGER, "30_000_000"),
]  # fmt: skip
IDLE = "does nothing here: it acts only with "
ELSEWHERE = [
    Case(
        'what = "share_news"\nform.times = 2', "mine.form.times", IDLE + "something to multiply", "form.times"
    ),
    Case('what = "share_news"\nform.cap = 20', "mine.form.cap", IDLE + "beans to cut", "form.cap"),
]
CLASHES = [
    Case(QUIZ + "form.limit = 3", "mine.form.limit",
         "contradicts rules.twice, which limits the same people to 2 a day; keep one of them", "form.limit = 3"),
    Case(QUIZ + "form.limit = 2", "mine.form.limit",
         "contradicts rules.twice, which limits the same people to 2 a day; keep one of them",
         "form.limit = 2"),
    Case("form.price = 50\n[rules.two]\nform.price = 60", "two.form.price",
         "contradicts rules.mine, which sets another one for the same people at the same time; ", "form.price = 60"),
    Case("form.decay = 0.01\n[rules.two]\nwho.team = true\nform.decay = 0.02", "two.form.decay",
         "contradicts rules.mine, which sets another one for the same people at the same time; ", "form.decay = 0.02"),
    Case('what = "gift"\nform.match = { pool = "main", ratio = 2 }', "mine.form.match",
         "never pays: rules.main_match stands before it and pays all that it would from the same pool; ",
         "form.match ="),
    Case(QUIZ + "form.add = 7\n[rules.two]\n" + 'what = ["quiz"]\n' + "form.times = 0", "two.form.times",
         "pays nothing for what rules.mine adds to, for the same people at the same time; ", "form.times"),
    Case(QUIZ + "form.times = 0\n[rules.two]\n" + 'what = ["quiz"]\n' + "form.add = 7", "two.form.add",
         "adds to what rules.mine sets to nothing, for the same people at the same time; ", "form.add = 7"),
    Case('why = "once"\n' + QUIZ + "form.add = 7\n[rules.two]\n" + 'why = "again"\nwhat = ["quiz"]\nform.add = 7',
         "two", "says the same as rules.mine; remove one of them", "[rules.two]"),
    Case('what = "steps"\nform.tiers = [{ start = 1, beans = 5 }]', "mine.form.tiers",
         "replace all that rules.local pays; let rules.local stand after them, or remove it", "form.tiers"),
]  # fmt: skip
EVERY = [
    *FORM,
    *WHAT,
    *WHO,
    *WHEN,
    *MODIFIERS,
    *STEPS,
    *NOTHING,
    *GOALS,
    *MONEY,
    *AMOUNTS,
    *ELSEWHERE,
    *CLASHES,
]


def mistakes(text: str, load: Load) -> list[str]:
    with pytest.raises(ScenarioError) as caught:
        load(text)
    return str(caught.value).splitlines()


@pytest.mark.parametrize("case", EVERY, ids=lambda case: f"{case.key}-{case.problem[:24]}")
def test_a_mistake_in_a_rule_is_told_with_its_line_and_alone(case: Case, load: Load) -> None:
    """One mistake yields exactly one message: file, line, key, what is wrong and what to do."""
    told = mistakes(case.text(), load)
    assert len(told) == 1, told
    assert told[0].startswith(case.message())


def test_the_sound_rules_have_no_mistakes(load: Load) -> None:
    """The text behind which all cases above stand is itself accepted."""
    assert list(load(BASE).rules) == ["twice", "local", "main_match", "orders_cofund"]


def test_all_mistakes_in_rules_are_told_at_once(load: Load) -> None:
    """Those of values, within a rule and between rules, by line."""
    cases = [WHAT[0], WHO[1], WHEN[7], STEPS[2], MODIFIERS[0], MONEY[0], FORM[3]]
    text = BASE
    keys = []
    for i, case in enumerate(cases):
        text += f"\n[rules.r{i}]\n{case.rule}\n"
        keys.append(f"rules.{case.key.replace('mine', f'r{i}', 1)}")
    assert [line.split(": ")[1] for line in mistakes(text, load)] == keys


SOUND = [
    # 0 switches a rule off, as everywhere
    'what = "quiz"\nform.add = 0',
    "form.decay = 0",
    'form.rank.money = "0 yuan"',
    # what looks like a contradiction and is none
    'what = "quiz"\nwho.segment = "minors"\nform.limit = 1',  # stricter for some
    'what = "gift"\nwhen.phase = "second"\nform.match = { pool = "main", ratio = 2 }\n'
    '[rules.main_match.when]\nphase = "first"',
    'form.price = 50\nwho.cohort = "0-50 %"\n[rules.two]\nform.price = 60\nwho.cohort = "50-100 %"',
    'form.price = 50\nwhen.weekdays = ["Sat"]\n[rules.two]\nform.price = 60\nwhen.weekdays = ["Sun"]',
    'form.price = 50\nwhen.hours = "22:00-2:00"\n[rules.two]\nform.price = 60\nwhen.hours = "2:00-22:00"',
    'form.decay = 0.1\nwho.holder = true\n[rules.two]\nform.decay = 0.2\nwho.holder = false',
    'form.decay = 0.1\nwho.minutes_below = 3\n[rules.two]\nform.decay = 0.2\nwho.minutes_from = 3',
    'form.decay = 0.1\nwho.streak = "1-3"\n[rules.two]\nform.decay = 0.2\nwho.streak = "4-7"',
    'form.decay = 0.1\nwho.joined_within = "2 days"\n[rules.two]\nform.decay = 0.2\nwho.away_for = "2 days"',
    'what = "quiz"\nform.times = 0\n[rules.two]\nwhat = "training"\nform.add = 7',
    'what = "share_news"\nform.add = 7\n[rules.two]\nwhat = "share_news"\nform.times = 2',  # something to multiply
    'what = "gift"\nform.match = { pool = "main", ratio = 2 }\n[rules.main_match.who]\ncohort = "0-30 %"',  # the rest
    'what = "gift"\nform.match = { pool = "main", ratio = 2 }\n[rules.main_match.when]\nhours = "8:00-9:00"',
    # what looks impossible and can happen
    'what = "quiz"\nwho = { joined_within = "2 days", streak = "3" }\nform.add = 5',
    'what = "quiz"\nwhen = { phase = "second", weekdays = ["Fri"], hours = "22:00-2:00" }\nform.add = 5',
    'what = "quiz"\nwho = { away_for = "3 days", streak = "2-7" }\nform.add = 5\n'
    "[rules.kept]\nform.streak = { repairs = 2, steps = [{ day = 2, times = 1.5 }] }",
    'what = ["quiz", "steps"]\nform = { each = 4, times = 2 }',  # two of each
    'what = "quiz"\nform = { each = 3, times = 2, per = "week" }',
    'what = "quiz"\nwho = { segment = ["minors", "ghosts"] }\nform.add = 5',
]  # fmt: skip


# What a product team thinks of, each in a few lines.
IDEAS = {
    "double beans in some evenings":
        'what = "quiz"\nwhen.hours = "18:00-22:00"\nwhen.weekdays = ["Mon", "Tue", "Wed", "Fri"]\nform.times = 2',
    "newcomers in their first days": 'what = "quiz"\nwho.joined_within = "7 days"\nform.times = 2',
    "every third one double": 'what = "training"\nform = { each = 3, times = 2 }',
    "declining tiers": 'what = "training"\nform.tiers = [{ start = 1, beans = 20 }, { start = 4, beans = 5 }]',
    "a streak with one repair":
        "form.streak = { repairs = 1, steps = [{ day = 3, times = 1.2 }, { day = 7, times = 1.5 }] }",
    "a lottery": 'what = "quiz"\nbudget = "10000 yuan"\nform.lottery = { chance = "1 %", money = "20 yuan" }',
    "a referral": "form.refer = { inviter = 100, invitee = 100 }",
    "a threshold of a team": 'what = "steps"\nform.share = { deeds = 100, beans = 50 }',
    "ten best teams": 'form.rank = { places = 10, money = "50_000 yuan" }',
    "a match by size":
        'what = "gift"\nwhen.phase = "second"\n'
        'form.match = { pool = "main", tiers = [{ above = "1 yuan", ratio = 1 }, { above = "9 yuan", ratio = 0.5 }] }\n'
        '[rules.main_match.when]\nphase = "first"',
    "the first gift":
        'what = "gift"\nwhen.phase = "second"\nform.match = { pool = "main", ratio = 2, first = true }\n'
        '[rules.main_match.when]\nphase = "first"',
    "doubled pledges":
        'what = "order"\nwho.segment = "minors"\nform.cofund = { pool = "orders", above = "0.05 yuan" }\n'
        '[rules.orders_cofund.who]\nsegment = "young"',
    "badges":
        'form.badges = { public = true, tiers = [{ label = "铜", hours = 3 }, { label = "银", hours = 10 }] }',
    "a nudge": 'form.nudge = { at = "20:00", weekly = 3, streak_breaks = true }',
    "win-back": 'who.away_for = "5 days"\nform.times = 2',
    "half of the users": 'what = "quiz"\nwho.cohort = "0-50 %"\nform.add = 5',
    "one city": 'what = "quiz"\nwho.city = "hangzhou"\nform.add = 5',
    "decay": 'form.decay = "1 %"',
    "orders that bring beans": 'what = "order"\nwhen = { phase = "second", hours = "12:00-24:00" }\nform.add = 5',
    "beans that are worth more on Saturdays": 'when.weekdays = ["Sat"]\nform.price = 50',
}  # fmt: skip


@pytest.mark.parametrize("idea", IDEAS)
def test_an_idea_is_a_few_lines(idea: str, load: Load) -> None:
    """In the scenario, and as a rule that a design adds."""
    rule = load(f"{BASE}\n[rules.mine]\n{IDEAS[idea]}\n").rules["mine"]
    assert len(rule.form.kinds) == 1
    if "[rules." not in IDEAS[idea]:
        assert list(load(f"{BASE}\n[designs.one.rules.mine]\n{IDEAS[idea]}\n").designs) == ["one"]


@pytest.mark.parametrize("rule", SOUND)
def test_what_only_looks_wrong_is_accepted(rule: str, load: Load) -> None:
    """Rules for other people, at other times or about other deeds go together; what can happen may be written."""
    assert "mine" in load(f"{BASE}\n[rules.mine]\n{rule}\n").rules


def test_what_is_closed_is_told_at_the_rule(load: Load) -> None:
    """Without the account nobody holds one, without teams nobody is in one."""
    text = (
        BASE
        + f"\n[rules.h]\n{QUIZ}who.holder = true\n{ADD}\n[rules.t]\n{QUIZ}who.team = true\nform.add = 6\n"
    )
    for section in ("[teams]\nopen = true\n", "[account]\nopen = true\n"):
        text = text.replace(section, "")
    for deed in ("join_team", "account", "training"):
        begin = text.index(f"[deeds.{deed}]")
        text = text[:begin] + text[text.index("\n\n", begin) + 2 :]
    told = [line.split(": ", 1)[1] for line in mistakes(text, load)]
    assert told == [
        f"rules.h: {IDLE}open = true in [account], as it is for who holds one; see to that or remove it",
        f'rules.t: {IDLE}open = true in [teams] and a deed with effect = "team", as it is for who is in one; see to'
        " that or remove it",
    ]


def test_what_never_happens_is_told_at_the_rule(load: Load) -> None:
    """Invitations where nobody invites, matches where nobody gives, and a city that no rule names."""
    text = BASE.replace("invite_recruits = 0.1", "invite = 0.0").replace(
        'who.city = ["hangzhou", "nowhere"]\n', ""
    )
    text += '\n[rules.thanks]\nwhat = "invite"\nform.add = 3\n'
    told = mistakes(text, load)
    assert [line.split(": ")[1] for line in told] == ["cities.hangzhou", "cities.nowhere", "rules.thanks"]
    assert f"{IDLE}a rule that names this city in who; see to that or remove it" in told[0]


def test_rules_and_cities_have_names_and_room(load: Load) -> None:
    """As many as the kernel can hold, and names that can be written in a dotted path."""
    assert (MOST["rules"], MOST["cities"], MOST_TIERS) == (MAX_RULES, MAX_DEEDS, MAX_TIERS)
    many = "".join(f"\n[rules.r{i}]\n{QUIZ}form.add = {i + 1}\n" for i in range(MAX_RULES))
    told = mistakes(BASE + many, load)
    assert [line.split(": ", 1)[1] for line in told] == [
        f"rules.r{MAX_RULES - 4}: is the {MAX_RULES + 1}th of {MAX_RULES + 4} rules; keep at most {MAX_RULES}"
    ]
    told = mistakes(BASE + f'\n[rules."a b"]\n{QUIZ}{ADD}\n', load)
    assert "is not a name; use letters, digits, - and _ only" in told[0]


def test_tiers_of_all_rules_have_room(load: Load) -> None:
    """They stand in one table; the rule that is too much is told."""
    tiers = ", ".join(f"{{ start = {k + 1}, beans = 5 }}" for k in range(MAX_TIERS // 2))
    rules = "".join(
        f'\n[rules.r{i}]\nwhat = "training"\nwho.cohort = "{i}-{i + 1} %"\n'
        f'form = {{ per = "ever", tiers = [{tiers}] }}\n'
        for i in range(3)
    )
    told = mistakes(BASE + rules, load)
    assert len(told) == 1
    assert "rules.r2.form.tiers: makes 144 tiers and steps of all rules together; keep at most 96" in told[0]


def test_badges_have_room(load: Load) -> None:
    """So many tiers of all rules together, and so many of one; they stand in the table of tiers as all others."""
    assert MOST_BADGES == MAX_BADGES

    def badges(name: str, count: int) -> str:
        tiers = ", ".join(f'{{ label = "{k}", hours = {k + 1} }}' for k in range(count))
        return f"\n[rules.{name}]\nform.badges.tiers = [{tiers}]\n"

    most = badges("one", MAX_BADGES)
    load(BASE + most)
    line = (BASE + most + badges("two", 1)).count("\n")
    assert mistakes(BASE + most + badges("two", 1), load) == [
        f"bad.toml:{line}: rules.two.form.badges: makes 9 tiers of all badges together; keep at most 8"
    ]
    assert "rules.one.form.badges: makes 9 tiers of all badges" in mistakes(BASE + badges("one", 9), load)[0]
    tiers = ", ".join(f"{{ start = {k + 1}, beans = 5 }}" for k in range(MAX_TIERS - MAX_BADGES + 1))
    full = f'\n[rules.many]\nwhat = "training"\nform = {{ per = "ever", tiers = [{tiers}] }}\n'
    told = mistakes(BASE.replace(BASE[BASE.index("[rules.") :], full + most), load)
    assert (
        "rules.one.form.badges: makes 97 tiers and steps of all rules together; keep at most 96" in told[-1]
    )


def test_promises_of_sponsors_have_room(load: Load) -> None:
    """So many rules that match, and that add to pledges; so many tiers of one match."""
    assert {"match": MAX_MATCHES, "cofund": MAX_COFUNDS} == MOST_OF
    assert MOST_MATCH_TIERS == MATCH_TIERS
    for kind, what, pool in (("match", "gift", "main"), ("cofund", "order", "orders")):
        rules = "".join(
            f'\n[rules.r{i}]\nwhat = "{what}"\nwho.cohort = "{i}-{i + 1} %"\nform.{kind} = {{ pool = "{pool}" }}\n'
            for i in range(MOST_OF[kind] + 1)
        )
        told = mistakes(BASE.replace(BASE[BASE.index("[rules.main_match]") :], rules), load)
        assert [line.split(": ", 1)[1] for line in told if "match" in line or "cofund" in line][-1] == (
            f"rules.r{MOST_OF[kind]}.form.{kind}: is the {MOST_OF[kind] + 1}th rule with {kind}; "
            f"keep at most {MOST_OF[kind]}"
        )


def test_cities_are_parts_of_all_users(load: Load) -> None:
    """Together at most all."""
    told = mistakes(
        BASE.replace('label = "无人"\nshare = 0\n\n[pools', 'label = "无人"\nshare = 0.7\n\n[pools'), load
    )
    assert len(told) == 1
    assert "cities.nowhere.share: makes 1.1 of all users together with the cities before it" in told[0]
