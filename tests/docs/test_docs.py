"""What the documents show is true: their code runs, and whatever they name is there."""

from __future__ import annotations

import re
import shlex
import tomllib
from itertools import chain
from pathlib import Path
from typing import Any

import pytest
import typer

import sim.cli
from sim.scenario.incentives import KINDS

ROOT = Path(__file__).parents[2]
PAGES = sorted(
    page.relative_to(ROOT)
    for page in [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md"), ROOT / "scenarios" / "README.md"]
)
RUN = (Path("README.md"), Path("docs/model.md"))
FOLDERS = ("sim", "loadtests", "scenarios", "tests", "docs", ".ci")
MODEL, DECISIONS = "docs/model.md", "docs/decisions.md"

_FENCED = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_SPAN = re.compile(r"`([^`\n]+)`")
_LINK = re.compile(r"\]\(([^)\s]+)\)")
_PATH = re.compile(rf"(?<![\w./-])(?:{'|'.join(map(re.escape, FOLDERS))})/[\w./*-]*")
_MODULE = re.compile(r"\bsim(?:\.\w+)+\b")
_HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
_ELSEWHERE = "home|root|work|tmp|usr|etc|srv|Users|var|opt|mnt|private"
_MACHINE = re.compile(rf"(?<![\w.:/])/(?:{_ELSEWHERE})/|\b[A-Z]:\\")


def text(page: Path | str) -> str:
    return (ROOT / page).read_text(encoding="utf-8")


def prose(page: Path | str) -> str:
    """The page without its fenced blocks."""
    return _FENCED.sub("", text(page))


def blocks(page: Path | str, language: str) -> list[str]:
    return [block for named, block in _FENCED.findall(text(page)) if named == language]


def calls(page: Path | str, program: str) -> list[str]:
    """Calls of a program in code spans and at the start of fenced lines, without `$` and comments."""
    lines = _SPAN.findall(prose(page))
    lines += [line for _, block in _FENCED.findall(text(page)) for line in block.splitlines()]
    bare = [line.strip().removeprefix("$ ").split(" #")[0].strip() for line in lines]
    return [line for line in bare if line.startswith(f"{program} ")]


def section(page: str, title: str) -> str:
    """What stands under a heading of the second level that contains `title`."""
    parts = re.split(r"^## ", text(page), flags=re.MULTILINE)[1:]
    found = [part for part in parts if title in part.split("\n")[0]]
    assert found, f"{page} has no section {title!r}"
    return found[0]


# --- code ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "code", [pytest.param(b, id=f"{p.stem}-{k}") for p in RUN for k, b in enumerate(blocks(p, "python"))]
)
def test_every_python_block_runs(code: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a reader copies from the README or the model's page works, run where they would run it."""
    monkeypatch.chdir(ROOT)
    exec(compile(code, "a block of the documents", "exec"), {"__name__": "__main__"})


def test_the_model_page_shows_code() -> None:
    """There is a block to run, so that the test above cannot pass on nothing."""
    assert blocks(MODEL, "python")


# --- names --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_every_path_named_is_there(page: Path) -> None:
    """Files and folders of the repository that a page names exist; a pattern matches something."""
    named = {path.rstrip(".") for path in _PATH.findall(text(page))}
    missing = [path for path in sorted(named) if not any(ROOT.glob(path.rstrip("/")))]
    assert not missing


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_every_link_inside_the_repository_leads_somewhere(page: Path) -> None:
    """Relative links reach a file, and anchors a heading of it."""
    for link in _LINK.findall(prose(page)):
        if re.match(r"[a-z]+:", link):
            continue
        path, _, anchor = link.partition("#")
        target = (ROOT / page).parent / path if path else ROOT / page
        assert target.exists(), link
        if anchor:
            assert anchor in {_anchor(line) for line in _HEADING.findall(target.read_text(encoding="utf-8"))}


def _anchor(heading: str) -> str:
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_every_module_named_is_there(page: Path) -> None:
    """`sim.a.b` in a page is a module, or a name that a module defines."""
    named = {name for span in _SPAN.findall(text(page)) for name in _MODULE.findall(span)}
    named |= set(_MODULE.findall("\n".join(blocks(page, "sh") + blocks(page, ""))))
    assert not [name for name in sorted(named) if not _is_defined(name)]


def _is_defined(dotted: str) -> bool:
    *parents, last = dotted.split(".")
    folder = ROOT.joinpath(*parents)
    if (folder / last).is_dir() or (folder / f"{last}.py").is_file():
        return True
    home = folder / "__init__.py" if folder.is_dir() else folder.with_suffix(".py")
    return home.is_file() and re.search(rf"\b{last}\b", home.read_text(encoding="utf-8")) is not None


def rules_named() -> list[tuple[str, str]]:
    """Rows `rule | file` of the model's tables."""
    return re.findall(r"^\| `(\w+)` \| `(sim/[\w/]+\.py)` \|", text(MODEL), re.MULTILINE)


def test_every_rule_stands_in_the_file_it_is_said_to() -> None:
    """Each submodel is a function of that name in that file."""
    assert len(rules_named()) > 40
    lost = [row for row in rules_named() if not re.search(rf"^ *def {row[0]}\(", text(row[1]), re.MULTILINE)]
    assert not lost


def test_every_form_of_an_incentive_rule_stands_on_the_model_page() -> None:
    """In the table of incentive rules, with a function that is in one of the files beside it, or a file."""
    table = text(MODEL).split("### 7.6 Incentive rules")[1].split("\n## ")[0]
    rows = re.findall(r"^\| (?!form|-)([^|]+) \| ([^|]+) \|", table, re.MULTILINE)
    forms = {name for form, _ in rows for name in re.findall(r"`(\w+)`", form)}
    assert set(KINDS) <= forms
    for _, where in rows:
        named = re.findall(r"`([^`]+)`", where)
        found = "".join((ROOT / name).read_text("utf-8") for name in named if "/" in name)
        assert found
        assert [name for name in named if "/" not in name and f"def {name}(" not in found] == []


# --- commands -----------------------------------------------------------------------------------------------


def targets() -> set[str]:
    return set(re.findall(r"^([a-z-]+):", text("Makefile"), re.MULTILINE))


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_every_make_target_named_is_there(page: Path) -> None:
    """`make x y` in a page are targets of the Makefile; VARIABLE=value may follow."""
    words = {word for call in calls(page, "make") for word in call.split()[1:] if "=" not in word}
    assert words <= targets()


@pytest.fixture(scope="module")
def tree() -> Any:
    """The command tree as typer builds it."""
    apps = [value for value in vars(sim.cli).values() if isinstance(value, typer.Typer)]
    trees = [typer.main.get_command(app) for app in apps]
    roots = [root for root in trees if "run" in getattr(root, "commands", {})]
    assert roots, "sim/cli.py has no typer application with the command run"
    return roots[0]


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_every_command_named_is_there(page: Path, tree: Any) -> None:
    """`beanpeak a b --option` in a page is a command with that option."""
    for call in calls(page, "beanpeak"):
        node, options = tree, set()
        for word in shlex.split(call.split("|")[0])[1:]:
            if word.startswith("--"):
                options.add(word.split("=")[0])
            elif getattr(node, "commands", None):
                if word not in node.commands and hasattr(node, "default"):
                    word = node.default
                assert word in node.commands, call
                node = node.commands[word]
        known = {option for parameter in node.params for option in parameter.opts} | {"--help"}
        assert options <= known, call


# --- shape --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_no_page_names_a_place_on_somebodys_machine(page: Path) -> None:
    """Absolute paths help nobody else."""
    assert not _MACHINE.search(text(page))


def test_the_readme_can_be_read_in_two_minutes() -> None:
    """300 to 550 words, code and its output not counted."""
    words = re.findall(r"[^\s|]*\w[^\s|]*", prose("README.md"))
    assert 300 <= len(words) <= 550


def test_the_model_page_follows_odd() -> None:
    """The seven elements in their order, then calibration, what is missing, limits and the glossary."""
    titles = re.findall(r"^## \d+\. (.+)$", text(MODEL), re.MULTILINE)
    assert titles == [
        "Purpose and patterns",
        "Entities, state variables and scales",
        "Process overview and scheduling",
        "Design concepts",
        "Initialisation",
        "Input data",
        "Submodels",
        "What is calibrated, on what",
        "What is not modelled or not calibrated",
        "Known limits",
        "Glossary",
    ]


def test_every_row_of_the_glossary_is_bilingual() -> None:
    """English, 中文 and a meaning."""
    lines = section(MODEL, "Glossary").splitlines()
    rows = [line.split("|")[1:-1] for line in lines if line.startswith("| ")][1:]
    assert len(rows) > 20
    for english, chinese, meaning in rows:
        assert re.search("[a-z]", english)
        assert re.search("[\u4e00-\u9fff]", chinese)
        assert meaning.strip()


def test_every_decision_has_its_five_lines() -> None:
    """A decision says what, in which context, what was chosen and refused, and at what price."""
    decided = re.split(r"^### ", text(DECISIONS), flags=re.MULTILINE)[1:]
    assert len(decided) > 20
    for decision in decided:
        lines = re.findall(r"^- (\w+): ", decision.split("\n## ")[0], re.MULTILINE)
        assert lines == ["Context", "Choice", "Refused", "Price"], decision


def test_every_dependency_is_decided() -> None:
    """Each package of pyproject.toml has a row that says what it is for and what was refused."""
    project = tomllib.loads(text("pyproject.toml"))["project"]
    wanted = [*project["dependencies"], *chain.from_iterable(project["optional-dependencies"].values())]
    names = {re.split(r"[<>=\[; ]", requirement)[0] for requirement in wanted}
    rows = re.findall(r"^\| ([^|]+) \|", section(DECISIONS, "Dependencies"), re.MULTILINE)
    told = {word for row in rows for word in re.split(r"[ ,()`]+", row)}
    assert names <= told
