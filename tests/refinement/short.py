"""Rows of some 40 tokens, a tokenizer and a model for them, and generators of answers that pass: runs of a second.

In: nothing. Out: `ROWS`, [`short_trainer`], [`passing`], [`Rethinking`] and [`use_generator`].
"""

import json
from collections.abc import Callable
from pathlib import Path

import torch
from datasets import Dataset
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import PreTrainedTokenizerFast

from funreason_trl import SRMLConfig, SRMLTrainer
from funreason_trl.calls import Call
from funreason_trl.data.rendering import render_python
from funreason_trl.data.rows import assistant_message
from funreason_trl.generation.prompts import Generated
from funreason_trl.generation.transformers_generator import TransformersGenerator
from tests.tiny import CHATML, build_tiny_model

from .scripted import SHORT_RUN, gold_text


CITIES = ("Oslo", "Rome", "Paris", "Lima", "Cairo", "Quito", "Delhi", "Minsk")


def _row(city: str) -> dict:
    tool = {"name": "get_weather", "description": "Get the weather of a city."}
    tool["parameters"] = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
    thought = f"The user asks for the weather in {city}, which get_weather tells. The city is {city}."
    query = {"role": "user", "content": f"What is the weather in {city}?"}
    answer = assistant_message(thought, [Call("get_weather", {"city": city})], "")
    return {
        "id": city,
        "source": "short",
        "messages": [query, answer],
        "tools": [{"type": "function", "function": tool}],
    }


ROWS = [render_python(_row(city))[-1] | {"id": city} for city in CITIES]


def short_tokenizer() -> PreTrainedTokenizerFast:
    """A byte-level BPE that has learnt whole lines of the prompts, which makes them short."""
    bpe = Tokenizer(models.BPE())
    bpe.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    bpe.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=1200,
        special_tokens=["<pad>", "<|im_start|>", "<|im_end|>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    lines = [
        line
        for row in ROWS
        for message in row["prompt"] + row["completion"]
        for line in message["content"].split(". ")
    ]
    bpe.train_from_iterator(lines, trainer)
    return PreTrainedTokenizerFast(
        tokenizer_object=bpe, pad_token="<pad>", eos_token="<|im_end|>", chat_template=CHATML
    )


TOKENIZER = short_tokenizer()


def short_trainer(
    folder, callback=None, rows=ROWS, dropout=0.1, callbacks=(), eval_rows=None, **arguments
) -> SRMLTrainer:
    """Always the same model; its dropout draws from the random state in every step."""
    model = build_tiny_model(len(TOKENIZER), dropout)
    config = {**SHORT_RUN, "activation_checkpointing": False, **arguments}
    return SRMLTrainer(
        model,
        SRMLConfig(str(folder), **config),
        train_dataset=Dataset.from_list(list(rows)),
        eval_dataset=None if eval_rows is None else Dataset.from_list(list(eval_rows)),
        processing_class=TOKENIZER,
        callbacks=[*callbacks, *([] if callback is None else [callback])],
    )


def weights(trainer: SRMLTrainer) -> torch.Tensor:
    return torch.cat([parameter.detach().flatten() for parameter in trainer.model.parameters()])


def round_lines(folder) -> list[dict]:
    """The lines of `refinement.jsonl`."""
    return [json.loads(line) for line in Path(folder, "refinement", "refinement.jsonl").read_text().splitlines()]


def passing(messages: list[dict], number: int) -> str:
    """The teacher's answer with a thought more, another one for each sample."""
    thought = f" So that is settled, for the {number}th time."
    return gold_text(messages, ROWS).replace("</think>", f"{thought}</think>")


class Rethinking(TransformersGenerator):
    """
    Samples from the model that it is given, and writes what was sampled into a thought that passes, one time of three:
    what is accepted depends on the weights and on the seed of the sampling.
    """

    def generate(self, prompts, settings):
        torch.rand(1)  # as an engine may that does not look after the random state
        for answer in super().generate(prompts, settings):
            messages = prompts[answer.index].messages
            if not any(row["prompt"] == messages for row in ROWS):
                yield answer  # what a judge is asked
                continue
            gold = gold_text(messages, ROWS)
            texts = tuple(gold.replace("</think>", f" Noted: {_letters(text)}.</think>") for text in answer.texts)
            finished = tuple(len(text) % 3 == 0 for text in answer.texts)
            yield Generated(answer.index, texts, answer.tokens, finished)


def _letters(text: str) -> str:
    return "".join(letter if letter.isalnum() else " " for letter in text)


def use_generator(patch: Callable, make: Callable) -> None:
    """Let rounds roll out with `make(model)`; `patch` is `monkeypatch.setattr` or works like it."""
    patch("funreason_trl.refinement.callback.make_generator", lambda config, trainer, model: make(model))
