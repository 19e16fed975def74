"""Questions go to a generator, and what comes back is sorted into results, on file if wanted."""

import pytest

from funreason_trl.data.sample import sample_rows
from funreason_trl.evaluation.bfcl.asking import ask, bfcl_questions, pick, row_questions
from funreason_trl.evaluation.bfcl.results import BfclResult
from funreason_trl.evaluation.bfcl.rows import BfclRow
from funreason_trl.generation import Generated, GenerationSettings
from tests.evaluation.bfcl.files import DISTANCE


class Parrot:
    """Answers each prompt with a thought and its last words, the last prompt first; counts what it was asked."""

    description = {"way": "parrot"}  # noqa: RUF012

    def __init__(self, answer: str = "<think>Hm.</think>\n\nWORDS"):
        self.answer = answer
        self.asked = 0

    def generate(self, prompts, settings):
        for index in reversed(range(len(prompts))):
            self.asked += 1
            text = self.answer.replace("WORDS", prompts[index].messages[-1]["content"])
            yield Generated(index, (text,), (3,), (True,))


def rows(category: str, count: int) -> list[BfclRow]:
    messages = [[{"role": "user", "content": f"words {number}"}] for number in range(count)]
    return [BfclRow(f"{category}_{number}", category, messages[number], [DISTANCE]) for number in range(count)]


def test_results_come_by_category_in_the_order_of_the_questions():
    questions = bfcl_questions(rows("irrelevance", 2) + rows("multiple", 1))
    results = ask(Parrot(), questions, GenerationSettings())
    assert [list(by_id) for by_id in results.values()] == [["irrelevance_0", "irrelevance_1"], ["multiple_0"]]
    assert results["irrelevance"]["irrelevance_1"] == BfclResult("irrelevance_1", "words 1", "Hm.")


def test_native_answers_are_read_as_calls():
    (question,) = bfcl_questions(rows("multiple", 1), "native")
    parrot = Parrot('<tool_call>{"name": "geo_distance", "arguments": {}}</tool_call>')
    assert ask(parrot, [question], GenerationSettings())["multiple"]["multiple_0"].result == [{"geo_distance": "{}"}]


def test_answers_on_file_are_not_asked_for_again(tmp_path):
    questions = bfcl_questions(rows("multiple", 5))
    parrot = Parrot()
    some = ask(parrot, questions[:3], GenerationSettings(), tmp_path / "answers.jsonl")
    every = ask(parrot, questions, GenerationSettings(), tmp_path / "answers.jsonl")
    assert parrot.asked == 5
    assert list(every["multiple"].values())[:3] == list(some["multiple"].values())


def test_pick_is_seeded_by_category_and_keeps_the_order():
    both = rows("multiple", 30) + rows("parallel", 30)
    picked = pick(both, 5, seed=1)
    assert picked == pick(both, 5, seed=1) != pick(both, 5, seed=2)
    assert [row for row in picked if row.category == "parallel"] == pick(rows("parallel", 30), 5, seed=1)
    assert picked == sorted(picked, key=both.index) and len(picked) == 10
    assert pick(both, None) == pick(both, 100) == both


def test_canonical_rows_are_asked_as_they_are_trained():
    (row,) = sample_rows(1)
    (question,) = row_questions([row])
    assert question.prompt.messages[-1] == {"role": "user", "content": row["messages"][0]["content"]}
    assert question.row.id == row["id"] and not question.native


def test_equal_ids_are_refused():
    questions = bfcl_questions(rows("multiple", 1) * 2)
    with pytest.raises(ValueError, match="2 questions have only 1 different ids"):
        ask(Parrot(), questions, GenerationSettings())
