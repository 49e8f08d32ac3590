"""Readable Chinese names, drawn once per run from Faker's zh_CN pools and short lists of our own.

Faker has no provider for products, NGOs or projects, so those are put together here. Names are labels:
nothing in the model depends on them.
"""

from __future__ import annotations

from functools import lru_cache

from sim.streams import Purpose, one_draw

POOL = 400
CATEGORIES = ("服饰", "美妆", "食品", "家居", "数码", "母婴", "图书", "农产品")
NGO_KINDS = ("公益基金会", "慈善会", "志愿者协会", "社会服务中心", "公益促进会")
CAUSE_WORDS = {
    "education": ("乡村图书角", "童伴课堂", "操场建设", "奖学金", "音乐教室"),
    "illness": ("顶梁柱健康保障", "大病救助", "儿童先心手术", "听力重建", "康复关爱"),
    "poverty": ("长者幸福餐", "温暖包裹", "饮水工程", "母亲邮包", "就业帮扶"),
    "environment": ("荒漠植树", "湿地守护", "流浪动物救助", "净滩行动", "候鸟家园"),
}
TEAM_WORDS = ("益起动", "益起读", "益起写", "益起跳", "益起学")


@lru_cache(maxsize=4)
def _pools(seed: int) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
    """Pools of city, surname and company words, the same for the same seed."""
    from faker import Faker

    faker = Faker("zh_CN")
    faker.seed_instance(seed)
    cities = tuple(faker.city_name() for _ in range(POOL))
    people = tuple(faker.last_name() for _ in range(POOL))
    companies = tuple(faker.company_prefix() for _ in range(POOL))
    return cities, people, companies


def _pick(seed: int, kind: int, index: int) -> tuple[int, int, int, int]:
    a, b, c, d = one_draw(seed, kind, Purpose.NAMES, index)
    return int(a * POOL), int(b * POOL), int(c * POOL), int(d * POOL)


def merchant_name(seed: int, index: int, category: str) -> str:
    """For instance 鸿图食品旗舰店."""
    _, people, companies = _pools(seed)
    a, b, c, _ = _pick(seed, 1, index)
    shop = ("旗舰店", "专营店", "小店", "工坊")[c % 4]
    return f"{companies[a]}{people[b]}记{category}{shop}"


def ngo_name(seed: int, index: int) -> str:
    """For instance 兰州晨曦公益基金会."""
    cities, _, companies = _pools(seed)
    a, b, c, _ = _pick(seed, 2, index)
    return f"{cities[a]}{companies[b]}{NGO_KINDS[c % len(NGO_KINDS)]}"


def project_name(seed: int, index: int, cause: str) -> str:
    """For instance 兰州乡村图书角计划."""
    cities, _, _ = _pools(seed)
    a, b, _, _ = _pick(seed, 3, index)
    words = CAUSE_WORDS[cause]
    return f"{cities[a]}{words[b % len(words)]}计划"


def team_name(seed: int, index: int) -> str:
    """For instance 兰州益起读战队."""
    cities, _, _ = _pools(seed)
    a, b, _, _ = _pick(seed, 4, index)
    return f"{cities[a]}{TEAM_WORDS[b % len(TEAM_WORDS)]}战队"
