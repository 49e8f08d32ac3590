"""An incentive rule as one sentence, in Chinese or English: who, when, for what, what they get, and while what lasts.

One phrase for every condition, here, and one entry for every form, in `sim.reporting.forms`; a field of the noun
without words fails a test.
"""

from __future__ import annotations

from sim.reporting.forms import said_form
from sim.reporting.tongue import AND, Lang, Phrase, Tongue
from sim.scenario import Rule, Scenario
from sim.scenario.incentives import ANY, LIMITS, PAYS

OR = Phrase("或", "or")
ABOUT_DEEDS = (
    *PAYS,
    *LIMITS,
    "goal",
    "lottery",
    "rank",
    "share",
)  # forms that are about any deed, if none is named

WHO: dict[str, Phrase] = {
    "segment": Phrase("属于{names}", "in the segment {names}"),
    "city": Phrase("在{names}", "in {names}"),
    "channel": Phrase("来自{names}", "coming by {names}"),
    "cohort": Phrase("在分组的 {value:range} 百分位里", "in percentiles {value:range} of the cohorts"),
    "holder": Phrase("有公益慈善账户", "with the charity account"),
    "team": Phrase("在战队里", "in a team"),
    "joined_within": Phrase("开始玩不满 {value:duration}", "who are newcomers of {value:duration}"),
    "away_for": Phrase("离开至少 {value:duration}后回来", "back after {value:duration} or more"),
    "streak": Phrase("在连续第 {value:range} 天", "on day {value:range} in a row"),
    "minutes_from": Phrase("已有至少 {value:hours}", "with {value:hours} or more"),
    "minutes_below": Phrase("不到 {value:hours}", "with less than {value:hours}"),
}
NOT_SO = {
    "holder": Phrase("没有公益慈善账户", "without the charity account"),
    "team": Phrase("不在战队里", "in no team"),
}
TABLES = {"segment": "segments", "city": "cities", "channel": "channels"}
WHEN: dict[str, Phrase] = {
    "phase": Phrase("在“{value:phase}”阶段", "during the phase {value:phase}"),
    "start": Phrase("从 {value:instant} 起", "from {value:instant} on"),
    "end": Phrase("到 {value:instant} 为止", "until {value:instant}"),
    "weekdays": Phrase("每逢{value:weekdays}", "on {value:weekdays}"),
    "hours": Phrase("{value:clock}", "{value:clock} by the clock"),
    "first": Phrase("开始后的 {value:duration}内", "in the first {value:duration}"),
}


def says(scenario: Scenario, rule: Rule, lang: Lang) -> str:
    """A rule as one sentence."""
    tongue = Tongue(scenario, lang)
    whole = Phrase("{head}：{form}{budget}。", "{head}: {form}{budget}.")
    head = [said_who(tongue, rule), *said_when(tongue, rule), said_what(tongue, rule)]
    comma = "，" if lang == "zh" else ", "
    budget = Phrase(
        "；预算 {it:money} (按真实规模)，用完即止",
        "; until its budget of {it:money} (at real size) is spent",
    )
    return tongue.say(
        whole,
        head=comma.join(filter(None, head)),
        form=said_form(tongue, rule.form),
        budget="" if rule.budget is None else tongue.say(budget, it=rule.budget),
    )


def condition(tongue: Tongue, rule: Rule, path: str) -> str:
    """One condition in words: of "who.city" or "when.hours"."""
    part, name = path.split(".")
    value = getattr(getattr(rule, part), name)
    phrase = NOT_SO[name] if value is False else (WHO if part == "who" else WHEN)[name]
    names = tongue.labels(TABLES[name], value) if name in TABLES else ""
    return tongue.say(phrase, value=value, names=names)


def conditions(rule: Rule, part: str) -> list[str]:
    """The paths of the conditions that a rule names."""
    held = getattr(rule, part)
    return [f"{part}.{name}" for name in type(held).model_fields if getattr(held, name) not in (None, ())]


def said_who(tongue: Tongue, rule: Rule) -> str:
    """Whom a rule is for."""
    named = [condition(tongue, rule, path) for path in conditions(rule, "who")]
    if not named:
        return tongue.say(Phrase("所有人", "Everybody"))
    return tongue.say(Phrase("只给{all}的人", "Only people {all}"), all=tongue.listed(named, AND))


def said_when(tongue: Tongue, rule: Rule) -> list[str]:
    """When a rule holds, condition by condition."""
    return [condition(tongue, rule, path) for path in conditions(rule, "when")]


def said_what(tongue: Tongue, rule: Rule) -> str:
    """What a rule is about; nothing where any deed is meant and the form is not about deeds."""
    if rule.what == (ANY,) and rule.form.kind not in ABOUT_DEEDS:
        return ""
    names = [subject(tongue, name) for name in rule.what]
    return tongue.say(Phrase("做{names}", "for {names}"), names=tongue.listed(names, OR))


def subject(tongue: Tongue, name: str) -> str:
    """A deed by its label, or what else can be paid for."""
    if name in tongue.scenario.deeds:
        return tongue.label("deeds", name)
    return tongue.say(Phrase("{name:beside}", "{name:beside}"), name=name)
