"""What became of every row: in through the source, down through the five stages, out into the splits.

In: a [`~funreason_trl.fcdr.tally.Tally`] of the inspected rows, and a count of those that were left out before. Out:
[`funnel_dict`] for `stats.json`, [`funnel_table`] to read, and [`draw_funnel`], a picture.
"""

from collections import Counter
from pathlib import Path
from typing import Any

from funreason_trl.evaluation.table import markdown_table
from funreason_trl.fcdr.tally import Tally
from funreason_trl.fcdr.verdicts import Outcome, Stage


_COLORS = {
    Outcome.PASS: "#4c9f70",
    Outcome.SAVE: "#6fa8dc",
    Outcome.REGENERATE: "#e6a23c",
    Outcome.DROP: "#c0504d",
    Outcome.ERROR: "#7f7f7f",
}


def funnel_dict(tally: Tally, left_out: Counter[str]) -> dict[str, Any]:
    """For JSON; keys in a fixed order, so that equal runs write equal files."""
    return {
        "left_out": dict(sorted(left_out.items())),
        "inspected": dict(sorted(tally.rows.items())),
        "kept_without_call": tally.saved,
        "regenerated": tally.regenerated,
        "stages": {
            str(stage): {
                "verdicts": {str(outcome): tally.verdicts[stage, outcome] for outcome in Outcome},
                "reasons": dict(_reasons(tally, stage)),
            }
            for stage in Stage
        },
    }


def funnel_table(tally: Tally, left_out: Counter[str]) -> str:
    """
    Two Markdown tables: the verdicts of each stage, and the rows.

    Args:
        tally (`Tally`): Of the inspected rows.
        left_out (`Counter[str]`): Rows that were not inspected, by reason (`"exact copy"`, ...).
    """
    stages = [
        [
            _words(stage),
            *(str(tally.verdicts[stage, outcome]) for outcome in _COLORS),
            ", ".join(f"{_words(reason)} {count}" for reason, count in _reasons(tally, stage)[:4]),
        ]
        for stage in Stage
    ]
    rows = [[f"left out: {name}", str(count)] for name, count in sorted(left_out.items())]
    rows += [[name, str(count)] for name, count in sorted(tally.rows.items())]
    rows += [["of these kept without a call", str(tally.saved)], ["answered anew", str(tally.regenerated)]]
    header = ["stage", *map(str, _COLORS), "most frequent reasons"]
    return f"{markdown_table(header, stages)}\n\n{markdown_table(['rows', 'count'], rows)}\n"


def draw_funnel(path: Path, tally: Tally) -> None:
    """A bar for each stage: how many answers came, passed, were saved, sent back, or dropped."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 3.2), layout="constrained")
    axes = figure.subplots()
    labels = [_words(stage) for stage in Stage]
    left = [0] * len(labels)
    for outcome, color in _COLORS.items():
        counts = [tally.verdicts[stage, outcome] for stage in Stage]
        axes.barh(labels, counts, left=left, color=color, label=str(outcome))
        left = [start + count for start, count in zip(left, counts, strict=True)]
    axes.invert_yaxis()
    axes.set(xlabel="verdicts")
    axes.legend(loc="lower right", fontsize="small")
    figure.savefig(path, dpi=110, metadata={"Software": None})


def _reasons(tally: Tally, stage: Stage) -> list[tuple[str, int]]:
    """Most frequent first, equals by name."""
    reasons = [(str(reason), count) for (where, reason), count in tally.reasons.items() if where is stage]
    return sorted(reasons, key=lambda pair: (-pair[1], pair[0]))


def _words(name: str) -> str:
    return str(name).replace("_", " ")
