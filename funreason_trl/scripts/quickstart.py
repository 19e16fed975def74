"""`funreason quickstart`: rows, training, and answers before and after, on a real small model in minutes.

In: nothing but a package index (for the wheel that holds SmolLM2-135M-Instruct), or a model of the user's. Out, in the
output folder: the trained adapter, `answers.jsonl` (every held-out question with its answers before and after),
`results.json` and `curves.png`; and on the screen a table and three answers.

The questions at the end are about tools that do not occur in training, so a right call comes from reading the list.
"""

import argparse
import json
import logging
import math
import sys
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from time import perf_counter

import torch
import transformers
from datasets import Dataset, disable_progress_bars
from peft import LoraConfig
from rich.console import Console
from rich.table import Table
from tqdm.auto import tqdm
from transformers import (
    AutoConfig,
    AutoModelForCausalLM,
    AutoTokenizer,
    PrinterCallback,
    ProgressCallback,
    TrainerCallback,
)

from funreason_trl import SRMLConfig, SRMLTrainer, render_calls
from funreason_trl.data.rendering import prompt_messages, render_python
from funreason_trl.data.rows import message_calls
from funreason_trl.data.sample import sample_rows
from funreason_trl.evaluation.answers import Score, score_answer
from funreason_trl.evaluation.bfcl.scores import wilson
from funreason_trl.generation import GenerationSettings, Prompt, generate_all
from funreason_trl.generation.transformers_generator import TransformersGenerator
from funreason_trl.models.precision import has_fast_bf16
from funreason_trl.models.smollm2 import smollm2_path
from funreason_trl.models.tiny import build_tiny_model


DEFAULT_MODEL = "smollm2"
TINY_MODEL = "tiny"
ANSWER_TOKENS = 150
# Short rows with one call each, so that a small model learns something plain from what fits into minutes.
ROW_CHARS = 1300
ROW_KINDS = ("single", "multiple")
ANSWERS_AT_A_TIME = 24
SHOWN_ANSWERS = 3

OUTPUTS = {
    "model/": "what was trained with the multiscale loss",
    "answers.jsonl": "every held-out question with all of its answers and their scores",
    "results.json": "the table, the options, and the losses of every step",
    "curves.png": "the losses of every step as a picture",
}

console = Console()


@dataclass(frozen=True)
class Measurement:
    """What a model does on the held-out rows: losses per token, and its greedy answers with their scores."""

    think_loss: float
    result_loss: float
    answers: list[str]
    scores: list[Score]

    @property
    def parsed(self) -> int:
        return sum(score.parsed for score in self.scores)

    @property
    def right(self) -> int:
        return sum(score.right for score in self.scores)

    @property
    def interval(self) -> str:
        return wilson(self.right / len(self.scores), len(self.scores)).interval


@dataclass(frozen=True)
class Trained:
    """One training: its name in the table, what the model does now, seconds, and the losses of every step."""

    name: str
    after: Measurement
    seconds: float
    history: list[dict]


def main(argv: list[str] | None = None) -> None:
    options = parse_options(argv)
    quiet_libraries()
    started = perf_counter()
    output = Path(options.output)
    output.mkdir(parents=True, exist_ok=True)

    console.rule("1. Rows")
    train_rows = short_rows(options.train_rows, "train")
    test_rows = short_rows(options.test_rows, "heldout")
    console.print(
        f"{len(train_rows)} rows of the embedded sample to train on, {len(test_rows)} to ask about tools that the "
        "training rows do not have. One training row, as the model sees its answer:"
    )
    console.print(render_python(train_rows[0])[0]["completion"][0]["content"], style="dim", markup=False)

    console.rule("2. Model")
    try:
        model_path = find_model(options.model, train_rows, output)
    except RuntimeError as error:
        sys.exit(f"funreason quickstart: {error}")
    console.print(f"{options.model}: {model_path}", markup=False)
    if options.model == TINY_MODEL:
        console.print("Its weights are random, so its answers are noise; it shows that everything runs.")

    console.rule("3. Before training")
    trainer = build_trainer("fixed", model_path, train_rows, options)
    before = measure(trainer, test_rows, "Answers before")
    console.print(f"calls right: {before.right} of {len(test_rows)}")

    console.rule("4. Training with the multiscale loss")
    trained = [train(trainer, "after SRML", test_rows)]
    trainer.save_model(str(output / "model"))
    if options.compare:
        console.rule("5. Training with plain SFT, the same steps")
        baseline = build_trainer("token", model_path, train_rows, options)
        trained.append(train(baseline, "after plain SFT", test_rows))

    console.rule("Result")
    write_answers(output / "answers.jsonl", test_rows, before, trained)
    write_results(output / "results.json", options, before, trained)
    draw_curves(output / "curves.png", trained)
    print_table(before, trained, len(test_rows))
    print_answers(test_rows, before, trained[0].after)
    seconds = perf_counter() - started
    duration = f"{seconds:.0f} s" if seconds < 60 else f"{seconds / 60:.1f} min"
    console.print(f"\nAll of it took {duration}. Written to {output}/:", markup=False)
    for name, what in OUTPUTS.items():
        console.print(f"  {name:<14} {what}", highlight=False)


def parse_options(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="funreason quickstart",
        description="Train a small model to call functions, and ask it about tools that it never saw.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument(
        "--model",
        default=DEFAULT_MODEL,
        help=f"'{DEFAULT_MODEL}' (SmolLM2-135M-Instruct, from the package index), '{TINY_MODEL}' (made on the spot, "
        "learns nothing), a folder, or a Hub name",
    )
    parser.add_argument("--output", default="runs/quickstart", help="folder to write to")
    parser.add_argument("--train-rows", type=_positive, default=112, help="rows to train on")
    parser.add_argument("--test-rows", type=_positive, default=20, help="held-out rows to answer")
    parser.add_argument("--epochs", type=_positive, default=1, help="times that each row is seen")
    parser.add_argument("--learning-rate", type=_above_zero, default=1.5e-3, help="peak learning rate")
    parser.add_argument("--seed", type=int, default=0, help="seed of adapter and order")
    parser.add_argument("--compare", action="store_true", help="also train plain SFT, with the same steps")
    return parser.parse_args(argv)


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r}: give a whole number, 1 or more")
    return int(text)


def _above_zero(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not 0 < number < math.inf:
        raise argparse.ArgumentTypeError(f"{text!r}: give a number above 0")
    return number


def quiet_libraries() -> None:
    """Leaves the screen to this script's own words; warnings and errors still come through."""
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    disable_progress_bars()
    logging.getLogger("accelerate").setLevel(logging.ERROR)
    warnings.filterwarnings("ignore", category=FutureWarning, module="transformers")


def short_rows(count: int, split: str) -> list[dict]:
    rows = (row for row in sample_rows(100 * count, split=split) if _is_short(row))
    return list(islice(rows, count))


def _is_short(row: dict) -> bool:
    characters = sum(len(message["content"]) for message in _whole_conversation(row))
    return row["kind"] in ROW_KINDS and characters <= ROW_CHARS


def find_model(name: str, train_rows: list[dict], output: Path) -> str:
    """Folder or Hub name for `from_pretrained`; a `RuntimeError` for the user where there is none."""
    if name == DEFAULT_MODEL:
        return str(smollm2_path())
    if name == TINY_MODEL:
        texts = (message["content"] for row in train_rows for message in _whole_conversation(row))
        return str(build_tiny_model(texts, output / "tiny-model"))
    try:
        AutoConfig.from_pretrained(name)
        template = AutoTokenizer.from_pretrained(name).chat_template
    except (OSError, ValueError) as error:
        raise RuntimeError(
            f"can't load the model {name!r}; give a folder or a Hub name that exists:\n{error}"
        ) from None
    if template is None:
        raise RuntimeError(f"the model {name!r} has no chat template; give an instruction-tuned one")
    return name


def _whole_conversation(row: dict) -> list[dict]:
    (example,) = render_python(row)
    return example["prompt"] + example["completion"]


def build_trainer(balance: str, model_path: str, train_rows: list[dict], options: argparse.Namespace) -> SRMLTrainer:
    config = SRMLConfig(
        output_dir=str(Path(options.output) / "trainer"),
        balance=balance,
        num_train_epochs=options.epochs,
        learning_rate=options.learning_rate,
        lr_scheduler_type="cosine",
        warmup_steps=4,
        # Small steps, and so many of them: what counts in minutes.
        per_device_train_batch_size=2,
        per_device_eval_batch_size=4,
        gradient_checkpointing=False,
        bf16=has_fast_bf16(),
        dataloader_pin_memory=torch.cuda.is_available(),
        logging_steps=1,
        save_strategy="no",
        report_to=[],
        seed=options.seed,
    )
    adapter = LoraConfig(r=16, lora_alpha=32, target_modules="all-linear")
    trainer = SRMLTrainer(
        model=AutoModelForCausalLM.from_pretrained(model_path, dtype=torch.float32),
        args=config,
        train_dataset=as_examples(train_rows),
        processing_class=AutoTokenizer.from_pretrained(model_path),
        # The tiny model has random weights, which an adapter can't make up for.
        peft_config=None if options.model == TINY_MODEL else adapter,
    )
    trainer.remove_callback(ProgressCallback)
    trainer.remove_callback(PrinterCallback)
    trainer.add_callback(LossBar)
    return trainer


def as_examples(rows: list[dict]) -> Dataset:
    return Dataset.from_list([example for row in rows for example in render_python(row)])


class LossBar(TrainerCallback):
    """A progress bar over the steps that shows both losses."""

    def on_train_begin(self, args, state, control, **kwargs):
        self.bar = tqdm(total=state.max_steps, desc="Training", unit="step")

    def on_log(self, args, state, control, logs=None, **kwargs):
        if logs and "loss/result" in logs:
            self.bar.set_postfix(think=f"{logs['loss/think']:.3f}", result=f"{logs['loss/result']:.3f}")

    def on_step_end(self, args, state, control, **kwargs):
        self.bar.update()

    def on_train_end(self, args, state, control, **kwargs):
        self.bar.close()


def train(trainer: SRMLTrainer, name: str, test_rows: list[dict]) -> Trained:
    started = perf_counter()
    trainer.train()
    seconds = perf_counter() - started
    history = [
        {"step": entry["step"], "think": entry["loss/think"], "result": entry["loss/result"]}
        for entry in trainer.state.log_history
        if "loss/result" in entry and "loss/think" in entry
    ]
    return Trained(name, measure(trainer, test_rows, f"Answers {name}"), seconds, history)


def measure(trainer: SRMLTrainer, rows: list[dict], description: str) -> Measurement:
    metrics = trainer.evaluate(as_examples(rows))
    generator = TransformersGenerator(trainer.model, trainer.processing_class, batch_size=ANSWERS_AT_A_TIME)
    prompts = [Prompt(prompt_messages(row["messages"], row["tools"])) for row in rows]
    generated = generate_all(generator, prompts, GenerationSettings(max_new_tokens=ANSWER_TOKENS), description)
    answers = [answer.texts[0] for answer in generated]
    scores = [score_answer(answer, row) for answer, row in zip(answers, rows, strict=True)]
    return Measurement(metrics["eval_loss/think"], metrics["eval_loss/result"], answers, scores)


# What comes out


def write_answers(path: Path, rows: list[dict], before: Measurement, trained: list[Trained]) -> None:
    measured = [("before", before), *((one.name, one.after) for one in trained)]
    with path.open("w", encoding="utf-8") as file:
        for index, row in enumerate(rows):
            answers = {
                name: {"answer": measurement.answers[index], **vars(measurement.scores[index])}
                for name, measurement in measured
            }
            line = {"id": row["id"], "query": row["messages"][0]["content"], "gold": gold_answer(row), **answers}
            file.write(json.dumps(line, ensure_ascii=False) + "\n")


def gold_answer(row: dict) -> str:
    answer = row["messages"][-1]
    return render_calls(message_calls(answer)) if "tool_calls" in answer else answer["content"]


def write_results(path: Path, options: argparse.Namespace, before: Measurement, trained: list[Trained]) -> None:
    def summary(measurement: Measurement) -> dict:
        return {
            "calls_right": measurement.right,
            "calls_parsed": measurement.parsed,
            "loss/think": measurement.think_loss,
            "loss/result": measurement.result_loss,
        }

    results = {
        "options": vars(options),
        "rows": len(before.answers),
        "before": summary(before),
        **{one.name: {**summary(one.after), "seconds": one.seconds, "history": one.history} for one in trained},
    }
    path.write_text(json.dumps(results, indent=1) + "\n")


def draw_curves(path: Path, trained: list[Trained]) -> None:
    """Both losses over the steps, one line for each training."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 3.5), layout="constrained")
    for axes, segment, title in zip(
        figure.subplots(1, 2), ("think", "result"), ("thinking", "result (the call)"), strict=True
    ):
        for one in trained:
            axes.plot([e["step"] for e in one.history], [e[segment] for e in one.history], label=one.name)
        axes.set(title=f"Loss per token: {title}", xlabel="optimizer step", ylim=(0, None))
        axes.grid(alpha=0.3)
        axes.legend()
    figure.savefig(path, dpi=120)


def print_table(before: Measurement, trained: list[Trained], row_count: int) -> None:
    table = Table(title=f"{row_count} questions about tools that were not in training")
    measured = [before, *(one.after for one in trained)]
    table.add_column("")
    for name in ["before", *(one.name for one in trained)]:
        table.add_column(name, justify="right")
    lines: list[tuple[str, Callable[[Measurement], str]]] = [
        ("calls right, by BFCL's rules", lambda measurement: str(measurement.right)),
        ("call accuracy, 95% interval", lambda measurement: measurement.interval),
        ("answers that parse", lambda measurement: str(measurement.parsed)),
        ("loss per token of thinking", lambda measurement: f"{measurement.think_loss:.3f}"),
        ("loss per token of the result", lambda measurement: f"{measurement.result_loss:.3f}"),
    ]
    for label, cell in lines:
        table.add_row(label, *map(cell, measured))
    table.add_row("training time (s)", "", *(f"{one.seconds:.0f}" for one in trained))
    console.print(table)


def print_answers(rows: list[dict], before: Measurement, after: Measurement) -> None:
    """Three answers before and after, those that became right first."""
    order = sorted(range(len(rows)), key=lambda index: before.scores[index].right - after.scores[index].right)
    for index in order[:SHOWN_ANSWERS]:
        console.rule(rows[index]["id"], style="dim")
        for label, text in (
            ("question", rows[index]["messages"][0]["content"]),
            ("before", before.answers[index]),
            ("after", after.answers[index]),
            ("gold", gold_answer(rows[index])),
        ):
            console.print(f"{label:>8}: ", style="bold", end="")
            console.print(text.strip()[:600] or "(nothing)", markup=False, highlight=False)


if __name__ == "__main__":
    main()
