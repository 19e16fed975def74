"""Folders as training leaves them, for tests that push: a base model, a whole model with its checkpoint, and an adapter.

In: a folder. Out: [`train_into`]: `base/`, `full/` with `checkpoint-1/`, and `lora/`, an adapter of `base/`.
"""

from pathlib import Path

from datasets import Dataset
from peft import LoraConfig
from transformers import AutoModelForCausalLM

from funreason_trl.data.rendering import render_python
from funreason_trl.data.sample import sample_rows
from funreason_trl.record import dataset_facts
from tests.srml.training import TOKENIZER, build_trainer
from tests.tiny import build_tiny_model


def python_rows(count: int = 4) -> Dataset:
    return Dataset.from_list([example for row in sample_rows(count) for example in render_python(row)])


def train_into(folder: Path) -> Path:
    build_tiny_model(len(TOKENIZER)).save_pretrained(folder / "base")
    TOKENIZER.save_pretrained(folder / "base")
    for name, adapter in {"full": None, "lora": LoraConfig(r=4, lora_alpha=8, target_modules="all-linear")}.items():
        trainer = build_trainer(
            python_rows(),
            model=AutoModelForCausalLM.from_pretrained(folder / "base"),
            arguments={"peft_config": adapter},
            output_dir=str(folder / name),
            per_device_train_batch_size=2,
            max_steps=1,
            save_strategy="steps" if name == "full" else "no",
            save_steps=1,
        )
        trainer.recorder.dataset |= dataset_facts("sample", "train")
        trainer.train()
        trainer.save_model()
    return folder
