"""Chinese and English: phrases in both, and amounts, instants and names as each of them says them.

A phrase is a pair of templates. What stands behind the colon in `{most:money}` says how a value is read out.
"""

from __future__ import annotations

import string
from collections.abc import Callable, Iterable
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal, NamedTuple

from sim.domain.ratios import PPM
from sim.errors import UsageError
from sim.scenario import Scenario
from sim.units import MINUTES_OF_A_DAY, format_duration, format_moment

Lang = Literal["en", "zh"]
LANGS: tuple[Lang, ...] = ("zh", "en")
WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
SIGNS_OF_DAYS = "一二三四五六日"
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
SPANS = {
    "days": "天", "day": "天", "h": "小时", "min": "分钟", "s": "秒", "ms": "毫秒", "us": "微秒",
}  # fmt: skip


class Phrase(NamedTuple):
    """The same in both languages."""

    zh: str
    en: str


AND = Phrase("且", "and")


def parse_lang(text: str) -> Lang:
    """The language asked for. Raises UsageError."""
    known: dict[str, Lang] = {lang: lang for lang in LANGS}
    if text not in known:
        raise UsageError(f"--lang {text}: is no language of the rules; use zh or en")
    return known[text]


WORDS: dict[str, dict[Any, Phrase]] = {
    "per": {
        "day": Phrase("每天", "a day"),
        "week": Phrase("每周", "a week"),
        "phase": Phrase("每个阶段", "a phase"),
        "ever": Phrase("活动全程", "in all"),
    },
    "over": {
        "day": Phrase("按天", "by day"),
        "week": Phrase("按周", "by week"),
        "phase": Phrase("按阶段", "by phase"),
        "ever": Phrase("按全程", "over the whole run"),
    },
    "of": {
        "beans": Phrase("豆", "the beans"),
        "hours": Phrase("公益时长", "the charity hours"),
        "both": Phrase("豆和公益时长", "the beans and the charity hours"),
    },
    "truth": {True: Phrase("是", "yes"), False: Phrase("否", "no")},
    "whose": {
        "team": Phrase("战队", "a team"),
        "person": Phrase("个人", "a person"),
        "platform": Phrase("全平台 (次数按真实规模)", "the whole platform (counted at real size)"),
    },
    "several": {"team": Phrase("战队", "teams"), "person": Phrase("个人", "persons")},
    "cause": {
        "education": Phrase("教育助学", "education"),
        "illness": Phrase("疾病救助", "illness"),
        "poverty": Phrase("扶贫救灾", "poverty"),
        "environment": Phrase("环境保护", "environment"),
    },
    "beside": {
        "order": Phrase("下公益订单", "charity orders"),
        "gift": Phrase("捐款", "gifts"),
        "invite": Phrase("邀请好友", "invitations"),
        "join": Phrase("开始玩", "beginning to play"),
        "pledge": Phrase("商家认捐", "sellers' pledges"),
        "any": Phrase("任何事", "whatever is done"),
    },
}


class Tongue(string.Formatter):
    """Says phrases in one language, with the names that a scenario gives to things."""

    def __init__(self, scenario: Scenario, lang: Lang) -> None:
        self.scenario, self.lang = scenario, lang

    def say(self, phrase: Phrase, **values: Any) -> str:
        """A phrase with its values read out."""
        return self.format(phrase.zh if self.lang == "zh" else phrase.en, **values)

    def format_field(self, value: Any, format_spec: str) -> str:
        """A value as its kind is read out."""
        if format_spec in WORDS:
            return self.say(WORDS[format_spec][value])
        if format_spec in LABELLED:
            return self.label(LABELLED[format_spec], value)
        return READ[format_spec](value, self.lang == "zh") if format_spec else str(value)

    def label(self, table: str, name: str) -> str:
        """What the scenario calls an entry of a table; in English its name, if the label is Chinese."""
        entry = getattr(self.scenario, table).get(name)
        label = getattr(entry, "label", name)
        return label if self.lang == "zh" or label.isascii() else name

    def labels(self, table: str, names: Iterable[str]) -> str:
        """Several of them, any of which will do."""
        return self.listed([self.label(table, name) for name in names], Phrase("或", "or"))

    def row(self, words: Iterable[str]) -> str:
        """'a, b, c': those of the words that say something."""
        return ("，" if self.lang == "zh" else ", ").join(filter(None, words))

    def listed(self, words: list[str], link: Phrase) -> str:
        """'a, b and c'."""
        zh = self.lang == "zh"
        if len(words) < 2:
            return "".join(words)
        comma, before = ("、", "") if zh else (", ", " ")
        return f"{comma.join(words[:-1])}{before}{self.say(link)}{before}{words[-1]}"


LABELLED = {
    "segment": "segments", "city": "cities", "channel": "channels", "deed": "deeds", "phase": "phases", "pool": "pools",
}  # fmt: skip


def number(value: int | float | Decimal) -> str:
    """A number in full, with thousands parted: 10,000 or 0.02."""
    exact = Decimal(str(value)).normalize()
    return f"{exact:,f}"


def _duration(us: int, zh: bool) -> str:
    text = format_duration(us)
    amount, unit = text.split(" ")
    return f"{amount} {SPANS[unit]}" if zh else text


def _money(fen: int, zh: bool) -> str:
    yuan = number(fen // 100) if fen % 100 == 0 else f"{fen / 100:,.2f}"
    return f"{yuan} {'元' if zh else 'yuan'}"


def _tenths(minutes: int, zh: bool) -> str:
    return number(round(Decimal(minutes) / 60, 3))


def _hours(minutes: int, zh: bool) -> str:
    hours = _tenths(minutes, zh)
    return f"{hours} 公益小时" if zh else f"{hours} charity hour{'s' * (hours != '1')}"


def _beans(beans: int, zh: bool) -> str:
    return f"{beans:,} 豆" if zh else f"{beans:,} bean{'s' * (abs(beans) != 1)}"


def _times(count: int, zh: bool) -> str:
    if zh:
        return f"{count:,} 次"
    return {1: "once", 2: "twice"}.get(count, f"{count:,} times")


def _nth(count: int, zh: bool) -> str:
    if zh:
        return f"第 {count:,} 次"
    teens = count % 100 in (11, 12, 13)
    return f"{count:,}{'th' if teens else {1: 'st', 2: 'nd', 3: 'rd'}.get(count % 10, 'th')}"


def _percent(ppm: int, zh: bool) -> str:
    return f"{number(Decimal(ppm) / (PPM // 100))} %"


def _instant(at: datetime, zh: bool) -> str:
    clock = f"{at:%H:%M:%S}" if at.second else f"{at:%H:%M}"
    if zh:
        return f"{at.year} 年 {at.month} 月 {at.day} 日 (星期{SIGNS_OF_DAYS[at.weekday()]}) {clock}"
    return f"{WEEKDAYS[at.weekday()]} {at.day} {MONTHS[at.month - 1]} {at.year}, {clock}"


def _clock(span: tuple[int, int], zh: bool) -> str:
    first, last = (format_moment(minute) if minute < MINUTES_OF_A_DAY else "24:00" for minute in span)
    return f"{first}–{last}"


def _weekdays(days: tuple[str, ...], zh: bool) -> str:
    said = [f"周{SIGNS_OF_DAYS[WEEKDAYS.index(day)]}" for day in days] if zh else list(days)
    return ("、" if zh else ", ").join(said)


def _range(span: tuple[int, int], zh: bool) -> str:
    return str(span[0]) if span[0] == span[1] else f"{span[0]}–{span[1]}"


READ: dict[str, Callable[[Any, bool], str]] = {
    "duration": _duration,
    "money": _money,
    "hours": _hours,
    "tenths": _tenths,
    "beans": _beans,
    "times": _times,
    "nth": _nth,
    "percent": _percent,
    "ratio": lambda ppm, zh: number(Decimal(ppm) / PPM),
    "multiple": lambda ppm, zh: str(ppm / PPM),
    "count": lambda count, zh: number(count),
    "instant": _instant,
    "date": lambda day, zh: (
        _instant(datetime(day.year, day.month, day.day), zh).rpartition(" ")[0].rstrip(",")
    ),
    "clock": _clock,
    "moment": lambda minute, zh: format_moment(minute),
    "weekdays": _weekdays,
    "range": _range,
}
