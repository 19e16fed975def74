"""What the quickstart leaves behind and shows: answers, results, curves, the table, and the round's funnel.

In: measurements before and after, and the round. Out: files in the output folder, and words on the screen.
"""

import argparse
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from funreason_trl.calls import render_calls
from funreason_trl.data.rows import message_calls
from funreason_trl.evaluation.answers import Score
from funreason_trl.evaluation.bfcl.scores import wilson
from funreason_trl.files import write_whole


SHOWN_ANSWERS = 3

console = Console()


@dataclass(frozen=True)
class Measurement:
    """What a model does on the held-out rows: losses per token, and its greedy answers with their scores."""

    think_loss: float
    result_loss: float
    answers: list[str]
    scores: list[Score]

    @property
    def parsed(self) -> int:
        return sum(score.parsed for score in self.scores)

    @property
    def right(self) -> int:
        return sum(score.right for score in self.scores)

    @property
    def interval(self) -> str:
        return wilson(self.right / len(self.scores), len(self.scores)).interval


@dataclass(frozen=True)
class Trained:
    """One training: its name in the table, what the model does now, seconds, and the losses of every step."""

    name: str
    after: Measurement
    seconds: float
    history: list[dict]


def write_answers(path: Path, rows: list[dict], before: Measurement, trained: list[Trained]) -> None:
    measured = [("before", before), *((one.name, one.after) for one in trained)]
    with path.open("w", encoding="utf-8") as file:
        for index, row in enumerate(rows):
            answers = {
                name: {"answer": measurement.answers[index], **vars(measurement.scores[index])}
                for name, measurement in measured
            }
            line = {"id": row["id"], "query": row["messages"][0]["content"], "gold": gold_answer(row), **answers}
            file.write(json.dumps(line) + "\n")


def gold_answer(row: dict) -> str:
    answer = row["messages"][-1]
    return render_calls(message_calls(answer)) if "tool_calls" in answer else answer["content"]


def write_results(
    path: Path,
    options: argparse.Namespace,
    before: Measurement,
    trained: list[Trained],
    rounds: list[dict[str, Any]],
) -> None:
    def summary(measurement: Measurement) -> dict:
        return {
            "calls_right": measurement.right,
            "calls_parsed": measurement.parsed,
            "loss/think": measurement.think_loss,
            "loss/result": measurement.result_loss,
        }

    results = {
        "options": vars(options),
        "rows": len(before.answers),
        "rounds": rounds,
        "before": summary(before),
        **{one.name: {**summary(one.after), "seconds": one.seconds, "history": one.history} for one in trained},
    }
    write_whole(path, json.dumps(results, indent=1) + "\n")


def draw_curves(path: Path, trained: list[Trained]) -> None:
    """Both losses over the steps, one line for each training."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 3.5), layout="constrained")
    for axes, segment, title in zip(
        figure.subplots(1, 2), ("think", "result"), ("thinking", "result (the call)"), strict=True
    ):
        for one in trained:
            axes.plot([e["step"] for e in one.history], [e[segment] for e in one.history], label=one.name)
        axes.set(title=f"Loss per token: {title}", xlabel="optimizer step", ylim=(0, None))
        axes.grid(alpha=0.3)
        axes.legend()
    figure.savefig(path, dpi=120)


def print_table(before: Measurement, trained: list[Trained], row_count: int) -> None:
    table = Table(title=f"{row_count} questions about tools that were not in training")
    measured = [before, *(one.after for one in trained)]
    table.add_column("")
    for name in ["before", *(one.name for one in trained)]:
        table.add_column(name, justify="right")
    lines: list[tuple[str, Callable[[Measurement], str]]] = [
        ("calls right, by BFCL's rules", lambda measurement: str(measurement.right)),
        ("call accuracy, 95% interval", lambda measurement: measurement.interval),
        ("answers that parse", lambda measurement: str(measurement.parsed)),
        ("loss per token of thinking", lambda measurement: f"{measurement.think_loss:.3f}"),
        ("loss per token of the result", lambda measurement: f"{measurement.result_loss:.3f}"),
    ]
    for label, cell in lines:
        table.add_row(label, *map(cell, measured))
    table.add_row("training time (s)", "", *(f"{one.seconds:.0f}" for one in trained))
    console.print(table)


def print_answers(rows: list[dict], before: Measurement, after: Measurement) -> None:
    """Three answers before and after, those that became right first."""
    order = sorted(range(len(rows)), key=lambda index: before.scores[index].right - after.scores[index].right)
    for index in order[:SHOWN_ANSWERS]:
        console.rule(rows[index]["id"], style="dim")
        for label, text in (
            ("question", rows[index]["messages"][0]["content"]),
            ("before", before.answers[index]),
            ("after", after.answers[index]),
            ("gold", gold_answer(rows[index])),
        ):
            console.print(f"{label:>8}: ", style="bold", end="")
            console.print(text.strip()[:600] or "(nothing)", markup=False, highlight=False)


def print_round(played: dict[str, Any]) -> None:
    """The funnel of a round, and what it did to the training rows."""
    table = Table(title=f"Round {played['round']}: the model's own answers under inspection")
    for name in ("stage", "passed", "turned down", "most frequent reasons"):
        table.add_column(name, justify="right" if name in ("passed", "turned down") else "left")
    for stage, counts in played["funnel"].items():
        verdicts = counts["verdicts"]
        passed = verdicts["pass"] + verdicts["save"]
        reasons = ", ".join(f"{reason} {count}".replace("_", " ") for reason, count in counts["reasons"].items())
        table.add_row(stage.replace("_", " "), str(passed), str(sum(verdicts.values()) - passed), reasons)
    console.print(table)
    figures = played["figures"]
    console.print(
        f"{figures['answers']} answers to {figures['rows']} queries; {played['accepted']} queries have one that passed, "
        f"and {played.get('replaced', 0)} training rows gave their place to it."
    )
