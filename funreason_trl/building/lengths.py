"""How long thinking and calls are, as the paper's table of lengths has it.

In: lengths, one row at a time. Out: [`Lengths.summary`]: mean, median and the ratio of the two.
"""

from collections import Counter


class Lengths:
    """Lengths of the thinking and of the calls, as counts of each length: these are few, however many rows there are."""

    def __init__(self, unit: str):
        self.unit = unit
        self._think, self._call = Counter[int](), Counter[int]()

    def add(self, think: int, call: int) -> None:
        """One row's lengths, both in [`unit`]."""
        self._think[think] += 1
        self._call[call] += 1

    def summary(self) -> dict[str, float | int | str]:
        """Mean and median of both, and how many times as long the thinking is; the counts alone if there are none."""
        rows = self._think.total()
        summary: dict[str, float | int | str] = {"rows": rows, "unit": self.unit}
        if not rows:
            return summary
        for name, lengths in (("think", self._think), ("call", self._call)):
            summary[f"{name}_mean"] = round(_sum(lengths) / rows, 2)
            summary[f"{name}_median"] = _median(lengths)
        total = _sum(self._call)
        if total:
            summary["think_to_call"] = round(_sum(self._think) / total, 2)
        return summary


def _sum(lengths: Counter[int]) -> int:
    return sum(length * count for length, count in lengths.items())


def _median(lengths: Counter[int]) -> float | int:
    """The one in the middle, or the mean of the two there."""
    rows = lengths.total()
    lower, upper = (_at(lengths, place) for place in ((rows - 1) // 2, rows // 2))
    return lower if lower == upper else (lower + upper) / 2


def _at(lengths: Counter[int], place: int) -> int:
    """The length at a place of the sorted lengths, from 0."""
    for length in sorted(lengths):
        place -= lengths[length]
        if place < 0:
            return length
    raise IndexError(f"{lengths.total()} lengths have no place {place}")
