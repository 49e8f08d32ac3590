"""What each form of an incentive rule gives, in words: one entry a form, clause by clause.

A clause is said if the setting before it says something; with no setting always, with "!" if it says nothing. `it` is
what stands at the form (`form.goal`), `f` the form itself, and an array stands for the words of its entries.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from sim.reporting.tongue import Phrase, Tongue
from sim.scenario import Settings
from sim.scenario.incentives import Form


class Clause(NamedTuple):
    """A part of a sentence, and the setting without which it is left out."""

    setting: str
    zh: str
    en: str


OFTEN = (
    Clause("each", "只在第 {f.each:count} 次及其倍数时 ({f.per:over})",
           "only every {f.each:nth}, counted {f.per:over}"),
    Clause("later", "{f.later:duration}后到账", "paid {f.later:duration} later"),
)  # fmt: skip
MORE_HOURS = Clause("add_hours", "多记 {f.add_hours:hours}", "{f.add_hours:hours} more")

FORMS: dict[str, tuple[Clause, ...]] = {
    "add": (Clause("", "多得 {f.add:beans}", "{f.add:beans} more"), MORE_HOURS, *OFTEN),
    "add_hours": (MORE_HOURS, *OFTEN),
    "times": (Clause("", "{f.of:of}变为 {f.times:ratio} 倍", "{f.times:ratio} times {f.of:of}"), *OFTEN),
    "tiers": (Clause("", "不按原来的数，{f.per:over}计：{tiers}",
                     "instead of what it pays, counted {f.per:over}: {tiers}"),),
    "limit": (Clause("", "每样每天最多 {f.limit:times}", "each at most {f.limit:times} a day"),),
    "cap": (Clause("", "{f.per:per}最多 {f.cap:beans}", "at most {f.cap:beans} {f.per:per}"),),
    "fading_cap": (
        Clause("", "{f.per:per}超过 {f.fading_cap:beans}的部分只给 {f.keeps:percent}",
               "of what is beyond {f.fading_cap:beans} {f.per:per} only {f.keeps:percent}"),
    ),
    "streak": (
        Clause("", "连续做的天数越多豆越多：{steps}", "more beans for days in a row: {steps}"),
        Clause("repairs", "每周漏 {it.repairs:count} 天也不算断",
               "a day missed {it.repairs:times} a week does not break it"),
    ),
    "goal": (
        Clause("deeds", "目标是{f.per:per}做 {it.deeds:times}", "the goal is to do it {it.deeds:times} {f.per:per}"),
        Clause("beans", "目标是攒到 {it.beans:beans}", "the goal is to hold {it.beans:beans}"),
        Clause("prize", "达成得 {it.prize:beans}", "which brings {it.prize:beans}"),
        Clause("head_start", "一开始就算有 {it.head_start:count}", "{it.head_start:count} of it given at the start"),
    ),
    "lottery": (
        Clause("chance", "每次有 {it.chance:percent} 的机会中奖", "each time a chance of {it.chance:percent} to win"),
        Clause("winners", "零点从当天做过的人里抽 {it.winners:count} 人中奖",
               "of those who did it that day {it.winners:count} drawn at midnight win"),
        Clause("money", "奖 {it.money:money}", "the prize is {it.money:money}"),
        Clause("beans", "奖 {it.beans:beans}", "the prize is {it.beans:beans}"),
    ),
    "badges": (
        Clause("", "勋章：{tiers}", "badges: {tiers}"),
        Clause("public", "别人看得到", "seen by others"),
        Clause("!public", "只有自己看得到", "seen by nobody else"),
    ),
    "rank": (
        Clause("", "{f.per:per}前 {it.places:count} 名的{it.of:whose}平分 {it.money:money} (按真实规模)",
               "the best {it.places:count} {it.of:several} {f.per:over} share {it.money:money} (at real size)"),
    ),
    "share": (
        Clause("", "{f.per:per}{it.of:whose}一起做满 {it.deeds:times}，参与的每人得 {it.beans:beans}",
               "{f.per:over} {it.beans:beans} for all who took part once {it.of:whose} did it {it.deeds:times}"),
    ),
    "refer": (
        Clause("", "被邀请的人第一次做事时", "on the first deed of somebody who was invited"),
        Clause("inviter", "邀请人得 {it.inviter:beans}", "{it.inviter:beans} for who invited them"),
        Clause("invitee", "被邀请人得 {it.invitee:beans}", "{it.invitee:beans} for themselves"),
    ),
    "match": (
        Clause("!tiers", "“{it.pool:pool}”每捐 1 元配 {it.ratio:ratio} 元",
               "{it.pool:pool} adds {it.ratio:ratio} yuan to each yuan given"),
        Clause("tiers", "“{it.pool:pool}”按每笔大小配捐：{tiers}",
               "{it.pool:pool} adds to each yuan given, by the gift's size: {tiers}"),
        Clause("lot", "多少由抽签定，平均如此", "by lot, in the mean so much"),
        Clause("", "每笔最多 {it.most:money}", "at most {it.most:money} a gift"),
        Clause("per_account", "每个账户全程最多 {it.per_account:money}",
               "at most {it.per_account:money} an account in the run"),
        Clause("first", "只配每人的第一笔", "only somebody's first gift in the run"),
        Clause("cause", "只限{it.cause:cause}项目", "only for {it.cause:cause}"),
        Clause("named", "旁边写着出资方的名字", "with the sponsor's name beside it"),
    ),
    "cofund": (
        Clause("", "商家每认捐 1 元，“{it.pool:pool}”补 {it.ratio:ratio} 元",
               "{it.pool:pool} adds {it.ratio:ratio} yuan to each yuan sellers pledge"),
        Clause("above", "只限至少 {it.above:money}的认捐", "only to pledges of {it.above:money} or more"),
        Clause("", "每单最多 {it.most:money}", "at most {it.most:money} an order"),
        Clause("per_account", "每个买家全程最多 {it.per_account:money}",
               "at most {it.per_account:money} a buyer in the run"),
    ),
    "nudge": (
        Clause("", "{it.at:moment} 收到提醒", "a message at {it.at:moment}"),
        Clause("streak_breaks", "只发给今天会断连续的人", "only to whom the day would break a streak"),
        Clause("", "七天内最多 {it.weekly:times}", "at most {it.weekly:times} in seven days"),
    ),
    "price": (Clause("", "捐豆时 {f.price:beans}抵 1 元", "{f.price:beans} make a yuan when they are given"),),
    "decay": (Clause("", "收下的豆每天零点消失 {f.decay:percent}",
                     "{f.decay:percent} of the harvested beans go at every midnight"),),
}  # fmt: skip
# An entry of an array, by the form and the array's name.
ENTRIES = {
    "tiers": Phrase("{e.start:nth}起 {e.beans:beans}", "{e.beans:beans} from the {e.start:nth} on"),
    "streak.steps": Phrase("第 {e.day} 天起 {e.times:ratio} 倍", "{e.times:ratio} times from day {e.day} on"),
    "badges.tiers": Phrase("满 {e.hours:hours}得“{e.label}”", "{e.label} from {e.hours:hours} on"),
    "match.tiers": Phrase("满 {e.above:money}配 {e.ratio:ratio} 元", "{e.ratio:ratio} yuan from {e.above:money} on"),
}  # fmt: skip


def said_form(tongue: Tongue, form: Form) -> str:
    """What a form gives, as the part of a sentence."""
    kind = form.kind
    it = getattr(form, kind)
    it = it if isinstance(it, Settings) else form
    arrays = {
        name: _entries(tongue, path, getattr(it, name))
        for path in ENTRIES
        for name in [path.rpartition(".")[2]]
        if path in (kind, f"{kind}.{name}")
    }
    said = [
        tongue.say(Phrase(clause.zh, clause.en), f=form, it=it, **arrays)
        for clause in FORMS[kind]
        if _is_said(clause.setting, it)
    ]
    return tongue.row(said)


def _entries(tongue: Tongue, path: str, entries: tuple[Any, ...]) -> str:
    return tongue.row(tongue.say(ENTRIES[path], e=entry) for entry in entries)


def _is_said(setting: str, it: Settings) -> bool:
    if setting.startswith("!"):
        return not getattr(it, setting[1:])
    return not setting or bool(getattr(it, setting))
