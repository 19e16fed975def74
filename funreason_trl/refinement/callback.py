"""`RefinementCallback`: after an epoch the model answers queries itself, and the next epoch trains on what passes.

In: an `SRMLTrainer` in whose `callbacks` it is. Out: the same training on a pool that changes from round to round, and in
`<output_dir>/refinement/`

    refinement.jsonl        a line for each round: its figures, and what it did to the pool
    journal.sqlite          every answer and every verdict of a model, from which a killed run goes on
    round-001/              the round's answers with their verdicts, as a dataset, and `pool.parquet`

of which every checkpoint keeps the last round's part.
"""

from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import asdict
from itertools import islice
from math import ceil
from pathlib import Path
from time import perf_counter
from typing import Any, ClassVar

from accelerate.logging import get_logger
from accelerate.utils import broadcast_object_list
from transformers import TrainerControl, TrainerState, TrainingArguments
from transformers.integrations import is_deepspeed_zero3_enabled

from funreason_trl.data.sources import read_rows
from funreason_trl.evaluation.bfcl.asking import row_prompt, row_questions
from funreason_trl.evaluation.callback import CallAccuracyCallback, log_beside
from funreason_trl.fcdr.judges import Judge, ModelJudge
from funreason_trl.fcdr.models import LocalModel
from funreason_trl.fcdr.pipeline import Inspected
from funreason_trl.fcdr.verdicts import Stage
from funreason_trl.generation import TextGenerator
from funreason_trl.generation.trained import trained_model, unchanged_random_state
from funreason_trl.srml import SRMLTrainer
from funreason_trl.srml.attached import AttachedCallback

from .checkpoint import (
    BEST_POOL,
    FOLDER,
    JOURNAL,
    LINES,
    POOL,
    bring_back_rounds,
    round_folder,
    save_pools,
    save_rounds,
    write_line,
)
from .config import RefinementConfig
from .engines import make_generator
from .figures import (
    answers_table,
    figures,
    figures_of_gold,
    funnel,
    log_table,
    show_answers,
    warnings_of,
    write_rows,
)
from .pool import Pool, RefinedRow
from .preparing import prepare_answers, refuse_foreign_queries, refuse_unchangeable
from .prompts import PromptRows, draw, prompt_rows
from .rollouts import Asked
from .rounds import Round, accepted_answers, play_round


logger = get_logger(__name__)


class RefinementCallback(AttachedCallback):
    """
    Self-refinement within a trainer (FunReason, arXiv 2505.20192, section 3.4; the hard pool is BalanceSFT's).

        trainer = SRMLTrainer(..., callbacks=[RefinementCallback(RefinementConfig(rows_per_round=2000))])

    Rounds come between epochs, so train for at least two. Schedule, optimizer and number of steps are those of the
    trainer; a run with rounds that accept nothing gives the same weights as one without the callback.

    Args:
        config ([`RefinementConfig`], *optional*): How often, how much, what becomes of it.
        judges (`Mapping[Stage, Judge]`, *optional*): Judges of single stages beside the rules, in place of
            `config.judge`: endpoints, ensembles.

    Attributes:
        rounds (`list[dict]`): What happened so far, a line of `refinement.jsonl` each.
        pool ([`~funreason_trl.refinement.pool.Pool`]): What epochs are drawn from.
    """

    plays_rounds = True
    modes: ClassVar[tuple[str, ...]] = ("replace", "mix")
    pool_class: ClassVar[type[Pool]] = Pool

    def __init__(self, config: RefinementConfig | None = None, judges: Mapping[Stage, Judge] | None = None):
        self.config = config or RefinementConfig()
        self.judges = dict(judges or {})
        self.rounds: list[dict[str, Any]] = []
        self.trainer: SRMLTrainer
        self.pool: Pool
        self._rows: PromptRows
        self._gate: CallAccuracyCallback | None = None
        self._vllm: TextGenerator | None = None
        self._epochs_played: list[int] = []
        self._hard: list[int] = []
        self._pool_digest = ""
        self._best_accuracy: float | None = None
        self._best_refined: dict[int, RefinedRow] | None = None

    # From the trainer

    def attach(self, trainer: SRMLTrainer) -> None:
        """
        Put the pool in the place of the training set.

        Raises:
            ValueError: A change of the pool would not reach the training, or there are no queries.
        """
        if self.config.mode not in self.modes:
            raise ValueError(
                f"`mode` is {self.config.mode!r}, which takes a training for each round: use `funreason refine`, or set "
                f"it to one of {', '.join(map(repr, self.modes))}."
            )
        self.trainer = trainer
        dataset = refuse_unchangeable(trainer)
        sharded = trainer.is_fsdp_enabled or is_deepspeed_zero3_enabled()
        if self.config.judge == "self" and not self.judges and sharded and trainer.accelerator.num_processes > 1:
            raise ValueError(
                "`judge` is 'self', but a sharded model answers only on all processes together, and one of them inspects; "
                "set judge='rules', or give the callback judges behind an endpoint."
            )
        self._rows = prompt_rows(self.config, dataset)
        self.pool = self.pool_class(dataset)
        refuse_foreign_queries(trainer, self.config, self._rows, self.pool)
        trainer.train_dataset = self.pool
        if self.config.gate is not None:
            questions = row_questions(_gate_rows(self.config), self.config.form)
            self._gate = CallAccuracyCallback(
                trainer,
                questions,
                max_new_tokens=self.config.max_new_tokens,
                batch_size=self.config.batch_size,
                shown=0,
            )

    def on_train_begin(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs) -> None:
        self._refuse_a_run_without_rounds(args, state)
        saved = state.stateful_callbacks.get(type(self).__name__)
        if saved is None or not state.global_step:
            self._epochs_played = []  # a second `train()` counts its epochs anew, and goes on with the pool
            return
        self.rounds, self._epochs_played, self._hard, self._pool_digest, self._best_accuracy = (
            saved["attributes"][name] for name in ("rounds", "epochs_played", "hard", "pool", "best_accuracy")
        )
        assert self.trainer.resumed_from is not None
        checkpoint = Path(self.trainer.resumed_from)
        self._restore_pool(checkpoint)
        self.trainer.accelerator.wait_for_everyone()
        if state.is_world_process_zero:
            _say_dropped(bring_back_rounds(checkpoint, self._folder, len(self.rounds)))

    def on_epoch_begin(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs) -> None:
        # A checkpoint that was written with the last step of an epoch is older than the round that follows the epoch.
        self._play_if_due(state)

    def on_epoch_end(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs) -> None:
        if not control.should_training_stop and state.global_step < state.max_steps:
            self._play_if_due(state)

    def on_save(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs) -> None:
        if args.should_save:
            checkpoint = Path(args.output_dir) / f"checkpoint-{state.global_step}"
            save_rounds(self._folder, checkpoint, len(self.rounds), self.pool, self._best_refined)

    def state(self) -> dict:
        attributes = {"rounds": self.rounds, "epochs_played": self._epochs_played, "hard": self._hard}
        attributes |= {"pool": self._pool_digest, "best_accuracy": self._best_accuracy}
        return {"args": {}, "attributes": attributes}

    # A round

    def _play_if_due(self, state: TrainerState) -> None:
        epochs = round(state.epoch or 0)
        between_epochs = abs((state.epoch or 0) - epochs) < 1e-9  # a run may go on in the middle of one
        if epochs and between_epochs and self.config.is_due(epochs) and epochs not in self._epochs_played:
            self.play(epochs, state)

    def play(self, epochs: int, state: TrainerState) -> dict[str, Any]:
        """
        One round, now: all processes together.

        Returns:
            `dict[str, Any]`: What happened; the same on every process.
        """
        number = len(self.rounds) + 1
        started = perf_counter()
        played, places, asked = Round(number), [], []
        with unchanged_random_state():
            accuracy = self._gate.measure()["eval_bfcl/all"] if self._gate is not None else None
            gate_seconds = perf_counter() - started
            fallen = self._has_fallen(accuracy)
            if not fallen:
                places = draw(
                    self._rows, self.config.rows_per_round, f"{self.config.rollout_seed} {number}", self._hard
                )
                asked = [Asked(row, row_prompt(row, self.config.form)) for row in map(self._rows.__getitem__, places)]
                played = self._play(number, asked)
            played.seconds["gate"] = gate_seconds
            accepted = [accepted_answers(row, self.config.keep) for row in played.inspected]
            line, rows = self._decide(played, asked, places, accepted, fallen)
            line |= {"accuracy": accuracy} | self._change_pool(number, line, rows)
        line |= {"round": number, "epochs": epochs, "step": state.global_step}
        line["pool"] = {str(origin): count for origin, count in self.pool.rounds.items()}  # as it comes back from JSON
        line["seconds"] = perf_counter() - started
        self.rounds.append(line)
        self._epochs_played.append(epochs)
        self._pool_digest = self.pool.digest
        if self.trainer.accelerator.is_main_process:
            self._record(number, played, accepted, line)
        self.trainer.accelerator.wait_for_everyone()
        self._log(line)
        return line

    def _has_fallen(self, accuracy: float | None) -> str:
        """Why the pool goes back to what it was, if it has to; otherwise it is from now on what to go back to."""
        best = self._best_accuracy
        if accuracy is not None and best is not None and accuracy < best:
            self.pool.put_back(self._best_refined or {})
            return f"{accuracy:.1%} of the calls of `gate` are right, {best:.1%} before: the pool goes back to what it was then"
        if accuracy is not None:
            self._best_accuracy, self._best_refined = accuracy, self.pool.copy_refined()
        return ""

    def _play(self, number: int, asked: list[Asked]) -> Round:
        trainer, config = self.trainer, self.config
        own_judge = config.judge == "self" and not self.judges
        # Other engines have weights of their own, and gathering sharded ones would cost the memory of the whole model.
        answers_here = config.engine in ("transformers", "continuous")
        unwrapped = trainer.accelerator.unwrap_model(trainer.model_wrapped)
        with trained_model(trainer) if answers_here else nullcontext(unwrapped) as model:
            generator = self._vllm or make_generator(config, trainer, model)
            if config.engine == "vllm":
                self._vllm = generator  # holds an engine, which there can be only one of
            judges = self.judges
            if own_judge:
                judge = ModelJudge(LocalModel(generator, config.batch_size))
                judges = {stage: judge for stage in Stage if stage is not Stage.FORMAT}
            return play_round(
                number,
                asked,
                generator,
                config.settings(number),
                judges,
                accelerator=trainer.accelerator,
                journal_path=self._folder / JOURNAL if trainer.accelerator.is_main_process else None,
                chunk_size=config.whole_chunk_size,
                overlapping=not own_judge,
                show=not trainer.args.disable_tqdm,
            )

    def _decide(
        self,
        played: Round,
        asked: list[Asked],
        places: list[int],
        accepted: list[list[Inspected]],
        why_not: str,
    ) -> tuple[dict[str, Any], list[dict[str, Any]]]:
        """What is to be done and with which rows: decided on the main process and told to the others."""
        told: list[Any] = [None]
        if self.trainer.accelerator.is_main_process:
            count = sum(map(bool, accepted))
            if not why_not and count < self.config.min_accepted:
                why_not = f"{count} accepted queries, and `min_accepted` is {self.config.min_accepted}"
            line: dict[str, Any] = {"changed": not why_not, "why_unchanged": why_not, "accepted": count}
            line["figures"] = figures(played)
            line["funnel"] = funnel(played)
            before = [one["figures"] for one in self.rounds if one["figures"]["answers"]]
            line["warnings"] = warnings_of(line["figures"], before[-1] if before else figures_of_gold(asked))
            rows = [answer.candidate.row for answers in accepted for answer in answers]
            told = [(line, self._still_hard(played, places, accepted), rows)]
        broadcast_object_list(told)
        line, self._hard, rows = told[0]
        for warning in line["warnings"]:
            logger.warning(f"Round {played.number}: {warning}. Has the model collapsed?")
        return line, rows

    def _still_hard(self, played: Round, places: list[int], accepted: list[list[Inspected]]) -> list[int]:
        """Queries that were answered wrongly, now or before and not asked again since; a judge's silence is no verdict."""
        if not self.config.hard_first:
            return []
        failed = [
            place
            for place, answers, kept in zip(places, played.inspected, accepted, strict=True)
            if not kept and not any(answer.status == "error" for answer in answers)
        ]
        asked = set(places)
        return [*failed, *(place for place in self._hard if place not in asked)]

    def _change_pool(self, number: int, line: dict[str, Any], rows: list[dict[str, Any]]) -> dict[str, Any]:
        """What becomes of the line of the round."""
        why = line["why_unchanged"]
        if not why:
            before = self.pool.digest
            replaced = self._put(prepare_answers(self.trainer, self.config.form, rows, number))
            if self.pool.digest != before:
                return {"replaced": replaced}
            why = (
                "no accepted answer has a place: too long, without a row of its query, or `refined_share` is too small"
            )
        logger.warning(f"Round {number} changes nothing: {why}.")
        return {"changed": False, "why_unchanged": why, "replaced": 0}

    def _put(self, rows: list[RefinedRow]) -> int:
        put = self.pool.replace if self.config.mode == "replace" else self.pool.mix
        return put(rows, self.config.refined_share, self.config.rollout_seed)

    # What is written

    @property
    def _folder(self) -> Path:
        return Path(self.trainer.args.output_dir) / FOLDER

    def _restore_pool(self, checkpoint: Path) -> None:
        if not self.rounds:
            self.pool.put_back({})
            return
        # The second one for a process that was killed between the trainer's part of the checkpoint and ours.
        paths = [round_folder(folder, len(self.rounds)) / POOL for folder in (checkpoint / FOLDER, self._folder)]
        for path in paths:
            if path.exists():
                self.pool.restore(path)
                if self.pool.digest == self._pool_digest:
                    if self._best_accuracy is not None:
                        self._best_refined = self.pool.read(path.with_name(BEST_POOL))
                    return
        raise FileNotFoundError(
            f"the checkpoint {checkpoint} was written after {len(self.rounds)} rounds of refinement, but neither {paths[0]} "
            f"nor {paths[1]} is the pool of that moment; resume with the whole checkpoint, or from another one"
        )

    def _record(self, number: int, played: Round, accepted: list[list[Inspected]], line: dict[str, Any]) -> None:
        folder = round_folder(self._folder, number)
        save_pools(folder, self.pool, self._best_refined)
        write_rows(folder, played, accepted)
        _say_dropped(write_line(self._folder / LINES, {**line, "config": asdict(self.config)}))
        table = answers_table(played, self.config.shown)
        if table:
            show_answers(table, f"Round {number}: {line['accepted']} of {len(played.inspected)} queries accepted")
            log_table(self.trainer.args.report_to, table)

    def _log(self, line: dict[str, Any]) -> None:
        metrics = {f"refinement/{name}": value for name, value in line["figures"].items()}
        refined = sum(count for origin, count in self.pool.rounds.items() if origin)
        metrics |= {"refinement/round": line["round"], "refinement/pool_refined": refined / len(self.pool)}
        metrics["refinement/seconds/total"] = line["seconds"]
        log_beside(self.trainer, metrics)

    def _refuse_a_run_without_rounds(self, args: TrainingArguments, state: TrainerState) -> None:
        between = range(1, ceil(state.num_train_epochs))
        if any(map(self.config.is_due, between)):
            return
        problem = (
            f"no round comes in {state.num_train_epochs} epochs with first_round={self.config.first_round} and every_epochs="
            f"{self.config.every_epochs}, since rounds are between epochs: train for more, or leave the callback out."
        )
        if args.max_steps <= 0:
            raise ValueError(problem)
        logger.warning(f"`max_steps` is {args.max_steps}: {problem}")  # a trial of a few steps


def _gate_rows(config: RefinementConfig) -> list[dict[str, Any]]:
    assert config.gate is not None
    rows = list(islice(read_rows(config.gate), config.gate_rows))
    if not rows:
        raise ValueError(f"`gate` is {config.gate!r}, which has no rows; give held-out rows, or leave it out.")
    return rows


def _say_dropped(rounds: list[int]) -> None:
    if rounds:
        logger.warning(
            f"{LINES} had lines of {len(rounds)} later rounds ({', '.join(map(str, rounds))}), which are taken out: the run "
            "starts before them, and plays them anew."
        )
