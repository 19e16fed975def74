"""Rounds between trainings: each training is on the rows and all answers accepted so far, which a data loader can't grow by.

In: a function that makes trainers, and the callback [`AppendingRounds`]. Out: [`refine_in_trainings`], and in the folder

    training-000/ ...   what the trainer of each training writes, and `plan.json`: its place in the schedule
    refinement/         what [`RefinementCallback`] writes

Model, optimizer and a learned balance go on from training to training, and so does the schedule. It is made for the steps
of all trainings: of those to come with as many new rows in each round as the last round brought, and before the first
round with the share of the queries that is expected to be accepted. After each round it is made anew for what is known
then, and taken to the step that the run has come to, so that it ends with the last step, however wrong the estimate was.
"""

import json
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import ceil
from pathlib import Path
from typing import Any, ClassVar

from transformers import TrainerState, TrainingArguments, get_scheduler
from transformers.trainer_utils import get_last_checkpoint

from funreason_trl.fcdr.judges import Judge
from funreason_trl.fcdr.verdicts import Stage
from funreason_trl.files import write_whole
from funreason_trl.srml import SRMLTrainer

from .callback import RefinementCallback
from .checkpoint import FOLDER, POOL, round_folder
from .config import RefinementConfig
from .pool import Pool, RefinedRow


PLAN = "plan.json"

# Of a model (`None` for the base model), the folder of the training, its number and its epochs.
MakeTrainer = Callable[[Any, Path, int, int, "AppendingRounds"], SRMLTrainer]


class GrowingPool(Pool):
    """The training set and, after it, all refined rows."""

    def __len__(self) -> int:
        return len(self._original) + len(self._refined)

    def append(self, rows: Sequence[RefinedRow], share: float) -> int:
        """
        Add rows; where they get too many, the oldest go.

        Args:
            rows (`Sequence[RefinedRow]`): New ones.
            share (`float`): At most this share of all rows is refined; 1 is no bound.

        Returns:
            `int`: Rows of these that are there now.
        """
        kept = [*self._refined.values(), *rows]
        if share < 1:
            room = int(share / (1 - share) * len(self._original))
            kept = kept[max(0, len(kept) - room) :]
        self._refined = dict(enumerate(kept, start=len(self._original)))
        return min(len(rows), len(kept))


class AppendingRounds(RefinementCallback):
    """
    Rounds whose accepted answers are rows of the next training; [`refine_in_trainings`] plays them.

    Args:
        folder (`Path`): Of all trainings.
        config ([`RefinementConfig`]): With `mode="append"`.
        judges (`Mapping[Stage, Judge]`, *optional*): As for [`RefinementCallback`].
    """

    modes: ClassVar[tuple[str, ...]] = ("append",)
    pool_class: ClassVar[type[Pool]] = GrowingPool
    pool: GrowingPool

    def __init__(self, folder: Path, config: RefinementConfig, judges: Mapping[Stage, Judge] | None = None):
        super().__init__(config, judges)
        self.folder = folder

    def grow_as_after(self, number: int) -> None:
        """Take the rows of an earlier run's round, before a training on them goes on; 0 is before the first round."""
        if number:
            self.pool.restore(round_folder(self._folder, number) / POOL)

    @property
    def _folder(self) -> Path:
        return self.folder / FOLDER

    def _play_if_due(self, state: TrainerState) -> None:
        """Rounds come when a training has ended."""

    def _refuse_a_run_without_rounds(self, args: TrainingArguments, state: TrainerState) -> None:
        """Each training is followed by a round."""

    def _put(self, rows: list[RefinedRow]) -> int:
        return self.pool.append(rows, self.config.refined_share)


@dataclass(frozen=True)
class Plan:
    """Steps of all trainings before this one, and what the schedule is made for."""

    done: int
    total: int


def refine_in_trainings(
    make_trainer: MakeTrainer,
    rounds: AppendingRounds,
    cold_epochs: int,
    count: int,
    *,
    expected_acceptance: float = 0.5,
    resume: bool = False,
) -> SRMLTrainer:
    """
    A cold start, and after each round a training on what has been accepted too.

    Args:
        make_trainer (`Callable`): `make_trainer(model, folder, number, epochs, rounds)` gives a trainer of this model, or
            of the base model for `None`, which has the callback and writes to the folder.
        rounds ([`AppendingRounds`]): The rounds.
        cold_epochs (`int`): Epochs of the first training; the others have `every_epochs`.
        count (`int`): Rounds.
        expected_acceptance (`float`, *optional*, defaults to `0.5`): For the schedule: the share of the queries that the
            first round is expected to accept.
        resume (`bool`, *optional*, defaults to `False`): Go on from the last checkpoint of the last training that has one.

    Returns:
        [`SRMLTrainer`]: The last one, which has trained.

    Raises:
        ValueError: The model is sharded, or something else can't be handed from trainer to trainer.
    """
    epochs = [cold_epochs, *[rounds.config.every_epochs] * count]
    folders = [rounds.folder / f"training-{number:03d}" for number in range(count + 1)]
    checkpoints = [get_last_checkpoint(str(folder)) if resume and folder.is_dir() else None for folder in folders]
    number = max((place for place, checkpoint in enumerate(checkpoints) if checkpoint), default=0)
    checkpoint = checkpoints[number]
    trainer = make_trainer(None, folders[number], number, epochs[number], rounds)
    _refuse_what_can_not_be_handed_on(trainer, rounds.config)
    if checkpoint is None:
        plan = Plan(0, _total_steps(rounds, trainer.args, 0, epochs, expected_acceptance))
    else:
        plan = Plan(**json.loads((folders[number] / PLAN).read_text(encoding="utf-8")))
        rounds.grow_as_after(number)
    while True:
        _put_schedule(trainer, plan, folders[number])
        trainer.train(resume_from_checkpoint=checkpoint)
        if number == count:
            return trainer
        rounds.play(sum(epochs[: number + 1]), trainer.state)
        done, number, checkpoint = plan.done + trainer.state.global_step, number + 1, None
        plan = Plan(done, _total_steps(rounds, trainer.args, done, epochs[number:], expected_acceptance))
        trainer = _next_trainer(make_trainer, trainer, folders[number], number, epochs[number], rounds)


def _next_trainer(
    make_trainer: MakeTrainer, before: SRMLTrainer, folder: Path, number: int, epochs: int, rounds: AppendingRounds
) -> SRMLTrainer:
    model = before.accelerator.unwrap_model(before.model_wrapped, keep_fp32_wrapper=False)
    refined = rounds.pool.copy_refined()
    trainer = make_trainer(model, folder, number, epochs, rounds)
    rounds.pool.put_back(refined)
    trainer.create_optimizer()
    trainer.optimizer.load_state_dict(before.optimizer.state_dict())
    trainer.balance.theta = before.balance.theta
    trainer.recorder.go_on_from(before.recorder)
    return trainer


def _put_schedule(trainer: SRMLTrainer, plan: Plan, folder: Path) -> None:
    """The schedule of all trainings, at the step where this one begins; on file for a run that goes on."""
    args = trainer.args
    trainer.create_optimizer()
    trainer.lr_scheduler = get_scheduler(
        args.lr_scheduler_type,
        trainer.optimizer,
        num_warmup_steps=args.get_warmup_steps(plan.total),
        num_training_steps=plan.total,
        scheduler_specific_kwargs=args.lr_scheduler_kwargs,
    )
    with warnings.catch_warnings():
        # These steps were taken by the optimizers of the trainings before.
        warnings.filterwarnings("ignore", "Detected call of `lr_scheduler.step", UserWarning)
        for _ in range(plan.done):
            trainer.lr_scheduler.step()
    if trainer.is_world_process_zero():
        folder.mkdir(parents=True, exist_ok=True)
        write_whole(folder / PLAN, json.dumps(vars(plan)))


def _total_steps(
    rounds: AppendingRounds, args: TrainingArguments, done: int, epochs: Sequence[int], expected_acceptance: float
) -> int:
    """Steps that were done and those of trainings of so many epochs, of which the first is on the pool as it is."""
    config = rounds.config
    answers = config.answers_per_row if config.keep == "all" else 1
    expected = round(expected_acceptance * config.rows_per_round) * answers
    original = rounds.pool.rounds[0]
    if rounds.rounds:
        expected = rounds.pool.rounds.get(len(rounds.rounds), 0)
    most = float("inf") if config.refined_share == 1 else config.refined_share / (1 - config.refined_share) * original
    refined = len(rounds.pool) - original
    total = done
    for number, count in enumerate(epochs):
        total += count * _steps_per_epoch(original + int(min(refined + number * expected, most)), args)
    return total


def _steps_per_epoch(rows: int, args: TrainingArguments) -> int:
    batch = args.train_batch_size * args.world_size
    batches = rows // batch if args.dataloader_drop_last else ceil(rows / batch)
    return max(1, ceil(batches / args.gradient_accumulation_steps))


def _refuse_what_can_not_be_handed_on(trainer: SRMLTrainer, config: RefinementConfig) -> None:
    args = trainer.args
    if config.engine == "vllm":
        raise ValueError(
            "`engine` is 'vllm' with mode='append', but its engine belongs to one trainer; set mode='mix', or another engine."
        )
    if trainer.is_fsdp_enabled or trainer.is_deepspeed_enabled:
        raise ValueError(
            "`mode` is 'append', but FSDP and DeepSpeed bind a model to one trainer; set mode='mix', or train with DDP."
        )
    if args.lr_scheduler_type == "reduce_lr_on_plateau":
        raise ValueError("`lr_scheduler_type` is 'reduce_lr_on_plateau', which has no steps to plan; set another one.")
    if args.load_best_model_at_end:
        raise ValueError(
            "`load_best_model_at_end` is True, but each training goes on from the last step of the one before; set it to "
            "False."
        )
