"""Pins the numbers: the same step however it is cut up, plain SFT bit by bit, and a float64 reference."""

from itertools import pairwise

import pytest
import torch
from trl import SFTTrainer

from tests.srml.reference import ReferenceTraining, reference_rows
from tests.srml.training import (
    BALANCES,
    DEFAULTS,
    TOKENIZER,
    build_tiny_model,
    build_trainer,
    eval_logs,
    parameters,
    step_logs,
    train,
    update_difference,
)
from tests.tiny import tiny_rows


START = parameters(build_tiny_model(len(TOKENIZER)))

PACKED = {"packing": True, "max_length": 256}
# The same 16 rows of one optimizer step, cut up in every way.
SHAPES = {
    "8x2": {"per_device_train_batch_size": 8, "gradient_accumulation_steps": 2},
    "2x8": {"per_device_train_batch_size": 2, "gradient_accumulation_steps": 8},
    "1x16": {"per_device_train_batch_size": 1, "gradient_accumulation_steps": 16},
    "5x4, the last of 1 row": {"per_device_train_batch_size": 5, "gradient_accumulation_steps": 4},
    "padded to 64": {"pad_to_multiple_of": 64},
    "truncated at nothing": {"max_length": 512},
    "checkpointed": {"activation_checkpointing": True},
    "padding-free": {"padding_free": True},
    "padding-free, padded to 64": {"padding_free": True, "pad_to_multiple_of": 64},
    "padding-free 4x4": {
        "padding_free": True,
        "per_device_train_batch_size": 4,
        "gradient_accumulation_steps": 4,
    },
    "packed": PACKED,
    "packed 1x16": {**PACKED, "per_device_train_batch_size": 1, "gradient_accumulation_steps": 16},
    "packed by bfd_split": {**PACKED, "packing_strategy": "bfd_split"},
}


@pytest.fixture(scope="module")
def one_batch() -> dict[str, SFTTrainer]:
    """Two optimizer steps over the same 16 rows in one padded batch, for each balance."""
    return {name: train(**balance) for name, balance in BALANCES.items()}


@pytest.mark.parametrize("shape", list(SHAPES))
@pytest.mark.parametrize("balance", list(BALANCES))
def test_a_step_is_the_same_however_it_is_cut_up(balance, shape, one_batch):
    expected = one_batch[balance]
    found = train(**BALANCES[balance], **SHAPES[shape])

    difference = update_difference(parameters(found.model), parameters(expected.model), START)
    assert difference < 5e-6
    assert len(step_logs(found)) == len(step_logs(expected)) == 2
    for found_log, expected_log in zip(step_logs(found), step_logs(expected), strict=True):
        for key in ("loss", "loss/think", "loss/result", "tokens/think_share", "alpha", "beta"):
            assert found_log[key] == pytest.approx(expected_log[key], rel=1e-6), key
    assert found.balance.theta == pytest.approx(expected.balance.theta, rel=1e-5)


@pytest.mark.parametrize("attention", ["eager", "sdpa"])
@pytest.mark.parametrize("shape", ["padding-free", "packed"])
def test_sequences_without_padding_do_not_see_each_other(shape, attention, one_batch):
    model = build_tiny_model(len(TOKENIZER))
    model.set_attn_implementation(attention)
    found = train(model=model, **BALANCES["fixed"], **SHAPES[shape])
    assert update_difference(parameters(found.model), parameters(one_batch["fixed"].model), START) < 5e-6


@pytest.mark.parametrize("shape", ["2x8", "padding-free 4x4", "packed", "packed 1x16"])
def test_the_first_token_of_a_row_counts_nowhere(shape):
    rows = [{"text": row["completion"][0]["content"]} for row in tiny_rows()]
    expected, found = train(rows, **BALANCES["fixed"]), train(rows, **BALANCES["fixed"], **SHAPES[shape])
    assert update_difference(parameters(found.model), parameters(expected.model), START) < 5e-6
    for log, expected_log in zip(step_logs(found), step_logs(expected), strict=True):
        for key in ("loss", "loss/think", "loss/result", "tokens/think_share"):
            assert log[key] == pytest.approx(expected_log[key], rel=1e-6), key


def test_balances_differ(one_batch):
    vectors = [parameters(trainer.model) for trainer in one_batch.values()]
    for index, vector in enumerate(vectors):
        for other in vectors[:index]:
            assert update_difference(vector, other, START) > 1e-2


SFT_SHAPES = {
    "padded": {},
    "accumulated": SHAPES["2x8"],
    "ragged": SHAPES["5x4, the last of 1 row"],
    "padding-free": SHAPES["padding-free 4x4"],
    "packed": PACKED,
    "wrapped": {**PACKED, "packing_strategy": "wrapped"},
    "truncated": {"max_length": 80},
    "truncated from the left": {"max_length": 80, "truncation_mode": "keep_end"},
    "dft": {"loss_type": "dft"},
    "whole rows": {"completion_only_loss": False},
    "shuffled": {"train_sampling_strategy": "random", "shuffle_dataset": True, "per_device_train_batch_size": 4},
    "adam and clipping": {"optim": "adamw_torch", "max_grad_norm": 0.1, "learning_rate": 1e-2},
}


@pytest.mark.parametrize("shape", list(SFT_SHAPES))
def test_token_balance_is_sft_bit_by_bit(shape):
    ours = train(balance="token", **SFT_SHAPES[shape])
    theirs = train(trainer_class=SFTTrainer, **SFT_SHAPES[shape])

    assert torch.equal(parameters(ours.model), parameters(theirs.model))
    assert not torch.equal(parameters(ours.model), START)
    for our_log, their_log in zip(step_logs(ours), step_logs(theirs), strict=True):
        assert {key: our_log[key] for key in their_log} == their_log


def test_token_balance_evaluates_as_sft_does():
    changes = {"per_device_eval_batch_size": 3, "max_length": 80}
    arguments = {"eval_dataset": build_eval_dataset()}
    ours = build_trainer(balance="token", arguments=arguments, **changes).evaluate()
    theirs = build_trainer(trainer_class=SFTTrainer, arguments=arguments, **changes).evaluate()
    same = {key for key in theirs if not key.endswith(("runtime", "per_second", "preparation_time"))}
    assert {key: ours[key] for key in same} == {key: theirs[key] for key in same}
    assert "eval_loss" in same


def build_eval_dataset():
    return build_trainer(tiny_rows(7), balance="token").train_dataset


# Steps of a run: the rows that each of them sees.
RUNS = {
    "one batch a step": (20, {"per_device_train_batch_size": 4}, [range(i, i + 4) for i in range(0, 20, 4)]),
    "ragged last step": (
        19,
        {"per_device_train_batch_size": 4, "gradient_accumulation_steps": 2},
        [range(0, 8), range(8, 16), range(16, 19)],
    ),
    "ragged, padding-free": (
        19,
        {"per_device_train_batch_size": 3, "gradient_accumulation_steps": 3, "padding_free": True},
        [range(0, 9), range(9, 18), range(18, 19)],
    ),
}


@pytest.mark.parametrize("run", list(RUNS))
@pytest.mark.parametrize("balance", list(BALANCES))
def test_every_logged_number_is_that_of_the_formula(balance, run):
    count, changes, steps = RUNS[run]
    rows = tiny_rows(count)
    model = build_tiny_model(len(TOKENIZER))
    reference = ReferenceTraining(model, BALANCES[balance], DEFAULTS["learning_rate"])
    converted = reference_rows(rows, TOKENIZER)

    trainer = train(rows, model=model, num_train_epochs=1, **BALANCES[balance], **changes)

    logs = step_logs(trainer)
    assert len(logs) == len(steps)
    largest = 0.0
    for log, step in zip(logs, steps, strict=True):
        differences = reference.step([converted[index] for index in step]).differences(log)
        assert len(differences) == 6
        largest = max(largest, *differences.values())
    difference = update_difference(parameters(model), parameters(reference.model), START)
    assert largest < 1e-6
    assert difference < 5e-6
    if balance == "learned":
        assert trainer.balance.theta == pytest.approx(reference.theta, rel=1e-5)
        assert len({log["alpha"] for log in logs}) == len(logs)


def row(answer: str) -> dict:
    return {
        "prompt": [{"role": "user", "content": "What is the weather in Oslo?"}],
        "completion": [{"role": "assistant", "content": answer}],
    }


@pytest.mark.parametrize("balance", list(BALANCES))
def test_a_step_without_a_segment_leaves_it_out(balance):
    both, no_thought = row("<think>Oslo fits.</think>\n\n[f(city='Oslo')]"), row("It is cold, so stay inside.")
    rows = [both, both, no_thought, no_thought, both, no_thought]
    model = build_tiny_model(len(TOKENIZER))
    reference = ReferenceTraining(model, BALANCES[balance], DEFAULTS["learning_rate"])
    converted = reference_rows(rows, TOKENIZER)

    trainer = train(rows, model=model, num_train_epochs=1, per_device_train_batch_size=2, **BALANCES[balance])

    logs = step_logs(trainer)
    for index, log in enumerate(logs):
        differences = reference.step(converted[2 * index : 2 * index + 2]).differences(log)
        assert len(differences) == (5 if index == 1 else 6)
        assert max(differences.values()) < 1e-6
    assert update_difference(parameters(model), parameters(reference.model), START) < 5e-6
    assert logs[1]["tokens/think_share"] == 0
    if balance != "token":
        assert logs[1]["loss"] == pytest.approx(logs[1]["beta"] * logs[1]["loss/result"])
        # Such a step says nothing of the balance.
        assert logs[2]["alpha"] == logs[1]["alpha"]


def test_a_step_without_a_result_trains_the_thought_alone():
    unclosed, both = row("<think>Oslo is a city"), row("<think>Oslo fits.</think>\n\n[f(city='Oslo')]")
    trainer = train([unclosed, both], num_train_epochs=1, per_device_train_batch_size=1, **BALANCES["learned"])
    first, second = step_logs(trainer)
    assert first["tokens/think_share"] == 1
    assert first["loss"] == pytest.approx(0.4 * first["loss/think"], rel=1e-6)
    assert "loss/result" not in first
    assert {"loss/think", "loss/result"} <= second.keys()


def test_a_log_over_several_steps_has_the_means_of_their_losses():
    every_step = train(num_train_epochs=1, per_device_train_batch_size=4, **BALANCES["learned"])
    every_second = train(num_train_epochs=1, per_device_train_batch_size=4, logging_steps=2, **BALANCES["learned"])
    logs = step_logs(every_step)
    assert len(step_logs(every_second)) == 2
    for index, log in enumerate(step_logs(every_second)):
        for key in ("loss", "loss/think", "loss/result", "tokens/think_share", "alpha", "beta"):
            pair = [logs[2 * index][key], logs[2 * index + 1][key]]
            assert log[key] == pytest.approx(sum(pair) / 2, rel=1e-6), key


def test_alpha_stays_within_its_bounds_and_moves_to_the_smaller_loss():
    bounds = {"alpha_init": 0.5, "alpha_min": 0.45, "alpha_max": 0.55, "alpha_learning_rate": 100.0}
    trainer = train(balance="learned", num_train_epochs=6, **bounds)
    logs = step_logs(trainer)
    for before, after in pairwise(logs):
        assert 0.45 - 1e-9 <= after["alpha"] <= 0.55 + 1e-9
        assert after["alpha"] + after["beta"] == pytest.approx(1)
        if before["loss/think"] < before["loss/result"]:
            assert after["alpha"] >= before["alpha"]
        else:
            assert after["alpha"] <= before["alpha"]
    assert {round(log["alpha"], 6) for log in logs} & {0.45, 0.55}


def test_evaluation_does_not_change_training():
    without = train(**BALANCES["learned"], per_device_train_batch_size=4)
    arguments = {"eval_dataset": build_eval_dataset()}
    evaluated = train(
        **BALANCES["learned"], per_device_train_batch_size=4, arguments=arguments, eval_strategy="steps", eval_steps=1
    )
    assert len(eval_logs(evaluated)) == 8
    assert torch.equal(parameters(evaluated.model), parameters(without.model))
    assert evaluated.balance.theta == without.balance.theta
    for log, expected in zip(step_logs(evaluated), step_logs(without), strict=True):
        assert log == expected
