"""How long thinking and calls are, as the paper's table of lengths has it.

In: lengths, one row at a time. Out: [`Lengths.summary`]: mean, median and the ratio of the two.
"""

from array import array
from statistics import fmean, median


class Lengths:
    """Lengths of the thinking and of the calls; four bytes for each, so that a million rows are no matter."""

    def __init__(self, unit: str):
        self.unit = unit
        self._think, self._call = array("I"), array("I")

    def add(self, think: int, call: int) -> None:
        """One row's lengths, both in [`unit`]."""
        self._think.append(think)
        self._call.append(call)

    def summary(self) -> dict[str, float | int | str]:
        """Mean and median of both, and how many times as long the thinking is; the counts alone if there are none."""
        summary: dict[str, float | int | str] = {"rows": len(self._think), "unit": self.unit}
        if not self._think:
            return summary
        for name, lengths in (("think", self._think), ("call", self._call)):
            summary[f"{name}_mean"] = round(fmean(lengths), 2)
            summary[f"{name}_median"] = median(lengths)
        total = sum(self._call)
        if total:
            summary["think_to_call"] = round(sum(self._think) / total, 2)
        return summary
