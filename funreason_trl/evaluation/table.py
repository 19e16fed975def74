"""Scores of our own runs beside the published ones, as a Markdown table.

In: scores by model, as `scores.json` holds them. Out: [`scores_table`] and, against a base model,
[`differences_table`].
"""

from collections.abc import Iterable, Mapping
from typing import Any


Scores = Mapping[str, Mapping[str, Any]]

# What people look for first; everything else is in scores.json.
BFCL_COLUMNS = ("non_live_ast", "live_ast", "overall", "v4_irrelevance", "live_relevance")
SKILL_COLUMNS = ("humaneval", "mbpp")

# Qwen2.5-Coder-7B-Instruct, BFCL of April 2025 (FunReason, arXiv 2505.20192; BalanceSFT on a later BFCL).
PUBLISHED = {
    "Qwen2.5-Coder-7B-Instruct (published)": {
        "non_live_ast": 0.8408,
        "live_ast": 0.6978,
        "overall": 0.7693,
        "humaneval": 0.866,
        "mbpp": 0.812,
    },
    "+ SFT on FCDR data (published)": {
        "non_live_ast": 0.8627,
        "live_ast": 0.7760,
        "overall": 0.8194,
        "humaneval": 0.470,
        "mbpp": 0.690,
    },
    "+ FunReason (published)": {
        "non_live_ast": 0.8700,
        "live_ast": 0.8031,
        "overall": 0.8366,
        "humaneval": 0.841,
        "mbpp": 0.794,
    },
    "BalanceSFT-7B (published)": {"non_live_ast": 0.8829, "live_ast": 0.7970, "overall": 0.8400},
}


def scores_table(models: Mapping[str, Scores]) -> str:
    """
    One row for each model, then the published ones; a column for each score that some model has.

    Args:
        models (`Mapping[str, Scores]`): Scores by the name of the model. Where none of [`BFCL_COLUMNS`] can be
            computed, as only some categories were run, those categories have the columns.

    Returns:
        `str`: A Markdown table; `81.9 (80.1 to 83.5, 2501)` is a percentage, its 95% interval and its rows.
    """
    found = dict.fromkeys(name for scores in models.values() for name in scores)
    headline = [name for name in (*BFCL_COLUMNS, *SKILL_COLUMNS) if name in found]
    columns = headline if any(name in BFCL_COLUMNS for name in headline) else list(found)
    rows = [[name, *(_cell(scores.get(column)) for column in columns)] for name, scores in models.items()]
    for name, published in PUBLISHED.items():
        if any(column in published for column in columns):
            rows.append(
                [name, *(f"{published[column]:.1%}"[:-1] if column in published else "" for column in columns)]
            )
    return markdown_table(["model", *columns], rows) + "\n"


def differences_table(differences: Scores) -> str:
    """
    How much better than the base model, row by row the same questions.

    Args:
        differences (`Scores`): By score: `difference`, `low`, `high`, `count`.
    """
    rows = [
        [
            name,
            f"{100 * entry['difference']:+.1f}",
            f"{100 * entry['low']:+.1f} to {100 * entry['high']:+.1f}",
            str(entry["count"]),
        ]
        for name, entry in differences.items()
    ]
    return markdown_table(["score", "difference in points", "95% interval", "rows"], rows) + "\n"


def markdown_table(header: Iterable[str], rows: Iterable[Iterable[object]]) -> str:
    """A Markdown table, with a pipe in a cell written so that it stays one."""
    lines: list[list[object]] = [list(header), *map(list, rows)]
    text = ["| " + " | ".join(str(cell).replace("|", "\\|") for cell in line) + " |" for line in lines]
    return "\n".join([text[0], "|" + " --- |" * len(lines[0]), *text[1:]])


def _cell(score: Mapping[str, Any] | None) -> str:
    if score is None:
        return ""
    value, low, high = (f"{100 * score[key]:.1f}" for key in ("accuracy", "low", "high"))
    return f"{value} ({low} to {high}, {score['count']})"
