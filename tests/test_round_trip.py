"""Pins the way out of the door and back: what the quickstart made, pushed and downloaded again, is what it was."""

import json

from funreason_trl.data.rendering import prompt_messages
from funreason_trl.data.sources import read_rows
from funreason_trl.evaluation.answers import score_answer
from funreason_trl.generation import GenerationSettings, Prompt, generate_all
from funreason_trl.generation.transformers_generator import TransformersGenerator
from funreason_trl.hub import download, push_dataset, push_model
from funreason_trl.models import loading
from funreason_trl.scripts import quickstart
from tests.hub.routes import WRITE_TOKEN


TEST_ROWS = 6


def test_the_quickstarts_model_and_rows_come_back_from_the_hub_as_they_were(hub, monkeypatch, tmp_path):
    for module in (quickstart, loading):  # in bfloat16 the two would round differently
        monkeypatch.setattr(module, "has_fast_bf16", lambda: False)
    made, empty = tmp_path / "made", tmp_path / "empty"
    arguments = ["--model", "tiny", "--train-rows", "8", "--test-rows", str(TEST_ROWS), "--epochs", "1"]
    quickstart.main([*arguments, "--output", str(made)])
    push_model(made / "model", "alice/caller", token=WRITE_TOKEN)
    push_dataset(made / "dataset", "alice/calls", token=WRITE_TOKEN)
    download("model", "alice/caller", empty / "model", token=WRITE_TOKEN)
    download("dataset", "alice/calls", empty / "dataset", token=WRITE_TOKEN)

    assert list(read_rows(empty / "dataset")) == list(read_rows(made / "dataset"))
    questions = quickstart.short_rows(TEST_ROWS, "heldout")
    generator = TransformersGenerator(*loading.load_for_answers(str(empty / "model")), quickstart.ANSWERS_AT_A_TIME)
    prompts = [Prompt(prompt_messages(row["messages"], row["tools"])) for row in questions]
    answers = generate_all(generator, prompts, GenerationSettings(max_new_tokens=quickstart.ANSWER_TOKENS))
    before = [json.loads(line)["after SRML"] for line in (made / "answers.jsonl").read_text().splitlines()]
    assert [answer.texts[0] for answer in answers] == [line["answer"] for line in before]
    after = [score_answer(answer.texts[0], row) for answer, row in zip(answers, questions, strict=True)]
    assert [score.right for score in after] == [line["right"] for line in before]
