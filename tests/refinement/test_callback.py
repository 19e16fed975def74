"""Rounds within a trainer: what they change, and what they leave as it was."""

import json

import pytest
import torch
from datasets import Dataset, load_dataset

from funreason_trl import SRMLConfig, SRMLTrainer
from funreason_trl.fcdr.verdicts import Outcome, Stage
from funreason_trl.refinement import RefinementCallback
from funreason_trl.refinement.prompts import draw
from tests.fcdr.scripted import ScriptedJudge
from tests.tiny import build_tiny_model

from .scripted import (
    SHORT_RUN,
    ScriptedGenerator,
    gold_text,
    refining_trainer,
    rethought,
    scripted_callback,
    small_config,
)
from .short import ROWS, TOKENIZER


@pytest.fixture
def tokenizer():
    return TOKENIZER


@pytest.fixture
def model():
    return build_tiny_model(len(TOKENIZER))


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


def test_hard_queries_stay_hard_until_they_are_asked_again(tmp_path, model, tokenizer, monkeypatch):
    generator = ScriptedGenerator(refused)
    callback = scripted_callback(monkeypatch, generator, rows_per_round=2, answers_per_row=1, temperature=0.0)
    trainer = refining_trainer(tmp_path, model, tokenizer, ROWS, callback, num_train_epochs=5)
    trainer.train()
    asked = {str(messages) for messages in generator.asked}
    assert len(callback._hard) == len(asked) > 2


def test_at_most_half_of_a_round_is_hard_and_another_half_each_time():
    rounds = [draw(range(1000), 10, f"0 {number}", first=range(100)) for number in range(20)]
    assert all(sum(place < 100 for place in places[:5]) == 5 for places in rounds)
    assert all(sum(place < 100 for place in places) <= 8 for places in rounds)
    assert len({place for places in rounds for place in places[:5]}) > 40


def test_a_judge_that_is_silent_makes_no_query_hard(tmp_path, model, tokenizer, monkeypatch):
    callback = scripted_callback(monkeypatch, ScriptedGenerator(passing))
    callback.judges = {Stage.REASONING: ScriptedJudge(lambda stage, row: Outcome.ERROR)}
    refining_trainer(tmp_path, model, tokenizer, ROWS, callback).train()
    assert callback.rounds[0]["figures"]["errors"] == len(ROWS)
    assert callback._hard == []


def test_too_few_accepted_queries_change_nothing(tmp_path, model, tokenizer, monkeypatch, caplog):
    callback = scripted_callback(monkeypatch, ScriptedGenerator(passing), min_accepted=len(ROWS) + 1)
    trainer = refining_trainer(tmp_path, model, tokenizer, ROWS, callback)
    trainer.train()
    assert trainer.train_dataset.rounds == {0: len(ROWS)}
    assert "`min_accepted` is 9" in callback.rounds[0]["why_unchanged"]


def test_answers_that_find_no_place_change_nothing(tmp_path, model, tokenizer, monkeypatch, caplog):
    callback = scripted_callback(monkeypatch, ScriptedGenerator(passing), refined_share=0.1)  # of eight rows
    refining_trainer(tmp_path, model, tokenizer, ROWS, callback).train()
    (line,) = callback.rounds
    assert (line["accepted"], line["changed"], line["replaced"]) == (len(ROWS), False, 0)
    assert "`refined_share` is too small" in line["why_unchanged"]


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


def test_a_stream_is_refused(tmp_path, model, tokenizer):
    with pytest.raises(ValueError, match="`train_dataset` is a stream"):
        SRMLTrainer(
            model,
            SRMLConfig(str(tmp_path), **SHORT_RUN, max_steps=2),
            train_dataset=Dataset.from_list(ROWS).to_iterable_dataset(),
            processing_class=tokenizer,
            callbacks=[RefinementCallback()],
        )


def test_rows_of_plain_text_are_refused(tmp_path, model, tokenizer):
    rows = [{"prompt": "Weather?", "completion": "<think>Well.</think> [f()]"}] * 4
    with pytest.raises(ValueError, match="the training rows are texts, from which no query can be read"):
        refining_trainer(tmp_path, model, tokenizer, rows, RefinementCallback())


def test_rows_with_another_system_prompt_are_refused(tmp_path, model, tokenizer):
    rows = [{**row, "prompt": [{"role": "system", "content": "Call."}, *row["prompt"][1:]]} for row in ROWS]
    with pytest.raises(ValueError, match="none of 8 queries of the training rows has tools"):
        refining_trainer(tmp_path, model, tokenizer, rows, RefinementCallback())


@pytest.mark.parametrize(("epochs", "config"), [(1, {}), (3, {"first_round": 3}), (0.5, {})])
def test_a_run_in_which_no_round_comes_is_refused(epochs, config, tmp_path, model, tokenizer):
    callback = RefinementCallback(small_config(**config))
    trainer = refining_trainer(tmp_path, model, tokenizer, ROWS, callback, num_train_epochs=epochs)
    with pytest.raises(ValueError, match=r"no round comes in \d epochs with first_round="):
        trainer.train()


def test_a_trial_of_a_few_steps_is_warned_of_no_rounds(tmp_path, model, tokenizer, caplog):
    refining_trainer(tmp_path, model, tokenizer, ROWS, RefinementCallback(), max_steps=1).train()
    assert "`max_steps` is 1: no round comes" in caplog.text


def test_rounds_may_be_added_to_a_run_that_had_none(tmp_path, model, tokenizer, monkeypatch):
    arguments = {"num_train_epochs": 3, "save_strategy": "epoch"}
    refining_trainer(tmp_path, model, tokenizer, ROWS, **arguments).train()
    callback = scripted_callback(monkeypatch, ScriptedGenerator(passing))
    trainer = refining_trainer(tmp_path, build_tiny_model(len(tokenizer)), tokenizer, ROWS, callback, **arguments)
    trainer.train(resume_from_checkpoint=str(tmp_path / "checkpoint-4"))
    assert [line["epochs"] for line in callback.rounds] == [1, 2]
    assert trainer.state.stateful_callbacks["RefinementCallback"]["attributes"]["epochs_played"] == [1, 2]


def test_add_callback_attaches_too(tmp_path, model, tokenizer):
    trainer = refining_trainer(tmp_path, model, tokenizer, ROWS)
    callback = RefinementCallback()
    trainer.add_callback(callback)
    assert trainer.train_dataset is callback.pool
