"""BFCL's rules as a metric of 🤗 Evaluate, for people whose script already computes metrics that way.

In: assistant messages and canonical rows. Out: the share of messages whose calls are right.

    metric = BFCLCallAccuracy()
    metric.compute(predictions=[message, ...], references=[row, ...])
    {"call_accuracy": 0.5, "call_rows": 2, "no_call_accuracy": 1.0, "no_call_rows": 1, "accuracy": 0.66...}
"""

from typing import Any

import evaluate
from datasets import Features

from funreason_trl.data.rows import ExactJson, message_calls
from funreason_trl.evaluation.bfcl.canonical import bfcl_question
from funreason_trl.evaluation.bfcl.judging import judge_calls


class BFCLCallAccuracy(evaluate.Metric):
    """
    Share of rows whose calls are right by BFCL's rules.

    `predictions` are canonical assistant messages (their `tool_calls` are judged; the words are not), `references`
    canonical rows (`messages` that end with the gold answer, `tools`). Rows without gold calls are right if nothing is
    called; they are counted apart, since a model that never calls has all of them right.

    `compute` returns `accuracy` over all rows, `call_accuracy` and `no_call_accuracy` over the two kinds, and
    `call_rows` and `no_call_rows`, how many there are of each. An accuracy over no rows is left out.
    """

    def _info(self) -> evaluate.MetricInfo:
        return evaluate.MetricInfo(
            description="Share of rows whose function calls are right by the rules of BFCL's AST checker.",
            citation="Patil et al. 2025, The Berkeley Function Calling Leaderboard (ICML)",
            inputs_description="predictions: canonical assistant messages; references: canonical rows.",
            features=Features({"predictions": ExactJson(), "references": ExactJson()}),
        )

    def _compute(self, predictions: list[dict[str, Any]], references: list[dict[str, Any]]) -> dict[str, float | int]:
        right: dict[bool, list[bool]] = {True: [], False: []}
        for message, row in zip(predictions, references, strict=True):
            question = bfcl_question({"id": "", **row})
            right[bool(question.possible_answers)].append(judge_calls(question, message_calls(message)).right)
        scores: dict[str, float | int] = {"call_rows": len(right[True]), "no_call_rows": len(right[False])}
        for name, verdicts in (
            ("call_accuracy", right[True]),
            ("no_call_accuracy", right[False]),
            ("accuracy", right[True] + right[False]),
        ):
            if verdicts:
                scores[name] = sum(verdicts) / len(verdicts)
        return scores
