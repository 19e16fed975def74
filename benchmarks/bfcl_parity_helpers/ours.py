"""Our verdict on one answer, in the shape of `official`'s."""

import os
from pathlib import Path

from funreason_trl.evaluation.bfcl.checker import judge_answer
from funreason_trl.evaluation.bfcl.data import load_bfcl
from funreason_trl.evaluation.bfcl.decoding import decode_answer
from funreason_trl.evaluation.bfcl.rows import category_language


def build_judge(categories: list[str]):
    """A function from an answer (category, id, text, underscored) to a verdict, over the rows of `categories`."""
    rows = {row.id: row for row in load_bfcl(Path(os.environ["BFCL_PACKAGE"]), categories)}

    def judge(answer: dict) -> dict:
        judgement = judge_answer(rows[answer["id"]], answer["text"], underscored_names=answer["underscored"])
        return {"valid": judgement.right, "error": judgement.error}

    return judge


def decode(answer: dict) -> list:
    """The calls in an answer, `{name: arguments}` each, or an exception."""
    calls = decode_answer(answer["text"], category_language(answer["category"]))
    return [{call.name: call.arguments} for call in calls]
