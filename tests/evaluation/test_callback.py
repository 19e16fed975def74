"""The callback measures and logs, on one process and two, and leaves the training bit for bit as it was."""

from pathlib import Path

import pytest
import torch

from funreason_trl.evaluation.callback import CallAccuracyCallback
from tests.evaluation.questions import some_questions
from tests.srml.training import TOKENIZER, build_trainer, parameters, step_logs
from tests.tiny import build_tiny_model
from tests.two_ranks import launch_on_two_ranks


SCRIPT = Path(__file__).with_name("on_two_ranks.py")


def trained(every_steps=None, ask=True, **changes):
    """Trains a model with dropout, whose weights would tell if a random number were taken in between."""
    model = build_tiny_model(len(TOKENIZER), dropout=0.3)
    changes = {"per_device_train_batch_size": 4, "activation_checkpointing": True, "logging_steps": 3, **changes}
    trainer = build_trainer(model=model, **changes)
    if ask:
        callback = CallAccuracyCallback(trainer, some_questions(), every_steps, max_new_tokens=4, batch_size=2)
        trainer.add_callback(callback)
    trainer.train()
    return trainer


def asked_logs(trainer) -> list[dict]:
    return [log for log in trainer.state.log_history if "eval_bfcl/all" in log]


def test_training_is_the_same_with_and_without_it():
    without, with_it = trained(ask=False), trained(every_steps=2)
    assert torch.equal(parameters(with_it.model), parameters(without.model))
    assert step_logs(with_it) == step_logs(without)
    assert with_it.model.training and not with_it.model.config.use_cache
    assert [log["step"] for log in asked_logs(with_it)] == [2, 4, 6, 8]


def test_each_epoch_by_default_and_what_is_logged():
    logs = asked_logs(trained())
    assert [log["step"] for log in logs] == [4, 8]
    expected = {"eval_bfcl/irrelevance", "eval_bfcl/multiple", "eval_bfcl/parallel_multiple", "eval_bfcl/all"}
    assert {name for name in logs[0] if name.startswith("eval_")} == expected
    assert logs[0]["eval_bfcl/irrelevance"] == 1.0  # four tokens of noise call nothing
    assert logs[0]["eval_bfcl/multiple"] == 0.0


def test_examples_are_printed_with_what_is_wrong(capsys):
    trained(num_train_epochs=1)
    printed = capsys.readouterr().out
    assert "is wrong (not_decodable)" in printed or "is wrong (wrong_count)" in printed


def test_two_ranks_share_the_questions(tmp_path):
    launch_on_two_ranks(SCRIPT, tmp_path)
    ranks = [torch.load(tmp_path / f"{rank}.pt", weights_only=False) for rank in range(2)]
    assert [rank["world_size"] for rank in ranks] == [2, 2]
    assert ranks[0]["judgements"] == ranks[1]["judgements"]
    callback = CallAccuracyCallback(build_trainer(), some_questions(), max_new_tokens=4)
    callback.measure()
    assert ranks[0]["judgements"] == callback.judgements
    assert ranks[0]["of one question"] == ranks[1]["of one question"] == 1  # a rank without a question does not hang


def test_wrong_arguments_are_refused():
    trainer = build_trainer()
    with pytest.raises(ValueError, match="questions is empty"):
        CallAccuracyCallback(trainer, [])
    with pytest.raises(ValueError, match="every_steps=0: give 1 or more"):
        CallAccuracyCallback(trainer, some_questions(), every_steps=0)
