"""The runs that `test_resume` has killed; a script. Each is forked off before torch has computed anything.

In: a folder, and names of runs. Out: `FOLDER/NAME/` as a process leaves it that SIGKILL ends in the middle of rollouts.
"""

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from unittest import mock

import torch

from funreason_trl.refinement import RefinementCallback

from .scripted import ScriptedGenerator, small_config
from .short import TOKENIZER, Rethinking, passing, short_trainer, use_generator


# Four steps an epoch, and a round of three chunks after the first and the second.
TRAINING = {"num_train_epochs": 3}

# How it generates and saves, and after how many answered queries it is killed: in the second of three chunks of round 2
# and of round 1.
RUNS: dict[str, tuple[Callable, dict, int]] = {
    "scripted": (lambda model: ScriptedGenerator(passing), {"save_strategy": "epoch"}, 8 + 5),
    "sampled": (lambda model: Rethinking(model, TOKENIZER, 4), {"save_strategy": "steps", "save_steps": 3}, 5),
    "unsaved": (lambda model: ScriptedGenerator(passing), {"save_strategy": "epoch"}, 5),
}


class Counted:
    """A generator that calls `on_answer` with the queries of each answer, before it is given out."""

    def __init__(self, generator, on_answer: Callable[[list[dict]], None]):
        self.generator, self.on_answer = generator, on_answer

    @property
    def description(self):
        return self.generator.description

    def generate(self, prompts, settings):
        for answer in self.generator.generate(prompts, settings):
            self.on_answer(prompts[answer.index].messages)
            yield answer


def run_trainer(name: str, folder: Path, on_answer: Callable[[list[dict]], None], patch: Callable):
    """The trainer of a run, and its callback."""
    make, saving, _ = RUNS[name]
    use_generator(patch, lambda model: Counted(make(model), on_answer))
    callback = RefinementCallback(small_config(max_new_tokens=6))
    return short_trainer(folder, callback, **TRAINING, **saving), callback


def run_until_killed(name: str, folder: Path) -> None:
    asked = []

    def on_answer(messages):
        asked.append(messages)
        if len(asked) == RUNS[name][2]:
            os.kill(os.getpid(), signal.SIGKILL)

    run_trainer(name, folder, on_answer, lambda target, value: mock.patch(target, value).start())[0].train()


def main(folder: Path, names: list[str]) -> None:
    torch.set_num_threads(1)
    for name in names:
        child = os.fork()
        if not child:
            run_until_killed(name, folder / name)
            os._exit(0)  # was not killed
        ended = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        if ended != -signal.SIGKILL:
            sys.exit(f"{name} ended with {ended} rather than by SIGKILL")


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
