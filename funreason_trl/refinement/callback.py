"""`RefinementCallback`: after an epoch the model answers queries itself, and the next epoch trains on what passes.

In: an `SRMLTrainer` in whose `callbacks` it is. Out: the same training on a pool that changes from round to round, and in
`<output_dir>/refinement/`

    refinement.jsonl        a line for each round: its figures, and what it did to the pool
    journal.sqlite          every answer and every verdict of a model, from which a killed run goes on
    round-001/              the round's answers with their verdicts, as a dataset, and `pool.parquet`

of which every checkpoint keeps the last round's part.
"""

import random
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from itertools import islice
from pathlib import Path
from time import perf_counter
from typing import Any, ClassVar

import numpy as np
import torch
from accelerate.logging import get_logger
from accelerate.utils import broadcast_object_list
from datasets import Dataset
from transformers import TrainerControl, TrainerState, TrainingArguments
from transformers.integrations import is_deepspeed_zero3_enabled
from trl.models.utils import unwrap_model_for_generation

from funreason_trl.data.rendering import render_native, render_python
from funreason_trl.data.rows import RowError
from funreason_trl.data.sources import read_rows
from funreason_trl.evaluation.bfcl.asking import row_questions
from funreason_trl.evaluation.callback import CallAccuracyCallback, log_beside
from funreason_trl.fcdr.judges import Judge, ModelJudge
from funreason_trl.fcdr.models import LocalModel
from funreason_trl.fcdr.pipeline import Inspected
from funreason_trl.fcdr.verdicts import Stage
from funreason_trl.generation import TextGenerator
from funreason_trl.srml import SRMLTrainer
from funreason_trl.srml.attached import AttachedCallback
from funreason_trl.srml.preparation import TOKEN_COLUMNS

from .checkpoint import FOLDER, JOURNAL, LINES, POOL, bring_back_rounds, round_folder, save_rounds, write_line
from .config import RefinementConfig
from .engines import make_generator
from .pool import Pool, RefinedRow
from .prompts import PromptRows, draw, prompt_of, prompt_rows
from .record import (
    answers_table,
    figures,
    figures_of_gold,
    funnel,
    log_table,
    show_answers,
    warnings_of,
    write_rows,
)
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

    modes: ClassVar[tuple[str, ...]] = ("replace", "mix")

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
        dataset = _refuse_what_would_not_change(trainer)
        sharded = trainer.is_fsdp_enabled or is_deepspeed_zero3_enabled()
        if self.config.judge == "self" and not self.judges and sharded and trainer.accelerator.num_processes > 1:
            raise ValueError(
                "`judge` is 'self', but a sharded model answers only on all processes together, and one of them inspects; "
                "set judge='rules', or give the callback judges behind an endpoint."
            )
        self._rows = prompt_rows(self.config, dataset)
        self.pool = Pool(dataset)
        trainer.train_dataset = self.pool
        self._refuse_foreign_queries()
        if self.config.gate is not None:
            questions = row_questions(_gate_rows(self.config))
            self._gate = CallAccuracyCallback(
                trainer,
                questions,
                max_new_tokens=self.config.max_new_tokens,
                batch_size=self.config.batch_size,
                shown=0,
            )

    def on_train_begin(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs) -> None:
        saved = state.stateful_callbacks.get(type(self).__name__)
        if saved is None or not state.global_step:
            self._epochs_played = []  # a second `train()` counts its epochs anew, and goes on with the pool
            return
        self.rounds, self._epochs_played, self._hard, self._pool_digest = (
            saved["attributes"][name] for name in ("rounds", "epochs_played", "hard", "pool")
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
            save_rounds(self._folder, checkpoint, len(self.rounds), self.pool)

    def state(self) -> dict:
        attributes = {"rounds": self.rounds, "epochs_played": self._epochs_played, "hard": self._hard}
        return {"args": {}, "attributes": {**attributes, "pool": self._pool_digest}}

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
        places = draw(self._rows, self.config.rows_per_round, f"{self.config.rollout_seed} {number}", self._hard)
        asked = [Asked(row, prompt_of(row, self.config.form)) for row in map(self._rows.__getitem__, places)]
        with unchanged_random_state():
            accuracy = self._gate.measure()["eval_bfcl/all"] if self._gate is not None else None
            played = self._play(number, asked)
            accepted = [accepted_answers(row, self.config.keep) for row in played.inspected]
            line, rows = self._decide(played, asked, places, accepted, accuracy)
            if line["changed"]:
                line["replaced"] = self._change_pool(number, rows)
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

    def _play(self, number: int, asked: list[Asked]) -> Round:
        trainer, config = self.trainer, self.config
        own_judge = config.judge == "self" and not self.judges
        with unwrap_model_for_generation(
            trainer.model_wrapped,
            trainer.accelerator,
            gradient_checkpointing_kwargs=trainer.args.gradient_checkpointing_kwargs,
        ) as model:
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
                chunk_size=config.chunk_size,
                overlapping=not own_judge,
            )

    def _decide(
        self,
        played: Round,
        asked: list[Asked],
        places: list[int],
        accepted: list[list[Inspected]],
        accuracy: float | None,
    ) -> tuple[dict[str, Any], list[dict[str, Any]]]:
        """What is to be done and with which rows: decided on the main process and told to the others."""
        told: list[Any] = [None]
        if self.trainer.accelerator.is_main_process:
            hard = [place for place, answers in zip(places, accepted, strict=True) if not answers]
            count = sum(map(bool, accepted))
            why = self._why_unchanged(count, accuracy)
            line: dict[str, Any] = {"changed": not why, "why_unchanged": why, "accepted": count, "accuracy": accuracy}
            line["figures"] = figures(played)
            line["funnel"] = funnel(played)
            before = self.rounds[-1]["figures"] if self.rounds else figures_of_gold(asked)
            line["warnings"] = warnings_of(line["figures"], before)
            rows = [answer.candidate.row for answers in accepted for answer in answers]
            told = [(line, hard if self.config.hard_first else [], rows)]
        broadcast_object_list(told)
        line, self._hard, rows = told[0]
        for warning in line["warnings"]:
            logger.warning(f"Round {played.number}: {warning}. Has the model collapsed?")
        if line["why_unchanged"]:
            logger.warning(f"Round {played.number} changes nothing: {line['why_unchanged']}.")
        return line, rows

    def _why_unchanged(self, accepted: int, accuracy: float | None) -> str:
        if accepted < self.config.min_accepted:
            return f"{accepted} accepted queries, and `min_accepted` is {self.config.min_accepted}"
        before = self.rounds[-1]["accuracy"] if self.rounds else None
        if accuracy is not None and before is not None and accuracy < before:
            return f"{accuracy:.1%} of the calls of `gate` are right, {before:.1%} after the round before"
        return ""

    def _change_pool(self, number: int, rows: list[dict[str, Any]]) -> int:
        prepared = self._prepared(number, rows)
        put = self.pool.replace if self.config.mode == "replace" else self.pool.mix
        return put(prepared, self.config.refined_share, self.config.rollout_seed)

    def _prepared(self, number: int, rows: list[dict[str, Any]]) -> list[RefinedRow]:
        """The answers, tokenized and with segments, through the trainer's own preparation; those too long are left out."""
        render = render_python if self.config.form == "python" else render_native
        examples: list[dict[str, Any]] = []
        ids: list[str] = []
        for row in rows:
            try:
                example = render(row)[-1]
            except RowError as error:
                logger.warning(f"Round {number}: an accepted answer can't be written: {error}")
                continue
            examples.append({**example, "place": len(ids)})
            ids.append(str(row["id"]))
        if not examples:
            return []
        trainer = self.trainer
        dataset = trainer._prepare_dataset(
            Dataset.from_list(examples), trainer.processing_class, trainer.args, False, None, f"round {number}"
        )
        dataset = dataset.select_columns([*TOKEN_COLUMNS, "place"])
        return [RefinedRow.of(ids[example["place"]], number, example) for example in dataset]

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
                    return
        raise FileNotFoundError(
            f"the checkpoint {checkpoint} was written after {len(self.rounds)} rounds of refinement, but neither {paths[0]} "
            f"nor {paths[1]} is the pool of that moment; resume with the whole checkpoint, or from another one"
        )

    def _record(self, number: int, played: Round, accepted: list[list[Inspected]], line: dict[str, Any]) -> None:
        folder = round_folder(self._folder, number)
        folder.mkdir(parents=True, exist_ok=True)
        write_rows(folder, played, accepted)
        self.pool.save(folder / POOL)
        _say_dropped(write_line(self._folder / LINES, {**line, "config": asdict(self.config)}))
        table = answers_table(played, self.config.shown)
        if table:
            show_answers(table, f"Round {number}: {line['accepted']} of {len(played.inspected)} queries accepted")
            log_table(self.trainer.args.report_to, table)

    def _log(self, line: dict[str, Any]) -> None:
        metrics = {f"refinement/{name}": value for name, value in line["figures"].items()}
        refined = sum(count for origin, count in self.pool.rounds.items() if origin)
        metrics |= {"refinement/round": line["round"], "refinement/pool_refined": refined / len(self.pool)}
        log_beside(self.trainer, metrics)

    def _refuse_foreign_queries(self) -> None:
        """In the mode `replace`, answers need training rows of the same query; a sample of them tells."""
        if self.config.prompts is None or self.config.mode != "replace":
            return
        rows = [self._rows[place] for place in draw(self._rows, 50, str(self.config.rollout_seed))]
        examples = [render_python(row)[-1] for row in rows if row["messages"][-1]["role"] == "assistant"]
        prepared = self.trainer._prepare_dataset(
            Dataset.from_list(examples), self.trainer.processing_class, self.trainer.args, False, None, "prompts"
        )
        if not any(self.pool.slots_of(row) for row in prepared):
            raise ValueError(
                f"`mode` is 'replace', but none of {len(rows)} queries of {self.config.prompts} is that of a training row, "
                "token by token, system prompt and tools included. Render the training rows from what `load_rows` reads of "
                "the same source, or set mode='mix', which puts answers in the place of any row."
            )


def _refuse_what_would_not_change(trainer: SRMLTrainer) -> Dataset:
    args = trainer.args
    if not isinstance(trainer.train_dataset, Dataset):
        raise ValueError(
            "`train_dataset` is a stream, whose rows can't be replaced; load it into a `datasets.Dataset` to refine."
        )
    if args.packing:
        raise ValueError("`packing` is True, but a pack can't give up a row; set packing=False to refine.")
    if args.dataloader_persistent_workers and args.dataloader_num_workers:
        raise ValueError(
            "`dataloader_persistent_workers` is True, but such workers keep the rows of the first epoch; set it to False."
        )
    return trainer.train_dataset


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


@contextmanager
def unchanged_random_state() -> Iterator[None]:
    """Whatever is drawn inside, the generators of Python, NumPy and torch go on as if nothing had been."""
    python_state, numpy_state, torch_state = random.getstate(), np.random.get_state(), torch.get_rng_state()
    cuda_states = torch.cuda.get_rng_state_all() if torch.cuda.is_available() else []
    try:
        yield
    finally:
        random.setstate(python_state)
        np.random.set_state(numpy_state)
        torch.set_rng_state(torch_state)
        if cuda_states:
            torch.cuda.set_rng_state_all(cuda_states)
