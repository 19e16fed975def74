"""A round's funnel as a flow: answers come in at the top, and at each stage those that are turned down leave to the right.

In: the funnel of a round, as `refinement.jsonl` has it. Out: [`read_flow`], its numbers, and [`flow_picture`], SVG.
"""

from dataclasses import dataclass
from typing import Any

from matplotlib.patches import PathPatch
from matplotlib.path import Path as Outline

from .drawing import DROPPED, FAILED, HARD, INK, KEPT, MUTED, picture, svg
from .text import clean, words


# What leaves the flow at a stage; `pass` and `save` go on.
LEAVING = {"drop": ("dropped", DROPPED), "regenerate": ("hard", HARD), "error": ("not judged", FAILED)}

# In the picture's units, which are pixels: the band of all answers, its left edge, where exits end, height of a stage.
WIDTH, BAND, LEFT, EXIT, STAGE = 340, 100, 86, 216, 60


@dataclass(frozen=True)
class Step:
    """One stage: answers that come in, those that leave by outcome, and the reasons, most frequent first."""

    stage: str
    came: int
    left: dict[str, int]
    reasons: dict[str, int]

    @property
    def stayed(self) -> int:
        return self.came - sum(self.left.values())


def read_flow(funnel: dict[str, Any], answers: int) -> list[Step]:
    """
    The stages in order.

    An answer that rightly calls nothing skips the stages that look at calls, so more answers may flow past a stage than it
    has verdicts.

    Args:
        funnel (`dict`): By stage, `verdicts` and `reasons`.
        answers (`int`): How many came to the first stage.
    """
    steps = []
    for stage, counts in funnel.items():
        left = {outcome: counts["verdicts"].get(outcome, 0) for outcome in LEAVING}
        reasons = dict(sorted(counts.get("reasons", {}).items(), key=lambda pair: -pair[1]))
        steps.append(Step(stage, answers, {name: count for name, count in left.items() if count}, reasons))
        answers = steps[-1].stayed
    return steps


def flow_picture(title: str, steps: list[Step]) -> str:
    """The flow from top to bottom, so that it fits a phone; widths are numbers of answers."""
    total = max(steps[0].came, 1)
    height = 40 + STAGE * len(steps) + 36
    with picture(WIDTH, height, layout=None) as figure:
        axes = figure.add_axes((0, 0, 1, 1))
        axes.set(xlim=(0, WIDTH), ylim=(height, 0))
        axes.axis("off")
        scale = BAND / total
        axes.text(LEFT, 20, f"{steps[0].came:,} answers", color=INK, weight="bold", va="center")
        top = 34.0
        for step in steps:
            _draw_step(axes, step, scale, top)
            top += STAGE
        kept = steps[-1].stayed
        _draw_band(axes, kept * scale, top, top + 6)
        text = f"{kept:,} accepted ({kept / total:.0%})"
        axes.text(LEFT, top + 20, text, color=INK, weight="bold", va="center")
        said = f"{steps[0].came} answers came; " + "; ".join(
            f"{words(step.stage)} turned down {step.came - step.stayed}" for step in steps
        )
        return svg(figure, title, f"{said}; {kept} were accepted")


def _draw_step(axes, step: Step, scale: float, top: float) -> None:
    stayed = step.stayed * scale
    _draw_band(axes, stayed, top, top + STAGE + 0.5)  # no hairline between two stages
    edge = step.came * scale
    y = top + 2
    for outcome, count in step.left.items():
        name, color = LEAVING[outcome]
        thickness = min(count * scale, (STAGE - 12) / len(step.left))
        _draw_exit(axes, edge - count * scale, edge, top, y, max(thickness, 1.5), color)
        axes.text(EXIT + 6, y + 5, f"{count:,} {name}", color=INK, va="center", fontsize=10.5)
        edge -= count * scale
        y += (STAGE - 12) / len(step.left) if len(step.left) > 1 else 14
    if len(step.left) == 1:
        for place, line in enumerate(_reasons(step.reasons)):
            axes.text(EXIT + 6, y + 5 + 12 * place, line, color=MUTED, va="center", fontsize=9)
    first, _, rest = words(step.stage).partition(" and ")
    # Each line by itself, as both end at the band whatever the reader's font is.
    for place, line in enumerate([f"{first} and", rest] if rest else [first]):
        axes.text(
            LEFT - 10, top + 8 + 13 * place, clean(line, 20), color=MUTED, va="center", ha="right", fontsize=10.5
        )


def _draw_band(axes, width: float, top: float, bottom: float) -> None:
    corners = [(LEFT, top), (LEFT + width, top), (LEFT + width, bottom), (LEFT, bottom), (LEFT, top)]
    axes.add_patch(PathPatch(Outline(corners, closed=True), facecolor=KEPT, linewidth=0))


def _draw_exit(axes, start: float, end: float, top: float, y: float, thickness: float, color: str) -> None:
    """From the band's top edge, between `start` and `end`, to the right."""
    left, right = LEFT + start, LEFT + end
    middle = (right + EXIT) / 2
    corners = [
        (left, top),
        (right, top),
        (middle, top),
        (middle, y),
        (EXIT, y),
        (EXIT, y + thickness),
        (middle, y + thickness),
        (left, y + thickness),
        (left, top),
        (left, top),
    ]
    codes = [
        Outline.MOVETO,
        Outline.LINETO,
        *[Outline.CURVE4] * 3,
        Outline.LINETO,
        *[Outline.CURVE4] * 3,
        Outline.CLOSEPOLY,
    ]
    axes.add_patch(PathPatch(Outline(corners, codes), facecolor=color, alpha=0.75, linewidth=0))


def _reasons(reasons: dict[str, int], longest: int = 22) -> list[str]:
    """The two most frequent, each on a line."""
    lines = [f"{count:,} {words(name)}" for name, count in list(reasons.items())[:2]]
    return [line if len(line) <= longest else line[: longest - 1] + "…" for line in map(clean, lines)]
