"""`beanpeak scenarios`: list, show, copy, check, upgrade and describe scenario files."""

from __future__ import annotations

import codecs
import shlex
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from sim.errors import ScenarioError, UsageError

app = typer.Typer(help="List, show, copy, check and upgrade scenarios.", no_args_is_help=True)
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else.")]
Name = Annotated[str, typer.Argument(metavar="SCENARIO", help="Name or path of a scenario.")]


@app.command("list", epilog="Example:  beanpeak scenarios list --json")
def list_(json: Json = False) -> None:
    """List the scenarios by name, with their designs."""
    from sim.loading import list_scenarios
    from sim.reporting.manifest import to_json
    from sim.reporting.terminal import console, table
    from sim.units import format_duration

    found = [_facts(name) for name in list_scenarios()]
    if json:
        print(to_json({"scenarios": found}), end="")
        return
    rows = [
        (one["name"], f"{len(one['mistakes'])} mistakes: beanpeak scenarios check {one['name']}", "", "", "")
        if one["mistakes"]
        else (
            one["name"], one["title"], format_duration(one["length_us"]), f"{one['users']:,}",
            ", ".join(one["designs"]),
        )
        for one in found
    ]  # fmt: skip
    console().print(table(("name", "title", "length", "users", "designs"), rows, numbers=("users",)))


def _facts(name: str) -> dict[str, Any]:
    """What the list says of a scenario; of one with mistakes only these."""
    from sim.loading import load_scenario

    try:
        scenario = load_scenario(name)
    except ScenarioError as error:
        return {"name": name, "mistakes": [str(mistake) for mistake in error.mistakes]}
    except UsageError as error:
        return {"name": name, "mistakes": [str(error)]}
    world = scenario.scenario
    return {
        "name": name, "title": world.title, "length_us": world.length, "users": world.users,
        "designs": list(scenario.designs), "mistakes": [],
    }  # fmt: skip


@app.command(epilog="Example:  beanpeak scenarios show hello --design double")
def show(
    scenario: Name,
    resolved: Annotated[bool, typer.Option("--resolved", help="Every setting, defaults included.")] = False,
    design: Annotated[str, typer.Option(help="With a design applied; implies --resolved.")] = "base",
) -> None:
    """Print a scenario's file, or every setting it resolves to."""
    from sim.loading import load_scenario, resolved_toml, scenario_text

    if resolved or design != "base":
        print(resolved_toml(load_scenario(scenario, design)), end="")
    else:
        print(scenario_text(scenario), end="")


@app.command(epilog="Example:  beanpeak scenarios copy week95_2022 scenarios/mine.toml")
def copy(
    scenario: Name,
    to: Annotated[Path, typer.Argument(help="New file; its folder also gets the schema for editors.")],
    force: Annotated[bool, typer.Option("--force", help="Write over a file.")] = False,
) -> None:
    """Copy a scenario, to change its rules."""
    from sim.doors import written_whole
    from sim.loading import scenario_text, write_json_schema

    text = scenario_text(scenario)
    if to.exists() and not force:
        raise UsageError(f"{to}: exists; choose another name or give --force")
    try:
        to.parent.mkdir(parents=True, exist_ok=True)
        with written_whole(to) as file:
            file.write_text(text, encoding="utf-8")
        write_json_schema(to.parent)
    except OSError as error:
        raise UsageError(f"{to}: cannot be written: {error.strerror}") from error
    typed = shlex.quote(str(to))
    print(f"{to}: edit it, then `beanpeak scenarios check {typed}` and `beanpeak run {typed}`")


@app.command(epilog="Example:  beanpeak scenarios check mine.toml")
def check(
    scenarios: Annotated[list[str], typer.Argument(metavar="SCENARIO", help="Names or paths.")],
    json: Json = False,
) -> None:
    """Report every mistake of scenarios as file:line: key: what is wrong. Exit code 2 if there is one."""
    from sim.loading import load_scenario
    from sim.reporting.manifest import to_json

    sound: dict[str, int] = {}
    mistakes = []
    for name in scenarios:
        try:
            sound[name] = len(load_scenario(name).designs)
        except ScenarioError as error:
            mistakes += error.mistakes
    if json:
        told = [asdict(mistake) for mistake in mistakes]
        print(to_json({"sound": sound, "mistakes": told}), end="")
    else:
        for name, designs in sound.items():
            print(f"{name}: sound, {designs} designs")
    if mistakes:
        raise ScenarioError(mistakes)


@app.command(epilog="Example:  beanpeak scenarios upgrade mine.toml --dry-run")
def upgrade(
    file: Annotated[Path, typer.Argument(help="A scenario of 0.1.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show the changes and write nothing.")] = False,
    json: Json = False,
) -> None:
    """Rewrite a scenario of 0.1: what became rules, as rules. The file as it was stays beside it as FILE.bak."""
    from sim.doors import decoded, read_bytes, rewritable, rewritten
    from sim.loading.upgrade import diff, upgraded
    from sim.reporting.manifest import to_json

    data = read_bytes(file)
    text = decoded(data, str(file))
    made = upgraded(text, str(file))
    backup = None
    if made is not None:
        rewritable(file)
        mark = codecs.BOM_UTF8 if data.startswith(codecs.BOM_UTF8) else b""
        backup = None if dry_run else rewritten(file, mark + made.text.encode())
    changes = [] if made is None else made.changes
    shown = "" if made is None or not dry_run else diff(text, made.text, str(file))
    if json:
        told = {
            "file": str(file),
            "changes": [asdict(one) for one in changes],
            "backup": backup and str(backup),
        }
        print(to_json(told | {"dry_run": dry_run, "diff": shown}), end="")
    elif made is None:
        print(f"{file}: nothing to do, nothing in it is of 0.1")
    else:
        for one in changes:
            print(
                f"{file}:{one.line}: {one.was}  →  {one.now}"
                if one.line
                else f"{file}: {one.was}  →  {one.now}"
            )
        print(f"\n{shown}nothing was written" if dry_run else f"{file}: upgraded; as it was: {backup}")


@app.command(epilog="Example:  beanpeak scenarios schema > scenario.schema.json")
def schema() -> None:
    """Print the JSON schema of scenario files, for editors."""
    from sim.loading import json_schema
    from sim.reporting.manifest import to_json

    print(to_json(json_schema()), end="")
