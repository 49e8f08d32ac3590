"""A rule lives once and the product runs it: nothing stands in domain, behaviour or parameters for tests alone.

Read from the sources, without running them: who imports a public name and says it, and which words the engine says.
"""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

import pytest

from sim.behaviour.parameters import load_parameters
from sim.experiments.evidence import load_evidence

SIM = Path(__file__).parents[2] / "sim"
RULES = ("domain", "behaviour")
ENGINE = ("kernel", "engine", "agents")
# Experiments score the rules; what only they call is no rule of the product.
PRODUCT = [file for file in sorted(SIM.rglob("*.py")) if "experiments" not in file.parts]


@cache
def tree(file: Path) -> ast.Module:
    return ast.parse(file.read_text(encoding="utf-8"))


def module_of(file: Path) -> str:
    """sim/domain/beans.py → sim.domain.beans."""
    return ".".join(file.relative_to(SIM.parent).with_suffix("").parts)


def names_said(node: ast.AST) -> set[str]:
    """Every name that is read inside a node, whole dotted attributes of a name among them."""
    said = {n.id for n in ast.walk(node) if isinstance(n, ast.Name)}
    dotted = (n for n in ast.walk(node) if isinstance(n, ast.Attribute) and isinstance(n.value, ast.Name))
    return said | {f"{n.value.id}.{n.attr}" for n in dotted if isinstance(n.value, ast.Name)}


def public(file: Path) -> dict[str, ast.AST]:
    """Public functions, classes and constants of a module, by name."""
    found: dict[str, ast.AST] = {}
    for node in tree(file).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            found[node.name] = node
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            found |= {target.id: node for target in targets if isinstance(target, ast.Name)}
    return {name: node for name, node in found.items() if not name.startswith("_")}


@cache
def asked_by(file: Path) -> set[tuple[str, str]]:
    """(module, name) of what a file imports from another and says."""
    asked = set()
    said = names_said(tree(file))
    for node in ast.walk(tree(file)):
        if isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                word = alias.asname or alias.name
                asked |= {(node.module, alias.name)} if word in said else set()
                inside = {name.partition(".")[2] for name in said if name.startswith(f"{word}.")}
                asked |= {(f"{node.module}.{alias.name}", name) for name in inside}
    return asked


def unused(file: Path) -> set[str]:
    """Public names of a module that no other file of the product says, nor what such a name is made with."""
    names, module = public(file), module_of(file)
    used = {name for other in PRODUCT if other != file for home, name in asked_by(other) if home == module}
    kept = tree(file).body
    at_once = [
        n for n in kept if not isinstance(n, ast.FunctionDef | ast.ClassDef | ast.Assign | ast.AnnAssign)
    ]
    private = [n for n in kept if isinstance(n, ast.FunctionDef) and n.name.startswith("_")]
    used |= {name for node in (*at_once, *private) for name in names_said(node) if name in names}
    growing = True
    while growing:
        more = {n for name in used & set(names) for n in names_said(names[name]) if n in names} - used
        used, growing = used | more, bool(more)
    return set(names) - used


@pytest.mark.parametrize("room", RULES)
def test_every_public_name_is_used_by_the_product(room: str) -> None:
    """A rule that only tests and experiments call either belongs to them, or is said twice."""
    found = {module_of(f): names for f in sorted((SIM / room).glob("*.py")) if (names := unused(f))}
    assert found == {}


def words_said(rooms: tuple[str, ...]) -> set[str]:
    """Texts and attributes in the sources of some rooms: a parameter is read as p["name"] or R.name."""
    files = [file for room in rooms for file in sorted((SIM / room).rglob("*.py"))]
    nodes = [node for file in files for node in ast.walk(tree(file))]
    texts = {n.value for n in nodes if isinstance(n, ast.Constant) and isinstance(n.value, str)}
    return texts | {n.attr for n in nodes if isinstance(n, ast.Attribute)}


def test_every_parameter_is_read_by_the_engine() -> None:
    """Who varies a parameter may expect that something changes."""
    assert {entry.name for entry in load_parameters()} <= words_said(ENGINE)


def test_every_number_of_an_experiment_is_needed_by_one() -> None:
    """The engine reads none of them, and an experiment each."""
    names = {entry.name for entry in load_evidence()}
    assert names <= words_said(("experiments",))
    assert not names & words_said(ENGINE)
    assert not names & {entry.name for entry in load_parameters()}
