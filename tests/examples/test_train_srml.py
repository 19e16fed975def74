"""Pins the examples: short, and they run as they stand with a tiny model."""

import json
import runpy
import sys
from pathlib import Path

import pytest

from tests.tiny import QUERIES


EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.mark.parametrize("script", sorted(EXAMPLES.glob("*.py")), ids=lambda path: path.name)
def test_an_example_is_short_and_listed(script):
    assert len(script.read_text().splitlines()) < (60 if script.name == "train_srml.py" else 70)
    assert script.name in (EXAMPLES / "README.md").read_text()


@pytest.fixture
def model_folder(model, tokenizer, tmp_path) -> Path:
    model.save_pretrained(tmp_path / "model")
    tokenizer.save_pretrained(tmp_path / "model")
    return tmp_path / "model"


def test_train_srml_trains_an_adapter_and_counts_bad_rows(model_folder, tmp_path, monkeypatch):
    rows = [
        {
            "messages": [
                {"role": "user", "content": query},
                {"role": "assistant", "content": f"<think>{thought}</think>\n\nDone."},
            ]
        }
        for query, thought, _ in QUERIES
    ]
    file = tmp_path / "rows.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in [*rows, {"messages": "none"}]))
    output = tmp_path / "out"
    arguments = ["--model", model_folder, "--rows", file, "--output", output, "--max-steps", "1"]
    monkeypatch.setattr(sys, "argv", ["train_srml.py", *map(str, arguments)])
    trainer = runpy.run_path(str(EXAMPLES / "train_srml.py"), run_name="__main__")["trainer"]
    assert (output / "adapter_model.safetensors").is_file()
    assert len(trainer.train_dataset) + len(trainer.eval_dataset) == len(rows)
    assert any("eval_loss/think" in entry for entry in trainer.state.log_history)
