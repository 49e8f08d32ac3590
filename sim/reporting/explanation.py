"""An explanation in words, line by line, and as plain values for programs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from sim.domain.holding import WHO
from sim.domain.paying import OWN, PAYING
from sim.loading.described import Described
from sim.reporting.explaining import Explanation, Paid
from sim.reporting.forms import said_form
from sim.reporting.saying import condition, conditions, says, subject
from sim.reporting.tongue import LANGS, Lang, Phrase, Tongue
from sim.scenario import Scenario
from sim.scenario.incentives import KINDS, LIMITS

FACTS: dict[str, tuple[str, Phrase]] = {  # of a person: the key it is said by, and what is so
    "segment": ("segment", Phrase("属于{v:segment}", "in the segment {v:segment}")),
    "city": ("city", Phrase("在{v:city}", "in {v:city}")),
    "channel": ("channel", Phrase("来自{v:channel}", "coming by {v:channel}")),
    "cohort": ("cohort", Phrase("在第 {v:count} 百分位", "in percentile {v:count}")),
    "holder": ("holder", Phrase("有公益慈善账户", "with the charity account")),
    "team": ("team", Phrase("在战队里", "in a team")),
    "joined_us": ("joined", Phrase("{v:duration}前开始玩", "joined {v:duration} ago")),
    "away_us": ("away", Phrase("离开了 {v:duration}", "away for {v:duration}")),
    "streak": ("streak", Phrase("在连续第 {v:count} 天", "on day {v:count} in a row")),
    "minutes": ("hours", Phrase("已有 {v:hours}", "with {v:hours}")),
}  # fmt: skip
NOT_SO = {
    "holder": Phrase("没有公益慈善账户", "without the charity account"),
    "team": Phrase("不在战队里", "in no team"),
    "away_us": Phrase("没有离开过", "never away"),
}

BEANS, HOURS = Phrase("{v:beans}", "{v:beans}"), Phrase("{v:hours}", "{v:hours}")
BARE = {BEANS: Phrase("{v:count}", "{v:count}"), HOURS: Phrase("{v:tenths}", "{v:tenths}")}
OTHERS = tuple(kind for kind in KINDS if kind not in (*PAYING, *LIMITS))
# What the rules that hold do, by their forms.
GROUPS: tuple[tuple[Phrase, tuple[str, ...]], ...] = (
    (
        Phrase("给多少，按这些规则的顺序算：", "Rules that make the pay, in the order they act:"),
        tuple(PAYING),
    ),
    (Phrase("然后受这些规则限制：", "Rules that then limit it:"), LIMITS),
    (Phrase("同时有效：", "Holds as well:"), OTHERS),
)
NOTHING = Phrase("没有", "nothing")


def fact(tongue: Tongue, described: Described, field: str) -> str:
    """What is so of somebody, or how to say it."""
    value, (key, phrase) = getattr(described.person, field), FACTS[field]
    if value is None:
        return tongue.say(Phrase("没说，请写 {key}=…", "not told, say {key}=…"), key=key)
    return tongue.say(NOT_SO[field] if not value and field in NOT_SO else phrase, v=value)


def told(explained: Explanation, tongue: Tongue) -> Iterator[str]:
    """The explanation, line by line."""
    yield from _who_and_when(explained, tongue)
    yield ""
    yield tongue.say(Phrase("今天做什么给多少：", "What pays how much today:"))
    for paid in explained.paid:
        yield f"  {_paid_line(explained, paid, tongue)}"
    for heading, kinds in GROUPS:
        names = [name for name, rule in explained.holding.items() if rule.form.kind in kinds]
        if names:
            yield ""
            yield tongue.say(heading)
            yield from (f"  {name}: {_why(explained, name, tongue)}" for name in names)
    if explained.near:
        yield ""
        yield tongue.say(Phrase("得不到的，以及差在哪里：", "Not paid, and what fails:"))
        for name, paths in explained.near.items():
            yield f"  {name}: {said_form(tongue, explained.scenario.rules[name].form)}"
            yield from (f"      {_failure(explained, name, path, tongue)}" for path in paths)


def noon_words(tongue: Tongue, scenario: Scenario) -> str:
    """What is said where nobody said when."""
    words = Phrase(
        "没说时间，就当第一个阶段第一天的中午。",
        "No time was said: noon of the first day of the first phase.",
    )
    alone = Phrase("没说时间，就当第一天的中午。", "No time was said: noon of the first day.")
    return tongue.say(words if scenario.phases else alone)


def rules_told(scenario: Scenario, langs: Iterable[Lang]) -> Iterator[str]:
    """Every rule in words, one sentence a language."""
    if not scenario.rules:
        none = Phrase(
            "这个场景没有规则：做什么就得什么本身的豆。", "No rules: every deed pays what it pays by itself."
        )
        yield from (Tongue(scenario, lang).say(none) for lang in langs)
    for name, rule in scenario.rules.items():
        yield f"{name}: {rule.why}" if rule.why else name
        yield from (f"  {says(scenario, rule, lang)}" for lang in langs)


def rules_as_dict(scenario: Scenario) -> dict[str, Any]:
    """Every rule in words, for programs."""
    return {
        "rules": [
            {"name": name, "why": rule.why, **{lang: says(scenario, rule, lang) for lang in LANGS}}
            for name, rule in scenario.rules.items()
        ]
    }


def _who_and_when(explained: Explanation, tongue: Tongue) -> Iterator[str]:
    described = explained.described
    so = [fact(tongue, described, field) for field in FACTS if field in described.told]
    somebody = Phrase("有人{so} · {at:instant}", "Somebody {so} · {at:instant}")
    yield tongue.say(somebody, so=tongue.row(so), at=explained.at)
    done = [
        f"{subject(tongue, deed)} {tongue.say(Phrase('{n:times}', '{n:times}'), n=times)}"
        for deed, times in described.done.items()
    ]
    if done:
        yield tongue.say(Phrase("今天已经做了：{all}", "Done today: {all}"), all=tongue.row(done))
    rest = [fact(tongue, described, field) for field in _asked(explained.scenario) if field not in described.told
            and getattr(described.person, field) is not None]  # fmt: skip
    if rest:
        yield tongue.say(
            Phrase("没说的，就当：{all}", "Not said, so taken for granted: {all}"), all=tongue.row(rest)
        )


def _asked(scenario: Scenario) -> list[str]:
    """What of a person any rule looks at."""
    asked = {
        WHO[path.partition(".")[2]][0] for rule in scenario.rules.values() for path in conditions(rule, "who")
    }
    asked |= {"streak" for rule in scenario.rules.values() if rule.form.streak is not None}
    return [field for field in FACTS if field in asked]


def _paid_line(explained: Explanation, paid: Paid, tongue: Tongue) -> str:
    """'quiz (for the 2nd time): 42 beans = 20 + 10 (evening) + 12 (streak)'."""
    head = subject(tongue, paid.deed)
    if paid.nth > 1:
        head += tongue.say(Phrase(" ({n:nth})", " (for the {n:nth} time)"), n=paid.nth)
    if paid.shut is not None:
        return f"{head}: {tongue.say(paid.shut)}"
    if paid.pay.closed:
        return f"{head}: {tongue.say(Phrase('{by} 今天到此为止', 'closed for today by {by}'), by=paid.pay.closed)}"
    steps = paid.pay.steps
    beans = _sum(tongue, BEANS, paid.pay.beans, [(step.rule, step.beans) for step in steps])
    hours = _sum(tongue, HOURS, paid.pay.minutes, [(step.rule, step.minutes) for step in steps])
    line = f"{head}: {tongue.row([beans, hours]) or tongue.say(NOTHING)}"
    if paid.pay.idle:
        line += tongue.say(
            Phrase("；这次不起作用：{all}", "; no part this time: {all}"), all=tongue.row(paid.pay.idle)
        )
    return line


def _sum(tongue: Tongue, amount: Phrase, total: int, steps: list[tuple[str, int]]) -> str:
    """'42 beans = 20 + 10 (evening) + 12 (streak)'; nothing of nothing, the amount alone of a sum of one."""
    by: dict[str, int] = {}
    for rule, value in steps:
        by[rule] = by.get(rule, 0) + value
    changed = [(rule, value) for rule, value in by.items() if value and rule != OWN]
    if not changed:
        return tongue.say(amount, v=total) if total else ""
    bare = BARE[amount]
    terms = [tongue.say(bare, v=by.get(OWN, 0))]
    terms += [
        f"{'−' if value < 0 else '+'} {tongue.say(bare, v=abs(value))} ({rule})" for rule, value in changed
    ]
    return f"{tongue.say(amount, v=total)} = {' '.join(terms)}"


def _why(explained: Explanation, name: str, tongue: Tongue) -> str:
    """What a rule gives, on which conditions that hold."""
    rule = explained.scenario.rules[name]
    held = [condition(tongue, rule, path) for part in ("who", "when") for path in conditions(rule, part)]
    gives = said_form(tongue, rule.form)
    return f"{gives} ({tongue.row(held)})" if held else gives


def _failure(explained: Explanation, name: str, path: str, tongue: Tongue) -> str:
    """'only for people who are newcomers of 7 days: joined 12 days ago'."""
    only = condition(tongue, explained.scenario.rules[name], path)
    part, _, what = path.partition(".")
    if part == "who":
        so = fact(tongue, explained.described, WHO[what][0])
        return tongue.say(Phrase("只给{only}的人：{so}", "only for people {only}: {so}"), only=only, so=so)
    now = Phrase("只限{only}：现在是 {at:instant}", "only {only}: it is {at:instant}")
    return tongue.say(now, only=only, at=explained.at)


# --- for programs -----------------------------------------------------------------------------------------------


def as_dict(explained: Explanation, tongue: Tongue) -> dict[str, Any]:
    """The explanation as plain values; amounts in beans and minutes."""
    return {
        "at": explained.at.isoformat(),
        "user": {field: getattr(explained.described.person, field) for field in FACTS},
        "said": [field for field in FACTS if field in explained.described.told],
        "done": dict(explained.described.done),
        "paid": [_paid(one, tongue) for one in explained.paid],
        "holding": list(explained.holding),
        "near": [
            {
                "rule": name,
                "failing": [{"condition": path, "words": _failure(explained, name, path, tongue)} for path in paths],
            }
            for name, paths in explained.near.items()
        ],
    }  # fmt: skip


def _paid(paid: Paid, tongue: Tongue) -> dict[str, Any]:
    return {
        "deed": paid.deed, "label": subject(tongue, paid.deed), "nth": paid.nth,
        "beans": paid.pay.beans, "minutes": paid.pay.minutes,
        "parts": [part._asdict() for part in paid.pay.parts],
        "steps": [step._asdict() for step in paid.pay.steps],
        "unchanged_by": list(paid.pay.idle), "closed_by": paid.pay.closed,
        "shut": tongue.say(paid.shut) if paid.shut is not None else "",
    }  # fmt: skip
