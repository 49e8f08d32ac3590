"""What the summary says misleads nobody: sizes, replications, pools and people, in terminal, file and JSON alike."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from rich.console import Console

from sim.engine.outcome import Outcome
from sim.loading import load_scenario
from sim.observation.catalogue import METRICS, TABLES
from sim.observation.festival import PEAK_USERS
from sim.reporting.amounts import amount
from sim.reporting.manifest import to_json
from sim.reporting.metrics import markdown as page
from sim.reporting.results import Results
from sim.reporting.sections import HEADLINE
from sim.reporting.sizes import SIZES, Scale
from sim.reporting.summary import as_dict, markdown, show, summarise

Make = Callable[..., Outcome]
NAN = float("nan")
MODEL = Path(__file__).parents[2] / "docs" / "model.md"


def terminal(results: Results) -> str:
    text = io.StringIO()
    show(Console(file=text, width=250), summarise(results), Path("results/hello/x"))
    return text.getvalue()


def file(results: Results) -> str:
    return markdown(summarise(results), [])


def program(results: Results) -> dict[str, Any]:
    return dict(json.loads(to_json(as_dict(results)), parse_constant=pytest.fail))


WRITTEN = pytest.mark.parametrize("written", [terminal, file], ids=["terminal", "file"])


# --- sizes ---------------------------------------------------------------------------------------------


@WRITTEN
def test_every_number_stands_under_its_size(written: Callable[[Results], str], three: Results) -> None:
    """Between two headings nothing is mixed: each names one size, and every number comes after its own heading."""
    text, scale = written(three), Scale.of(three.scenario)
    labels = {size: scale.label(size) for size in SIZES}
    headings = [line for line in text.splitlines() if any(label in line for label in labels.values())]
    for section in summarise(three).sections:
        (place,) = [k for k, h in enumerate(headings) if section.title.lower() in h.lower()]
        begun = text.index(headings[place])
        end = text.index(headings[place + 1]) if place + 1 < len(headings) else len(text)
        for line in section.lines:
            assert line.value in text[begun:end]
        assert sum(label in headings[place] for label in labels.values()) == 1


@WRITTEN
def test_the_sizes_are_numbers_of_users(written: Callable[[Results], str], results: Results) -> None:
    """5,000 simulated users, 40 M real ones and what lies between them."""
    world = results.scenario.scenario
    text = written(results)
    assert f"{world.users:,} users" in text
    assert f"{world.real_users:,} users, simulated × {world.real_users / world.users:,.6g}" in text


def test_a_program_is_told_the_size_of_every_number(three: Results) -> None:
    """Each metric stands in one list of sizes; rows of report, pools and published volumes say theirs."""
    held = program(three)
    simulated, anywhere = held["sizes"]["simulated"], held["sizes"]["any"]
    assert sorted([*simulated, *anywhere]) == sorted(held["metrics"])
    assert held["sizes"]["factor"] == held["real_users"] / held["users"]
    for part in ("report", "pools", "published"):
        assert held[part]
        assert {row["size"] for row in held[part]} <= set(SIZES)


def test_sums_are_scaled_and_shares_are_not() -> None:
    """What doubles with twice the users stands at simulated size, all else at any."""
    size = {m.name: m.size for m in METRICS}
    for name in (
        "orders",
        "participants",
        "pledged_fen",
        "beans_issued",
        "minutes_labour",
        "unmet_fen",
        "helped",
    ):
        assert size[name] == "simulated"
    for name in (
        "d1",
        "charity_share",
        "yuan_per_charity_order",
        "subsidy_per_participant",
        "pool_empty_at",
        "peak_10s",
    ):
        assert size[name] == "any"
    assert all(
        m.size == "any" for m in METRICS if m.unit in ("share", "multiple", "0 or 1", "Gini", "score", "h")
    )


def test_large_numbers_are_counted_as_annual_reports_do() -> None:
    """In 万 and 亿 from the first of them on; small ones are not 0.0 万."""
    assert amount("orders", 7.298e9, large=True) == "72.98 亿"
    assert amount("people", 1_332_000.0, large=True) == "133.20 万"
    assert amount("people", 4_000.0, large=True) == "4,000"
    assert amount("fen", 5e11, 6e11, large=True) == "50 ± 10 亿 yuan"
    assert amount("people", NAN, large=True) == "–"


def test_a_peak_of_too_few_orders_is_not_told(make_outcome: Make) -> None:
    """Ten seconds of a small run hold a handful of orders; their peak is chance."""
    outcome = make_outcome(0)
    frame = outcome.metrics.with_columns(value=pl.col("value").fill_nan(30.0))
    assert HEADLINE["peak_10s"] not in terminal(Results("hello", (make_outcome(0, metrics=frame),)))
    many = load_scenario("hello", "base", {"users": PEAK_USERS})
    assert HEADLINE["peak_10s"] in terminal(
        Results("hello", (make_outcome(0, metrics=frame, scenario=many),))
    )


# --- replications --------------------------------------------------------------------------------------


def sick(make: Make, replication: int, name: str) -> Outcome:
    """A replication in which a metric, a published row and a line of the report do not apply."""
    whole = make(replication)
    metrics = whole.metrics.with_columns(
        value=pl.when(pl.col("metric") == name).then(NAN).otherwise(pl.col("value"))
    )
    return make(
        replication,
        metrics=metrics,
        published=[{**whole.published[0], "simulated": NAN, "passed": False}],
        report=[{**line, "value": NAN} for line in whole.report],
    )


@WRITTEN
def test_the_report_is_a_mean_with_its_interval(written: Callable[[Results], str], three: Results) -> None:
    """7.8, 7.9 and 8.0 亿 are 7.90 ± 0.248 亿; no line is that of the first replication alone."""
    assert "7.90 ± 0.248 亿" in written(three)


def test_a_program_gets_the_same_mean(three: Results) -> None:
    """Value, low and high."""
    first = program(three)["report"][0]
    assert first["value"] == pytest.approx([7.9e8, 7.652e8, 8.148e8], rel=1e-3)
    assert first["over"] == 3


@WRITTEN
def test_what_not_all_replications_have_says_so(
    written: Callable[[Results], str], make_outcome: Make
) -> None:
    """A mean over two of three replications is told as one: headline, published row and report."""
    mixed = Results("hello", (make_outcome(0), sick(make_outcome, 1, "d7"), make_outcome(2)))
    lines = [line for line in written(mixed).splitlines() if "over 2 of 3 replications" in line]
    for words in (HEADLINE["d7"], "yuan per charity order", "charity actions"):
        assert any(words in line for line in lines)
    assert "nan" not in written(mixed).lower()
    held = program(mixed)
    assert held["over"] == {"d7": 2}
    assert [held[part][0]["over"] for part in ("published", "report")] == [2, 2]


@WRITTEN
def test_what_no_replication_has_is_not_a_number(
    written: Callable[[Results], str], make_outcome: Make
) -> None:
    """A dash, and a published row that did not pass."""
    none = Results("hello", tuple(sick(make_outcome, k, "d7") for k in range(2)))
    text = written(none)
    assert "nan" not in text.lower()
    assert HEADLINE["d7"] not in text
    (row,) = [line for line in text.splitlines() if "yuan per charity order" in line]
    assert "–" in row
    assert "missed" in row


# --- pools ---------------------------------------------------------------------------------------------


def budget(**changed: object) -> pl.DataFrame:
    row = {
        "pool": "main", "sponsor": "基金会甲", "serves": "gifts", "real_fen": 120_000_000, "total_fen": 150_000,
        "deposited_fen": 150_000, "spent_fen": 150_000, "left_fen": 0, "dry_at": None, "dry_spells": 0,
        "unmet_claims": 0, "unmet_fen": 0,
    }  # fmt: skip
    return pl.DataFrame([row | changed], schema_overrides={"dry_at": pl.Int64})


DRY = {"dry_at": 90 * 3_600_000_000, "dry_spells": 2, "unmet_claims": 204, "unmet_fen": 166_200}


def pooled(make: Make, *rows: pl.DataFrame) -> Results:
    whole = make(0)
    return Results(
        "hello", tuple(make(k, tables={**whole.tables, "budgets": row}) for k, row in enumerate(rows))
    )


@WRITTEN
def test_a_dry_pool_is_told_beside_the_subsidy_it_caps(
    written: Callable[[Results], str], make_outcome: Make
) -> None:
    """Which pool, when, how many claims found it dry, and what they would have cost."""
    lines = written(pooled(make_outcome, budget(**DRY))).splitlines()
    (subsidy,) = [line for line in lines if HEADLINE["subsidy_fen"] in line]
    assert "capped: 204 claims on 1,662 yuan found pool main dry" in subsidy
    (pool,) = [line for line in lines if "given by main, for gifts" in line]
    assert "1,500 yuan (120 万 yuan at real size)" in pool
    assert re.search(r"ran dry for good at \d{4}-\d\d-\d\d 18:00 \(after 90\.0 h\)", pool)


def test_a_program_is_told_of_the_dry_pool(make_outcome: Make) -> None:
    """In a note and as numbers."""
    held = program(pooled(make_outcome, budget(**DRY)))
    assert "capped: 204 claims on 1,662 yuan found pool main dry" in held["notes"]
    (row,) = held["pools"]
    assert (row["dry_at"], row["unmet_claims"], row["unmet_fen"]) == (DRY["dry_at"], 204, 166_200)


@WRITTEN
def test_a_pool_that_closed_with_money_left_did_not_run_dry(
    written: Callable[[Results], str], make_outcome: Make
) -> None:
    """It says how much was left, and caps nothing."""
    text = written(pooled(make_outcome, budget(spent_fen=100_000, left_fen=50_000)))
    assert "closed with 500 yuan left" in text
    assert "capped" not in text
    assert "dry" not in text


@WRITTEN
def test_a_pool_that_was_filled_again_says_so(written: Callable[[Results], str], make_outcome: Make) -> None:
    """A daily pool may be empty by noon and end with money left."""
    again = budget(spent_fen=100_000, left_fen=50_000, dry_spells=2, unmet_claims=3, unmet_fen=900)
    text = written(pooled(make_outcome, again))
    assert (
        "ran dry, but more was put in later; closed with 500 yuan left; 3 claims on 9 yuan found it dry"
        in text
    )


@pytest.mark.parametrize("width", [50, 60, 80, 120])
def test_a_narrow_terminal_loses_nothing(width: int, make_outcome: Make) -> None:
    """Where there is no room beside a number its note stands below, whole."""
    text = io.StringIO()
    results = pooled(make_outcome, budget(**DRY))
    show(Console(file=text, width=width), summarise(results), Path("x"))
    said = " ".join(text.getvalue().split())
    for section in summarise(results).sections:
        for line in section.lines:
            for part in (line.words, line.value, line.note):
                assert " ".join(part.split()) in said


@WRITTEN
def test_of_several_replications_it_says_in_how_many_it_ran_dry(
    written: Callable[[Results], str], make_outcome: Make
) -> None:
    """Not the first replication's fate under all replications' intervals."""
    text = written(pooled(make_outcome, budget(**DRY), budget(spent_fen=100_000, left_fen=50_000)))
    assert "in 1 of 2 replications" in text


def test_a_name_with_signs_of_a_table_stays_one_cell(make_outcome: Make) -> None:
    """Names of pools and benefits are the user's own."""
    text = file(pooled(make_outcome, budget(pool="a|b\nc [red]")))
    (row,) = [line for line in text.splitlines() if "given by a" in line]
    assert row.startswith("| given by a\\|b\\\\nc \\[red\\], for gifts | ")
    assert row.replace("\\|", "").count("|") == 4


# --- people --------------------------------------------------------------------------------------------


def sentences() -> dict[str, str]:
    """Every sentence about a number that a user reads."""
    told = {m.name: f"{m.definition} per {m.per}" for m in METRICS} | {
        f"headline {n}": w for n, w in HEADLINE.items()
    }
    for name, table in TABLES.items():
        told |= {f"{name}.{column}": f"{column} {meaning}" for column, meaning in table.columns.items()}
    return told


def test_a_player_a_new_player_and_a_participant_are_three_words() -> None:
    """They are defined once, on the page of metrics and in the glossary, and no sentence has a fourth word."""
    for word in ("**player**", "**new\nplayer**", "**participant**"):
        assert word in page()
    glossary = MODEL.read_text(encoding="utf-8").split("## 11. Glossary")[1]
    for word in ("| player |", "| new player |", "| participant |"):
        assert word in glossary
    for name, sentence in sentences().items():
        assert not re.search(
            r"people who played|users who (ever )?(played|came|entered)|entered", sentence
        ), name


def test_columns_that_count_new_players_are_called_so() -> None:
    """Segments and channels count those who came during the run."""
    for name in ("segments", "channels"):
        assert "players" not in TABLES[name].columns
        assert "new_players" in TABLES[name].columns


def test_what_is_per_participant_is_not_called_per_player() -> None:
    """The subsidy is divided by those who played."""
    assert HEADLINE["subsidy_per_participant"] == "subsidy per participant"
    assert {m.per for m in METRICS if m.name == "subsidy_per_participant"} == {"participant"}


@WRITTEN
def test_a_pool_too_small_for_one_claim_did_not_run_dry(
    written: Callable[[Results], str], make_outcome: Make
) -> None:
    """A tiny population's share of a sponsor's money may be less than anybody can ask for."""
    tiny = budget(
        total_fen=40, deposited_fen=40, spent_fen=0, left_fen=40, dry_at=DRY["dry_at"], dry_spells=1
    )
    text = written(pooled(make_outcome, tiny))
    assert "holds less than one claim asks for at this size" in text
    assert "ran dry" not in text
