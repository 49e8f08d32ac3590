"""`beanpeak scenarios`: list, show, copy, check, upgrade, explain, compare and describe scenario files."""

from __future__ import annotations

import codecs
import shlex
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from sim.errors import ScenarioError, UsageError

app = typer.Typer(
    help="List, show, copy, check, upgrade, explain and compare scenarios.", no_args_is_help=True
)
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else.")]
Lang = Annotated[str, typer.Option("--lang", metavar="zh|en", help="Chinese or English.")]
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
    from sim.loading.resolved import by_itself

    if design != "base":
        print(resolved_toml(by_itself(load_scenario(scenario, design))), end="")
    elif resolved:
        print(resolved_toml(load_scenario(scenario)), end="")
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


EXPLAIN = """
Examples:

  beanpeak scenarios explain week95_2022                        every rule in words, Chinese and English

  beanpeak scenarios explain mine.toml --design double --lang zh

  beanpeak scenarios explain week95_2022 --user "segment=95后, streak=6, done=quiz:2" --at "2022-09-07 20:00"

What can be said of a user: segment, city, channel (name or label), cohort (0 to 99), holder, team (yes or no),
joined, away (days), streak (days in a row), hours (charity hours), and done (a deed, and how often today).
"""


@app.command(epilog=EXPLAIN)
def explain(
    scenario: Name,
    design: Annotated[str, typer.Option(help="With a design applied.")] = "base",
    user: Annotated[
        str | None, typer.Option(metavar="WORDS", help="Who is asked about: 'segment=95后, streak=6'.")
    ] = None,
    at: Annotated[
        str | None,
        typer.Option(metavar="TIME", help="When: '2022-09-07 20:00'; noon of the first day if left out."),
    ] = None,
    lang: Annotated[
        str | None,
        typer.Option("--lang", metavar="zh|en", help="Chinese or English; rules in both if left out."),
    ] = None,
    json: Json = False,
) -> None:
    """Say in words what the rules pay whom for what; with --user what this one is paid, why, and what fails."""
    from sim.loading import load_scenario
    from sim.loading.described import first_noon, parse_at, parse_user
    from sim.reporting.explaining import explain as explained
    from sim.reporting.explanation import as_dict, noon_words, rules_as_dict, rules_told, told
    from sim.reporting.manifest import to_json
    from sim.reporting.terminal import literal
    from sim.reporting.tongue import LANGS, Tongue, parse_lang

    langs = LANGS if lang is None else (parse_lang(lang),)
    found = load_scenario(scenario, design)
    if user is None:
        if at is not None:
            raise UsageError(f'--at {at}: needs somebody; add --user "streak=1", or leave it out')
        lines = rules_told(found, langs)
        print(
            to_json(rules_as_dict(found)) if json else "\n".join(map(literal, lines)),
            end="" if json else "\n",
        )
        return
    tongue = Tongue(found, "en" if lang is None else langs[0])
    when = first_noon(found) if at is None else parse_at(found, at)
    what = explained(found, parse_user(found, user), when)
    if json:
        print(to_json(as_dict(what, tongue)), end="")
        return
    noon = [noon_words(tongue, found)] if at is None else []
    print("\n".join(map(literal, [*noon, *told(what, tongue)])))


@app.command(epilog="Example:  beanpeak scenarios diff week95_2022 week95_2022:double_quiz --lang zh")
def diff(
    a: Annotated[str, typer.Argument(metavar="A", help="Name or path of a scenario, or NAME:DESIGN.")],
    b: Annotated[str, typer.Argument(metavar="B", help="What it is compared with.")],
    lang: Lang = "en",
    exit_code: Annotated[bool, typer.Option("--exit-code", help="Exit with 1 if anything differs.")] = False,
    json: Json = False,
) -> None:
    """Say in words what differs between two scenarios: rules first, then other settings."""
    from sim.loading.differing import load_told
    from sim.reporting.differing import as_dict, compare, told
    from sim.reporting.manifest import to_json
    from sim.reporting.terminal import literal
    from sim.reporting.tongue import Tongue, parse_lang

    language = parse_lang(lang)
    compared = compare(load_told(a), load_told(b))
    tongue = Tongue(compared.b, language)
    if json:
        print(to_json({"a": a, "b": b, **as_dict(compared, tongue)}), end="")
    else:
        print("\n".join(map(literal, told(compared, tongue))))
    if exit_code and compared.differ:
        raise typer.Exit(1)
