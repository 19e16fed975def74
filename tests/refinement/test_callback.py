"""Rounds within a trainer: what they change, and what they leave as it was."""

import json

import pytest
import torch
from datasets import load_dataset

from funreason_trl.refinement import RefinementCallback
from tests.tiny import build_tiny_model

from .scripted import (
    ScriptedGenerator,
    gold_text,
    refining_trainer,
    rethought,
    scripted_callback,
    small_config,
    training_rows,
)


ROWS = training_rows(8)


def weights(model):
    return {name: value.clone() for name, value in model.state_dict().items()}


def same(a, b):
    return all(torch.equal(a[name], b[name]) for name in a)


def passing(messages, number):
    return rethought(gold_text(messages, ROWS)) if number else "<think>No.</think>\n\n[unknown(a=1)]"


def refused(messages, number):
    return "no idea ["


def test_passing_answers_are_what_the_next_epoch_trains_on(tmp_path, model, tokenizer, monkeypatch):
    callback = scripted_callback(monkeypatch, ScriptedGenerator(passing))
    trainer = refining_trainer(tmp_path, model, tokenizer, ROWS, callback)
    before = [trainer.train_dataset[slot] for slot in range(len(ROWS))]
    seen = []
    compute_loss = type(trainer).compute_loss

    def spy(self, model, inputs, **kwargs):
        seen.extend(tokenizer.batch_decode(inputs["input_ids"]))
        return compute_loss(self, model, inputs, **kwargs)

    monkeypatch.setattr(type(trainer), "compute_loss", spy)
    trainer.train()
    assert sum("So that is settled." in text for text in seen[: len(ROWS)]) == 0
    assert sum("So that is settled." in text for text in seen[len(ROWS) :]) == len(ROWS)
    assert trainer.train_dataset.rounds == {0: 0, 1: len(ROWS)}
    assert all(before[slot] != trainer.train_dataset[slot] for slot in range(len(ROWS)))
    (line,) = map(json.loads, (tmp_path / "refinement" / "refinement.jsonl").read_text().splitlines())
    assert line["accepted"] == len(ROWS) and line["changed"]
    assert line["figures"]["accepted_answers"] == 0.5
    logged = [entry for entry in trainer.state.log_history if "refinement/accepted_rows" in entry]
    assert [entry["refinement/pool_refined"] for entry in logged] == [1.0]
    written = load_dataset(str(tmp_path / "refinement" / "round-001"), cache_dir=str(tmp_path / "cache"))
    assert len(written["train"]) == len(written["rejected"]) == len(ROWS)
    assert written["train"][0]["provenance"]["round"] == 1


def test_a_pool_that_refuses_every_answer_leaves_the_run_as_it_was(tmp_path, tokenizer, monkeypatch):
    finals = []
    for name in ("plain", "refined"):
        model = build_tiny_model(len(tokenizer), dropout=0.1)  # draws from the random state in every step
        callback = scripted_callback(monkeypatch, ScriptedGenerator(refused)) if name == "refined" else None
        trainer = refining_trainer(tmp_path / name, model, tokenizer, ROWS, callback, num_train_epochs=3)
        trainer.train()
        finals.append(weights(model))
    assert [line["changed"] for line in callback.rounds] == [False, False]
    assert same(*finals)


def test_rolling_out_with_the_model_itself_leaves_mode_cache_and_random_state(tmp_path, tokenizer):
    finals = []
    for name in ("plain", "refined"):
        model = build_tiny_model(len(tokenizer), dropout=0.1)
        callback = RefinementCallback(small_config(max_new_tokens=4)) if name == "refined" else None
        trainer = refining_trainer(tmp_path / name, model, tokenizer, ROWS, callback)
        trainer.train()
        assert model.training and model.config.use_cache is False
        finals.append(weights(model))
    assert callback.rounds[0]["accepted"] == 0
    assert same(*finals)


def test_hard_queries_come_first_in_the_next_round(tmp_path, model, tokenizer, monkeypatch):
    hard = ROWS[5]["prompt"]
    generator = ScriptedGenerator(
        lambda messages, number: refused(messages, number) if messages == hard else gold_text(messages, ROWS)
    )
    callback = scripted_callback(monkeypatch, generator, rows_per_round=len(ROWS), answers_per_row=1, temperature=0.0)
    trainer = refining_trainer(tmp_path, model, tokenizer, ROWS, callback, num_train_epochs=3)
    trainer.train()
    assert generator.asked[len(ROWS)] == hard


def test_too_few_accepted_queries_change_nothing(tmp_path, model, tokenizer, monkeypatch, caplog):
    callback = scripted_callback(monkeypatch, ScriptedGenerator(passing), min_accepted=len(ROWS) + 1)
    trainer = refining_trainer(tmp_path, model, tokenizer, ROWS, callback)
    trainer.train()
    assert trainer.train_dataset.rounds == {0: len(ROWS)}
    assert "`min_accepted` is 9" in callback.rounds[0]["why_unchanged"]


def test_a_share_of_the_rows_stays_original(tmp_path, model, tokenizer, monkeypatch):
    callback = scripted_callback(monkeypatch, ScriptedGenerator(passing), refined_share=0.5)
    trainer = refining_trainer(tmp_path, model, tokenizer, ROWS, callback, num_train_epochs=3)
    trainer.train()
    assert trainer.train_dataset.rounds == {0: 4, 2: 4}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"packing": True, "max_length": 8192}, "packing"),
        ({"dataloader_persistent_workers": True, "dataloader_num_workers": 1}, "persistent"),
    ],
)
def test_what_would_not_reach_the_training_is_refused(tmp_path, model, tokenizer, arguments, words):
    with pytest.raises(ValueError, match=words):
        refining_trainer(tmp_path, model, tokenizer, ROWS, RefinementCallback(), **arguments)


def test_add_callback_attaches_too(tmp_path, model, tokenizer):
    trainer = refining_trainer(tmp_path, model, tokenizer, ROWS)
    callback = RefinementCallback()
    trainer.add_callback(callback)
    assert trainer.train_dataset is callback.pool
