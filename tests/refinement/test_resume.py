"""A run that goes on from a checkpoint, wherever it was written and however the first one ended, ends with the same weights."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from transformers import TrainerCallback
from transformers.trainer_utils import get_last_checkpoint

from funreason_trl.fcdr.journal import Journal
from funreason_trl.refinement import RefinementCallback
from funreason_trl.refinement.checkpoint import copy_journal, write_line

from .killed_runs import RUNS, run_trainer
from .scripted import ScriptedGenerator, small_config
from .short import ROWS, TOKENIZER, Rethinking, passing, round_lines, short_trainer, use_generator, weights


ROOT = Path(__file__).parents[2]

# Four steps an epoch, rounds after steps 4 and 8. A checkpoint of "steps" is older than the round that follows its step,
# and one of "epoch" is written after the round.
EVERY_STEP = {"num_train_epochs": 3, "save_strategy": "steps", "save_steps": 1}
EVERY_EPOCH = {"num_train_epochs": 3, "save_strategy": "epoch"}


def sampled_run(folder, patch, **arguments):
    """A trainer whose rounds sample from the model itself, and the callback."""
    use_generator(patch, lambda model: Rethinking(model, TOKENIZER, 4))
    callback = RefinementCallback(small_config(max_new_tokens=6, rows_per_round=4, rollout_seed=8))
    return short_trainer(folder, callback, **arguments), callback


def what_happened(callback) -> list[dict]:
    """The lines of the rounds without times, as JSON has them."""
    lines = json.loads(json.dumps(callback.rounds))
    for line in lines:
        del line["seconds"]
        line["figures"] = {name: value for name, value in line["figures"].items() if "second" not in name}
    return lines


def assert_same_end(trainer, callback, expected_trainer, expected_callback) -> None:
    assert trainer.state.global_step == expected_trainer.state.global_step == 12
    assert torch.equal(weights(trainer), weights(expected_trainer))
    assert what_happened(callback) == what_happened(expected_callback)
    assert callback.pool.digest == expected_callback.pool.digest
    assert [line["round"] for line in round_lines(trainer.args.output_dir)] == [1, 2]


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory):
    """Twelve steps, with a checkpoint after each."""
    with pytest.MonkeyPatch.context() as patch:
        trainer, callback = sampled_run(tmp_path_factory.mktemp("uninterrupted"), patch.setattr, **EVERY_STEP)
        trainer.train()
    return trainer, callback


def test_the_rounds_of_that_run_change_the_weights(uninterrupted, tmp_path):
    trainer, callback = uninterrupted
    assert [line["changed"] for line in callback.rounds] == [True, True]
    assert callback.rounds[0]["accepted"] < 4  # the others come first in round 2, and would not be drawn by chance
    plain = short_trainer(tmp_path, num_train_epochs=3)
    plain.train()
    assert not torch.equal(weights(plain), weights(trainer))


# In the first epoch; before round 1; after it, in the first, second and third quarter of the epoch; before round 2; after.
@pytest.mark.parametrize("step", [2, 4, 5, 6, 7, 8, 10])
def test_the_checkpoint_alone_is_enough_in_another_folder(step, uninterrupted, tmp_path, monkeypatch):
    trainer, callback = sampled_run(tmp_path, monkeypatch.setattr, **EVERY_STEP)
    trainer.train(resume_from_checkpoint=f"{uninterrupted[0].args.output_dir}/checkpoint-{step}")
    assert_same_end(trainer, callback, *uninterrupted)


def test_with_callback_states_restored_by_the_trainer(uninterrupted, tmp_path, monkeypatch):
    trainer, callback = sampled_run(
        tmp_path, monkeypatch.setattr, **EVERY_STEP, restore_callback_states_from_checkpoint=True
    )
    trainer.train(resume_from_checkpoint=f"{uninterrupted[0].args.output_dir}/checkpoint-6")
    assert_same_end(trainer, callback, *uninterrupted)


def test_a_trainer_that_has_trained_already_goes_back_to_the_pool_of_the_checkpoint(
    uninterrupted, tmp_path, monkeypatch
):
    trainer, callback = sampled_run(tmp_path, monkeypatch.setattr, **EVERY_STEP)
    trainer.train()
    assert callback.pool.rounds.keys() != {0}
    trainer.train(resume_from_checkpoint=f"{tmp_path}/checkpoint-2")
    assert_same_end(trainer, callback, *uninterrupted)


def test_lines_of_later_rounds_give_way_with_a_word(uninterrupted, tmp_path, monkeypatch, caplog):
    shutil.copytree(uninterrupted[0].args.output_dir, tmp_path / "copy")
    trainer, callback = sampled_run(tmp_path / "copy", monkeypatch.setattr, **EVERY_STEP)
    trainer.train(resume_from_checkpoint=f"{tmp_path}/copy/checkpoint-6")
    assert_same_end(trainer, callback, *uninterrupted)
    assert "lines of 1 later rounds (2)" in caplog.text


def test_a_new_start_in_an_old_folder_says_so_too(tmp_path, monkeypatch, caplog):
    use_generator(monkeypatch.setattr, lambda model: ScriptedGenerator(passing))
    for _ in range(2):
        short_trainer(tmp_path, RefinementCallback(small_config()), num_train_epochs=3).train()
    assert [line["round"] for line in round_lines(tmp_path)] == [1, 2]
    assert "lines of 2 later rounds (1, 2)" in caplog.text


def test_training_twice_goes_on_with_pool_and_numbers(tmp_path, monkeypatch):
    use_generator(monkeypatch.setattr, lambda model: ScriptedGenerator(passing))
    callback = RefinementCallback(small_config())
    trainer = short_trainer(tmp_path, callback, num_train_epochs=2)
    trainer.train()
    trainer.train()
    assert [line["round"] for line in round_lines(tmp_path)] == [1, 2]
    assert callback.pool.rounds == {0: 0, 2: len(ROWS)}


def test_checkpoints_of_epochs_hold_the_round_which_is_not_played_again(tmp_path, monkeypatch):
    generator = ScriptedGenerator(passing)
    use_generator(monkeypatch.setattr, lambda model: generator)
    first = RefinementCallback(small_config())
    expected = short_trainer(tmp_path / "first", first, **EVERY_EPOCH)
    expected.train()
    assert len(generator.asked) == 2 * len(ROWS)
    for step, asked in ((4, len(ROWS)), (8, 0)):
        generator.asked.clear()
        callback = RefinementCallback(small_config())
        trainer = short_trainer(tmp_path / f"from {step}", callback, **EVERY_EPOCH)
        trainer.train(resume_from_checkpoint=f"{tmp_path}/first/checkpoint-{step}")
        assert_same_end(trainer, callback, expected, first)
        assert len(generator.asked) == asked


def test_the_best_of_few_checkpoints_is_loaded_and_resumed(tmp_path, monkeypatch):
    use_generator(monkeypatch.setattr, lambda model: ScriptedGenerator(passing))
    saving = {**EVERY_EPOCH, "eval_strategy": "epoch", "save_total_limit": 1, "load_best_model_at_end": True}
    trainers = []
    for name in ("whole", "part"):
        trainer = short_trainer(
            tmp_path / name,
            RefinementCallback(small_config()),
            eval_rows=ROWS[:2],
            metric_for_best_model="loss",
            **saving,
        )
        if name == "whole":
            trainer.add_callback(KeepCopy(tmp_path / "whole" / "checkpoint-8", tmp_path / "kept" / "checkpoint-8"))
        trainer.train(resume_from_checkpoint=str(tmp_path / "kept" / "checkpoint-8") if name == "part" else None)
        trainers.append(trainer)
    assert torch.equal(weights(trainers[0]), weights(trainers[1]))
    kept = get_last_checkpoint(str(tmp_path / "whole"))
    assert (Path(kept) / "refinement" / "round-002" / "pool.parquet").exists()


class KeepCopy(TrainerCallback):
    """Copies a checkpoint when it has been written, before it is rotated away."""

    def __init__(self, checkpoint: Path, copy: Path):
        self.checkpoint, self.copy = checkpoint, copy

    def on_step_begin(self, args, state, control, **kwargs):
        if self.checkpoint.exists() and not self.copy.exists():
            shutil.copytree(self.checkpoint, self.copy)


# What is in a checkpoint


def test_the_checkpoint_holds_lines_answers_and_rows(uninterrupted):
    folder = Path(uninterrupted[0].args.output_dir)
    assert not (folder / "checkpoint-4" / "refinement").exists()
    for step, number in ((5, 1), (8, 1), (9, 2), (12, 2)):
        kept = folder / f"checkpoint-{step}" / "refinement"
        assert sorted(path.name for path in kept.iterdir()) == [
            "journal.sqlite",
            "refinement.jsonl",
            f"round-{number:03d}",
        ]
        assert len((kept / "refinement.jsonl").read_text().splitlines()) == number
        assert {path.name for path in (kept / f"round-{number:03d}").iterdir()} == {"data", "pool.parquet"}
        with Journal(kept / "journal.sqlite") as journal:
            assert len(journal) == number * 4 * 2


def test_a_checkpoint_that_was_cut_off_takes_the_pool_of_the_output_folder(uninterrupted, tmp_path, monkeypatch):
    shutil.copytree(uninterrupted[0].args.output_dir, tmp_path / "copy")
    shutil.rmtree(tmp_path / "copy" / "checkpoint-6" / "refinement")
    trainer, callback = sampled_run(tmp_path / "copy", monkeypatch.setattr, **EVERY_STEP)
    trainer.train(resume_from_checkpoint=f"{tmp_path}/copy/checkpoint-6")
    assert_same_end(trainer, callback, *uninterrupted)


@pytest.mark.parametrize("left", ["nothing", "the pool of another moment"])
def test_without_its_pool_a_run_does_not_go_on(left, uninterrupted, tmp_path, monkeypatch):
    source = Path(uninterrupted[0].args.output_dir)
    shutil.copytree(source / "checkpoint-6", tmp_path / "checkpoint-6")
    folder = tmp_path / "checkpoint-6" / "refinement" / "round-001"
    if left == "nothing":
        shutil.rmtree(folder)
    else:
        shutil.copy(source / "refinement" / "round-002" / "pool.parquet", folder / "pool.parquet")
    trainer, _ = sampled_run(tmp_path, monkeypatch.setattr, **EVERY_STEP)
    with pytest.raises(FileNotFoundError, match="is the pool of that moment"):
        trainer.train(resume_from_checkpoint=f"{tmp_path}/checkpoint-6")


def test_a_journal_is_copied_while_it_is_open(tmp_path):
    from funreason_trl.fcdr.journal import Key

    with Journal(tmp_path / "journal.sqlite") as journal:
        journal.write(Key("a", "rollout 0", "", "", ""), {"text": "x"})
        copy_journal(journal.path, tmp_path / "copy" / "journal.sqlite")
        journal.write(Key("b", "rollout 0", "", "", ""), {"text": "y"})
    with Journal(tmp_path / "copy" / "journal.sqlite") as copy:
        assert len(copy) == 1
        assert copy.find(Key("a", "rollout 0", "", "", "")) == {"text": "x"}


def test_lines_are_written_in_their_place(tmp_path):
    path = tmp_path / "refinement.jsonl"
    assert [write_line(path, {"round": number}) for number in (1, 2, 3, 2)] == [[], [], [], [2, 3]]
    assert path.read_text() == '{"round": 1}\n{"round": 2}\n'


# Killed in the middle of rollouts


@pytest.fixture(scope="module")
def killed(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("killed")
    done = subprocess.run(
        [sys.executable, "-m", "tests.refinement.killed_runs", str(folder), *RUNS],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=1800,
    )
    assert done.returncode == 0, done.stderr[-4000:]
    return folder


@pytest.mark.parametrize(("name", "checkpoint"), [("scripted", "checkpoint-4"), ("sampled", "checkpoint-3")])
def test_a_run_that_was_killed_in_the_middle_of_rollouts_goes_on(name, checkpoint, killed, tmp_path, monkeypatch):
    all_asked, asked = [], []
    expected, first = run_trainer(name, tmp_path, all_asked.append, monkeypatch.setattr)
    expected.train()
    assert get_last_checkpoint(str(killed / name)).endswith(checkpoint)
    trainer, callback = run_trainer(name, killed / name, asked.append, monkeypatch.setattr)
    trainer.train(resume_from_checkpoint=True)
    assert_same_end(trainer, callback, expected, first)
    # Of the chunks of three queries, the first of the round was on file, and the one under way is answered as a whole.
    assert len(asked) == len(all_asked) - (RUNS[name][2] - 2)


def test_a_run_that_was_killed_before_its_first_checkpoint_repeats_no_chunk(killed, tmp_path, monkeypatch):
    asked = []
    expected, first = run_trainer("unsaved", tmp_path, lambda messages: None, monkeypatch.setattr)
    expected.train()
    assert get_last_checkpoint(str(killed / "unsaved")) is None
    trainer, callback = run_trainer("unsaved", killed / "unsaved", asked.append, monkeypatch.setattr)
    trainer.train()
    assert_same_end(trainer, callback, expected, first)
    assert len(asked) == 2 * len(ROWS) - 3
