"""`beanpeak scenarios`: list, show, copy, check and describe scenario files."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from sim.errors import ScenarioError, UsageError

app = typer.Typer(help="List, show, copy and check scenarios.", no_args_is_help=True)
Name = Annotated[str, typer.Argument(metavar="SCENARIO", help="Name or path of a scenario.")]


@app.command("list")
def list_() -> None:
    """List the scenarios by name, with their designs."""
    from rich.table import Table

    from sim.loading import list_scenarios, load_scenario
    from sim.reporting.progress import console
    from sim.units import format_duration

    table = Table(box=None, padding=(0, 2, 0, 0))
    for column in ("name", "title", "length", "users", "designs"):
        table.add_column(column, justify="right" if column == "users" else "left")
    for name in list_scenarios():
        try:
            scenario = load_scenario(name)
        except ScenarioError as error:
            hint = f"{len(error.mistakes)} mistakes: beanpeak scenarios check {name}"
            table.add_row(name, hint, "", "", "")
            continue
        world = scenario.scenario
        table.add_row(
            name, world.title, format_duration(world.length), f"{world.users:,}", ", ".join(scenario.designs)
        )
    console().print(table)


@app.command()
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
    from sim.loading import scenario_text, write_json_schema

    text = scenario_text(scenario)
    if to.exists() and not force:
        raise UsageError(f"{to}: exists; choose another name or give --force")
    try:
        to.parent.mkdir(parents=True, exist_ok=True)
        to.write_text(text, encoding="utf-8")
        write_json_schema(to.parent)
    except OSError as error:
        raise UsageError(f"{to}: cannot be written: {error.strerror}") from error
    print(f"{to}: edit it, then `beanpeak scenarios check {to}` and `beanpeak run {to}`")


@app.command()
def check(
    scenarios: Annotated[list[str], typer.Argument(metavar="SCENARIO", help="Names or paths.")],
) -> None:
    """Report every mistake of scenarios as file:line: key: what is wrong. Exit code 2 if there is one."""
    from sim.loading import load_scenario

    mistakes = []
    for name in scenarios:
        try:
            designs = load_scenario(name).designs
        except ScenarioError as error:
            mistakes += error.mistakes
        else:
            print(f"{name}: sound, {len(designs)} designs")
    if mistakes:
        raise ScenarioError(mistakes)


@app.command()
def schema() -> None:
    """Print the JSON schema of scenario files, for editors."""
    from sim.loading import json_schema
    from sim.reporting.manifest import to_json

    print(to_json(json_schema()), end="")
