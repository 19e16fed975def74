"""Ask a model questions, of BFCL or of ours, and get results that can be written and judged.

In: questions ([`bfcl_questions`] from BFCL's rows, [`row_questions`] from canonical ones) and a generator. Out:
[`ask`]: [`~funreason_trl.evaluation.bfcl.results.BfclResult`]s by category and id.
"""

import random
from collections.abc import Iterable
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


def row_questions(rows: Iterable[dict[str, Any]]) -> list[Question]:
    """Canonical rows as questions in the python form, with their last assistant turn as the gold answer."""
    return [Question(bfcl_question(row), Prompt(prompt_messages(row["messages"], row["tools"]))) for row in rows]


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
    by_id = {question.row.id: question for question in questions}
    if len(by_id) < len(questions):
        raise ValueError(f"{len(questions)} questions have only {len(by_id)} different ids; give each row its own")
    prompts = {row_id: question.prompt for row_id, question in by_id.items()}
    if path is None:
        answers = dict(
            zip(prompts, generate_all(generator, list(prompts.values()), settings, description), strict=True)
        )
    else:
        answers = generate_to_file(generator, prompts, settings, path, description)
    results: dict[str, dict[str, BfclResult]] = {}
    for row_id, question in by_id.items():
        result = result_of(row_id, answers[row_id].texts[0], question.native)
        results.setdefault(question.row.category, {})[row_id] = result
    return results
