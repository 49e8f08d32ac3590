"""The OpenAPI document against the running server: whatever a fuzzer thinks of, the answers are as documented."""

from __future__ import annotations

from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, settings
from schemathesis import Case

from sim.service.openapi import document
from tests.service.serving import Server

schema = schemathesis.openapi.from_dict(document())
# What is well-formed may still be against a rule: 422. It is never unreadable: 400.
schema.config.checks.positive_data_acceptance.expected_statuses = ["2xx", "401", "403", "404", "409", "422"]
CASES = 20  # generated for each of some fifty operations, beside those that the document's limits suggest
NIGHTLY = 220
schema.config.output.sanitization.update(enabled=False)


@schema.hook
def map_body(context: Any, body: Any) -> Any:
    """1.0 is an integer to JSON Schema and none to us, where nothing is a float: written as 1."""
    return _whole(body)


def _whole(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _whole(one) for name, one in value.items()}
    if isinstance(value, list):
        return [_whole(one) for one in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


STEADY = {
    "deadline": None,
    "suppress_health_check": list(HealthCheck),
    "phases": [Phase.explicit, Phase.generate],
    "database": None,
}


def check(case: Case, server: Server) -> None:
    case.call_and_validate(
        base_url=f"http://127.0.0.1:{server.port}", headers={"Authorization": f"Bearer {server.token}"}
    )


@schema.parametrize()
@settings(max_examples=CASES, **STEADY)
def test_answers_are_as_documented(case: Case, server: Server) -> None:
    """Status, media type, headers and schema of every answer; nonsense is refused, sense is not; no 5xx."""
    check(case, server)


@pytest.mark.nightly
@schema.parametrize()
@settings(max_examples=NIGHTLY, **STEADY)
def test_answers_are_as_documented_all_night(case: Case, server: Server) -> None:
    """The same, 10,000 times."""
    check(case, server)


def test_the_fuzzer_meets_every_operation() -> None:
    """Nothing is left out, so that the tests above cannot pass on nothing."""
    asked = {result.ok().label for result in schema.get_all_operations()}
    paths = document()["paths"]
    assert asked == {f"{method.upper()} {path}" for path, methods in paths.items() for method in methods}
    assert len(asked) * CASES >= 1_000
    assert len(asked) * NIGHTLY >= 10_000
