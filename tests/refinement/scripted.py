"""A generator that follows a script, and a trainer to refine with it."""

from collections.abc import Callable
from itertools import islice

from datasets import Dataset

from funreason_trl import SRMLConfig, SRMLTrainer
from funreason_trl.data.rendering import render_python
from funreason_trl.data.rows import message_calls
from funreason_trl.data.sample import sample_rows
from funreason_trl.generation.prompts import Generated
from funreason_trl.refinement import RefinementCallback, RefinementConfig


# A few steps on the CPU that leave nothing behind but what a test asks for.
SHORT_RUN = {
    "per_device_train_batch_size": 2,
    "learning_rate": 1e-2,
    "max_length": None,
    "logging_steps": 1,
    "save_strategy": "no",
    "report_to": [],
    "bf16": False,
    "use_cpu": True,
    "disable_tqdm": True,
}


class ScriptedGenerator:
    """Answers with what `answer(messages, number)` says, `number` telling the samples of one prompt apart."""

    def __init__(self, answer: Callable[[list[dict], int], str], name: str = "scripted"):
        self.answer, self.name = answer, name
        self.asked: list[list[dict]] = []

    @property
    def description(self):
        return {"way": self.name}

    def generate(self, prompts, settings):
        for index, prompt in enumerate(prompts):
            self.asked.append(prompt.messages)
            texts = tuple(self.answer(prompt.messages, number) for number in range(settings.samples))
            yield Generated(index, texts, tuple(map(len, texts)), (True,) * len(texts))


def training_rows(count: int) -> list[dict]:
    """Rows in the python form, all of which call something."""
    rows = (row for row in sample_rows(2 * count + 20) if message_calls(row["messages"][-1]))
    return [render_python(row)[-1] | {"id": row["id"]} for row in islice(rows, count)]


def gold_text(messages: list[dict], rows: list[dict]) -> str:
    return next(row["completion"][0]["content"] for row in rows if row["prompt"] == messages)


def rethought(text: str) -> str:
    """The same answer with one more sentence at the end of its thought: passes, and is other text."""
    return text.replace("</think>", " So that is settled.</think>")


def refining_trainer(folder, model, tokenizer, rows, callback=None, **arguments) -> SRMLTrainer:
    config = SRMLConfig(str(folder), **{**SHORT_RUN, "num_train_epochs": 2, **arguments})
    return SRMLTrainer(
        model,
        config,
        train_dataset=rows if isinstance(rows, Dataset) else Dataset.from_list(rows),
        processing_class=tokenizer,
        callbacks=[callback] if callback is not None else None,
    )


def small_config(**arguments) -> RefinementConfig:
    return RefinementConfig(
        **{"answers_per_row": 2, "batch_size": 2, "rows_per_round": 100, "chunk_size": 3, **arguments}
    )


def scripted_callback(monkeypatch, generator: ScriptedGenerator, **arguments) -> RefinementCallback:
    monkeypatch.setattr("funreason_trl.refinement.callback.make_generator", lambda config, trainer, model: generator)
    return RefinementCallback(small_config(**arguments))
