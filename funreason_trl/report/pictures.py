"""The pictures of curves, lengths and accuracies; the funnel's is in `flow`.

In: what `reading`, `lengths` and `scores` found. Out: SVG.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean

from .drawing import DASHES, INK, LINE, MARKERS, MUTED, SERIES, SURFACE, picture, svg
from .lengths import Lengths, spread
from .scores import Score
from .text import clean, percent, words


WIDTH = 360
# More points than this are no more to see, and make the page large.
POINTS = 300


@dataclass(frozen=True)
class Curve:
    """A line: its place among the runs (which gives colour and dashes), its points; `dots` for few points."""

    place: int
    name: str
    steps: list[float]
    values: list[float]
    dots: bool = False


def curves_picture(title: str, curves: Sequence[Curve], rounds: Sequence[int] = (), share: bool = False) -> str:
    """
    Curves over the steps.

    Args:
        title (`str`): What is drawn.
        curves (`Sequence[Curve]`): At least one, with at least one point each.
        rounds (`Sequence[int]`): Steps at which rounds came.
        share (`bool`, *optional*, defaults to `False`): The values are shares of 1.
    """
    with picture(WIDTH, 220) as figure:
        axes = figure.subplots()
        for curve in curves:
            _draw_curve(axes, curve)
        for number, step in enumerate(rounds, start=1):
            axes.axvline(step, color=MUTED, linewidth=0.8, linestyle=(0, (2, 3)))
            axes.annotate(
                f"{number}",
                (step, 1),
                xycoords=("data", "axes fraction"),
                ha="center",
                va="bottom",
                color=MUTED,
                fontsize=9,
            )
        axes.set_xlabel("optimizer step")
        if share:
            axes.set_ylim(0, 1)
            axes.set_yticks([0, 0.25, 0.5, 0.75, 1], ["0%", "25%", "50%", "75%", "100%"])
        axes.grid(axis="y")
        axes.tick_params(length=0)
        ends = "; ".join(
            f"{curve.name}: from {curve.values[0]:.3g} to {curve.values[-1]:.3g} at step {curve.steps[-1]:.0f}"
            for curve in curves
        )
        return svg(figure, title, ends)


def _draw_curve(axes, curve: Curve) -> None:
    color = SERIES[curve.place % len(SERIES)]
    if curve.dots or len(curve.steps) == 1:
        marker = MARKERS[curve.place % len(MARKERS)]
        axes.plot(curve.steps, curve.values, marker, color=color, markersize=6, markeredgecolor=SURFACE)
        return
    steps, values, smooth = thinned(curve.steps, curve.values)
    if smooth != values:
        axes.plot(steps, values, color=color, linewidth=0.8, alpha=0.3)
    axes.plot(steps, smooth, color=color, linewidth=2, linestyle=DASHES[curve.place % len(DASHES)])


def thinned(steps: list[float], values: list[float]) -> tuple[list[float], list[float], list[float]]:
    """Points for a picture: means of neighbours where there are too many, and their running mean over 5% of them."""
    known = [(step, value) for step, value in zip(steps, values, strict=True) if math.isfinite(value)]
    size = math.ceil(len(known) / POINTS) or 1
    groups = [known[start : start + size] for start in range(0, len(known), size)]
    steps = [group[-1][0] for group in groups]
    values = [fmean(value for _, value in group) for group in groups]
    reach = len(values) // 40
    smooth = [fmean(values[max(0, place - reach) : place + reach + 1]) for place in range(len(values))]
    return steps, values, smooth


def lengths_picture(title: str, groups: Sequence[Lengths], part: str) -> str:
    """
    How long the thinking (`part="think"`) or what follows it (`part="call"`) is in each group, a box each.

    The box is the middle half, its line the median, its dot the mean; whiskers reach from the 5th to the 95th of 100.
    """
    spreads = [spread(_part(group, part)) for group in groups]
    with picture(WIDTH, 56 + 32 * len(groups)) as figure:
        axes = figure.subplots()
        for place, (group, one) in enumerate(zip(groups, spreads, strict=True)):
            color = SERIES[group.place % len(SERIES)]
            axes.plot([one.low, one.high], [place, place], color=color, linewidth=1.5, solid_capstyle="butt")
            width = max(one.upper - one.lower, 1e-9)
            axes.barh(place, width, left=one.lower, height=0.36, color=color, alpha=0.35, linewidth=0)
            axes.plot([one.median] * 2, [place - 0.2, place + 0.2], color=color, linewidth=3, solid_capstyle="butt")
            axes.plot(one.mean, place, "o", color=SURFACE, markeredgecolor=color, markersize=6, clip_on=False)
        _name_rows(axes, [group.label for group in groups])
        # Where nobody thinks at all, an axis of its own choice would end at a billionth of a character.
        axes.set_xlim(0, max(10, axes.get_xlim()[1]))
        axes.set_xlabel("characters")
        axes.grid(axis="x")
        said = "; ".join(
            f"{g.label}: median {s.median:.0f}, mean {s.mean:.0f}" for g, s in zip(groups, spreads, strict=True)
        )
        return svg(figure, title, said)


def _part(group: Lengths, part: str) -> list[int]:
    return group.think if part == "think" else group.call


@dataclass(frozen=True)
class Points:
    """A model's accuracies: its place among the models, its name, its scores by row; published ones have no interval."""

    place: int
    name: str
    scores: dict[str, Score]
    published: bool = False


def accuracies_picture(title: str, rows: Sequence[str], models: Sequence[Points]) -> str:
    """A row for each score with a dot and its 95% interval for each model, in the order of the models."""
    height = 14 + 11 * len(models)
    with picture(WIDTH, 46 + height * len(rows)) as figure:
        axes = figure.subplots()
        for place in range(1, len(rows)):
            axes.axhline(place - 0.5, color=LINE, linewidth=0.8)
        for lane, model in enumerate(models):
            _draw_points(axes, model, rows, (lane - (len(models) - 1) / 2) * 11 / height)
        _name_rows(axes, [words(row) for row in rows])
        axes.set_xlim(-0.02, 1.02)
        axes.set_xticks([0, 0.25, 0.5, 0.75, 1], ["0%", "25%", "50%", "75%", "100%"])
        axes.grid(axis="x")
        said = "; ".join(
            f"{model.name}: "
            + ", ".join(f"{words(r)} {percent(model.scores[r].value, 1)}" for r in rows if r in model.scores)
            for model in models
        )
        return svg(figure, title, said)


def _draw_points(axes, model: Points, rows: Sequence[str], offset: float) -> None:
    marker = MARKERS[model.place % len(MARKERS)]
    color = MUTED if model.published else SERIES[model.place % len(SERIES)]
    for place, row in enumerate(rows):
        if row not in model.scores:
            continue
        score = model.scores[row]
        if model.published:
            axes.plot(score.value, place + offset, marker, color="none", markeredgecolor=color, markersize=6.5)
            continue
        axes.plot([score.low, score.high], [place + offset] * 2, color=color, linewidth=2, alpha=0.55)
        axes.plot(score.value, place + offset, marker, color=color, markersize=7, markeredgecolor=SURFACE)


def _name_rows(axes, names: Sequence[str]) -> None:
    """Names at the left, as ordinary text, from the top down."""
    axes.set_yticks(range(len(names)), [_short(clean(name, 60)) for name in names], color=INK)
    axes.set_ylim(len(names) - 0.5, -0.5)
    axes.tick_params(length=0, pad=7)
    axes.spines["left"].set_visible(False)


def _short(name: str, longest: int = 26) -> str:
    """On two lines where one is too long."""
    if len(name) <= longest:
        return name
    cut = name.rfind(" ", 0, longest)
    cut = cut if cut > longest // 3 else longest
    rest = name[cut:].strip()
    return name[:cut] + "\n" + (rest if len(rest) <= longest else rest[: longest - 1] + "…")
