"""A round whose inspection fails ends at once, and lets go of what it has not begun."""

import pytest
from accelerate import Accelerator

from funreason_trl.fcdr.models import EndpointGone
from funreason_trl.fcdr.verdicts import Stage
from funreason_trl.generation import GenerationSettings, Prompt
from funreason_trl.refinement.rollouts import Asked
from funreason_trl.refinement.rounds import play_round
from tests.fcdr.scripted import GOOD, ScriptedJudge, candidate

from .scripted import ScriptedGenerator


QUERIES = 200


def gone(stage, row):
    raise EndpointGone("the endpoint is gone")


def test_an_endpoint_that_is_gone_stops_the_rollouts(tmp_path):
    generator = ScriptedGenerator(lambda messages, number: GOOD)
    asked = [
        Asked(candidate(str(number)).row, Prompt([{"role": "user", "content": "?"}])) for number in range(QUERIES)
    ]
    with pytest.raises(EndpointGone, match="the endpoint is gone"):
        play_round(
            1,
            asked,
            generator,
            GenerationSettings(),
            {Stage.RESPONSE: ScriptedJudge(gone)},
            accelerator=Accelerator(cpu=True),
            journal_path=tmp_path / "journal.sqlite",
            chunk_size=1,
            overlapping=False,
        )
    assert len(generator.asked) == 1
