"""What the tests of the engine share: rows, rules and judges that do as they are told, and an endpoint's answers.

In: a script. Out: candidates, [`rules`], [`ScriptedJudge`], [`ScriptedModel`], and [`verdict_text`].
"""

import asyncio
import json

from funreason_trl.calls import Call
from funreason_trl.data.rows import assistant_message
from funreason_trl.fcdr.judges import Judge
from funreason_trl.fcdr.models import AskedModel, Usage
from funreason_trl.fcdr.verdicts import Candidate, Outcome, Stage, Verdict
from funreason_trl.generation.prompts import Sample


WEATHER = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "The weather in a city.",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
    },
}
GOOD = "<think>The user asks for Oslo.</think>\n\n[get_weather(city='Oslo')]"


def candidate(id="0", query="Weather in Oslo?", reasoning="The user asks for Oslo.", calls=None, words="", **fields):
    calls = [Call("get_weather", {"city": "Oslo"})] if calls is None else calls
    messages = [{"role": "user", "content": query}, assistant_message(reasoning, calls, words)]
    row = {"messages": messages, "tools": [WEATHER], "id": id, "source": "test"}
    return Candidate(row, fields.pop("text", GOOD), **fields)


def rules(**scripts):
    """Rules that pass, except for the stages that are named: each a list of outcomes, one a call, or a function."""

    def scripted(stage, script):
        if callable(script):
            return lambda candidate: Verdict(stage, script(candidate), "scripted")
        left = list(script)
        return lambda candidate: Verdict(stage, left.pop(0) if left else Outcome.PASS, "scripted")

    return {stage: scripted(stage, scripts.get(stage.value, [])) for stage in Stage}


class ScriptedJudge(Judge):
    """Says what `script` (a function of stage and candidate) says, after a while, and writes down what it was asked."""

    def __init__(self, script=lambda stage, candidate: Outcome.PASS, description="scripted", score=None, seconds=0.0):
        self.script, self.description, self.score, self.seconds = script, description, score, seconds
        self.asked = []

    async def judge(self, stage, candidate):
        self.asked.append((candidate.row["id"], stage, candidate.text))
        await asyncio.sleep(self.seconds)
        return Verdict(stage, self.script(stage, candidate), "said", "so", self.description, "raw", self.score)


class ScriptedModel(AskedModel):
    """Answers with the texts of a list, one after the other; an exception in it is raised."""

    description = "model"

    def __init__(self, *texts):
        self.texts = list(texts)
        self.asked = []
        self.usage = Usage()
        self.closed = 0

    async def answer(self, messages, settings, number=0, schema=None):
        self.asked.append((messages, settings, number, schema))
        text = self.texts.pop(0)
        if isinstance(text, Exception):
            raise text
        return Sample(text, 3, True)

    async def close(self):
        self.closed += 1


def verdict_text(problem="none", score=9, analysis="fine"):
    return json.dumps({"analysis": analysis, "problem": problem, "score": score})
