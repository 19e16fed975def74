"""Rounds between trainings: rows that are added, and what goes on from training to training."""

import json
import shutil

import pytest
import torch

from funreason_trl.refinement import RefinementCallback
from funreason_trl.refinement.driver import AppendingRounds, refine_in_trainings
from tests.tiny import build_tiny_model

from .scripted import ScriptedGenerator, gold_text, refining_trainer, rethought, small_config, training_rows


ROWS = training_rows(8)
LEARNING_RATE = 1e-2


@pytest.fixture
def refine(tmp_path, tokenizer, monkeypatch):
    """Two rounds after one epoch; every query is answered well, or every other one. Gives the trainers in order."""

    def run(name="out", good=len(ROWS), resume=False, expected_acceptance=1.0, training=None, **config):
        def answer(messages, number):
            text = gold_text(messages, ROWS)
            return rethought(text) if text in wanted else "no idea ["

        wanted = {row["completion"][0]["content"] for row in ROWS[:good]}
        monkeypatch.setattr(
            "funreason_trl.refinement.callback.make_generator",
            lambda config, trainer, model: ScriptedGenerator(answer),
        )
        trainers = []

        def make(model, folder, number, epochs, rounds):
            model = build_tiny_model(len(tokenizer)) if model is None else model
            arguments = {"learning_rate": LEARNING_RATE, "save_strategy": "epoch", "data_seed": number}
            arguments |= {"num_train_epochs": epochs, "lr_scheduler_type": "linear", **(training or {})}
            trainers.append(refining_trainer(folder, model, tokenizer, ROWS, rounds, **arguments))
            return trainers[-1]

        rounds = AppendingRounds(
            tmp_path / name,
            small_config(
                **{"mode": "append", "rows_per_round": 8, "answers_per_row": 1, "temperature": 0.0, **config}
            ),
        )
        refine_in_trainings(make, rounds, 1, 2, expected_acceptance=expected_acceptance, resume=resume)
        return trainers

    return run


def learning_rates(trainers):
    return [entry["learning_rate"] for trainer in trainers for entry in trainer.state.log_history if "loss" in entry]


def weights(trainer):
    return {name: value.clone() for name, value in trainer.model.state_dict().items()}


def assert_same_weights(one, other):
    one, other = weights(one), weights(other)
    assert all(torch.equal(one[name], other[name]) for name in one)


def test_accepted_answers_are_rows_of_the_trainings_that_follow(refine, tmp_path):
    trainers = refine()
    assert [trainer.state.max_steps for trainer in trainers] == [4, 8, 12]
    assert trainers[-1].train_dataset.rounds == {0: 8, 1: 8, 2: 8}
    lines = [
        json.loads(line) for line in (tmp_path / "out" / "refinement" / "refinement.jsonl").read_text().splitlines()
    ]
    assert [(line["round"], line["epochs"], line["replaced"]) for line in lines] == [(1, 1, 8), (2, 2, 16)]


def test_model_and_optimizer_go_on(refine):
    trainers = refine()
    assert trainers[0].model is trainers[2].model
    steps = {int(state["step"]) for state in trainers[2].optimizer.state_dict()["state"].values()}
    assert steps == {4 + 8 + 12}


def test_a_learned_balance_goes_on(refine):
    trainers = refine(training={"balance": "learned", "alpha_learning_rate": 1.0})
    first = [[e["alpha"] for e in trainer.state.log_history if "alpha" in e] for trainer in trainers]
    assert first[1][0] != 0.5
    assert first[1][0] == pytest.approx(first[0][-1], abs=0.1)


def test_one_schedule_goes_through_all_trainings(refine):
    total = 4 + 8 + 12
    expected = [LEARNING_RATE * (1 - step / total) for step in range(total)]
    assert learning_rates(refine()) == pytest.approx(expected)


@pytest.mark.parametrize(("good", "expected_acceptance"), [(2, 1.0), (8, 0.0)])
def test_a_wrong_estimate_is_mended_after_the_round(refine, good, expected_acceptance):
    rates = learning_rates(refine(good=good, expected_acceptance=expected_acceptance))
    assert rates == sorted(rates, reverse=True) or expected_acceptance < 0.5
    assert rates[-1] == pytest.approx(LEARNING_RATE / len(rates))


def test_original_rows_keep_their_share(refine):
    trainers = refine(refined_share=0.5)
    assert trainers[-1].train_dataset.rounds == {0: 8, 2: 8}


@pytest.mark.parametrize("left", ["training-000", "training-001", "training-002"])
def test_a_run_goes_on_from_the_last_checkpoint_to_the_same_weights(refine, tmp_path, left):
    whole = refine("whole")
    shutil.copytree(tmp_path / "whole", tmp_path / "cut")
    for folder in (tmp_path / "cut").glob("training-*"):
        if folder.name > left:
            shutil.rmtree(folder)
    again = refine("cut", resume=True)
    assert len(again) == 3 - int(left[-1])
    assert_same_weights(whole[-1], again[-1])
    lines = (tmp_path / "cut" / "refinement" / "refinement.jsonl").read_text().splitlines()
    assert [json.loads(line)["round"] for line in lines] == [1, 2]


def test_a_run_goes_on_in_the_middle_of_a_training(refine, tmp_path):
    every_step = {"save_strategy": "steps", "save_steps": 3}
    whole = refine("whole", training=every_step)
    shutil.copytree(tmp_path / "whole", tmp_path / "cut")
    shutil.rmtree(tmp_path / "cut" / "training-002")
    for checkpoint in ("checkpoint-6", "checkpoint-8"):
        shutil.rmtree(tmp_path / "cut" / "training-001" / checkpoint)
    again = refine("cut", resume=True, training=every_step)
    assert_same_weights(whole[-1], again[-1])


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"training": {"lr_scheduler_type": "reduce_lr_on_plateau", "eval_strategy": "no"}}, "no steps to plan"),
        ({"engine": "vllm"}, "belongs to one trainer"),
        ({"mode": "mix"}, "`mode` is 'mix'"),
    ],
)
def test_what_can_not_be_handed_on_is_refused(refine, arguments, words):
    with pytest.raises(ValueError, match=words):
        refine(**arguments)


def test_the_callback_alone_refuses_to_append(tmp_path, model, tokenizer):
    with pytest.raises(ValueError, match="takes a training for each round: use `funreason refine`"):
        refining_trainer(tmp_path, model, tokenizer, ROWS, RefinementCallback(small_config(mode="append")))
