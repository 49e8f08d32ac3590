"""What differs between two scenarios, in words: rules first, then other settings; the verdict before all."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sim.loading.differing import Difference, Mark, differences, spec_of
from sim.loading.lines import spelled
from sim.loading.shape import place_of
from sim.reporting.forms import ENTRIES, said_form
from sim.reporting.names import AT_REAL_SIZE, NAMES
from sim.reporting.saying import says
from sim.reporting.tongue import READ, Phrase, Tongue
from sim.scenario import Rule, Scenario, Settings
from sim.spans import SECOND

RULES = "rules"
CHANGES = {
    "added": Phrase("新增", "added"),
    "removed": Phrase("去掉", "removed"),
    "changed": Phrase("改动", "changed"),
}


@dataclass(frozen=True)
class Compared:
    """Two scenarios and all that differs between them: rules by name, their order, other settings."""

    a: Scenario
    b: Scenario
    rules: dict[str, list[Difference]] = field(default_factory=dict)
    order: Difference | None = None
    settings: list[Difference] = field(default_factory=list)

    @property
    def differ(self) -> bool:
        """Whether anything does."""
        return bool(self.rules or self.order or self.settings)


def compare(a: Scenario, b: Scenario) -> Compared:
    """What differs between two scenarios."""
    rules: dict[str, list[Difference]] = {}
    order, settings = None, []
    for one in differences(a, b):
        if one.path[0] != RULES:
            settings.append(one)
        elif one.path == (RULES,):
            order = one
        else:
            rules.setdefault(str(one.path[1]), []).append(one)
    return Compared(a, b, rules, order, settings)


def verdict(compared: Compared, tongue: Tongue) -> str:
    """How much differs, in one line."""
    if not compared.differ:
        return tongue.say(Phrase("没有不同。", "Nothing differs."))
    rules, settings = len(compared.rules), len(compared.settings)
    of_rules = Phrase("{n} 条规则不同", f"{{n}} rule{' differs' if rules == 1 else 's differ'}")
    of_settings = Phrase("{n} 项其他设置不同", f"{{n}} setting{'s' * (settings != 1)}")
    same = Phrase("规则都一样", "No rule differs")
    said = [tongue.say(of_rules if rules else same, n=rules), tongue.say(of_settings, n=settings)]
    if compared.order is not None:
        said.append(tongue.say(Phrase("规则的顺序不同", "and the order of the rules")))
    return tongue.say(Phrase("{all}。", "{all}."), all=tongue.row(said))


def told(compared: Compared, tongue: Tongue) -> Iterator[str]:
    """All of it, line by line, the verdict first."""
    yield verdict(compared, tongue)
    for name, found in compared.rules.items():
        lines = list(rule_words(compared, name, found, tongue))
        change = found[0].change if len(found[0].path) == 2 else "changed"
        yield ""
        yield f"{RULES}.{name}: {tongue.say(CHANGES[change])}"
        yield from (f"  {line}" for line in lines)
    if compared.order is not None:
        yield ""
        yield order_words(compared.order, tongue)
    if compared.settings:
        yield ""
        yield tongue.say(Phrase("其他设置：", "Other settings:"))
        yield from (f"  {setting_words(one, tongue)}" for one in compared.settings)


def rule_words(compared: Compared, name: str, found: list[Difference], tongue: Tongue) -> Iterator[str]:
    """What differs in one rule, a line each."""
    a, b = compared.a.rules.get(name), compared.b.rules.get(name)
    if a is None or b is None:
        rule, scenario = (a, compared.a) if a is not None else (b, compared.b)
        assert rule is not None
        yield says(scenario, rule, tongue.lang)
        return
    another = a.form.kind != b.form.kind
    if another:
        yield _changed(
            tongue, tongue.say(Phrase("给的方式", "what it gives")), *_forms(compared, a, b, tongue)
        )
    for one in found:
        if not (another and one.path[2] == "form"):
            yield _of_rule(one, tongue)


def _forms(compared: Compared, a: Rule, b: Rule, tongue: Tongue) -> tuple[str, str]:
    old, new = Tongue(compared.a, tongue.lang), Tongue(compared.b, tongue.lang)
    return said_form(old, a.form), said_form(new, b.form)


def _of_rule(one: Difference, tongue: Tongue) -> str:
    """'the multiple from day 7 in a row on: 1.5 → 2.0'."""
    path = ".".join(str(part) for part in one.path[2:] if not isinstance(part, Mark))
    phrase = NAMES[path]
    if one.change in ("added", "removed"):
        change = tongue.say(CHANGES[one.change])
        entry = tongue.say(ENTRIES[path.removeprefix("form.")], e=one.new if one.old is None else one.old)
        return f"{tongue.say(phrase, e=one.entry)}: {change}: {entry}"
    name = tongue.say(phrase, e=one.entry)
    real = path in AT_REAL_SIZE
    return _changed(tongue, name, _value(one, one.old, tongue, real), _value(one, one.new, tongue, real))


def order_words(order: Difference, tongue: Tongue) -> str:
    """In which order the rules act that both have."""
    arrow = " → "
    return tongue.say(
        Phrase("规则的顺序从 {old} 变为 {new}", "the order in which rules act: {old}, now {new}"),
        old=arrow.join(order.old),
        new=arrow.join(order.new),
    )


def setting_words(one: Difference, tongue: Tongue) -> str:
    """'deeds.quiz.beans: 20 → 40'."""
    name = spelled(one.path) + (" " if tongue.lang == "zh" else "")
    if one.change == "moved":
        return _changed(tongue, tongue.say(Phrase("{name}的顺序", "the order of {name}"), name=name),
                        ", ".join(map(str, one.old)), ", ".join(map(str, one.new)))  # fmt: skip
    if one.change in ("added", "removed"):
        held = one.new if one.change == "added" else one.old
        words = f"{name.strip()}: {tongue.say(CHANGES[one.change])}"
        inside = tongue.row(_inside(held, tongue))
        return f"{words} ({inside})" if inside else words
    real = f"{one.path[0]}.{one.path[-1]}" in AT_REAL_SIZE
    return _changed(
        tongue, name, _value(one, one.old, tongue, real), _value(one, one.new, tongue, real)
    ) + _shift(one, tongue)


def _changed(tongue: Tongue, name: str, old: str, new: str) -> str:
    return tongue.say(
        Phrase("{name}从 {old} 变为 {new}", "{name}: {old} → {new}"), name=name, old=old, new=new
    )


def _value(one: Difference, value: Any, tongue: Tongue, real: bool) -> str:
    said = _read(one.kind, value, tongue)
    return (
        said + tongue.say(Phrase(" (按真实规模)", " (at real size)")) if real and value is not None else said
    )


def _read(kind: Any, value: Any, tongue: Tongue) -> str:
    """A value of a setting as people read it."""
    if value in (None, (), ""):
        return tongue.say(Phrase("没有", "none"))
    spec = spec_of(kind, value)
    if spec:
        return tongue.format_field(value, spec)
    if isinstance(value, tuple | list):
        return tongue.row(_read(type(one), one, tongue) for one in value)
    if isinstance(value, Settings):
        return tongue.row(_inside(value, tongue))
    if isinstance(value, dict):
        return tongue.row(f"{name} = {_read(type(one), one, tongue)}" for name, one in value.items())
    return READ["count"](value, False) if isinstance(value, int | float) else str(value)


def _inside(held: Any, tongue: Tongue) -> Iterator[str]:
    """What an entry of a table says: all that is not as it is by default."""
    if not isinstance(held, Settings):
        yield _read(type(held), held, tongue)
        return
    for name, setting in type(held).model_fields.items():
        value = getattr(held, name)
        if value != setting.default:
            yield f"{name} = {_read(place_of(setting).kind, value, tongue)}"


def _shift(one: Difference, tongue: Tongue) -> str:
    """By how much an instant moved."""
    if not (isinstance(one.old, datetime) and isinstance(one.new, datetime)):
        return ""
    us = round((one.new - one.old).total_seconds() * SECOND)
    later = Phrase(" (晚 {us:duration})", " ({us:duration} later)")
    earlier = Phrase(" (早 {us:duration})", " ({us:duration} earlier)")
    return tongue.say(later if us > 0 else earlier, us=abs(us))


def as_dict(compared: Compared, tongue: Tongue) -> dict[str, Any]:
    """All of it as plain values, in the words of one language."""
    order = [] if compared.order is None else [order_words(compared.order, tongue)]
    return {
        "differ": compared.differ,
        "verdict": verdict(compared, tongue),
        "rules": [
            {
                "name": name,
                "change": found[0].change if len(found[0].path) == 2 else "changed",
                "words": list(rule_words(compared, name, found, tongue)),
            }
            for name, found in compared.rules.items()
        ],
        "order": order,
        "settings": [
            {"path": spelled(one.path), "change": one.change, "words": setting_words(one, tongue)}
            for one in compared.settings
        ],
    }
