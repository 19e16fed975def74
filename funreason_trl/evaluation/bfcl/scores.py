"""From verdicts to the numbers that the field quotes, each with its count and a 95% interval.

In: whether each row was answered rightly, by category. Out: [`Accuracy`] by category and aggregate, with each
aggregate's formula beside its name in [`AGGREGATES`], and [`compare`]: the difference of two runs on the same rows.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any

import numpy as np

from funreason_trl.evaluation.bfcl.rows import LIVE_AST


# Right or wrong, by row id, by category.
Verdicts = Mapping[str, Mapping[str, bool]]

CONFIDENCE = 0.95
QUANTILE = NormalDist().inv_cdf((1 + CONFIDENCE) / 2)
RESAMPLES = 10_000


@dataclass(frozen=True)
class Mean:
    """
    An aggregate: the mean of `parts`, which are categories or other aggregates.

    Attributes:
        parts (`tuple[str, ...]`): What it is the mean of.
        by_count (`bool`): Whether every row counts the same; else every part does.
        formula (`str`): The same in words, with where it comes from.
    """

    parts: tuple[str, ...]
    by_count: bool
    formula: str


# In this order: an aggregate stands below those that it is made of.
AGGREGATES = {
    "simple_ast": Mean(
        ("simple_python", "simple_java", "simple_javascript"),
        by_count=False,
        formula="mean over the three languages (BFCL v3 and v4)",
    ),
    "non_live_ast": Mean(
        ("simple_ast", "multiple", "parallel", "parallel_multiple"),
        by_count=False,
        formula="mean of simple_ast, multiple, parallel, parallel_multiple (v4 and April 2025: Non-Live AST)",
    ),
    "live_ast": Mean(LIVE_AST, by_count=True, formula="rows of the four live AST categories (v4: Live)"),
    "overall": Mean(
        ("non_live_ast", "live_ast"), by_count=False, formula="mean of non_live_ast and live_ast (FunReason, table 1)"
    ),
    "v4_irrelevance": Mean(
        ("irrelevance", "live_irrelevance"),
        by_count=False,
        formula="mean of the two irrelevance categories (v4: Irrelevance Detection)",
    ),
    "april_2025_non_live": Mean(
        ("simple_ast", "multiple", "parallel", "parallel_multiple", "irrelevance"),
        by_count=False,
        formula="mean of the four parts of non_live_ast and irrelevance (April 2025: Non-Live Overall)",
    ),
    "april_2025_live": Mean(
        (*LIVE_AST, "live_irrelevance", "live_relevance"),
        by_count=True,
        formula="rows of all six live categories (April 2025: Live Overall)",
    ),
    "april_2025_single_turn": Mean(
        ("april_2025_non_live", "april_2025_live"),
        by_count=False,
        formula="mean of the two (April 2025's overall also has multi-turn, which is not run here)",
    ),
}


@dataclass(frozen=True)
class Accuracy:
    """
    Attributes:
        value (`float`): Between 0 and 1.
        count (`int`): Rows that it is computed from.
        low, high (`float`): Bounds of the 95% interval.
    """

    value: float
    count: int
    low: float
    high: float

    @property
    def interval(self) -> str:
        """In words, `25% to 66%`."""
        return f"{self.low:.0%} to {self.high:.0%}"

    def as_dict(self) -> dict[str, float | int]:
        """For JSON."""
        return {"accuracy": self.value, "count": self.count, "low": self.low, "high": self.high}


@dataclass(frozen=True)
class Difference:
    """
    Accuracy of the second run less that of the first, on the rows that both answered.

    Attributes:
        value (`float`): The difference.
        count (`int`): Rows in common.
        low, high (`float`): Bounds of its 95% interval, by paired bootstrap.
    """

    value: float
    count: int
    low: float
    high: float


def accuracies(verdicts: Verdicts, sizes: Mapping[str, int] | None = None) -> dict[str, Accuracy]:
    """
    Accuracy of every category that has rows, then of every aggregate all of whose parts are there.

    A category's interval is Wilson's, which holds for few rows and for accuracies near 0 and 1. An aggregate's is
    the normal one from the variances of its categories, which are independent samples.

    Args:
        verdicts (`Verdicts`): Whether each row was answered rightly.
        sizes (`Mapping[str, int]`, *optional*):
            Rows of each category in the whole benchmark, by which aggregates weigh it if only some rows were asked.
            By default the rows of `verdicts`.

    Returns:
        `dict[str, Accuracy]`
    """
    results = {
        category: wilson(sum(rows.values()) / len(rows), len(rows))
        for category, rows in verdicts.items()
        if len(rows) > 0
    }
    variances = {name: _smoothed_variance(accuracy) for name, accuracy in results.items()}
    for name, mean in AGGREGATES.items():
        if not all(part in results for part in mean.parts):
            continue
        weights = _weights(mean, sizes or {part: results[part].count for part in mean.parts})
        value = sum(weight * results[part].value for part, weight in weights.items())
        # The parts of an overall are disjoint sets of categories, so their variances add up as well.
        variances[name] = sum(weight**2 * variances[part] for part, weight in weights.items())
        reach = QUANTILE * variances[name] ** 0.5
        count = sum(results[part].count for part in mean.parts)
        results[name] = Accuracy(value, count, max(0.0, value - reach), min(1.0, value + reach))
    return results


def compare(
    before: Verdicts, after: Verdicts, sizes: Mapping[str, int] | None = None, seed: int = 0
) -> dict[str, Difference]:
    """
    Difference of two runs, by category and aggregate, on the rows that both have.

    The interval is that of a paired bootstrap: rows are drawn again within each category, the same rows of both runs,
    [`RESAMPLES`] times.

    Args:
        before, after (`Verdicts`): The two runs.
        sizes (`Mapping[str, int]`, *optional*): As in [`accuracies`]; by default the rows in common.
        seed (`int`, *optional*, defaults to `0`): Of the drawing, so that a table says the same when made again.

    Returns:
        `dict[str, Difference]`
    """
    random = np.random.default_rng(seed)
    drawn: dict[str, Any] = {}
    observed, counts = {}, {}
    for category in before:
        common = [row for row in before[category] if row in after.get(category, {})]
        if not common:
            continue
        # Only 1, 0 and -1 occur, so how often each is drawn says all, however many rows there are.
        changes = np.array([int(after[category][row]) - int(before[category][row]) for row in common])
        shares = [np.mean(changes == change) for change in (1, 0, -1)]
        times = random.multinomial(len(common), shares, size=RESAMPLES)
        drawn[category] = (times[:, 0] - times[:, 2]) / len(common)
        observed[category], counts[category] = float(changes.mean()), len(common)
    for name, mean in AGGREGATES.items():
        if not all(part in observed for part in mean.parts):
            continue
        weights = _weights(mean, sizes or counts)
        drawn[name] = sum(weight * drawn[part] for part, weight in weights.items())
        observed[name] = sum(weight * observed[part] for part, weight in weights.items())
        counts[name] = sum(counts[part] for part in mean.parts)
    tail = (1 - CONFIDENCE) / 2
    return {
        name: Difference(value, counts[name], *(float(bound) for bound in np.quantile(drawn[name], [tail, 1 - tail])))
        for name, value in observed.items()
    }


def _weights(mean: Mean, counts: Mapping[str, int]) -> dict[str, float]:
    if not mean.by_count:
        return dict.fromkeys(mean.parts, 1 / len(mean.parts))
    total = sum(counts[part] for part in mean.parts)
    return {part: counts[part] / total for part in mean.parts}


def wilson(share: float, count: int) -> Accuracy:
    """The accuracy `share` (`float`) of `count` (`int`) independent rows with Wilson's 95% interval."""
    spread = QUANTILE**2 / count
    centre = (share + spread / 2) / (1 + spread)
    reach = (share * (1 - share) / count + spread / (4 * count)) ** 0.5 * QUANTILE / (1 + spread)
    # Rounding would put a bound a hair inside of 0 or 1.
    low = 0.0 if share == 0 else centre - reach
    high = 1.0 if share == 1 else centre + reach
    return Accuracy(share, count, low, high)


def _smoothed_variance(accuracy: Accuracy) -> float:
    """As if two rows more had been answered rightly and two wrongly (Agresti and Coull): ten of ten is not certain."""
    share = (accuracy.value * accuracy.count + 2) / (accuracy.count + 4)
    return share * (1 - share) / (accuracy.count + 4)


def scores_json(verdicts: Verdicts, sizes: Mapping[str, int] | None = None) -> dict[str, Any]:
    """[`accuracies`] as `scores.json` holds them: by name, with count, interval and formula."""
    return {
        name: {**accuracy.as_dict(), **({"formula": AGGREGATES[name].formula} if name in AGGREGATES else {})}
        for name, accuracy in accuracies(verdicts, sizes).items()
    }
