"""Ask a model questions, of BFCL or of ours, and get results that can be written and judged.

In: questions ([`bfcl_questions`] from BFCL's rows, [`row_questions`] from canonical ones) and a generator. Out:
[`ask`]: [`~funreason_trl.evaluation.bfcl.results.BfclResult`]s by category and id, which [`results_of`] makes of answers.
"""

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from funreason_trl.data.rendering import prompt_messages
from funreason_trl.evaluation.bfcl.canonical import bfcl_question
from funreason_trl.evaluation.bfcl.data import BfclFiles
from funreason_trl.evaluation.bfcl.prompts import bfcl_prompts
from funreason_trl.evaluation.bfcl.results import BfclResult, result_of
from funreason_trl.evaluation.bfcl.rows import BfclRow
from funreason_trl.generation import GenerationSettings, Prompt, TextGenerator, generate_all, generate_to_file


@dataclass(frozen=True)
class Question:
    """What a model gets, and what its answer is judged by; `native` if it answers in its own format."""

    row: BfclRow
    prompt: Prompt
    native: bool = False


def bfcl_questions(rows: list[BfclRow], style: str = "python", files: BfclFiles | None = None) -> list[Question]:
    """The rows of BFCL as questions; arguments and errors as in [`~funreason_trl.evaluation.bfcl.prompts`]."""
    prompts = bfcl_prompts(rows, style, files)
    return [Question(row, prompt, style == "native") for row, prompt in zip(rows, prompts, strict=True)]


def row_questions(rows: Iterable[dict[str, Any]], form: str = "python") -> list[Question]:
    """Canonical rows as questions in this form, with their last assistant turn as the gold answer."""
    return [Question(bfcl_question(row), row_prompt(row, form), form == "native") for row in rows]


def row_prompt(row: dict[str, Any], form: str) -> Prompt:
    """What the model gets to see of a canonical row: everything but its last answer."""
    if form == "python":
        return Prompt(prompt_messages(row["messages"], row["tools"]))
    messages = row["messages"]
    return Prompt(messages[:-1] if messages[-1]["role"] == "assistant" else messages, row["tools"] or None)


def pick(rows: Iterable[BfclRow], per_category: int | None, seed: int = 0) -> list[BfclRow]:
    """
    At most so many rows of each category, the same ones for the same seed, in their order.

    Args:
        rows (`Iterable[BfclRow]`): The rows.
        per_category (`int` or `None`): How many; all by `None`.
        seed (`int`, *optional*, defaults to `0`): Of the choice, which for one category depends on no other.
    """
    by_category: dict[str, list[BfclRow]] = {}
    for row in rows:
        by_category.setdefault(row.category, []).append(row)
    picked = []
    for category, group in by_category.items():
        count = len(group) if per_category is None else min(per_category, len(group))
        places = sorted(random.Random(f"{seed} {category}").sample(range(len(group)), count))
        picked += [group[place] for place in places]
    return picked


def ask(
    generator: TextGenerator,
    questions: Iterable[Question],
    settings: GenerationSettings,
    path: Path | None = None,
    description: str = "Calling",
) -> dict[str, dict[str, BfclResult]]:
    """
    Have every question answered once.

    Args:
        generator ([`TextGenerator`]): The model.
        questions (`Iterable[Question]`): What to ask; ids must differ.
        settings ([`GenerationSettings`]): How to answer; one sample.
        path (`Path`, *optional*):
            File that keeps each answer as it comes, from which a killed run goes on.
        description (`str`, *optional*): Words before the progress bar.

    Returns:
        `dict[str, dict[str, BfclResult]]`: By category and id, in the order of the questions.

    Raises:
        ValueError: Two questions have the same id.
    """
    questions = list(questions)
    refuse_equal_ids(questions)
    prompts = {question.row.id: question.prompt for question in questions}
    if path is None:
        answers = generate_all(generator, list(prompts.values()), settings, description)
    else:
        on_file = generate_to_file(generator, prompts, settings, path, description)
        answers = [on_file[row_id] for row_id in prompts]
    return results_of(questions, [answer.texts[0] for answer in answers])


def results_of(questions: Sequence[Question], texts: Sequence[str]) -> dict[str, dict[str, BfclResult]]:
    """The answers to the questions by category and id."""
    results: dict[str, dict[str, BfclResult]] = {}
    for question, text in zip(questions, texts, strict=True):
        row = question.row
        results.setdefault(row.category, {})[row.id] = result_of(row.id, text, question.native)
    return results


def refuse_equal_ids(questions: Sequence[Question]) -> None:
    different = len({question.row.id for question in questions})
    if different < len(questions):
        raise ValueError(f"{len(questions)} questions have only {different} different ids; give each row its own")
