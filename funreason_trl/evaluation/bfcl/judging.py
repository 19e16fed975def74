"""Judge a whole run: every result of a model, category by category.

In: rows and the results that [`~funreason_trl.evaluation.bfcl.results.read_results`] read. Out: a
[`~funreason_trl.evaluation.bfcl.rows.Judgement`] for each row that was answered.
"""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from funreason_trl.calls import Call
from funreason_trl.evaluation.bfcl.checker import judge_answer, judge_calls
from funreason_trl.evaluation.bfcl.data import BfclDataError
from funreason_trl.evaluation.bfcl.results import BfclResult
from funreason_trl.evaluation.bfcl.rows import BfclRow, Judgement


Judgements = dict[str, dict[str, Judgement]]


def judge_results(
    rows: Iterable[BfclRow], results: Mapping[str, Mapping[str, BfclResult]], version: str = "v4"
) -> Judgements:
    """
    Judge the results of each category; rows without a result are left out, as with the official `--partial-eval`.

    Args:
        rows (`Iterable[BfclRow]`): The questions.
        results (`Mapping[str, Mapping[str, BfclResult]]`): Results by category and id.
        version (`str`, *optional*, defaults to `"v4"`): Rules of decoding, as in [`judge_answer`].

    Returns:
        `Judgements`: By category and id.

    Raises:
        BfclDataError: A result whose id is no row's, so that it would go unjudged.
    """
    judgements: Judgements = {category: {} for category in results}
    for row in rows:
        result = results.get(row.category, {}).get(row.id)
        if result is not None:
            judgements[row.category][row.id] = judge_result(row, result, version)
    for category, answered in results.items():
        if unknown := answered.keys() - judgements[category].keys():
            raise BfclDataError(
                f"results of {category!r}: no question has the id {min(unknown)!r} ({len(unknown)} such results); "
                "score them with the version of the data that they answer"
            )
    return judgements


def judge_result(row: BfclRow, result: BfclResult, version: str = "v4") -> Judgement:
    """
    Judge one result: text as [`judge_answer`] does, native calls by their names with underscores for dots.

    Args:
        row (`BfclRow`): The question.
        result (`BfclResult`): The answer.
        version (`str`, *optional*, defaults to `"v4"`): Rules of decoding.

    Returns:
        `Judgement`
    """
    if isinstance(result.result, str):
        return judge_answer(row, result.result, version)
    calls = [_native_call(entry) for entry in result.result]
    understood = [call for call in calls if call is not None]
    return judge_calls(row, understood if len(understood) == len(calls) else None, underscored_names=True)


def verdicts_of(judgements: Judgements) -> dict[str, dict[str, bool]]:
    """Right or wrong alone, as the scores and the official tool's verdicts have it."""
    return {
        category: {row_id: judgement.right for row_id, judgement in rows.items()}
        for category, rows in judgements.items()
    }


def _native_call(entry: Any) -> Call | None:
    """`{name: arguments}`, the arguments as JSON text (so the official files) or as an object; else `None`."""
    if not isinstance(entry, dict) or len(entry) != 1:
        return None
    ((name, arguments),) = entry.items()
    if isinstance(arguments, str):
        try:
            arguments = json.loads(arguments)
        except (ValueError, RecursionError):
            return None
    return Call(name, arguments) if isinstance(arguments, dict) else None
