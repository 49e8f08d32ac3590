"""What must hold of rules by which sponsors add to gifts and orders (`form.match`, `form.cofund`)."""

from __future__ import annotations

from collections.abc import Iterator

from sim.kernel.rows import MATCH_TIERS, MAX_COFUNDS, MAX_MATCHES
from sim.loading.finding import Finding, Findings
from sim.loading.lines import Path
from sim.scenario import Scenario
from sim.scenario.incentives import Cofund, Match
from sim.suggestions import did_you_mean
from sim.units import format_fen

SERVES = {"match": "gifts", "cofund": "orders"}
WHAT = {"match": "gift", "cofund": "order"}
ROOM = {"match": MAX_MATCHES, "cofund": MAX_COFUNDS}
MOST_FEN = 2**31 - 1  # a match has 32 bits


def _promises(s: Scenario) -> Iterator[tuple[str, str, Match | Cofund]]:
    """The name, the kind and the form of every such rule."""
    for name, rule in s.rules.items():
        for kind in SERVES:
            form = getattr(rule.form, kind)
            if form is not None:
                yield name, kind, form


def promises_have_a_pool(s: Scenario) -> Findings:
    """A promise names a pool that is there for what it is about."""
    for name, kind, form in _promises(s):
        path: Path = ("rules", name, "form", kind, "pool")
        if form.pool not in s.pools:
            hint = did_you_mean(form.pool, list(s.pools)) or "; add it to [pools] first"
            yield Finding(path, f"is no pool of this scenario{hint}", (("pools", "*"),))
        elif s.pools[form.pool].serves != SERVES[kind]:
            problem = f'serves "{s.pools[form.pool].serves}"; name one with serves = "{SERVES[kind]}"'
            yield Finding(path, problem, (("pools", form.pool, "serves"),))
        if s.rules[name].what != (WHAT[kind],):
            problem = f'must be "{WHAT[kind]}" for form.{kind}: nothing else is added to'
            yield Finding(("rules", name, "what"), problem, (("rules", name, "form"),))


def promises_can_be_kept(s: Scenario) -> Findings:
    """Amounts fit their columns, causes have projects, and there is room for the rules."""
    count = dict.fromkeys(SERVES, 0)
    for name, kind, form in _promises(s):
        path: Path = ("rules", name, "form", kind)
        count[kind] += 1
        if count[kind] == ROOM[kind] + 1:
            yield Finding(path, f"is the {count[kind]}th rule with form.{kind}; keep at most {ROOM[kind]}")
        for key in ("most", "per_account"):
            if getattr(form, key) > MOST_FEN:
                yield Finding((*path, key), f"is too large; use at most {format_fen(MOST_FEN)}")
        if isinstance(form, Match) and form.cause is not None and not s.projects.causes.get(form.cause):
            problem = "is a cause without projects; give it a share in [projects.causes]"
            yield Finding((*path, "cause"), problem, (("projects", "causes", "*"),))


def tiers_ascend(s: Scenario) -> Findings:
    """Tiers by size of the gift begin at different sums."""
    for name, kind, form in _promises(s):
        if not isinstance(form, Match) or not form.tiers:
            continue
        path: Path = ("rules", name, "form", kind, "tiers")
        starts = [tier.above for tier in form.tiers]
        if starts != sorted(set(starts)):
            yield Finding(path, "must begin at larger and larger gifts, the smallest first")
        if len(starts) > MATCH_TIERS:
            yield Finding(path, f"are {len(starts)}; keep at most {MATCH_TIERS}")
        if "ratio" in form.model_fields_set:
            yield Finding(
                (*path[:-1], "ratio"),
                "says nothing beside tiers: each has a ratio of its own; drop one of them",
            )
