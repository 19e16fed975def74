"""The runs that `test_distributed` repeats in one process; a script for `accelerate launch`.

In: a folder. Out: for each run and rank a `NAME-RANK.pt` with
world size, logs, theta, parameters and what an evaluation measured.
"""

import sys
from pathlib import Path

import torch
from accelerate import PartialState
from datasets import Dataset

from tests.srml.training import BALANCES, build_trainer, parameters, step_logs
from tests.tiny import tiny_rows


EVAL_ROWS = 7

# Number of training rows, and the configuration of two ranks.
RUNS = {
    **{name: (16, {**balance, "per_device_train_batch_size": 8}) for name, balance in BALANCES.items()},
    "accumulated": (
        16,
        {**BALANCES["fixed"], "per_device_train_batch_size": 2, "gradient_accumulation_steps": 4},
    ),
    "padding-free": (
        16,
        {
            **BALANCES["learned"],
            "per_device_train_batch_size": 4,
            "gradient_accumulation_steps": 2,
            "padding_free": True,
            "per_device_eval_batch_size": 2,
        },
    ),
    # Six blocks to train, three to evaluate.
    "packed": (
        16,
        {
            **BALANCES["fixed"],
            "per_device_train_batch_size": 3,
            "packing": True,
            "max_length": 256,
            "per_device_eval_batch_size": 2,
        },
    ),
    # Accelerate fills the last batch of 17 rows with the first 7.
    "uneven": (17, {**BALANCES["learned"], "per_device_train_batch_size": 4, "per_device_eval_batch_size": 2}),
    "without thoughts on a rank": (16, {**BALANCES["fixed"], "per_device_train_batch_size": 1, "max_steps": 5}),
}


def rows_of(name: str) -> list[dict]:
    return tiny_rows(RUNS[name][0])


def run(name: str, output_dir: Path) -> dict:
    trainer = build_trainer(
        rows_of(name),
        **{"per_device_eval_batch_size": 3, **RUNS[name][1]},
        output_dir=str(output_dir / "trainer"),
        arguments={"eval_dataset": Dataset.from_list(tiny_rows(EVAL_ROWS))},
    )
    trainer.train()
    return {
        "world_size": trainer.accelerator.num_processes,
        "logs": step_logs(trainer),
        "theta": trainer.balance.theta,
        "parameters": parameters(trainer.model),
        "metrics": trainer.evaluate(),
    }


# Four steps, with a checkpoint after the second.
INTERRUPTED = {**BALANCES["learned"], "per_device_train_batch_size": 4, "save_strategy": "steps", "save_steps": 2}


def resume(output_dir: Path) -> dict:
    """A run, and another that goes on from its checkpoint."""
    whole = build_trainer(rows_of("learned"), **INTERRUPTED, output_dir=str(output_dir / "whole"))
    whole.train()
    resumed = build_trainer(rows_of("learned"), **INTERRUPTED, output_dir=str(output_dir / "resumed"))
    resumed.train(resume_from_checkpoint=str(output_dir / "whole" / "checkpoint-2"))
    return {
        "theta": [run.balance.theta for run in (whole, resumed)],
        "parameters": [parameters(run.model) for run in (whole, resumed)],
        "alphas": [[log["alpha"] for log in step_logs(run)] for run in (whole, resumed)],
    }


def refusal(name: str, output_dir: Path, **changes) -> str:
    try:
        build_trainer(output_dir=str(output_dir / "trainer"), **RUNS[name][1], **changes)
    except ValueError as error:
        return str(error)
    return "not refused"


def main(output_dir: Path) -> None:
    torch.set_num_threads(1)
    rank = PartialState(cpu=True).process_index
    for name in RUNS:
        torch.save(run(name, output_dir), output_dir / f"{name}-{rank}.pt")
    torch.save(resume(output_dir), output_dir / f"resumed-{rank}.pt")
    build_trainer([{"prompt": "Weather?\n", "completion": "[f()]"}] * 4, output_dir=str(output_dir / "trainer"))
    local = refusal("fixed", output_dir, average_tokens_across_devices=False)
    torch.save({"average_tokens_across_devices": local}, output_dir / f"refusals-{rank}.pt")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
