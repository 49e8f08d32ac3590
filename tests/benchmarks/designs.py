"""What twenty designs of one scenario take to load and to check: `python -m tests.benchmarks.designs`."""

from __future__ import annotations

import json
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from sim.loading import load_scenario, scenario_text

DESIGNS = 20
RULES = 10


def scenario_with_designs(name: str, designs: int, rules: int) -> str:
    """A shipped scenario with more rules, and designs that change, add and take out."""
    text = scenario_text(name)
    for k in range(rules):
        text += f'\n[rules.bench{k}]\nwhat = "quiz"\nwho.cohort = "{k}-{k + 1} %"\nwhen.hours = "{k}:00-{k + 2}:30"\n'
        text += f"form.add = {k + 1}\n"
    for k in range(designs):
        text += f'\n[designs.bench{k}]\n"rules.bench{k % rules}" = false\n"deeds.quiz.beans" = {100 + k}\n'
        text += f'[designs.bench{k}.rules.noon]\nwhat = "quiz"\nwhen.hours = "12:00-13:00"\nform.times = {2 + k}.0\n'
    return text


def seconds(name: str, designs: int = DESIGNS, rules: int = RULES) -> dict[str, float]:
    """Seconds of the processor to check a file with so many designs, and to load every one of them as well."""
    with TemporaryDirectory() as folder:
        file = Path(folder) / "many.toml"
        file.write_text(scenario_with_designs(name, designs, rules), encoding="utf-8")
        began = time.process_time()
        scenario = load_scenario(file)
        checked = time.process_time()
        for design in scenario.designs:
            load_scenario(file, design)
        return {"check_s": checked - began, "check_and_load_all_s": time.process_time() - began}


if __name__ == "__main__":
    print(json.dumps(seconds("week95_2022")))
