"""Every figure can be read: at 50, 85 and 160 mm, in both languages, in colour and grey, whatever is written in it."""

from __future__ import annotations

import csv
from collections.abc import Collection, Iterator
from dataclasses import replace
from itertools import product
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.figure import Figure

from sim import simulate
from sim.reporting.figures.look import Look, printing
from sim.reporting.figures.panel import apart
from sim.reporting.figures.registry import FIGURES, caption_of, draw, draw_all, numbers_of
from sim.reporting.figures.ruler import BOX, plain, width, wrapped
from sim.reporting.results import Results
from tests.reporting.sheets import alike, faults, texts

HOSTILE = (
    "$1 for $1 %d 100 % {0} {} _a^b_ \\frac{1}{2}\\n\n第二行，“引号”《书名》：（括号）……  😀\u200d🧚 \u202eltr "
    "[red]x[/red] <b>&amp;</b> `rm` 'q' \"dq\" 龘 \u0301e \t#tag; =1+1, Donaudampfschifffahrtsgesellschaftskapitän"
)
LOOKS = [Look(*each) for each in product((50.0, 85.0, 160.0), ("en", "zh"), (False, True))]
COVERING = [  # every width, language and colour with every other
    Look(50.0, "en", True), Look(50.0, "zh"), Look(85.0, "en"), Look(85.0, "zh", True),
    Look(160.0, "en", True), Look(160.0, "zh"),
]  # fmt: skip
SCENARIOS = sorted(file.stem for file in (Path(__file__).parents[2] / "scenarios").glob("*.toml"))
FREE = ("label", "name", "category", "sponsor", "pool")  # columns with words of a scenario's author


def figures(
    results: Results, look: Look, names: Collection[str] = FIGURES.keys()
) -> Iterator[tuple[str, Figure]]:
    """Every figure of these names that the run can show."""
    for name in names:
        spec = FIGURES[name]
        numbers = numbers_of(spec, results)
        if numbers is not None:
            title = results.scenario.scenario.title
            yield name, draw(spec, numbers, look, caption_of(results, look), title)


def wrong(results: Results, looks: list[Look], times: int | None = None) -> list[str]:
    """What cannot be read in any figure in any of these looks; or each in so many, so that all looks are used."""
    found = []
    turns = len(looks) // (times or len(looks))
    with printing():
        for at, look in enumerate(looks):
            mine = [name for k, name in enumerate(FIGURES) if (at - k) % turns == 0]
            for name, figure in figures(results, look, mine):
                seen = faults(figure) + (alike(figure) if look.grey else [])
                found += [f"{name} {look.slug}: {fault}" for fault in seen]
    return found


@pytest.fixture(scope="module")
def hostile(results: Results) -> Results:
    """A run whose author wrote the worst wherever words are free."""
    first = results.outcomes[0]
    scenario = first.scenario.model_copy(
        update={"scenario": first.scenario.scenario.model_copy(update={"title": HOSTILE})}
    )
    tables = {
        name: frame.with_columns(
            (pl.lit(f"{HOSTILE} ") + pl.col(column).cast(pl.String)).alias(column)
            for column in FREE
            if column in frame.columns
        )
        for name, frame in first.tables.items()
    }
    return Results(HOSTILE, (replace(first, scenario=scenario, tables=tables, design=HOSTILE),))


def test_every_figure_can_be_read(results: Results) -> None:
    """No word leaves the sheet, lies on another or over data; there is room for the data; greys differ."""
    assert wrong(results, COVERING, times=2) == []


def test_figures_with_bands_can_be_read(three: Results) -> None:
    """The same over replications."""
    assert wrong(three, COVERING, times=1) == []


def test_figures_of_a_small_run_can_be_read() -> None:
    """Real rows: empty panels, one point, long names."""
    assert wrong(simulate("week95_2022", users=2_000), COVERING, times=1) == []


@pytest.mark.nightly
def test_every_figure_can_be_read_in_every_look(results: Results, three: Results, hostile: Results) -> None:
    """The whole product of what is made up: plain, with bands, with hostile words."""
    assert [fault for held in (results, three, hostile) for fault in wrong(held, LOOKS)] == []


@pytest.mark.nightly
@pytest.mark.parametrize("replications", [1, 3])
@pytest.mark.parametrize("name", SCENARIOS)
def test_figures_of_every_scenario_can_be_read_in_every_look(name: str, replications: int) -> None:
    """The whole product."""
    assert wrong(simulate(name, users=2_000, replications=replications), LOOKS) == []


def test_the_search_finds_what_it_looks_for() -> None:
    """A sheet on which everything is wrong."""
    with printing():
        figure = Figure((3, 1))
        ax = figure.add_axes((0.5, 0.5, 0.1, 0.1), label="tiny")
        ax.set_xticks([0.5, 0.52], ["one", "other"])
        figure.text(0.9, 0.1, "beyond the edge")
        figure.text(0.5, 0.5, "over data", fontsize=5)
        ax.plot([0, 1, 2], [0, 1, 2], "k-")
        ax.plot([0, 1, 2], [2, 1, 0], color="#777777")
        found = " ".join(faults(figure) + alike(figure))
    for fault in (
        "leaves the sheet",
        "'one' lies on 'other'",
        "over the panel",
        "5",
        "only",
        "two lines alike",
    ):
        assert fault in found


# --- text is never a pattern -------------------------------------------------------------------------------


def test_hostile_words_are_printed_in_every_figure(hostile: Results) -> None:
    """No mathematics, no formats, no warning; a sign that no font has is a box; the layout holds."""
    assert wrong(hostile, [Look(50.0, "zh", True), Look(85.0)], times=1) == []


def test_hostile_words_are_printed_as_they_are_and_kept_beside_the_figure(
    tmp_path: Path, hostile: Results
) -> None:
    """The title shows dollars, percent signs and braces; the CSV holds every letter."""
    with printing():
        for _, figure in figures(hostile, Look(160.0)):
            said = "".join(figure.get_suptitle().split())
            assert "$1for$1%d100%{0}{}_a^b_\\frac{1}{2}\\n第二行，“引号”" in said
    folder = tmp_path / "$x [v1] {} %d 结果"
    assert "deeds" in draw_all(hostile, folder, Look(), ["png", "svg", "pdf"], ["deeds"])
    with (folder / "deeds.csv").open(encoding="utf-8", newline="") as file:
        assert all(row["x"].startswith(HOSTILE) for row in csv.DictReader(file))


def test_names_that_differ_only_at_their_end_are_told_apart(hostile: Results) -> None:
    """Shortened, they keep their end: no two bars of a panel and no two entries of a key are called the same."""
    with printing():
        for name, figure in figures(hostile, Look(50.0)):  # where least of a name has room
            for ax in figure.axes:
                names = [label.get_text() for label in ax.get_yticklabels() if label.get_text()]
                assert len(names) == len(set(names)), name
            key = [text.get_text() for text in figure.texts if HOSTILE[:6] in text.get_text()]
            assert len(key) == len(set(key)), name


def test_what_no_font_has_is_a_box_and_what_only_steers_is_left_out() -> None:
    """Lines and spaces become one space."""
    assert plain("a\u200d\u202eb🧚\n\t c\u20dd 龘") == f"ab{BOX} c {BOX}"


@pytest.mark.parametrize("name", FIGURES)
def test_marks_on_axes_are_written_plainly(name: str, results: Results) -> None:
    """Logarithmic axes too: no markup of mathematics in any text."""
    numbers = numbers_of(FIGURES[name], results)
    assert numbers is not None
    with printing():
        figure = draw(FIGURES[name], numbers, Look(), "caption", "title")
        figure.draw_without_rendering()
        assert all("$" not in text.get_text() and "\\" not in text.get_text() for text in texts(figure))


# --- words that fit ----------------------------------------------------------------------------------------


@given(st.text("ab cd，。爱豆养 $%_{\n", max_size=80), st.integers(30, 200))
def test_words_are_broken_without_losing_a_letter(text: str, room: int) -> None:
    """Lines fit, and say the same."""
    with printing():
        lines = wrapped(text, room, 8.0).split("\n")
        assert "".join("".join(lines).split()) == "".join(text.split())
        assert all(width(line, 8.0) <= room + 1.0 for line in lines)


def test_punctuation_begins_no_line() -> None:
    """Nor does a percent sign leave its number."""
    with printing():
        for room in range(30, 120):
            for text in (
                "爱豆，养豆。捐豆；配捐、善款",
                "the largest tenth raised 35 % of all, 48 % of some",
            ):
                assert all(line[0] not in "，。；、%" for line in wrapped(text, room, 8.0).split("\n"))


@given(st.text("abc 爱豆", min_size=1, max_size=200), st.integers(30, 200), st.integers(1, 3))
def test_words_beyond_the_last_line_are_cut(text: str, room: int, most: int) -> None:
    """With an ellipsis, and only then."""
    with printing():
        lines, whole = wrapped(text, room, 8.0, most).split("\n"), wrapped(text, room, 8.0).split("\n")
        assert len(lines) <= most
        assert lines[-1].endswith("…") == (len(whole) > most)
        assert all(width(line, 8.0) <= room + 1.0 for line in lines)


@given(st.lists(st.tuples(st.floats(0, 100), st.floats(1, 15)), min_size=1, max_size=10))
def test_names_at_the_ends_of_lines_never_meet(ends: list[tuple[float, float]]) -> None:
    """In order and inside, wherever the lines end; or nowhere if there is no room."""
    wanted, sizes = sorted(at for at, _ in ends), [size for _, size in ends]
    placed = apart(wanted, sizes, 100.0)
    if placed is None:
        assert sum(sizes) > 100
        return
    foot = 0.0
    for at, size in zip(placed, sizes, strict=True):
        assert at - size / 2 >= foot - 1e-6
        foot = at + size / 2
    assert foot <= 100 + 1e-6
