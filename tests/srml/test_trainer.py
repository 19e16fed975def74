"""Pins the life of a run: what is refused before it, what it logs, evaluates and saves, and how it goes on."""

import json
import logging
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from accelerate import ParallelismConfig
from datasets import Dataset
from transformers import TrainerCallback
from transformers.trainer_utils import get_last_checkpoint
from trl.trainer.sft_trainer import DataCollatorForLanguageModeling

from funreason_trl.srml import SRMLTrainer
from funreason_trl.srml.checks import refuse_sharded_sequences
from tests.srml.reference import ReferenceTraining, reference_rows
from tests.srml.training import (
    BALANCES,
    DEFAULTS,
    TOKENIZER,
    build_trainer,
    config,
    eval_logs,
    parameters,
    step_logs,
    train,
)
from tests.tiny import build_tiny_model, tiny_rows


OURS = ("loss/think", "loss/result", "tokens/think_share", "alpha", "beta")

# Refusals


def unclosed_row() -> dict:
    return {"prompt": "Weather?\n", "completion": "<think>Oslo is a city"}


def with_column(name: str) -> Dataset:
    return Dataset.from_list([{**row, name: "x"} for row in tiny_rows(2)])


TOKENIZED = [{"input_ids": [7, 8, 9], "labels": [-100, 8, 9]}]


@pytest.mark.parametrize(
    ("rows", "changes", "arguments", "reason"),
    [
        (with_column("image"), {}, {}, "'image': vision rows"),
        (with_column("images"), {}, {}, "'images': vision rows"),
        (None, {}, {"compute_loss_func": lambda *_, **__: 0}, "would replace the multiscale loss"),
        (None, {}, {"data_collator": DataCollatorForLanguageModeling(pad_token_id=0)}, "drops the column `segments`"),
        ([unclosed_row()], {}, {}, "result token"),
        (tiny_rows(1), {"max_length": 35}, {}, "`max_length` \\(35\\)"),
        (tiny_rows(1), {"think_end_tag": "</thought>"}, {}, "'</thought>' \\(`think_end_tag`\\)"),
        (TOKENIZED, {"dataset_kwargs": {"skip_prepare_dataset": True}}, {}, "no column segments"),
        (
            None,
            {"dataset_kwargs": {"skip_prepare_dataset": True}},
            {"eval_dataset": Dataset.from_list(TOKENIZED)},
            "no column segments",
        ),
        (None, {}, {"eval_dataset": with_column("image")}, "'image': vision rows"),
        (None, {}, {"eval_dataset": {"a": Dataset.from_list(tiny_rows(2)), "b": with_column("images")}}, "'images'"),
    ],
)
def test_what_cannot_be_right_is_refused_before_training(rows, changes, arguments, reason):
    if "eval_dataset" in arguments and changes:  # whose training rows are prepared
        rows = build_trainer().train_dataset
    with pytest.raises(ValueError, match=reason):
        build_trainer(rows, arguments=arguments, **changes)


def test_a_missing_training_set_is_refused():
    with pytest.raises(ValueError, match="train_dataset"):
        SRMLTrainer(build_tiny_model(len(TOKENIZER)), config(), processing_class=TOKENIZER)


@pytest.mark.parametrize(("sharding", "named"), [({"cp_size": 2}, "cp_size=2"), ({"sp_size": 2}, "sp_size=2")])
def test_sharded_sequences_are_refused(sharding, named, monkeypatch):
    # Accelerate builds no such configuration without an accelerator, so it is put where the trainer reads it.
    trainer = build_trainer(**BALANCES["fixed"])
    monkeypatch.setattr(trainer.accelerator.state, "parallelism_config", ParallelismConfig(**sharding))
    with pytest.raises(ValueError, match=named):
        refuse_sharded_sequences(trainer.accelerator, trainer.args)


def test_thoughts_alone_train_with_token_balance():
    trainer = train([unclosed_row()], balance="token", per_device_train_batch_size=1)
    assert step_logs(trainer)[0]["tokens/think_share"] == 1


@pytest.mark.parametrize("stream", [False, True])
def test_rows_without_a_thought_train_with_one_warning(stream, caplog):
    rows = Dataset.from_list([{"prompt": "Weather?\n", "completion": "[f()]"}] * 8)
    with caplog.at_level(logging.WARNING, logger="funreason_trl"):
        trainer = train(rows.to_iterable_dataset() if stream else rows, max_steps=2, **BALANCES["fixed"])
    records = [record for record in caplog.records if record.name.startswith("funreason_trl")]
    assert len(records) == 1
    assert "'<think>' and '</think>'" in records[0].getMessage()
    log = step_logs(trainer)[0]
    assert log["loss"] == pytest.approx(0.8 * log["loss/result"], rel=1e-6)
    assert "loss/think" not in log


def test_rows_with_a_thought_train_without_a_warning(caplog):
    with caplog.at_level(logging.WARNING, logger="funreason_trl"):
        train()
    assert [record for record in caplog.records if record.name.startswith("funreason_trl")] == []


def test_a_configuration_is_left_as_it_was_given():
    arguments = config(**BALANCES["fixed"])
    messages = [{"messages": row["prompt"] + row["completion"]} for row in tiny_rows(2)]
    for rows in (messages, tiny_rows(2), messages):
        SRMLTrainer(
            build_tiny_model(len(TOKENIZER)),
            arguments,
            train_dataset=Dataset.from_list(rows),
            processing_class=TOKENIZER,
        )
        assert arguments.assistant_only_loss is False


def test_a_model_can_be_given_by_its_path(tmp_path):
    build_tiny_model(len(TOKENIZER)).save_pretrained(tmp_path)
    TOKENIZER.save_pretrained(tmp_path)
    rows = Dataset.from_list(tiny_rows())
    trainer = SRMLTrainer(str(tmp_path), config(**BALANCES["fixed"]), train_dataset=rows)
    trainer.train()
    assert torch.equal(parameters(trainer.model), parameters(train(**BALANCES["fixed"]).model))


# Evaluation


def reference_evaluation(trainer: SRMLTrainer, balance: str, rows: list[dict]):
    """The float64 reference's measure of `rows` with the model, and the theta, of `trainer`."""
    model = build_tiny_model(len(TOKENIZER))
    model.load_state_dict(trainer.model.state_dict())
    reference = ReferenceTraining(model, BALANCES[balance], DEFAULTS["learning_rate"])
    reference.theta = trainer.balance.theta
    return reference.measure(reference_rows(rows, TOKENIZER))[1]


EVALUATIONS = {
    "1 row": {"per_device_eval_batch_size": 1},
    "3 rows": {"per_device_eval_batch_size": 3},
    "all rows": {"per_device_eval_batch_size": 32},
    "padding-free": {"per_device_eval_batch_size": 3, "padding_free": True},
    "packed": {"per_device_eval_batch_size": 2, "packing": True, "max_length": 256},
    "packed in evaluation only": {"per_device_eval_batch_size": 1, "eval_packing": False, **{"max_length": 256}},
}


@pytest.mark.parametrize("evaluation", list(EVALUATIONS))
@pytest.mark.parametrize("balance", ["fixed", "learned"])
def test_an_evaluation_is_over_the_whole_set(balance, evaluation):
    rows = tiny_rows(7)
    trainer = train(
        **BALANCES[balance],
        **EVALUATIONS[evaluation],
        num_train_epochs=1,
        arguments={"eval_dataset": Dataset.from_list(rows)},
    )
    metrics = trainer.evaluate()
    differences = reference_evaluation(trainer, balance, rows).differences(metrics, prefix="eval_")
    assert len(differences) == 6
    assert max(differences.values()) < 1e-6


def test_token_balance_evaluates_both_losses_over_the_whole_set():
    rows = tiny_rows(7)
    trainer = train(balance="token", per_device_eval_batch_size=2, arguments={"eval_dataset": Dataset.from_list(rows)})
    differences = reference_evaluation(trainer, "token", rows).differences(trainer.evaluate(), prefix="eval_")
    del differences["loss"]  # TRL's own: the mean of the batches' means
    assert max(differences.values()) < 1e-6


def test_an_evaluation_without_thoughts_measures_the_result():
    rows = [row for row in tiny_rows(14) if "<think>" not in row["completion"][0]["content"]]
    trainer = train(**BALANCES["fixed"], arguments={"eval_dataset": Dataset.from_list(rows)})
    metrics = trainer.evaluate()
    assert "eval_loss/think" not in metrics
    assert metrics["eval_loss"] == pytest.approx(0.8 * metrics["eval_loss/result"], rel=1e-6)


def test_evaluations_during_training_are_logged_with_their_prefix():
    trainer = train(
        **BALANCES["learned"],
        eval_strategy="epoch",
        arguments={"eval_dataset": Dataset.from_list(tiny_rows(3))},
    )
    logs = eval_logs(trainer)
    assert len(logs) == 2
    for log in logs:
        assert {f"eval_{name}" for name in OURS} <= log.keys()
        assert not set(OURS) & log.keys()
    for log in step_logs(trainer):
        assert set(OURS) <= log.keys()
        assert not any(name.startswith("eval_") for name in log)


def test_each_of_several_evaluation_sets_has_its_own_losses():
    sets = {"short": tiny_rows(3), "long": tiny_rows(7)}
    trainer = train(
        **BALANCES["fixed"],
        arguments={"eval_dataset": {name: Dataset.from_list(rows) for name, rows in sets.items()}},
    )
    metrics = trainer.evaluate()
    for name, rows in sets.items():
        differences = reference_evaluation(trainer, "fixed", rows).differences(metrics, prefix=f"eval_{name}_")
        assert len(differences) == 6
        assert max(differences.values()) < 1e-6


def test_a_new_set_is_prepared_and_measured_under_its_prefix():
    rows = tiny_rows(5)
    trainer = train(**BALANCES["fixed"])
    metrics = trainer.evaluate(Dataset.from_list(rows), metric_key_prefix="test")
    differences = reference_evaluation(trainer, "fixed", rows).differences(metrics, prefix="test_")
    assert len(differences) == 6
    assert max(differences.values()) < 1e-6


def test_a_stream_is_evaluated_like_its_rows():
    rows = Dataset.from_list(tiny_rows(7))
    trainer = train(**BALANCES["fixed"], per_device_eval_batch_size=2)
    expected, found = trainer.evaluate(rows), trainer.evaluate(rows.to_iterable_dataset())
    for name in (*OURS, "loss"):
        assert found[f"eval_{name}"] == expected[f"eval_{name}"]


def test_predictions_leave_the_next_evaluation_alone():
    trainer = train(**BALANCES["fixed"], arguments={"eval_dataset": Dataset.from_list(tiny_rows(3))})
    expected = trainer.evaluate()
    prepared = build_trainer(tiny_rows(7)).train_dataset
    predicted = trainer.predict(prepared.select_columns(["input_ids", "labels", "segments"]))
    assert predicted.metrics["test_loss/think"] != expected["eval_loss/think"]
    assert predicted.predictions.shape[0] == 7
    found = trainer.evaluate()
    for name in (*OURS, "loss"):
        assert found[f"eval_{name}"] == expected[f"eval_{name}"]


def test_an_evaluation_set_of_which_nothing_is_left_has_no_loss():
    trainer = train(max_length=80, **BALANCES["fixed"])
    prompt = [{"role": "user", "content": "Weather in Rome and Paris " * 20}]
    metrics = trainer.evaluate(Dataset.from_list([{**tiny_rows(1)[0], "prompt": prompt}]))
    assert not any("loss" in name for name in metrics)


def test_messages_are_evaluated_on_the_assistants_turns_whatever_the_training_rows_are():
    rows = tiny_rows(3)
    messages = [{"messages": row["prompt"] + row["completion"]} for row in rows]
    trainer = train(**BALANCES["fixed"])
    assert trainer.evaluate(Dataset.from_list(messages))["eval_tokens/think_share"] == pytest.approx(
        trainer.evaluate(Dataset.from_list(rows))["eval_tokens/think_share"], abs=0.05
    )


def test_the_best_model_can_be_chosen_by_the_loss_of_the_result(tmp_path):
    trainer = train(
        **BALANCES["fixed"],
        output_dir=str(tmp_path),
        eval_strategy="epoch",
        save_strategy="epoch",
        load_best_model_at_end=True,
        metric_for_best_model="loss/result",
        arguments={"eval_dataset": Dataset.from_list(tiny_rows(3))},
    )
    best = min(log["eval_loss/result"] for log in eval_logs(trainer))
    assert trainer.state.best_metric == best


# Checkpoints

LEARNED_RUN = {
    **BALANCES["learned"],
    "optim": "adamw_torch",
    "learning_rate": 1e-2,
    "train_sampling_strategy": "random",
    "per_device_train_batch_size": 2,
    "gradient_accumulation_steps": 2,
    "num_train_epochs": 2,
    "save_strategy": "steps",
    "save_steps": 3,
}


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory):
    """Eight steps, with checkpoints after steps 3 and 6."""
    return train(**LEARNED_RUN, output_dir=str(tmp_path_factory.mktemp("uninterrupted")))


def assert_same_run(found: SRMLTrainer, expected: SRMLTrainer) -> None:
    assert found.state.global_step == expected.state.global_step == 8
    assert torch.equal(parameters(found.model), parameters(expected.model))
    assert found.balance.theta == expected.balance.theta
    for log, expected_log in zip(step_logs(found), step_logs(expected), strict=True):
        assert {key: log[key] for key in (*OURS, "loss")} == {key: expected_log[key] for key in (*OURS, "loss")}


def test_theta_is_in_the_checkpoint(uninterrupted):
    thetas = []
    for step in (3, 6, 8):
        state = Path(uninterrupted.args.output_dir, f"checkpoint-{step}", "trainer_state.json")
        thetas.append(json.loads(state.read_text())["stateful_callbacks"]["Balance"]["attributes"]["theta"])
    assert len(set(thetas)) == 3
    assert thetas[-1] == uninterrupted.balance.theta


@pytest.mark.parametrize("restore_callbacks", [False, True])
@pytest.mark.parametrize("step", [3, 6])
def test_a_resumed_run_is_the_uninterrupted_run(step, restore_callbacks, uninterrupted):
    trainer = build_trainer(**LEARNED_RUN, restore_callback_states_from_checkpoint=restore_callbacks)
    trainer.train(resume_from_checkpoint=f"{uninterrupted.args.output_dir}/checkpoint-{step}")
    assert_same_run(trainer, uninterrupted)


def test_a_run_that_was_killed_goes_on(tmp_path, uninterrupted):
    script = f"""
import os, signal
from transformers import TrainerCallback
from tests.srml.test_trainer import LEARNED_RUN
from tests.srml.training import build_trainer

class Kill(TrainerCallback):
    def on_step_end(self, args, state, control, **kwargs):
        if state.global_step == 5:
            os.kill(os.getpid(), signal.SIGKILL)

build_trainer(**LEARNED_RUN, output_dir={str(tmp_path)!r}, arguments={{"callbacks": [Kill()]}}).train()
"""
    root = Path(__file__).parents[2]
    killed = subprocess.run([sys.executable, "-c", script], cwd=root, env={**os.environ, "PYTHONPATH": str(root)})
    assert killed.returncode == -signal.SIGKILL
    assert get_last_checkpoint(str(tmp_path)).endswith("checkpoint-3")

    trainer = build_trainer(**LEARNED_RUN, output_dir=str(tmp_path))
    trainer.train(resume_from_checkpoint=True)
    assert_same_run(trainer, uninterrupted)


def test_training_twice_goes_on_with_theta(uninterrupted):
    trainer = train(**{**LEARNED_RUN, "save_strategy": "no", "num_train_epochs": 1})
    after_one = trainer.balance.theta
    trainer.train()
    assert step_logs(trainer)[0]["alpha"] == pytest.approx(1 / (1 + torch.tensor(-after_one).exp().item()))


class Recorder(TrainerCallback):
    def __init__(self):
        self.logs: list[dict] = []

    def on_log(self, args, state, control, logs=None, **kwargs):
        self.logs.append(dict(logs))


def test_callbacks_see_our_values_beside_those_of_trl():
    recorder = Recorder()
    train(arguments={"callbacks": [recorder]})
    assert {*OURS, "loss", "entropy", "mean_token_accuracy", "num_tokens", "grad_norm"} <= recorder.logs[0].keys()


def test_saved_model_card_names_the_method(tmp_path):
    trainer = train(output_dir=str(tmp_path))
    trainer.create_model_card(model_name="tiny")
    card = (tmp_path / "README.md").read_text(encoding="utf-8")
    assert "SRML" in card
    assert "2505.20192" in card
