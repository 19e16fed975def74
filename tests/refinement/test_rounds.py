"""A round asks long prompts first and gives their answers in the order of the rows; a failed inspection ends it at once."""

import pytest
from accelerate import Accelerator

from funreason_trl.fcdr.models import EndpointGone
from funreason_trl.fcdr.verdicts import Stage
from funreason_trl.generation import GenerationSettings, Prompt
from funreason_trl.refinement import RefinementConfig
from funreason_trl.refinement.rollouts import Asked
from funreason_trl.refinement.rounds import play_round
from tests.fcdr.scripted import GOOD, ScriptedJudge, candidate

from .scripted import ScriptedGenerator


QUERIES = 200


def play(asked, generator, judges, folder, chunk_size=1):
    return play_round(
        1,
        asked,
        generator,
        GenerationSettings(),
        judges,
        accelerator=Accelerator(cpu=True),
        journal_path=folder / "journal.sqlite",
        chunk_size=chunk_size,
        overlapping=False,
    )


def gone(stage, row):
    raise EndpointGone("the endpoint is gone")


def test_an_endpoint_that_is_gone_stops_the_rollouts(tmp_path):
    generator = ScriptedGenerator(lambda messages, number: GOOD)
    asked = [
        Asked(candidate(str(number)).row, Prompt([{"role": "user", "content": "?"}])) for number in range(QUERIES)
    ]
    with pytest.raises(EndpointGone, match="the endpoint is gone"):
        play(asked, generator, {Stage.RESPONSE: ScriptedJudge(gone)}, tmp_path)
    assert len(generator.asked) == 1


@pytest.mark.parametrize("chunk_size", [1, 2, 5])
def test_long_prompts_are_asked_first_and_answers_come_in_the_order_of_the_rows(tmp_path, chunk_size):
    lengths = [3, 900, 40, 900, 1]
    generator = ScriptedGenerator(lambda messages, number: GOOD)
    asked = [
        Asked(candidate(str(place)).row, Prompt([{"role": "user", "content": "?" * length}]))
        for place, length in enumerate(lengths)
    ]
    played = play(asked, generator, {}, tmp_path, chunk_size)
    assert [len(messages[-1]["content"]) for messages in generator.asked] == sorted(lengths, reverse=True)
    assert [answers[0].candidate.row["id"] for answers in played.inspected] == [
        question.row["id"] for question in asked
    ]


@pytest.mark.parametrize(
    ("batch_size", "answers", "chunk_size", "whole"),
    [(8, 4, 64, 64), (8, 4, 1, 2), (16, 2, 12, 16), (1, 3, 5, 5), (7, 4, 8, 14), (48, 4, 64, 72)],
)
def test_the_answers_of_a_chunk_fill_whole_batches(batch_size, answers, chunk_size, whole):
    config = RefinementConfig(batch_size=batch_size, answers_per_row=answers, chunk_size=chunk_size)
    assert config.whole_chunk_size == whole
