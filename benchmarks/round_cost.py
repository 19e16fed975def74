"""What does a round of self-refinement cost beside generating, and does memory grow from round to round?

    python benchmarks/round_cost.py                 # SmolLM2-135M, some ten minutes on two cores
    python benchmarks/round_cost.py --model tiny    # a model that is made on the spot, seconds

In: rows of the embedded sample, an `SRMLTrainer` with a `RefinementCallback`. Out: a table and
`results/round_cost.json`:

- tokens a second of a round's rollouts, against `generate_all` with the same generator, prompts and settings, in turn;
- the parts of a round: rollout, inspection (most of it while the next chunk is rolled out), what is left of it at the end
  (`waiting`), and all else (tokenizing, writing, changing the pool);
- resident memory after each of ten rounds that replace every row, in a process of its own with a tiny model and a
  generator of right answers.
"""

import argparse
import gc
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from statistics import median
from time import perf_counter
from unittest import mock

import torch
from common import describe_machine, write_json
from datasets import Dataset
from transformers import AutoModelForCausalLM, AutoTokenizer

from funreason_trl import SRMLConfig, SRMLTrainer
from funreason_trl.data.rendering import render_python
from funreason_trl.data.sample import sample_rows
from funreason_trl.evaluation.bfcl.asking import row_prompt
from funreason_trl.evaluation.table import markdown_table
from funreason_trl.generation import Generated, GenerationSettings, Prompt, generate_all
from funreason_trl.generation.transformers_generator import TransformersGenerator
from funreason_trl.models.smollm2 import smollm2_path
from funreason_trl.models.tiny import build_tiny_model
from funreason_trl.refinement import RefinementCallback, RefinementConfig


RESULTS = Path(__file__).parent / "results" / "round_cost.json"
MEMORY_ROUNDS = 10
CHUNKS = 3  # of a round, or fewer where whole batches make them larger: while one is inspected, the next is rolled out


def refining_trainer(model: str, rows: list[dict], config: RefinementConfig, folder: str) -> SRMLTrainer:
    arguments = SRMLConfig(
        folder,
        max_length=None,
        gradient_checkpointing=False,
        bf16=False,
        use_cpu=not torch.cuda.is_available(),
        report_to=[],
        disable_tqdm=True,
    )
    return SRMLTrainer(
        AutoModelForCausalLM.from_pretrained(model, dtype=torch.float32),
        arguments,
        train_dataset=Dataset.from_list([render_python(row)[-1] for row in rows]),
        processing_class=AutoTokenizer.from_pretrained(model),
        callbacks=[RefinementCallback(config)],
    )


def callback_of(trainer: SRMLTrainer) -> RefinementCallback:
    (callback,) = [one for one in trainer.callback_handler.callbacks if isinstance(one, RefinementCallback)]
    return callback


def measure_rounds(model: str, count: int, repeats: int, max_new_tokens: int) -> list[dict]:
    rows = list(islice(sample_rows(10_000), count))
    config = RefinementConfig(
        rows_per_round=count,
        answers_per_row=2,
        max_new_tokens=max_new_tokens,
        batch_size=16,
        chunk_size=-(-count // CHUNKS),
        hard_first=False,
        shown=0,
    )
    measured = []
    with tempfile.TemporaryDirectory() as folder:
        trainer = refining_trainer(model, rows, config, folder)
        callback = callback_of(trainer)
        generator = TransformersGenerator(trainer.model, trainer.processing_class, config.batch_size)
        for number in range(1, repeats + 1):
            line = callback.play(number, trainer.state)
            figures = line["figures"]
            seconds = {part: figures[f"seconds/{part}"] for part in ("rollout", "inspection", "waiting")}
            started = perf_counter()
            answers = generate_all(generator, [row_prompt(row, "python") for row in rows], config.settings(number))
            plain = perf_counter() - started
            tokens = sum(sum(answer.tokens) for answer in answers)
            measured.append(
                {
                    **seconds,
                    "else": line["seconds"] - seconds["rollout"] - seconds["waiting"],
                    "tokens": figures["tokens"],
                    "tokens_per_second": figures["tokens"] / seconds["rollout"],
                    "plain_tokens_per_second": tokens / plain,
                }
            )
    return measured


class RightAnswers:
    """The rows' own answers with a thought more, another one in each round."""

    def __init__(self, rows: list[dict]):
        self.answers = {row_prompt(row, "python").fingerprint: render_python(row)[-1]["completion"] for row in rows}
        self.description = {"way": "right answers"}

    def generate(self, prompts: Sequence[Prompt], settings: GenerationSettings) -> Iterator[Generated]:
        for index, prompt in enumerate(prompts):
            text = self.answers[prompt.fingerprint][0]["content"]
            text = text.replace("</think>", f" That is settled, by seed {settings.seed}.</think>")
            yield Generated(index, (text,), (len(text),), (True,))


def play_for_memory(folder: str) -> None:
    """Prints the resident memory after each round, in MiB."""
    rows = list(islice(sample_rows(10_000), 200))
    texts = (message["content"] for row in rows for example in render_python(row) for message in example["prompt"])
    model = build_tiny_model(texts, Path(folder) / "model")
    config = RefinementConfig(
        rows_per_round=200, answers_per_row=1, temperature=0.0, max_new_tokens=8, batch_size=50, shown=0
    )
    trainer = refining_trainer(str(model), rows, config, folder)
    callback = callback_of(trainer)
    with mock.patch("funreason_trl.refinement.callback.make_generator", lambda *_: RightAnswers(rows)):
        _play_and_print(callback, trainer)


def _play_and_print(callback: RefinementCallback, trainer: SRMLTrainer) -> None:
    for number in range(1, MEMORY_ROUNDS + 1):
        line = callback.play(number, trainer.state)
        assert line["replaced"] > 100, line
        gc.collect()
        status = Path("/proc/self/status").read_text()
        print("MiB", int(status.split("VmRSS:")[1].split()[0]) / 1024, flush=True)


def measure_memory() -> list[float]:
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, __file__, "--memory", folder]
        output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return [float(line.split()[1]) for line in output.splitlines() if line.startswith("MiB")]


def report(results: dict) -> str:
    header = ["round", "tokens", "rollout s", "inspection s", "waiting s", "all else s", "tokens/s", "plain", "ratio"]
    rows = [
        [
            number,
            one["tokens"],
            *(f"{one[part]:.2f}" for part in ("rollout", "inspection", "waiting", "else")),
            f"{one['tokens_per_second']:.1f}",
            f"{one['plain_tokens_per_second']:.1f}",
            f"{one['tokens_per_second'] / one['plain_tokens_per_second']:.3f}",
        ]
        for number, one in enumerate(results["rounds"], start=1)
    ]
    ratios = [one["tokens_per_second"] / one["plain_tokens_per_second"] for one in results["rounds"]]
    inspections = [one["inspection"] / one["rollout"] for one in results["rounds"]]
    memory = results["memory_mib"]
    return (
        f"{markdown_table(header, rows)}\n\n"
        f"Median: {median(ratios):.3f} of plain generation, inspection {median(inspections):.2%} of the rollouts' time.\n"
        f"Resident memory, tiny model: {memory[0]:.0f} MiB after the first round, {memory[-1]:.0f} MiB after round "
        f"{len(memory)} ({memory[-1] / memory[0] - 1:+.1%}).\n"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="smollm2", choices=["smollm2", "tiny"])
    parser.add_argument("--rows", type=int, default=36, help="queries of a round, each answered twice")
    parser.add_argument("--repeats", type=int, default=3, help="rounds")
    parser.add_argument("--max-new-tokens", type=int, default=64, help="longest answer")
    parser.add_argument("--results", type=Path, default=RESULTS, help="JSON to write; the table goes beside it")
    parser.add_argument("--memory", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.memory:
        play_for_memory(options.memory)
        return
    with tempfile.TemporaryDirectory() as folder:
        model = smollm2_path()
        if options.model == "tiny":
            texts = (m["content"] for row in sample_rows(50) for e in render_python(row) for m in e["prompt"])
            model = build_tiny_model(texts, Path(folder) / "model")
        rounds = measure_rounds(str(model), options.rows, options.repeats, options.max_new_tokens)
    results = {
        "machine": describe_machine(),
        "model": options.model,
        "queries": options.rows,
        "rounds": rounds,
        "memory_mib": measure_memory(),
    }
    write_json(options.results, results)
    text = report(results)
    options.results.with_suffix(".md").write_text(text)
    print(text)


if __name__ == "__main__":
    main()
