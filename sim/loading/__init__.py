"""Scenario files become frozen scenarios, or a list of everything that is wrong with them.

files      names and paths → text → document → Scenario, or ScenarioError with every mistake
edits      what a design changes, adds and takes out, and how it is done to a document
designs    the edits of designs, and what can be wrong with them
reading    document → Scenario or findings; a repaired copy lets the rules run over broken files
checks     the rules between settings, one small function each
rulechecks … of incentive rules: what and when; whom in people, in which form in ruleforms, against others in
           ruleclashes
stretches  the times at which a rule can hold
effects    which settings act only where something else holds: the table
idle       settings that are written and can do nothing where they stand
wording    pydantic's complaints in our words
shape      what may stand at a path
lines      where a path stands in the text
resolved   scenario → JSON, TOML, hash; the schema for editors
"""

from sim.loading.designs import apply_design
from sim.loading.files import list_scenarios, load_scenario, scenario_text
from sim.loading.resolved import json_schema, resolved_dict, resolved_toml, settings_hash, write_json_schema

__all__ = [
    "apply_design",
    "json_schema",
    "list_scenarios",
    "load_scenario",
    "resolved_dict",
    "resolved_toml",
    "scenario_text",
    "settings_hash",
    "write_json_schema",
]
