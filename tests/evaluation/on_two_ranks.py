"""What `test_callback` compares with one process; a script for `accelerate launch`.

In: a folder. Out: a `RANK.pt` with what each rank found, and the number of answers when there is but one question.
"""

import sys
from pathlib import Path

import torch

from funreason_trl.evaluation.callback import CallAccuracyCallback
from tests.evaluation.questions import some_questions
from tests.srml.training import build_trainer


def main(folder: Path) -> None:
    torch.set_num_threads(1)
    trainer = build_trainer(per_device_train_batch_size=8)
    callback = CallAccuracyCallback(trainer, some_questions(), max_new_tokens=4)
    callback.measure()
    single = CallAccuracyCallback(trainer, some_questions()[:1], max_new_tokens=4)
    single.measure()
    found = {
        "world_size": trainer.accelerator.num_processes,
        "judgements": callback.judgements,
        "of one question": sum(len(rows) for rows in single.judgements.values()),
    }
    torch.save(found, folder / f"{trainer.accelerator.process_index}.pt")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
