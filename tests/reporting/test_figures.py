"""Figures: every one drawn, in both languages and in grey, with the right numbers and no missing glyph."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from functools import cache
from pathlib import Path

import polars as pl
import pytest
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.ft2font import FT2Font
from matplotlib.text import Text
from polars.testing import assert_frame_equal

from sim.engine.outcome import Outcome
from sim.errors import UsageError
from sim.observation.catalogue import TABLES
from sim.observation.shares import gini
from sim.reporting.figures.giving import of_like_size
from sim.reporting.figures.look import Look, parse_lang, parse_width, printing
from sim.reporting.figures.numbers import long, lorenz
from sim.reporting.figures.registry import (
    FIGURES,
    caption_of,
    chosen,
    draw,
    draw_all,
    numbers_of,
    parse_formats,
)
from sim.reporting.fonts import FAMILY, FILE
from sim.reporting.results import Results

LOOKS = {
    "english": Look(),
    "chinese": Look(lang="zh"),
    "narrow grey": Look(width_mm=85.0, lang="zh", grey=True),
}


def drawn(name: str, results: Results, look: Look) -> Figure:
    """A figure of a run, laid out as it would be saved; a warning of matplotlib is an error here."""
    spec = FIGURES[name]
    numbers = numbers_of(spec, results)
    assert numbers is not None
    with printing():
        figure = draw(spec, numbers, look, caption_of(results, look), "95公益周")
        figure.draw_without_rendering()
    return figure


@pytest.fixture(scope="module")
def figure_of(results: Results) -> Callable[[str, Look], Figure]:
    """A function that draws a figure of the made-up run; once, however many tests look at it."""
    return cache(lambda name, look: drawn(name, results, look))


def texts(figure: Figure) -> list[str]:
    return [text.get_text() for text in figure.findobj(Text) if text.get_text()]


def test_at_least_twelve_figures() -> None:
    """The promised ones, under one name each."""
    assert len(FIGURES) >= 12
    assert all(name == spec.name for name, spec in FIGURES.items())
    assert all(set(spec.needs) <= TABLES.keys() for spec in FIGURES.values())


@pytest.mark.parametrize("look", LOOKS.values(), ids=LOOKS.keys())
@pytest.mark.parametrize("name", FIGURES)
def test_every_figure_prints(name: str, look: Look, figure_of: Callable[[str, Look], Figure]) -> None:
    """Title, a caption with users and source, and a unit on some axis of every panel; no glyph is missing."""
    figure = figure_of(name, look)
    spec = FIGURES[name]
    words = texts(figure)
    assert any(look.say(spec.zh, spec.en) in text for text in words)
    caption = "".join(words).replace("\n", "")
    assert look.say("模拟 5,000 名用户", "5,000 users simulated") in caption
    assert look.say("来源：Beanpeak", "source: Beanpeak").replace(" ", "") in caption.replace(" ", "")
    for ax in figure.axes:
        assert ax.get_xlabel() or ax.get_ylabel()
    assert figure.get_figwidth() == pytest.approx(look.width_mm / 25.4)


@pytest.mark.parametrize("name", FIGURES)
def test_replications_are_drawn_with_their_bands(name: str, three: Results) -> None:
    """Numbers have limits and the caption says what they are."""
    numbers = numbers_of(FIGURES[name], three)
    assert numbers is not None
    assert {"value_low", "value_high"} <= set(numbers.columns)
    assert "95 % interval of 3 replications" in " ".join(texts(drawn(name, three, Look()))).replace("\n", " ")


@pytest.mark.parametrize("name", FIGURES)
def test_grey_is_grey(name: str, figure_of: Callable[[str, Look], Figure]) -> None:
    """Not one coloured patch, line or letter."""
    figure = figure_of(name, LOOKS["narrow grey"])
    colours = [line.get_color() for ax in figure.axes for line in ax.lines]
    colours += [patch.get_facecolor()[:3] for ax in figure.axes for patch in ax.patches]
    colours += [text.get_color() for text in figure.findobj(Text)]
    for colour in colours:
        red, green, blue = to_rgb(colour)
        assert red == green == blue


def test_what_colour_tells_line_or_hatch_tells_too(results: Results) -> None:
    """Two series of one panel never share their dashes or their hatch."""
    lines = drawn("cash", results, Look()).axes[0].lines
    assert len({(line.get_linestyle(), line.get_marker()) for line in lines}) == len(lines) == 2
    bars = drawn("giving", results, Look()).axes[0].containers
    assert len({bar.patches[0].get_hatch() for bar in bars}) == len(bars) == 5


def test_a_missing_glyph_would_be_an_error() -> None:
    """The guard of the other tests works: a character no font has raises here."""
    with printing():
        figure = Figure()
        figure.suptitle("\U00020000")
        with pytest.raises(UserWarning, match="missing from font"):
            figure.draw_without_rendering()


def test_the_font_has_every_character_that_is_printed() -> None:
    """GB 2312, all labels of the scenarios, and the words of the figures themselves."""
    glyphs = FT2Font(str(FILE)).get_charmap()
    root = Path(__file__).parents[2]
    files = [
        *root.glob("scenarios/*.toml"),
        *root.glob("sim/reporting/figures/*.py"),
        *root.glob("sim/agents/*.py"),
    ]
    printed = {c for file in files for c in file.read_text(encoding="utf-8") if "\u4e00" <= c <= "\u9fff"}
    cells = (bytes((row, cell)) for row in range(0xB0, 0xF8) for cell in range(0xA1, 0xFF))
    gb2312 = {c for cell in cells for c in cell.decode("gb2312", errors="ignore")}
    assert len(gb2312) == 6_763
    assert [c for c in printed | gb2312 if ord(c) not in glyphs] == []


def test_the_font_is_small_and_carries_its_licence() -> None:
    """Under 2.5 MB; the Open Font License beside it; a family name of our own."""
    assert FILE.stat().st_size < 2_500_000
    assert "SIL OPEN FONT LICENSE Version 1.1" in (FILE.parent / "OFL.txt").read_text(encoding="utf-8")
    assert FT2Font(str(FILE)).family_name == FAMILY == "Beanpeak Sans SC"


def test_files_lie_beside_their_numbers(tmp_path: Path, results: Results) -> None:
    """Every format asked for, and a CSV with the rows that were drawn."""
    names = draw_all(results, tmp_path, Look(), ["png", "svg", "pdf"], ["beans", "pools"])
    assert names == ["beans", "pools"]
    assert {file.name for file in tmp_path.iterdir()} == {
        f"{name}.{form}" for name in names for form in ("png", "svg", "pdf", "csv")
    }
    numbers = numbers_of(FIGURES["pools"], results)
    assert numbers is not None
    assert pl.read_csv(tmp_path / "pools.csv")["value"].to_list() == numbers["value"].to_list()


def test_small_pools_are_not_drawn_on_the_scale_of_large_ones() -> None:
    """A pool below a tenth of the largest would be a line on the axis: it gets a panel with those of its size."""
    peaks = {"small": 5.0, "large": 1_000.0, "half": 500.0, "tiny": 1.0, "flash": 0.0}
    rows = pl.DataFrame({"series": [*peaks, *peaks], "value": [*peaks.values(), *([0.0] * len(peaks))]})
    assert of_like_size(rows) == [["large", "half"], ["small", "tiny", "flash"]]
    assert of_like_size(rows.with_columns(value=0.0)) == [list(peaks)]


def test_the_same_run_gives_the_same_files(tmp_path: Path, results: Results) -> None:
    """Vector figures carry no date and no random names."""
    for folder in ("a", "b"):
        draw_all(results, tmp_path / folder, Look(), ["svg", "pdf"], ["beans"])
    for form in ("svg", "pdf"):
        assert (tmp_path / f"a/beans.{form}").read_bytes() == (tmp_path / f"b/beans.{form}").read_bytes()


def test_chinese_in_a_pdf_is_embedded(tmp_path: Path, results: Results) -> None:
    """It prints on a machine without the font."""
    draw_all(results, tmp_path, Look(lang="zh"), ["pdf"], ["beans"])
    assert FAMILY.replace(" ", "").encode() in (tmp_path / "beans.pdf").read_bytes()


def test_a_table_that_is_absent_takes_its_figure_with_it(tmp_path: Path, results: Results) -> None:
    """A run without teams has no ranking; one without beans no bean flow."""
    first = results.outcomes[0]
    days = first.tables["days"].with_columns(pl.col("^(beans_.*|growing|available)$") * 0)
    tables = {name: frame for name, frame in first.tables.items() if name != "teams"} | {"days": days}
    bare = Results("hello", (type(first)(**{**vars(first), "tables": tables}),))
    names = draw_all(bare, tmp_path, Look(), ["png"], ["teams", "beans", "pools"])
    assert names == ["pools"]


def test_panels_stand_below_each_other_on_narrow_paper(results: Results) -> None:
    """Side by side they could not be read at 85 mm."""
    wide, narrow = drawn("traffic", results, Look()), drawn("traffic", results, LOOKS["narrow grey"])
    assert wide.axes[0].get_position().y0 == pytest.approx(wide.axes[1].get_position().y0, abs=0.05)
    assert narrow.axes[0].get_position().y0 > narrow.axes[1].get_position().y1


# --- the numbers ---------------------------------------------------------------------------------------


def test_the_bean_flow_ends_where_the_books_end(results: Results) -> None:
    """Growing and available are balances, what is used up is summed to date."""
    numbers, days = numbers_of(FIGURES["beans"], results), results.tables["days"]
    assert numbers is not None
    last = dict(numbers.filter(pl.col("x") == pl.col("x").max()).select("series", "value").iter_rows())
    assert last["growing"] == days["growing"][-1]
    assert last["donated"] == days["beans_donated"].sum()
    assert last["expired"] == days["beans_expired"].sum()


def test_traffic_shows_the_busiest_day(results: Results) -> None:
    """Minutes hold few orders here, so points stand for more; the day's orders are all there."""
    numbers, rows = numbers_of(FIGURES["traffic"], results), results.tables["minutes"]
    assert numbers is not None
    shown = numbers.filter((pl.col("panel") != "day") & (pl.col("series") == "orders"))
    day = rows.group_by(pl.col("t") // 86_400_000_000).agg(pl.col("orders").sum()).sort("orders")
    assert shown["value"].sum() == day["orders"][-1]
    assert shown["x"].dt.date().n_unique() == 1


def test_traffic_draws_no_line_over_time_that_was_not_watched(three: Results) -> None:
    """Of two windows on a day the busier is shown, minute by minute."""
    watched = [*range(60, 120), *range(600, 660)]

    def with_windows(outcome: Outcome) -> Outcome:
        orders = [5 if minute < 120 else 50 for minute in watched]
        minutes = pl.DataFrame({"t": [minute * 60_000_000 for minute in watched]} | dict.fromkeys(
            ("visits", "orders", "charity_orders", "pledged_fen", "confirmed_fen"), orders
        ))  # fmt: skip
        return dataclasses.replace(outcome, tables={**outcome.tables, "minutes": minutes})

    numbers = numbers_of(FIGURES["traffic"], Results("hello", tuple(map(with_windows, three.outcomes))))
    assert numbers is not None
    shown = numbers.filter((pl.col("panel") == "1 min") & (pl.col("series") == "orders"))
    assert shown["value"].to_list() == [50.0] * 60
    assert [at.hour for at in shown["x"]] == [10] * 60


def test_money_is_in_yuan_and_time_in_hours(results: Results) -> None:
    """Figures never show fen or minutes."""
    giving, hours = numbers_of(FIGURES["giving"], results), numbers_of(FIGURES["charity_hours"], results)
    assert giving is not None
    assert hours is not None
    assert giving["value"].sum() == pytest.approx(results.tables["sources"]["fen"].sum() / 100)
    minutes = results.tables["days"].select("minutes_labour", "minutes_donated").sum_horizontal().sum()
    assert hours["value"].sum() == pytest.approx(minutes / 60)


def test_lorenz_and_gini_of_known_cases() -> None:
    """All alike: the diagonal and 0. One of four has all: flat to 75 % and 0.75. 1, 2, 3: 2/9."""
    alike, one = pl.Series([5, 5, 5, 5]), pl.Series([0, 0, 0, 8])
    assert lorenz(alike)["held"].to_list() == pytest.approx(lorenz(alike)["holders"].to_list())
    assert lorenz(one).filter(pl.col("holders") <= 75)["held"].sum() == 0
    assert (gini(alike), gini(one), gini(pl.Series([3, 1, 2]))) == pytest.approx((0.0, 0.75, 2 / 9))
    assert gini(pl.Series([], dtype=pl.Int64)) == gini(pl.Series([0, 0])) == 0.0


def test_long_rows_are_means_over_replications() -> None:
    """2 and 4 make 3, in the unit asked for."""
    rows = pl.DataFrame({"replication": [0, 1], "x": [7, 7], "fen": [200, 400]})
    got = long(rows, "p", "x", ["fen"], 0.01).row(0, named=True)
    assert (got["panel"], got["series"], got["x"], got["value"]) == ("p", "fen", 7, pytest.approx(3.0))


COUNTED = {  # table → the columns that count, and those that say what
    "pledges": (["orders"], ["donation_fen"]),
    "sources": (["fen"], ["source", "cause"]),
    "deeds": (["times", "beans", "minutes"], ["deed"]),
    "channels": (["new_players", "sessions", "deeds", "gifts"], ["channel"]),
    "benefits": (["reached"], ["benefit"]),
    "cash": (["confirmed_fen", "pledged_fen"], ["day"]),
    "pools": (["left_fen", "spent_fen"], ["t", "pool"]),
    "minutes": (["visits", "orders", "charity_orders"], ["t"]),
}


@pytest.mark.parametrize("table", COUNTED)
def test_no_figure_tells_a_count_of_nothing_from_one_that_was_left_out(table: str, three: Results) -> None:
    """Cells of which one replication has none weigh as much as those it has."""
    counts, _ = COUNTED[table]
    first, *others = three.outcomes

    def with_rows(frame: pl.DataFrame) -> Results:
        changed = dataclasses.replace(first, tables={**first.tables, table: frame})
        return Results("hello", (changed, *others))

    whole = first.tables[table]
    some = pl.int_range(pl.len()) % 2 == 0
    written = whole.with_columns(pl.when(some).then(pl.col(c)).otherwise(0).alias(c) for c in counts)
    left_out = whole.filter(some)
    told = 0
    for name, spec in FIGURES.items():
        one, other = (numbers_of(spec, with_rows(frame)) for frame in (written, left_out))
        if one is None or other is None:
            assert one is other is None
            continue
        keys = ["panel", "series", "x"]
        for frame in (one, other):
            assert frame["value"].is_not_nan().all()
        one, other = (frame.filter(pl.col("value") > 0).sort(keys) for frame in (one, other))
        assert_frame_equal(one, other.select(one.columns), check_exact=False), name
        told += 1
    assert told > 10


# --- looks ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("text", "mm"), [("85mm", 85.0), ("8.5 cm", 85.0), ("4in", 101.6)])
def test_widths_have_units(text: str, mm: float) -> None:
    """Millimetres, centimetres or inches."""
    assert parse_width(text) == pytest.approx(mm)


@pytest.mark.parametrize("text", ["85", "wide", "5mm", "90m", "-80mm"])
def test_wrong_widths_say_what_to_write(text: str) -> None:
    """No unit, no number, too narrow."""
    with pytest.raises(UsageError) as caught:
        parse_width(text)
    assert text in str(caught.value)


def test_wrong_names_suggest_the_right_ones() -> None:
    """Figures, formats and languages."""
    for call, words in (
        (lambda: chosen(["bean"]), "did you mean 'beans'?"),
        (lambda: parse_formats("png,jpg"), "use png, svg, pdf"),
        (lambda: parse_lang("fr"), "use zh or en"),
    ):
        with pytest.raises(UsageError) as caught:
            call()
        assert words in str(caught.value)
    assert parse_formats("PNG, pdf") == ["png", "pdf"]


NUMBERS = [
    (0.0, "0", "0"),
    (0.25, "0.25", "0.25"),
    (12.5, "12.5", "12.5"),
    (1_234.0, "1,234", "1,234"),
    (34_500_000.0, "34.5 M", "3,450万"),
    (666_000_000.0, "666 M", "6.66亿"),
    (2.5e9, "2.5 bn", "25亿"),
]


@pytest.mark.parametrize(("value", "english", "chinese"), NUMBERS)
def test_numbers_are_written_in_the_language(value: float, english: str, chinese: str) -> None:
    """Millions and billions, 万 and 亿."""
    assert Look().number(value) == english
    assert Look(lang="zh").number(value) == chinese
