"""The answers of a model to BFCL's questions, with the question and what is wrong with the answer where that is known.

In: a folder of `funreason eval`. Out: [`BfclAnswers`]: [`Answer`]s by category and id. The questions are looked up only
where BFCL's files are on this machine: a report never downloads.
"""

import importlib.util
import json
import os
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from huggingface_hub import cached_assets_path

from funreason_trl.calls import Call, render_calls
from funreason_trl.evaluation.bfcl.data import PACKAGE, WHEEL, BfclDataError, load_bfcl
from funreason_trl.evaluation.bfcl.judging import judge_result
from funreason_trl.evaluation.bfcl.results import BfclResult, folder_name, read_results
from funreason_trl.evaluation.bfcl.rows import BfclRow

from .files import ReportError, read_object
from .reading import SCORES


@dataclass(frozen=True)
class Question:
    """What was asked, and calls that answer it rightly; empty where they are not known."""

    text: str = ""
    gold: str = ""


@dataclass(frozen=True)
class Answer:
    """
    What a model wrote.

    Attributes:
        reasoning, result (`str`): Its thinking, and what follows it.
        mistake (`str`): What is wrong, in a sentence; empty if nothing is, or if it is not known.
        question ([`Question`]): What it answers.
    """

    reasoning: str
    result: str
    mistake: str = ""
    question: Question = field(default_factory=Question)


# By category and id.
Answers = dict[str, dict[str, Answer]]


@dataclass(frozen=True)
class KnownAnswers:
    """Answers that are read already."""

    answers: Answers


@dataclass(frozen=True)
class BfclAnswers:
    """Where the answers of a model are: the evaluation's folder, and the model's name in it."""

    folder: Path
    model: str

    @cached_property
    def answers(self) -> Answers:
        """
        All answers, read when they are first asked for; none where only the scores were kept.

        Raises:
            ReportError: A file of answers that can't be read.
        """
        folder = self.folder / "result" / folder_name(self.model)
        if not os.path.isdir(folder):  # which takes any name for a path, too long ones as well
            return {}
        try:
            results = read_results(folder)
        except BfclDataError as error:
            raise ReportError(str(error)) from None
        rows = _rows_on_this_machine(self.folder, tuple(results))
        return {
            category: {id: _answer(result, rows.get(id)) for id, result in by_id.items()}
            for category, by_id in results.items()
        }


def _answer(result: BfclResult, row: BfclRow | None) -> Answer:
    written = result.result if isinstance(result.result, str) else json.dumps(result.result, ensure_ascii=False)
    if row is None:
        return Answer(result.reasoning, written)
    return Answer(result.reasoning, written, judge_result(row, result).detail, _question(row))


def _question(row: BfclRow) -> Question:
    asked = "\n".join(message["content"] for message in row.messages if message["role"] == "user")
    return Question(asked, _gold(row.possible_answers))


def _gold(possible_answers: list[dict[str, dict[str, list[Any]]]]) -> str:
    """Each parameter with the first of the values that are right, less those that may be left out."""
    if not possible_answers:
        return ""
    calls = [
        Call(name, {key: values[0] for key, values in parameters.items() if values and "" not in values})
        for entry in possible_answers
        for name, parameters in entry.items()
    ]
    try:
        return render_calls(calls)
    except ValueError:  # a name that the python form can't write
        return json.dumps(possible_answers, ensure_ascii=False)


def _rows_on_this_machine(folder: Path, categories: tuple[str, ...]) -> dict[str, BfclRow]:
    source = read_object(folder / SCORES).get("settings", {}).get("bfcl_data")
    if source is None and importlib.util.find_spec(PACKAGE) is None:
        kept = cached_assets_path("funreason_trl", namespace="bfcl", subfolder=WHEEL.replace("==", "-"))
        wheels = sorted(kept.glob("*.whl"))
        if not wheels:
            return {}
        source = str(wheels[0])
    if source is not None and not Path(source).expanduser().exists():
        return {}
    try:
        return {row.id: row for row in load_bfcl(source, categories)}
    except BfclDataError:
        return {}  # of another version than the answers, which are shown without
