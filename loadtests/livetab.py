"""One more tab on Locust's page: intended latency and backlog of the last minute, by the second of due time.

A live view only: the report is made from final histograms.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from flask import request

from loadtests.latency import figures_ms
from loadtests.master import Collector

KEY, TITLE = "intended-latency", "Intended latency"
COLUMNS = {
    "second": "Due in second",
    "events": "Events",
    "p50": "Intended p50 (ms)",
    "p99": "Intended p99 (ms)",
    "max": "Intended max (ms)",
    "backlog": "Backlog p99 so far (ms)",
    "lag": "Dispatch lag p99 so far (ms)",
}
LAST_SECONDS = 60
STATISTICS = "/stats/requests"  # Locust's page takes the rows of added tabs from its answer


def add(web_ui: Any, collector: Callable[[], Collector | None]) -> None:
    """Add the tab; its rows travel with the statistics that the page asks for every other second."""
    structure = [{"key": key, "title": title} for key, title in COLUMNS.items()]
    web_ui.template_args["extended_tabs"] = [{"title": TITLE, "key": KEY}]
    web_ui.template_args["extended_tables"] = [{"key": KEY, "structure": structure}]

    def extend(response: Any) -> Any:
        if request.path == STATISTICS and response.is_json:
            told = {**response.get_json(), "extended_stats": [{"key": KEY, "data": rows(collector())}]}
            response.set_data(json.dumps(told))
        return response

    web_ui.app.after_request(extend)


def rows(collector: Collector | None) -> list[dict[str, Any]]:
    """A row a second, newest first; the worst of the run so far beside it."""
    if collector is None:
        return []
    live = collector.whole()
    backlog, lag = (_p99(live.figures(series)) for series in ("backlog", "lag"))
    shown = []
    for second in reversed(live.seconds()[-LAST_SECONDS:]):
        held = live.of[f"intended|second:{second}"]
        found = {name: _printed(value) for name, value in figures_ms(held).items()}
        shown.append({"second": second, "events": held.total_count, **found, "backlog": backlog, "lag": lag})
    return shown


def _p99(found: dict[str, float | None]) -> str:
    return _printed(found["p99"])


def _printed(value: float | None) -> str:
    return "" if value is None else f"{value:,.1f}"
