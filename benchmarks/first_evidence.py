"""Does balance help? Plain SFT against the multiscale loss, each at its own best learning rate, over three seeds.

    python benchmarks/first_evidence.py --rows sample              # everything, resumable, hours
    python benchmarks/first_evidence.py --rows cot-short           # short real rows, hours
    python benchmarks/first_evidence.py --rows cot --max-runs 1    # one more run on all real rows, of an hour each
    python benchmarks/first_evidence.py --rows sample --table      # only the table of what is there

In: SmolLM2-135M-Instruct; rows of the embedded sample (train tools for training, held-out tools for the rest), or of
`cot_calls.jsonl` (../shared/data), in the python form. Out: one JSON for each run in `results/first_evidence/<rows>/`
and a table; the trained adapters stay in `runs/first_evidence/<rows>/<run>/model`. A run that has its JSON is not run
again, and one that another process is at is left to it, so the benchmark can be killed, started at will, and started
twice.

A worked example of an item, its answer, and how it counts:

    prompt   system: You can call the functions ... [{"name":"body_mass_index",...}]
             user: What is my BMI? My weight is 97 kg and my height is 186 cm.
    gold     <think>The request is "What is my BMI" ...</think>\\n\\n[body_mass_index(weight_kg=97, height_cm=186)]
    given gold reasoning: the model continues after `</think>\\n\\n`; free: it writes the whole answer, greedily.
    parses: the answer is calls (words, for a row that calls nothing); right: these are the gold calls. Free answers also:
    how many begin a thought, how many close it, and how many are right of the rows that want calls, and words.

Stage 1, `rates`: each of five losses (token, fixed at three weights, learned) at three or four learning rates, seed 0.
The best rate of a loss is the one with the lowest loss per result token on the validation rows, of which none is a
test row.
Stage 2, `seeds`: each loss at its best rate with seeds 0, 1 and 2, measured on the test rows.
"""

import argparse
import json
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from itertools import islice
from operator import itemgetter
from pathlib import Path
from statistics import mean, stdev
from time import perf_counter, sleep

import torch
from common import describe_machine, write_json
from datasets import Dataset
from filelock import FileLock, Timeout
from peft import LoraConfig, PeftModel
from transformers import AutoModelForCausalLM, AutoTokenizer

from funreason_trl import SRMLConfig, SRMLTrainer
from funreason_trl.data.rendering import prompt_messages, render_python
from funreason_trl.data.rows import THINK_END, THINK_START, RowError
from funreason_trl.data.sample import sample_rows
from funreason_trl.data.sources import read_rows
from funreason_trl.evaluation.answers import score_answer
from funreason_trl.evaluation.table import markdown_table
from funreason_trl.generation import GenerationSettings, Prompt, generate_all
from funreason_trl.generation.transformers_generator import TransformersGenerator
from funreason_trl.models.smollm2 import smollm2_path


HERE = Path(__file__).parent
COT_CALLS = HERE.parents[1] / "shared" / "data" / "cot_calls.jsonl"
SEEDS = (0, 1, 2)
BATCH_SIZE = 24  # answers at a time
FREE = ("free_begun", "free_closed", "free_parses", "free_calls_right", "free_words_right")


@dataclass(frozen=True)
class Experiment:
    """Rows in three parts, of which none shares a row with another, and what a run does with them."""

    name: str
    train_rows: int
    validation_rows: int
    test_rows: int
    accumulation: int
    max_length: int
    free_tokens: int
    learning_rates: tuple[float, ...]


EXPERIMENTS = {
    "sample": Experiment("sample", 96, 24, 48, 2, 640, 220, (6e-4, 1.8e-3, 5.4e-3, 1.62e-2)),
    "cot-short": Experiment("cot-short", 96, 10, 30, 2, 768, 400, (1.5e-3, 4e-3, 1e-2)),
    "cot": Experiment("cot", 270, 30, 60, 4, 1280, 560, (4e-4, 1.2e-3, 3.6e-3)),
}


@dataclass(frozen=True)
class Loss:
    balance: str
    think_weight: float = 0.5

    @property
    def name(self) -> str:
        return f"fixed-{self.think_weight}" if self.balance == "fixed" else self.balance


LOSSES = (Loss("token"), Loss("fixed", 0.5), Loss("learned"), Loss("fixed", 0.2), Loss("fixed", 0.8))


@dataclass(frozen=True)
class Run:
    loss: Loss
    learning_rate: float
    seed: int

    @property
    def name(self) -> str:
        return f"{self.loss.name}-lr{self.learning_rate:g}-seed{self.seed}"


# Rows


def split_rows(experiment: Experiment) -> tuple[list[dict], list[dict], list[dict]]:
    """Training, validation and test rows; those whose example is longer than `max_length` tokens are left out."""
    tokenizer = AutoTokenizer.from_pretrained(smollm2_path())
    held_out = experiment.validation_rows + experiment.test_rows
    if experiment.name == "sample":
        train = list(islice(fitting(sample_rows(10_000), tokenizer, experiment), experiment.train_rows))
        rest = list(islice(fitting(sample_rows(10_000, split="heldout"), tokenizer, experiment), held_out))
    else:
        rows = list(fitting(read_rows(COT_CALLS), tokenizer, experiment))
        train, rest = rows[: experiment.train_rows], rows[experiment.train_rows :][:held_out]
    return train, rest[: experiment.validation_rows], rest[experiment.validation_rows :]


def fitting(rows: Iterator[dict], tokenizer, experiment: Experiment) -> Iterator[dict]:
    for row in rows:
        try:
            (example,) = render_python(row)
        except RowError:
            continue
        text = tokenizer.apply_chat_template(example["prompt"] + example["completion"], tokenize=False)
        if len(tokenizer(text)["input_ids"]) <= experiment.max_length:
            yield row


def rendered(rows: list[dict]) -> Dataset:
    return Dataset.from_list([example for row in rows for example in render_python(row)])


# One run


def build_trainer(
    run: Run, experiment: Experiment, train_set: list[dict], folder: Path, adapter: Path | None = None
) -> SRMLTrainer:
    """A trainer of a new LoRA, or of the `adapter` of an earlier run."""
    config = SRMLConfig(
        output_dir=str(folder),
        balance=run.loss.balance,
        think_weight=run.loss.think_weight,
        result_weight=1 - run.loss.think_weight,
        learning_rate=run.learning_rate,
        seed=run.seed,
        per_device_train_batch_size=2,
        gradient_accumulation_steps=experiment.accumulation,
        per_device_eval_batch_size=4,
        num_train_epochs=1,
        lr_scheduler_type="cosine",
        warmup_steps=2,
        max_length=experiment.max_length,
        gradient_checkpointing=False,
        bf16=False,  # on every machine, so that runs of different machines can be compared
        logging_steps=1,
        save_strategy="no",
        report_to=[],
        disable_tqdm=True,
    )
    model = AutoModelForCausalLM.from_pretrained(smollm2_path(), dtype=torch.float32)
    return SRMLTrainer(
        model=PeftModel.from_pretrained(model, adapter) if adapter else model,
        args=config,
        train_dataset=rendered(train_set),
        processing_class=AutoTokenizer.from_pretrained(smollm2_path()),
        peft_config=None if adapter else LoraConfig(r=16, lora_alpha=32, target_modules="all-linear"),
    )


def losses(trainer: SRMLTrainer, rows: list[dict]) -> dict[str, float]:
    metrics = trainer.evaluate(rendered(rows))
    return {"think_loss": metrics["eval_loss/think"], "result_loss": metrics["eval_loss/result"]}


def answers(trainer: SRMLTrainer, rows: list[dict], experiment: Experiment) -> dict:
    """Counts of what parses and is right. Merges the adapter into the model, since it then answers faster."""
    generator = TransformersGenerator(trainer.model.merge_and_unload(), trainer.processing_class, BATCH_SIZE)
    given = answers_given_thinking(generator, rows)
    free = _texts(generator, [_prompt(row) for row in rows], experiment.free_tokens)
    return {
        **_counts("given", given, rows),
        **_counts("free", free, rows),
        **thinking_and_kinds(free, rows),
        "free_answers": free,
    }


def answers_given_thinking(generator: TransformersGenerator, rows: list[dict]) -> list[str]:
    """Whole answers, of which the model writes what follows the gold thinking."""
    starts = [_gold_thinking(row) for row in rows]
    texts = _texts(generator, [_prompt(row, start) for row, start in zip(rows, starts, strict=True)], 128)
    return [start + text for start, text in zip(starts, texts, strict=True)]


def thinking_and_kinds(answers: list[str], rows: list[dict]) -> dict[str, int]:
    """Of free answers: how many begin and end a thought, and how many are right where calls, or words, are wanted."""
    right = [score_answer(answer, row).right for answer, row in zip(answers, rows, strict=True)]
    wants_calls = ["tool_calls" in row["messages"][-1] for row in rows]
    return {
        "free_begun": sum(answer.lstrip().startswith(THINK_START) for answer in answers),
        "free_closed": sum(THINK_END in answer for answer in answers),
        "free_calls_right": sum(r for r, wanted in zip(right, wants_calls, strict=True) if wanted),
        "free_words_right": sum(r for r, wanted in zip(right, wants_calls, strict=True) if not wanted),
    }


def _texts(generator: TransformersGenerator, prompts: list[Prompt], max_new_tokens: int) -> list[str]:
    generated = generate_all(generator, prompts, GenerationSettings(max_new_tokens=max_new_tokens))
    return [answer.texts[0] for answer in generated]


def _prompt(row: dict, answer_start: str = "") -> Prompt:
    return Prompt(prompt_messages(row["messages"], row["tools"]), answer_start=answer_start)


def _gold_thinking(row: dict) -> str:
    return f"{THINK_START}{row['messages'][-1]['reasoning_content'].strip()}{THINK_END}\n\n"


def _counts(name: str, texts: list[str], rows: list[dict]) -> dict[str, int]:
    scores = [score_answer(text, row) for text, row in zip(texts, rows, strict=True)]
    return {f"{name}_parses": sum(s.parsed for s in scores), f"{name}_right": sum(s.right for s in scores)}


def measure(run: Run, experiment: Experiment, folder: Path, known: dict | None) -> dict:
    """Trains a run, or tests the adapter of one that is `known`."""
    train_set, validation_set, test_set = split_rows(experiment)
    adapter = folder / "model"
    if known and adapter.exists():
        print(f"{experiment.name}: testing {run.name}", flush=True)
        trainer = build_trainer(run, experiment, train_set, folder / "trainer", adapter)
        test = {"rows": len(test_set), **losses(trainer, test_set), **answers(trainer, test_set, experiment)}
        return known | {"test": test}
    print(f"{experiment.name}: training {run.name}", flush=True)
    trainer = build_trainer(run, experiment, train_set, folder / "trainer")
    started = perf_counter()
    trainer.train()
    seconds = perf_counter() - started
    trainer.save_model(str(adapter))
    history = [entry for entry in trainer.state.log_history if "loss/result" in entry]
    return {
        "run": asdict(run),
        "experiment": asdict(experiment),
        "machine": describe_machine(),
        "train_seconds": round(seconds, 1),
        "think_share": mean(entry["tokens/think_share"] for entry in history),
        "alpha": [entry["alpha"] for entry in history],
        "train_loss": {key: [entry[key] for entry in history] for key in ("loss", "loss/think", "loss/result")},
        "validation": losses(trainer, validation_set),
    }


# All runs


def missing(experiment: Experiment, results: dict[str, dict]) -> list[Run]:
    """Runs to train or to test now; those of a loss's second stage are known when its first is complete."""
    rates = [Run(loss, rate, 0) for loss in LOSSES for rate in experiment.learning_rates]
    tried = tried_at_every_rate(experiment, results)
    seeds = [Run(loss, best_rate(loss, experiment, results), seed) for seed in SEEDS for loss in tried]
    untried = [run for run in rates if run.name not in results]
    return untried + [run for run in seeds if "test" not in results.get(run.name, {})]


def do_next_run(experiment: Experiment, folder: Path) -> bool:
    """Does a run that is missing, and waits for one while other processes are at all of them; says if there was one."""
    folder.mkdir(parents=True, exist_ok=True)
    while missing(experiment, read_results(folder)):
        if do_free_run(experiment, folder):
            return True
        sleep(10)
    return False


def do_free_run(experiment: Experiment, folder: Path) -> bool:
    """Does the first run that is missing and that no other process is at; says whether there was one."""
    for run in missing(experiment, read_results(folder)):
        try:
            with FileLock(folder / f"{run.name}.lock", timeout=0):
                results = read_results(folder)
                if run not in missing(experiment, results):
                    continue
                work = HERE.parent / "runs" / "first_evidence" / experiment.name / run.name
                write_json(folder / f"{run.name}.json", measure(run, experiment, work, results.get(run.name)))
                return True
        except Timeout:
            continue
    return False


def tried_at_every_rate(experiment: Experiment, results: dict[str, dict]) -> list[Loss]:
    return [loss for loss in LOSSES if all(Run(loss, rate, 0).name in results for rate in experiment.learning_rates)]


def best_rate(loss: Loss, experiment: Experiment, results: dict[str, dict]) -> float:
    return min(
        experiment.learning_rates, key=lambda rate: results[Run(loss, rate, 0).name]["validation"]["result_loss"]
    )


def at_the_edge(experiment: Experiment, results: dict[str, dict]) -> list[str]:
    """Losses whose best rate is an outermost one, of those that have been tried at every rate."""
    rates = experiment.learning_rates
    tried = tried_at_every_rate(experiment, results)
    return [loss.name for loss in tried if best_rate(loss, experiment, results) in (rates[0], rates[-1])]


def read_results(folder: Path) -> dict[str, dict]:
    return {path.stem: json.loads(path.read_text()) for path in sorted(folder.glob("*.json"))}


def report(experiment: Experiment, results: dict[str, dict]) -> str:
    rates = [
        [loss.name, f"{rate:g}", *(f"{result['validation'][key]:.3f}" for key in ("think_loss", "result_loss"))]
        for loss in LOSSES
        for rate, result in _by_rate(loss, results)
    ]
    text = f"## {experiment.name}: rates, seed 0, {experiment.validation_rows} validation rows\n\n"
    text += markdown_table(["loss", "learning rate", "think loss/token", "result loss/token"], rates)
    if edges := at_the_edge(experiment, results):
        text += (
            f"\n\nThe best rate is the smallest or largest tried, so a better one may lie beyond: {', '.join(edges)}."
        )
    keys = ("think_loss", "result_loss", "given_parses", "given_right", *FREE)
    tested = [
        [loss.name, f"{tests[0][0]:g}", len(tests), *(_spread([test[key] for _, test in tests]) for key in keys)]
        for loss in LOSSES
        if (tests := _tests(loss, results))
    ]
    text += f"\n\n## {experiment.name}: best rate of each loss, seeds, {experiment.test_rows} test rows\n\n"
    return text + markdown_table(["loss", "learning rate", "seeds", *keys], tested) + "\n"


def _by_rate(loss: Loss, results: dict[str, dict]) -> list[tuple[float, dict]]:
    """Runs with seed 0."""
    own = [one for one in results.values() if one["run"]["loss"] == asdict(loss) and one["run"]["seed"] == 0]
    return sorted(((one["run"]["learning_rate"], one) for one in own), key=itemgetter(0))


def _tests(loss: Loss, results: dict[str, dict]) -> list[tuple[float, dict]]:
    return [
        (result["run"]["learning_rate"], result["test"])
        for result in results.values()
        if "test" in result and result["run"]["loss"] == asdict(loss)
    ]


def _spread(values: list[float]) -> str:
    return f"{mean(values):.3g}" if len(values) == 1 else f"{mean(values):.3g} ± {stdev(values):.2g}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", choices=EXPERIMENTS, default="sample")
    parser.add_argument("--results", type=Path, default=HERE / "results" / "first_evidence")
    parser.add_argument("--max-runs", type=int, default=10_000, help="stop after this many trainings and tests")
    parser.add_argument("--threads", type=int, default=os.cpu_count(), help="threads of torch")
    parser.add_argument("--table", action="store_true", help="run nothing, print the table")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    experiment = EXPERIMENTS[arguments.rows]
    folder = arguments.results / experiment.name

    for _ in range(0 if arguments.table else arguments.max_runs):
        if not do_next_run(experiment, folder):
            break
    text = report(experiment, read_results(folder))
    print(text)
    if not arguments.table:
        (folder / "table.md").write_text(text)


if __name__ == "__main__":
    main()
