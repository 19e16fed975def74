"""Counts over inspected rows: the funnel, what was written anew, and what was not judged.

In: [`Inspected`] rows, one by one. Out: [`Tally`].
"""

from collections import Counter
from dataclasses import dataclass, field

from .pipeline import Inspected, Status
from .verdicts import Outcome, Stage, Verdict


@dataclass
class Tally:
    """
    What became of the rows so far.

    Attributes:
        rows (`Counter[str]`): Rows by status.
        verdicts (`Counter[tuple[Stage, Outcome]]`): Verdicts by stage and outcome, those on regenerated answers included.
        reasons (`Counter[tuple[Stage, str]]`): Reasons of the last verdicts of rows that were not kept.
        saved (`int`): Kept rows that call nothing.
        regenerated (`int`): Rows of which an answer was written anew.
        errors (`list[tuple[str, Verdict]]`): Ids of the rows that were not judged, and why.
    """

    rows: Counter[Status] = field(default_factory=Counter)
    verdicts: Counter[tuple[Stage, Outcome]] = field(default_factory=Counter)
    reasons: Counter[tuple[Stage, str]] = field(default_factory=Counter)
    saved: int = 0
    regenerated: int = 0
    errors: list[tuple[str, Verdict]] = field(default_factory=list)

    def add(self, inspected: Inspected) -> None:
        """Count one row."""
        last = inspected.verdicts[-1]
        self.rows[inspected.status] += 1
        self.verdicts.update((verdict.stage, verdict.outcome) for verdict in inspected.verdicts)
        words = any(verdict.outcome is Outcome.SAVE for verdict in inspected.verdicts)
        self.saved += words and inspected.status == "kept"
        self.regenerated += inspected.regenerations > 0
        if inspected.status != "kept":
            self.reasons[last.stage, last.reason] += 1
        if inspected.status == "error":
            self.errors.append((str(inspected.candidate.row["id"]), last))
