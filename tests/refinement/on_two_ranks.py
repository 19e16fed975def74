"""The runs that `test_two_ranks` repeats in one process; a script for `accelerate launch`.

In: a folder. Out: for each run its output folder, and a `NAME-RANK.pt` with what the rank ended with.
"""

import sys
from pathlib import Path
from unittest import mock

import torch
from accelerate import PartialState

from funreason_trl.refinement import RefinementCallback
from tests.refinement.scripted import ScriptedGenerator, small_config
from tests.refinement.short import ROWS, TOKENIZER, Rethinking, passing, short_trainer, use_generator, weights


# Plain steps on rows in their order, so that two ranks sum up the gradients of one process.
TRAINING = {
    "dropout": 0.0,
    "optim": "sgd",
    "learning_rate": 0.5,
    "lr_scheduler_type": "constant",
    "max_grad_norm": 0.0,
    "train_sampling_strategy": "sequential",
    "num_train_epochs": 3,
    "save_strategy": "steps",
    "save_steps": 3,
}

# What is asked in each round; two of the four steps of a process are an epoch of two ranks.
RUNS = {
    "two and one": {"rows_per_round": 3, "chunk_size": 2},
    "one and one, then one and none": {"rows_per_round": 3, "chunk_size": 1},
    "one and none": {"rows_per_round": 1, "chunk_size": 3},
    "sampled": {"rows_per_round": 4, "chunk_size": 1, "max_new_tokens": 6},
    "judged by itself": {"rows_per_round": 1, "answers_per_row": 1, "max_new_tokens": 4, "judge": "self"},
}


def run(name: str, folder: Path, ranks: int, checkpoint: str | None = None) -> dict:
    scripted = ScriptedGenerator(passing)
    if name in ("sampled", "judged by itself"):
        use_generator(start_patch, lambda model: Rethinking(model, TOKENIZER, 4))
    else:
        use_generator(start_patch, lambda model: scripted)
    callback = RefinementCallback(small_config(**RUNS[name]))
    batch = {"per_device_train_batch_size": 2 // ranks}
    trainer = short_trainer(folder, callback, rows=ROWS[:4], **TRAINING, **batch)
    trainer.train(resume_from_checkpoint=checkpoint)
    mock.patch.stopall()
    return {
        "world_size": trainer.accelerator.num_processes,
        "weights": weights(trainer),
        "pool": callback.pool.digest,
        "rounds": callback.rounds,
        "asked": len(scripted.asked),
    }


def refusal(folder: Path) -> str:
    """What is said of a model that judges itself while it is sharded."""
    trainer = short_trainer(folder, rows=ROWS[:4], **TRAINING)
    trainer.is_fsdp_enabled = True
    try:
        trainer.add_callback(RefinementCallback(small_config(judge="self")))
    except ValueError as error:
        return str(error)
    return "not refused"


def start_patch(target: str, value) -> None:
    mock.patch(target, value).start()


def main(folder: Path) -> None:
    torch.set_num_threads(1)
    rank = PartialState(cpu=True).process_index
    for name in RUNS:
        torch.save(run(name, folder / name, ranks=2), folder / f"{name}-{rank}.pt")
    # In the middle of the second epoch, from a checkpoint that lies elsewhere.
    resumed = run("two and one", folder / "resumed", 2, str(folder / "two and one" / "checkpoint-3"))
    torch.save(resumed, folder / f"resumed-{rank}.pt")
    torch.save(refusal(folder / "sharded"), folder / f"sharded-{rank}.pt")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
