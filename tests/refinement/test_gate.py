"""The gate: accuracy that falls takes the pool back to what it was at its best."""

import json

import pytest
import torch

from funreason_trl.evaluation.callback import CallAccuracyCallback
from funreason_trl.refinement import RefinementCallback

from .scripted import ScriptedGenerator, small_config
from .short import ROWS, passing, short_trainer, use_generator, weights


# Four steps an epoch: of the model after each epoch.
ACCURACY = {4: 0.5, 8: 0.4, 12: 0.5, 16: 0.6, 20: 0.55}
RUN = {"num_train_epochs": 6, "save_strategy": "epoch"}
PLAYED = [{0: 0, 1: 8}, {0: 8}, {0: 0, 3: 8}, {0: 0, 4: 8}, {0: 0, 3: 8}]


@pytest.fixture
def gate(tmp_path):
    row = {"query": "Tide?", "tools": [{"name": "tide"}], "answers": [{"name": "tide", "arguments": {}}]}
    (tmp_path / "gate.jsonl").write_text(json.dumps(row))
    return str(tmp_path / "gate.jsonl")


def gated_run(folder, gate, monkeypatch, checkpoint=None):
    generator = ScriptedGenerator(passing)
    use_generator(monkeypatch.setattr, lambda model: generator)
    measure = lambda self: {"eval_bfcl/all": ACCURACY[self.trainer.state.global_step]}  # noqa: E731
    monkeypatch.setattr(CallAccuracyCallback, "measure", measure)
    callback = RefinementCallback(small_config(gate=gate))
    trainer = short_trainer(folder, callback, **RUN)
    trainer.train(resume_from_checkpoint=checkpoint)
    return trainer, callback, generator


@pytest.fixture
def whole(tmp_path, gate, monkeypatch):
    return gated_run(tmp_path / "whole", gate, monkeypatch)


def make_up(callback) -> list[dict[int, int]]:
    return [{int(origin): count for origin, count in line["pool"].items()} for line in callback.rounds]


def test_the_pool_goes_back_and_nothing_is_asked(whole):
    _, callback, generator = whole
    assert make_up(callback) == PLAYED
    assert [line["changed"] for line in callback.rounds] == [True, False, True, True, False]
    assert "40.0% of the calls of `gate` are right, 50.0% before" in callback.rounds[1]["why_unchanged"]
    assert len(generator.asked) == 3 * len(ROWS)


@pytest.mark.parametrize("step", [8, 16, 20])
def test_a_run_goes_on_with_what_it_would_go_back_to(step, whole, tmp_path, gate, monkeypatch):
    trainer, callback, _ = whole
    checkpoint = str(tmp_path / "whole" / f"checkpoint-{step}")
    again, its_callback, _ = gated_run(tmp_path / "again", gate, monkeypatch, checkpoint)
    assert make_up(its_callback) == PLAYED
    assert its_callback.pool.digest == callback.pool.digest
    assert torch.equal(weights(again), weights(trainer))


def test_two_rows_of_one_id_are_refused_before_the_training(tmp_path, gate):
    row = json.loads((tmp_path / "gate.jsonl").read_text()) | {"id": "twice"}
    (tmp_path / "gate.jsonl").write_text("\n".join([json.dumps(row)] * 2))
    with pytest.raises(ValueError, match="different ids"):
        short_trainer(tmp_path, RefinementCallback(small_config(gate=gate)))
