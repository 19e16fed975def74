"""Held-out questions of the embedded sample, short enough for the tiny model: calls, several calls, and none."""

from funreason_trl.data.sample import sample_rows
from funreason_trl.evaluation.bfcl.asking import Question, row_questions
from funreason_trl.generation import Prompt


def some_questions() -> list[Question]:
    rows = {question.row.category: question for question in row_questions(sample_rows(60, split="heldout"))}
    # The functions would fill the tiny model's context; what it answers is noise in any case.
    return [Question(question.row, Prompt(question.row.messages)) for question in rows.values()]
