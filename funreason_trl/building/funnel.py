"""What became of every row: in through the sources, down through the five stages, out into the splits.

In: one event for each row. Out: [`Funnel.as_dict`] for `stats.json` and the card, and [`Funnel.table`] to read.
"""

from collections import Counter
from collections.abc import Iterable
from typing import Any

from funreason_trl.evaluation.table import markdown_table
from funreason_trl.fcdr.verdicts import Outcome, Stage, Verdict


class Funnel:
    """
    Counts of rows and verdicts.

    Attributes:
        rows (`Counter[str]`): Rows by what became of them: `"read"`, `"unreadable"`, `"exact copy"`, `"near copy"`,
            `"contaminated"`, and the status of those that were inspected: `"kept"`, `"rejected"`, `"hard"`, `"error"`.
        verdicts (`dict[Stage, Counter[Outcome]]`): By stage.
        reasons (`dict[Stage, Counter[str]]`): Why rows did not pass, by stage.
        saved (`int`): Kept rows that rightly call nothing.
        regenerated (`int`): Answers that were written anew.
    """

    def __init__(self) -> None:
        self.rows: Counter[str] = Counter()
        self.verdicts: dict[Stage, Counter[Outcome]] = {stage: Counter() for stage in Stage}
        self.reasons: dict[Stage, Counter[str]] = {stage: Counter() for stage in Stage}
        self.saved = 0
        self.regenerated = 0

    def add(self, status: str, verdicts: Iterable[Verdict] = (), regenerations: int = 0) -> None:
        """One row: what became of it, what was said of it on the way, and how often its answer was written anew."""
        self.rows[status] += 1
        self.regenerated += regenerations
        for verdict in verdicts:
            self.verdicts[verdict.stage][verdict.outcome] += 1
            self.saved += verdict.outcome is Outcome.SAVE
            if verdict.reason:
                self.reasons[verdict.stage][verdict.reason] += 1

    def as_dict(self) -> dict[str, Any]:
        """For JSON; keys in a fixed order, so that equal runs write equal files."""
        return {
            "rows": dict(sorted(self.rows.items())),
            "saved": self.saved,
            "regenerated": self.regenerated,
            "stages": {
                str(stage): {
                    "verdicts": {str(outcome): count for outcome, count in sorted(self.verdicts[stage].items())},
                    "reasons": dict(sorted(self.reasons[stage].items())),
                }
                for stage in Stage
            },
        }

    def table(self) -> str:
        """The stages as a Markdown table, and below it the rows."""
        outcomes = [Outcome.PASS, Outcome.SAVE, Outcome.DROP, Outcome.REGENERATE, Outcome.ERROR]
        stages = [
            [
                str(stage).replace("_", " "),
                *(str(self.verdicts[stage][outcome]) for outcome in outcomes),
                _most(reasons),
            ]
            for stage, reasons in self.reasons.items()
        ]
        rows = [[name, str(count)] for name, count in sorted(self.rows.items())]
        rows += [["kept without a call", str(self.saved)], ["answers written anew", str(self.regenerated)]]
        header = ["stage", *map(str, outcomes), "most frequent reasons"]
        return f"{markdown_table(header, stages)}\n{markdown_table(['rows', 'count'], rows)}"


def _most(reasons: Counter[str]) -> str:
    return ", ".join(f"{reason} {count}" for reason, count in reasons.most_common(4))
