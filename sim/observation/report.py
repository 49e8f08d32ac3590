"""The lines of the annual charity report (公益财报) and of the charity account."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sim.observation.words import ReportLine, Size
from sim.observation.world import World

if TYPE_CHECKING:
    from sim.observation.recorder import Tables


def report_lines(world: World, tables: Tables, values: dict[str, float]) -> list[ReportLine]:
    """The lines of the annual charity report (公益财报) and of the charity account.

    Counts of people and actions, money, beans and hours stand at real size: times real users ÷ users. Shares and
    averages stand at any, and what is not scaled (projects, records of the partner) at the simulated one.
    """
    scenario = world.scenario
    scale = scenario.scenario.real_users / world.honest
    merchants = scenario.merchants.real / len(world.merchants.size_z)  # they are never fewer than 20
    taking = float(tables["merchants"]["takes_part"].sum())
    lines = [
        line("charity orders", values["charity_orders"] * scale, "orders", "real"),
        line("money raised", float(tables["sources"]["fen"].sum()) * scale, "fen", "real"),
        line("merchants taking part", taking * merchants, "merchants", "real"),
        line("buyers", values["buyers"] * scale, "people", "real"),
        line("people helped", values["helped"] * scale, "people", "real"),
        line("money viewable to its use", values["viewable_share"], "share", "any"),
        line("projects", len(world.projects), "projects", "simulated"),
    ]
    if scenario.deeds:
        done = float(tables["deeds"]["times"].sum())
        hours = values["minutes_labour"] + values["minutes_donated"]
        lines.insert(0, line("charity actions (人次)", done * scale, "actions", "real"))
        lines.append(line("charity hours", hours * scale, "minutes", "real"))
    if scenario.staff.share:
        lines.append(line("mean charity hours of staff", values["staff_minutes"], "minutes", "any"))
    for _, label, reached in tables["benefits"].iter_rows() if "benefits" in tables else ():
        lines.append(line(f"reached: {label}", reached * scale, "people", "real"))
    if scenario.account.open:
        lines.append(line("account holders", len(world.people.holders()) * scale, "people", "real"))
        repeated = world.partner.repeated
        lines.append(line("partner records sent twice, counted once", repeated, "records", "simulated"))
    return lines


def line(name: str, value: float, unit: str, size: Size) -> ReportLine:
    """One line of the charity report."""
    return {"name": name, "value": float(value), "unit": unit, "size": size}
