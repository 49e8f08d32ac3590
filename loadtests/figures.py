"""Pictures of a finished load run, from its folder: latency spectrum, heat map, rates, backlog.

Every one states the time warp: users, w, R and the un-warped rate. Faults are shaded.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from loadtests.latency import Merged
from loadtests.report import REPORT, read_gathered
from loadtests.warp import warp_text
from sim.doors import read_json, read_parquet
from sim.reporting.figures.canvas import Canvas
from sim.reporting.figures.look import INK, Look, printing
from sim.reporting.figures.registry import FORMATS, save
from sim.reporting.manifest import version

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

US_PER_MS = 1000.0
TICKS_PER_HALF = 8  # points of the spectrum each time the distance to 100 % halves
LEVELS = (0.0, 0.5, 0.9, 0.99, 0.999, 0.9999, 0.99999, 0.999999)
P99 = 100.0  # 1 / (1 − 0.99)
SHADE = "#D9D9D9"
WORDS = {
    "intended": ("自应发时刻", "intended"),
    "service": ("自实发时刻", "service"),
    "offered": ("应发", "offered"),
    "attempts": ("实发（含重试）", "attempted"),
    "accepted": ("已受理", "accepted"),
    "outstanding": ("未答复", "outstanding"),
    "backlog": ("排队", "waiting"),
    "intended_p50_ms": ("中位数", "median"),
    "intended_p99_ms": ("p99", "p99"),
    "intended_max_ms": ("最大", "max"),
}
VERDICTS = {"met": "达标", "slo missed": "未达标", "audit failed": "审计不符", "invalid": "无效"}
AUDITS = {"passed": "通过", "failed": "不符", "not-audited": "未做"}
DEEDS = {"freeze": ("冻结", "frozen"), "kill9": ("强杀", "kill -9")}


@dataclass(frozen=True)
class Finished:
    """What the pictures are drawn from."""

    report: dict[str, Any]
    merged: Merged
    seconds: pl.DataFrame
    heat: pl.DataFrame

    @property
    def window_s(self) -> int:
        """Seconds of one row: one, unless the run lasted for hours."""
        return int(self.seconds["window_s"][0]) if "window_s" in self.seconds.columns else 1


@dataclass(frozen=True)
class LoadFigure:
    """A picture: its name, its titles, and what draws it."""

    name: str
    zh: str
    en: str
    draw: Callable[[Canvas, Finished], None]


def read_finished(folder: Path) -> Finished:
    """A finished run. Raises UsageError if the folder holds none."""
    report = read_json(folder / REPORT)
    frames = [read_parquet(folder / f"{name}.parquet") for name in ("seconds", "heat")]
    _, merged = read_gathered(folder)
    return Finished(report, merged, *frames)


def draw_load(
    folder: Path, into: Path | None = None, look: Look | None = None, formats: Sequence[str] = FORMATS
) -> list[Path]:
    """Draw every picture of a run into `folder/figures` or another folder; the files."""
    run, into, look = read_finished(folder), into or folder / "figures", look or Look()
    into.mkdir(parents=True, exist_ok=True)
    files = []
    with printing():
        for spec in FIGURES:
            figure = draw_one(spec, run, look)
            for form in formats:
                files.append(into / f"{spec.name}.{form}")
                save(figure, files[-1], look)
    return files


def draw_one(spec: LoadFigure, run: Finished, look: Look) -> Figure:
    """One picture. Call it inside `printing()`."""
    canvas = Canvas(look, WORDS)
    spec.draw(canvas, run)
    heading = str(run.report.get("scenario") or run.report["run"])
    canvas.finish(f"{look.say(spec.zh, spec.en)} · {heading}", caption(run.report, look))
    return canvas.figure


def caption(report: dict[str, Any], look: Look) -> str:
    """The warp, the verdict and the source."""
    zh = look.lang == "zh"
    words = warp_text(report["warp"], report.get("users"), zh)
    trace = (report.get("trace") or "")[:8] or look.say("合成", "made up")
    return f"{words}{look.say('；', '; ')}" + look.say(
        f"结论：{VERDICTS[report['verdict']]}，审计：{AUDITS[report['audit']['verdict']]}；"
        f"来源：Beanpeak {version()}，轨迹 {trace}",
        f"verdict: {report['verdict']}, audit: {report['audit']['verdict']}; "
        f"source: Beanpeak {version()}, trace {trace}",
    )


# --- latency -----------------------------------------------------------------------------------------------


def spectrum(merged: Merged, series: str) -> pl.DataFrame:
    """Percentiles of a series, ever closer to 100 %: x = 1 / (1 − p), value in ms."""
    held = merged.of.get(f"{series}|measure")
    if held is None:
        return pl.DataFrame(schema={"series": pl.String, "x": pl.Float64, "value": pl.Float64})
    points = [
        (1 / (1 - step.percentile_level_iterated_to / 100), max(step.value_iterated_to, 1) / US_PER_MS)
        for step in held.get_percentile_iterator(TICKS_PER_HALF)
        if step.percentile_level_iterated_to < 100
    ]
    x, value = zip(*points, strict=True)
    return pl.DataFrame({"series": [series] * len(x), "x": x, "value": value})


def draw_latency(c: Canvas, run: Finished) -> None:
    """Intended and service latency over percentiles, HDR style: what the user waits, what the server shows."""
    (ax,) = c.panels(1)
    rows = pl.concat([spectrum(run.merged, series) for series in ("intended", "service")])
    if rows.is_empty():
        return
    ax.set_xscale("log")
    ax.set_yscale("log")
    c.lines(ax, rows)
    most = max(float(rows["x"].max()), P99)  # type: ignore[arg-type]
    ax.set_xlim(1, most * 1.05)
    c.marks(ax, [(1 / (1 - level), f"{100 * level:.6g} %") for level in LEVELS])
    c.axes(ax, x=c.say("百分位", "percentile"), y=c.say("毫秒", "ms"), write=_plain)
    for series in ("intended", "service"):
        p99 = run.report[f"{series}_ms"]["p99"]
        if p99:
            ax.plot([P99], [p99], marker="o", markersize=3.2, color=INK, zorder=6)
            c.note(ax, P99, p99, f"p99 = {_plain(p99)} ms")


def draw_heat(c: Canvas, run: Finished) -> None:
    """Events by the second they were due and their intended latency: a stall is a ramp, not a dot."""
    (ax,) = c.panels(1)
    heat = run.heat
    windows, length_s = len(run.seconds), run.window_s
    edges = np.unique(np.concatenate([heat["low_us"].to_numpy(), heat["high_us"].to_numpy()]).round(6))
    table = np.zeros((len(edges) - 1, windows))
    rows = np.searchsorted(edges, heat["low_us"].to_numpy().round(6))
    table[rows, heat["second"].to_numpy() // length_s] = heat["events"].to_numpy()
    seconds = np.arange(windows + 1) * length_s
    c.shades(ax, seconds, edges / US_PER_MS, table, c.say("事件数", "events"))
    ax.set_yscale("log")
    _shade(c, ax, run, edge_only=True)
    c.axes(
        ax,
        x=c.say("应发时刻（秒）", "due at (s)"),
        y=c.say("自应发时刻的延迟（毫秒）", "intended latency (ms)"),
        write=_plain,
    )


# --- rates and backlog -------------------------------------------------------------------------------------


def draw_rates(c: Canvas, run: Finished) -> None:
    """What was due, what left with retries, what was accepted, a second."""
    (ax,) = c.panels(1)
    c.lines(ax, _long(run, ("offered", "attempts", "accepted"), a_second=True))
    ax.set_ylim(bottom=0)
    _shade(c, ax, run)
    c.axes(ax, x=c.say("墙钟（秒）", "wall clock (s)"), y=c.say("次/秒", "a second"))


def draw_backlog(c: Canvas, run: Finished) -> None:
    """Events waiting or in flight, and the intended latency by due second beside it."""
    left, right = c.panels(2)
    c.lines(left, _long(run, ("outstanding", "backlog")))
    left.set_ylim(bottom=0)
    c.axes(
        left, c.say("每秒末未完成的事件", "events not ended, at each second's end"),
        x=c.say("墙钟（秒）", "wall clock (s)"),
    )  # fmt: skip
    times = _long(run, ("intended_p50_ms", "intended_p99_ms", "intended_max_ms"))
    right.set_yscale("log")
    c.lines(right, times.filter(pl.col("value") > 0), first=2)
    c.axes(
        right, c.say("自应发时刻的延迟", "intended latency"), x=c.say("应发时刻（秒）", "due at (s)"),
        y=c.say("毫秒", "ms"), write=_plain,
    )  # fmt: skip
    for ax in (left, right):
        _shade(c, ax, run)


def _long(run: Finished, series: tuple[str, ...], a_second: bool = False) -> pl.DataFrame:
    """Series at the middle of their windows; counts of a window as counts `a_second`."""
    each = run.window_s if a_second else 1
    parts = [
        run.seconds.select(
            pl.lit(name).alias("series"),
            (pl.col("second") + run.window_s / 2).alias("x"),
            (pl.col(name).cast(pl.Float64) / each).alias("value"),
        ).drop_nulls()
        for name in series
    ]
    return pl.concat(parts)


def _shade(c: Canvas, ax: Axes, run: Finished, edge_only: bool = False) -> None:
    """The time of every fault, named at the top."""
    for fault in run.report.get("faults", ()):
        start, end = fault["start_s"], fault["end_s"]
        if edge_only:
            for at in (start, end):
                ax.axvline(at, color=INK, linewidth=0.8, linestyle=":")
        else:
            ax.axvspan(start, end, color=SHADE, linewidth=0, zorder=0)
        c.top(ax, start, c.say(*DEEDS[fault["do"]]))


def _plain(value: float, _position: object = None) -> str:
    """Milliseconds as people read them: 0.3 · 45 · 1,960."""
    return f"{value:,.0f}" if value >= 10 else f"{value:.2g}"


FIGURES = (
    LoadFigure("load_latency", "延迟的百分位谱", "Latency by percentile", draw_latency),
    LoadFigure("load_heat", "每一秒应发事件的延迟", "Latency by the second an event was due", draw_heat),
    LoadFigure("load_rates", "应发、实发与受理", "Offered, attempted, accepted", draw_rates),
    LoadFigure("load_backlog", "积压与恢复", "Backlog and recovery", draw_backlog),
)
