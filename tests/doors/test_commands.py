"""What holds for every command there is, also for those that will be added: nothing here is listed by hand."""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.main import get_command
from typer.testing import CliRunner

from sim.cli import app


def commands(node: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every command and group, by the words that call it."""
    yield path, node
    for name, child in getattr(node, "commands", {}).items():
        yield from commands(child, (*path, name))


ALL = list(commands(get_command(app)))
LEAVES = [(path, node) for path, node in ALL if not hasattr(node, "commands")]


def functions(one: typer.Typer, path: str = "") -> Iterator[tuple[str, Callable[..., Any]]]:
    """The function behind every command."""
    if one.registered_callback is not None and one.registered_callback.callback is not None:
        yield path, one.registered_callback.callback
    for command in one.registered_commands:
        assert command.callback is not None
        yield f"{path} {command.name or command.callback.__name__}", command.callback
    for group in one.registered_groups:
        assert group.typer_instance is not None
        yield from functions(group.typer_instance, f"{path} {group.name}")


def single_valued() -> Iterator[Any]:
    for path, node in ALL:
        for option in node.params:
            if option.param_type_name == "option" and not option.multiple and option.name != "help":
                yield pytest.param(path, option, id=" ".join([*path, option.opts[0]]))


@pytest.mark.parametrize(("path", "option"), list(single_valued()))
def test_an_option_given_twice_is_refused(path: tuple[str, ...], option: Any) -> None:
    """Of `--design a --design b` one would run and the other be ignored."""
    flag = max(option.opts, key=len)
    one = [flag] if option.is_flag else [flag, "1"]
    other = [*option.secondary_opts[:1]] or one
    ran = CliRunner().invoke(app, [*path, *one, *other])
    assert ran.exit_code == 2, ran.output
    assert "given twice" in " ".join(ran.output.replace("│", " ").split())


def test_an_option_that_may_be_repeated_still_may() -> None:
    """`--only a --only b` asks for two figures; both are looked up."""
    ran = CliRunner().invoke(app, ["results", "figures", "x", "--only", "beans", "--only", "no such"])
    assert "no such" in str(ran.exception)


@pytest.mark.parametrize(("path", "node"), [pytest.param(p, n, id=" ".join(p)) for p, n in ALL])
def test_every_command_explains_itself(path: tuple[str, ...], node: Any) -> None:
    """--help says what it does; the help of every command that does something shows an example that runs it."""
    ran = CliRunner().invoke(app, [*path, "--help"])
    assert ran.exit_code == 0
    assert "Usage:" in ran.stdout
    assert node.help
    if not hasattr(node, "commands"):
        assert f"beanpeak {' '.join(path)}".replace("load run", "load") in (node.epilog or ""), "no example"


@pytest.mark.parametrize(("name", "function"), [pytest.param(n, f, id=n) for n, f in functions(app)])
def test_every_parameter_is_read(name: str, function: Callable[..., Any]) -> None:
    """A flag that nobody reads promises what is not done."""
    (tree,) = ast.parse(textwrap.dedent(inspect.getsource(function))).body
    assert isinstance(tree, ast.FunctionDef)
    read = {node.id for part in tree.body for node in ast.walk(part) if isinstance(node, ast.Name)}
    assert set(inspect.signature(function).parameters) - read == set()


LISTS = (
    "version", "scenarios list", "scenarios check", "scenarios upgrade", "scenarios explain", "scenarios diff",
    "results list", "results show", "results metrics",
    "results export", "results figures", "ledger key list", "ledger audit",
)  # fmt: skip


@pytest.mark.parametrize("words", LISTS)
def test_every_list_can_be_read_by_programs(words: str) -> None:
    """--json, on everything that lists."""
    node = dict(ALL)[tuple(words.split())]
    assert "--json" in {flag for option in node.params for flag in option.opts}


def test_the_version_is_an_option_too() -> None:
    """As of most programs."""
    ran = CliRunner().invoke(app, ["--version"])
    assert (ran.exit_code, ran.stdout) == (0, CliRunner().invoke(app, ["version"]).stdout)


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_shells_can_complete(shell: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The script for the shell is printed; which shell calls, a test under a daemon cannot tell.

    The variable is there before the runner begins: it counts while the commands are put together.
    """
    monkeypatch.setenv("_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION", "True")
    ran = CliRunner().invoke(app, ["--show-completion", shell], prog_name="beanpeak")
    assert ran.exit_code == 0, ran.output
    assert "_BEANPEAK_COMPLETE" in ran.stdout


def test_a_shell_is_told_the_commands() -> None:
    """Completion itself works, through the strict parser."""
    asked = {"_BEANPEAK_COMPLETE": "complete_bash", "COMP_WORDS": "beanpeak results ", "COMP_CWORD": "2"}
    ran = CliRunner().invoke(app, [], prog_name="beanpeak", env=asked)
    assert {"list", "show", "export"} <= set(ran.stdout.split())


@pytest.mark.parametrize("words", ["scenarios list", "results metrics"])
@pytest.mark.parametrize("columns", ["60", "100"])
def test_tables_keep_every_column_on_narrow_terminals(words: str, columns: str) -> None:
    """Text is folded; nothing is cut off or left out, and without colours where these are not wanted."""
    ran = CliRunner().invoke(app, words.split(), env={"COLUMNS": columns, "NO_COLOR": "1"})
    assert ran.exit_code == 0
    assert max(map(len, ran.stdout.splitlines())) <= int(columns)
    assert "…" not in ran.stdout
    assert "\x1b" not in ran.stdout
    heads = ran.stdout.splitlines()[0].split()
    wide = CliRunner().invoke(app, words.split(), env={"COLUMNS": "200"}).stdout
    assert heads == wide.splitlines()[0].split()
    assert set("".join(wide.split())) == set("".join(ran.stdout.split()))


@pytest.mark.parametrize(
    "words", [["load", "hello", "--host", ""], ["run", "hello", "--out", ""], ["ledger", "audit", "--db", ""]]
)
def test_an_option_with_nothing_in_it_is_refused(words: list[str]) -> None:
    """`--host "$STAGING"` with a variable that is not set means no other ledger."""
    ran = CliRunner().invoke(app, words)
    assert ran.exit_code == 2
    assert "is empty; give a value, or leave it out" in " ".join(ran.output.replace("│", " ").split())


@pytest.mark.parametrize(
    "words",
    [["rebuild"], ["key", "new", "a", "--scope", "admin"], ["key", "rotate", "a"], ["key", "revoke", "a"]],
)
def test_a_mistyped_ledger_is_not_made(words: list[str], tmp_path: Path) -> None:
    """What changes a ledger finds one, or says that there is none."""
    ran = CliRunner().invoke(app, ["ledger", *words, "--db", str(tmp_path / "typo.db")])
    assert ran.exit_code != 0
    assert "there is no ledger" in str(ran.exception)
    assert not list(tmp_path.iterdir())
