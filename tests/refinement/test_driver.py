"""Rounds between trainings: rows that are added, and what goes on from training to training."""

import json
import shutil

import pytest
import torch

from funreason_trl.refinement import RefinementCallback
from funreason_trl.refinement.driver import AppendingRounds, refine_in_trainings
from tests.tiny import build_tiny_model

from .scripted import ScriptedGenerator, gold_text, refining_trainer, rethought, small_config, training_rows


# Two short ones: their queries and answers are the real sample's, and tiny tokens are bytes.
ROWS = sorted(training_rows(40), key=lambda row: len(str(row)))[:2]
LEARNING_RATE = 1e-2


@pytest.fixture(scope="module")
def refine(tmp_path_factory, tokenizer):
    """Two rounds after one epoch; so many queries are answered well. Gives the trainers in order."""

    def run(
        name, good=2, resume=False, expected_acceptance=1.0, training=None, nothing_in_the_last_round=False, **config
    ):
        def answer(messages, number):
            text = gold_text(messages, ROWS)
            last_round = len(rounds.rounds) == 1 and nothing_in_the_last_round
            return rethought(text) if text in wanted and not last_round else "no idea ["

        wanted = {row["completion"][0]["content"] for row in ROWS[:good]}
        trainers = []

        def make(model, folder, number, epochs, rounds):
            model = build_tiny_model(len(tokenizer)) if model is None else model
            arguments = {"learning_rate": LEARNING_RATE, "save_strategy": "steps", "data_seed": number}
            arguments |= {"per_device_train_batch_size": 1, "save_steps": 2}
            arguments |= {"num_train_epochs": epochs, "lr_scheduler_type": "linear", **(training or {})}
            trainers.append(refining_trainer(folder, model, tokenizer, ROWS, rounds, **arguments))
            return trainers[-1]

        rounds = AppendingRounds(
            root / name,
            small_config(
                **{"mode": "append", "rows_per_round": 2, "answers_per_row": 1, "temperature": 0.0, **config}
            ),
        )
        with pytest.MonkeyPatch.context() as patch:
            make_scripted = lambda config, trainer, model: ScriptedGenerator(answer)  # noqa: E731
            patch.setattr("funreason_trl.refinement.callback.make_generator", make_scripted)
            refine_in_trainings(make, rounds, 1, 2, expected_acceptance=expected_acceptance, resume=resume)
        return trainers

    root = tmp_path_factory.mktemp("trainings")
    run.root = root
    return run


@pytest.fixture(scope="module")
def whole(refine):
    """The trainers of a run in which every answer is accepted, as was expected."""
    return refine("whole")


@pytest.fixture
def cut(refine, whole):
    """The whole run's folder, to take something out of."""
    shutil.copytree(refine.root / "whole", refine.root / "cut")
    yield refine.root / "cut"
    shutil.rmtree(refine.root / "cut")


def learning_rates(trainers):
    return [entry["learning_rate"] for trainer in trainers for entry in trainer.state.log_history if "loss" in entry]


def weights(trainer):
    return {name: value.clone() for name, value in trainer.model.state_dict().items()}


def assert_same_weights(one, other):
    one, other = weights(one), weights(other)
    assert all(torch.equal(one[name], other[name]) for name in one)


def written_rounds(folder):
    lines = (folder / "refinement" / "refinement.jsonl").read_text().splitlines()
    return [(line["round"], line["epochs"], line["replaced"]) for line in map(json.loads, lines)]


def test_accepted_answers_are_rows_of_the_trainings_that_follow(refine, whole):
    assert [trainer.state.max_steps for trainer in whole] == [2, 4, 6]
    assert whole[-1].train_dataset.rounds == {0: 2, 1: 2, 2: 2}
    assert written_rounds(refine.root / "whole") == [(1, 1, 2), (2, 2, 2)]


def test_model_and_optimizer_go_on(whole):
    assert whole[0].model is whole[2].model
    steps = {int(state["step"]) for state in whole[2].optimizer.state_dict()["state"].values()}
    assert steps == {2 + 4 + 6}


def test_one_schedule_goes_through_all_trainings(whole):
    total = 2 + 4 + 6
    expected = [LEARNING_RATE * (1 - step / total) for step in range(total)]
    assert learning_rates(whole) == pytest.approx(expected)


@pytest.mark.parametrize(("good", "expected_acceptance"), [(1, 1.0), (2, 0.0)])
def test_a_wrong_estimate_is_mended_after_the_round(refine, good, expected_acceptance):
    rates = learning_rates(refine(f"good-{good}", good=good, expected_acceptance=expected_acceptance))
    assert rates[0] == LEARNING_RATE
    assert rates[-1] == pytest.approx(LEARNING_RATE / len(rates))


def test_a_learned_balance_goes_on_and_original_rows_keep_their_share(refine):
    learned = {"balance": "learned", "alpha_learning_rate": 1.0, "save_strategy": "no"}
    trainers = refine("learned", training=learned, refined_share=0.5)
    alphas = [[e["alpha"] for e in trainer.state.log_history if "alpha" in e] for trainer in trainers]
    assert alphas[1][0] != 0.5
    assert alphas[1][0] == pytest.approx(alphas[0][-1], abs=0.1)
    assert trainers[-1].train_dataset.rounds == {0: 2, 2: 2}


@pytest.mark.parametrize(
    ("missing", "trainings"),
    [
        (["training-002", "training-001"], 3),
        (["training-002"], 2),
        (["training-002", "training-001/checkpoint-4"], 2),
        (["training-002/checkpoint-6", "training-002/checkpoint-4"], 1),
    ],
)
def test_a_run_goes_on_from_its_last_checkpoint_to_the_same_weights(refine, whole, cut, missing, trainings):
    for folder in missing:
        shutil.rmtree(cut / folder)
    again = refine("cut", resume=True)
    assert len(again) == trainings
    assert_same_weights(whole[-1], again[-1])
    assert [number for number, *_ in written_rounds(cut)] == [1, 2]


def test_a_run_that_goes_on_keeps_its_rows_through_a_round_that_changes_nothing(refine):
    whole = refine("nothing", nothing_in_the_last_round=True)
    shutil.rmtree(refine.root / "nothing" / "training-002")
    again = refine("nothing", nothing_in_the_last_round=True, resume=True)
    assert whole[-1].train_dataset.rounds == again[-1].train_dataset.rounds == {0: 2, 1: 2}
    assert_same_weights(whole[-1], again[-1])


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"engine": "vllm"}, "belongs to one trainer"),
        ({"mode": "mix"}, "`mode` is 'mix'"),
    ],
)
def test_what_can_not_be_handed_on_is_refused(refine, arguments, words):
    with pytest.raises(ValueError, match=words):
        refine("refused", **arguments)


def test_the_callback_alone_refuses_to_append(tmp_path, model, tokenizer):
    with pytest.raises(ValueError, match="takes a training for each round: use `funreason refine`"):
        refining_trainer(tmp_path, model, tokenizer, ROWS, RefinementCallback(small_config(mode="append")))
