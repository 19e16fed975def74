"""Rolling out: the order of the answers, the chunks that are on file, and what makes a question another one."""

import pytest
from accelerate import Accelerator

from funreason_trl.fcdr.journal import Journal
from funreason_trl.generation import GenerationSettings, Prompt
from funreason_trl.refinement.rollouts import Asked, roll_out

from .scripted import ScriptedGenerator


SETTINGS = GenerationSettings(samples=2, temperature=1.0)
QUERIES = ["a", "b", "c", "d", "e"]
ASKED = [Asked({"id": query}, Prompt([{"role": "user", "content": query}])) for query in QUERIES]


class Backwards(ScriptedGenerator):
    """Gives the answers in the reverse order, as generators may."""

    def __init__(self, name: str = "scripted", last: int | None = None):
        super().__init__(lambda messages, number: f"{messages[0]['content']}{number}", name)
        self.last = last

    def generate(self, prompts, settings):
        for answer in reversed(list(super().generate(prompts, settings))):
            if self.last is not None and len(self.asked) > self.last:
                raise KeyboardInterrupt
            yield answer


@pytest.fixture
def journal(tmp_path):
    with Journal(tmp_path / "journal.sqlite") as journal:
        yield journal


def rolled_out(generator, journal, settings=SETTINGS, asked=ASKED) -> list[list[tuple[str, ...]]]:
    chunks = roll_out(generator, asked, settings, Accelerator(cpu=True), journal, chunk_size=2)
    return [[tuple(sample.text for sample in answer.samples) for answer in chunk] for chunk in chunks]


def queries(generator) -> list[str]:
    return [messages[0]["content"] for messages in generator.asked]


def test_answers_come_by_chunk_in_the_order_of_the_rows(journal):
    expected = [[("a0", "a1"), ("b0", "b1")], [("c0", "c1"), ("d0", "d1")], [("e0", "e1")]]
    assert rolled_out(Backwards(), journal) == expected
    assert len(journal) == 10


def test_what_is_on_file_is_not_asked_again(journal):
    first, second = Backwards(), Backwards()
    assert rolled_out(first, journal) == rolled_out(second, journal)
    assert queries(second) == []


def test_of_a_run_that_ended_early_whole_chunks_are_kept(journal):
    first, second = Backwards(last=2), Backwards()
    with pytest.raises(KeyboardInterrupt):
        rolled_out(first, journal)
    assert len(rolled_out(second, journal)) == 3
    assert queries(second) == ["c", "d", "e"]


def test_a_chunk_of_which_a_sample_is_missing_is_answered_as_a_whole(journal):
    rolled_out(Backwards(), journal)
    journal._run("DELETE FROM answers WHERE row = 'd' AND step = 'rollout 1'")
    again = Backwards()
    rolled_out(again, journal)
    assert queries(again) == ["c", "d"]


@pytest.mark.parametrize(
    ("name", "settings", "asked"),
    [
        ("trained", SETTINGS, ASKED),
        ("scripted", GenerationSettings(samples=2, temperature=1.0, seed=1), ASKED),
        ("scripted", GenerationSettings(samples=2, temperature=0.5), ASKED),
        ("scripted", SETTINGS, [Asked(ask.row, Prompt(ask.prompt.messages, [])) for ask in ASKED]),
        ("scripted", SETTINGS, [Asked({"id": f"other {ask.row['id']}"}, ask.prompt) for ask in ASKED]),
    ],
    ids=["other weights", "another round", "another temperature", "other tools", "other rows"],
)
def test_another_question_is_asked(name, settings, asked, journal):
    rolled_out(Backwards(), journal)
    again = Backwards(name)
    rolled_out(again, journal, settings, asked)
    assert queries(again) == QUERIES


def test_more_samples_ask_for_all_of_them(journal):
    rolled_out(Backwards(), journal)
    again = Backwards()
    more = GenerationSettings(samples=3, temperature=1.0)
    assert rolled_out(again, journal, more)[2] == [("e0", "e1", "e2")]
    assert queries(again) == QUERIES


def test_without_rows_there_is_nothing_to_do(journal):
    assert rolled_out(Backwards(), journal, asked=[]) == []
