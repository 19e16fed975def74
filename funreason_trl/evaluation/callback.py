"""Call accuracy while a model is being trained, logged wherever the trainer logs.

In: any TRL trainer and some questions. Out: [`CallAccuracyCallback`], which leaves the training as it was.
"""

from collections.abc import Sequence

from tqdm.auto import tqdm
from transformers import Trainer, TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from funreason_trl.evaluation.bfcl.asking import Question, refuse_equal_ids, results_of
from funreason_trl.evaluation.bfcl.judging import Judgements, judge_results, verdicts_of
from funreason_trl.evaluation.bfcl.results import BfclResult
from funreason_trl.evaluation.bfcl.scores import accuracies
from funreason_trl.generation import GenerationSettings
from funreason_trl.generation.trained import generate_together, trained_model
from funreason_trl.generation.transformers_generator import TransformersGenerator


class CallAccuracyCallback(TrainerCallback):
    """
    Asks the model the same questions every so often, and logs how many calls are right.

    Logged are `eval_bfcl/<category>` for each category of the questions, the aggregates that they suffice for
    (`eval_bfcl/non_live_ast`, `eval_bfcl/live_ast`, `eval_bfcl/overall`, ...) and `eval_bfcl/all`, the share of all
    questions, which `metric_for_best_model` can't name, since the trainer knows only what its own evaluation returns.
    Answers are greedy. Under several processes each answers its share, and the main one logs.

        trainer = SRMLTrainer(...)
        questions = bfcl_questions(pick(load_bfcl(), per_category=20))
        trainer.add_callback(CallAccuracyCallback(trainer, questions, every_steps=50))

    Args:
        trainer ([`~transformers.Trainer`]): Whose model is asked, and which logs.
        questions (`Sequence[Question]`): From [`~funreason_trl.evaluation.bfcl.asking.bfcl_questions`] or
            `row_questions`.
        every_steps (`int`, *optional*): Optimizer steps between two rounds; by default a round ends each epoch.
        max_new_tokens (`int`, *optional*, defaults to `1024`): Longest answer in tokens.
        batch_size (`int`, *optional*, defaults to `8`): Answers at a time.
        shown (`int`, *optional*, defaults to `3`): Example answers to print, wrong ones first.

    Attributes:
        judgements (`dict`): The last round's [`~funreason_trl.evaluation.bfcl.rows.Judgement`]s by category and id.

    Raises:
        ValueError: There are no questions, two of them have the same id, or `every_steps` is below 1.
    """

    def __init__(
        self,
        trainer: Trainer,
        questions: Sequence[Question],
        every_steps: int | None = None,
        max_new_tokens: int = 1024,
        batch_size: int = 8,
        shown: int = 3,
    ):
        if not questions:
            raise ValueError("questions is empty: give some, such as bfcl_questions(pick(load_bfcl(), 20))")
        if every_steps is not None and every_steps < 1:
            raise ValueError(f"every_steps={every_steps}: give 1 or more, or None for once an epoch")
        refuse_equal_ids(questions)
        self.trainer = trainer
        self.questions = list(questions)
        self.every_steps = every_steps
        self.settings = GenerationSettings(max_new_tokens=max_new_tokens)
        self.batch_size = batch_size
        self.shown = shown
        self.judgements: Judgements = {}

    def on_step_end(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs) -> None:
        if self.every_steps is not None and state.global_step % self.every_steps == 0:
            self.measure()

    def on_epoch_end(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs) -> None:
        if self.every_steps is None:
            self.measure()

    def measure(self) -> dict[str, float]:
        """
        One round, now.

        Returns:
            `dict[str, float]`: What was logged, by name; the same on every process.
        """
        results = self._results()
        self.judgements = judge_results([question.row for question in self.questions], results)
        verdicts = verdicts_of(self.judgements)
        everything = [right for rows in verdicts.values() for right in rows.values()]
        metrics = {f"eval_bfcl/{name}": accuracy.value for name, accuracy in accuracies(verdicts).items()}
        metrics["eval_bfcl/all"] = sum(everything) / len(everything)
        log_beside(self.trainer, metrics)
        if self.trainer.accelerator.is_main_process:
            self._show(results)
        return metrics

    def _results(self) -> dict[str, dict[str, BfclResult]]:
        trainer = self.trainer
        prompts = [question.prompt for question in self.questions]
        with trained_model(trainer) as model:
            generator = TransformersGenerator(model, trainer.processing_class, self.batch_size)
            answers = generate_together(generator, prompts, self.settings, trainer.accelerator, "Calling")
        return results_of(self.questions, [answer.texts[0] for answer in answers])

    def _show(self, results: dict[str, dict[str, BfclResult]]) -> None:
        judged = [
            (judgement, results[category][row_id])
            for category, rows in self.judgements.items()
            for row_id, judgement in rows.items()
        ]
        for judgement, result in sorted(judged, key=lambda pair: pair[0].right)[: self.shown]:
            verdict = "right" if judgement.right else f"wrong ({judgement.error}): {judgement.detail}"
            tqdm.write(f"{result.id} is {verdict}\n    {str(result.result)[:500]}")


def log_beside(trainer: Trainer, metrics: dict[str, float]) -> None:
    """Log from within a callback, without touching what the trainer is about to log itself."""
    should_log = trainer.control.should_log
    # The trainer's own `log` would take the training metrics that it has gathered so far for part of this line.
    Trainer.log(trainer, dict(metrics))
    # Logging tells the loop that this step's loss is logged, which is still to come.
    trainer.control.should_log = should_log
