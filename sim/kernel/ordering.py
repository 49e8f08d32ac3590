"""Whether rows stand in the order of the stream."""

from __future__ import annotations

from typing import Any

from sim.compiling import table_rule


@table_rule
def in_order(actions: Any, role_of: Any) -> bool:
    """Whether rows that are sorted by time also follow (role, agent, number) where they share their instant."""
    for k in range(1, len(actions)):
        row, before = actions[k], actions[k - 1]
        if row.t == before.t:
            role, role_before = role_of[row.kind], role_of[before.kind]
            if role < role_before:
                return False
            if role == role_before and row.agent < before.agent:
                return False
            if role == role_before and row.agent == before.agent and row.number < before.number:
                return False
    return True
