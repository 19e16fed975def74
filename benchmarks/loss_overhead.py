"""What does the multiscale loss cost? `SRMLTrainer` against TRL's `SFTTrainer`, and against weights on full logits.

    python benchmarks/loss_overhead.py                 # everything: ten to twenty minutes on two cores
    python benchmarks/loss_overhead.py --rounds 20     # steadier ratios

In: SmolLM2-135M-Instruct with LoRA, rows of the embedded sample joined to exactly 512 or 2,048 tokens. Out: a table and
`results/loss_overhead.json`: time per step, peak memory, and time to prepare rows, as ratios to `SFTTrainer`.

The three trainers hold the same weights and take the same batches. Time: one step of each in turn, round after round;
the ratio is the median over rounds of the ratio within a round, so that a slow moment of the machine hits all three.
Memory: each trainer alone in a fresh process, the most that its tensors take at a time.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from itertools import accumulate, chain, cycle, islice
from pathlib import Path
from statistics import median
from time import perf_counter

import torch
from common import describe_machine, write_json
from datasets import Dataset, disable_caching, disable_progress_bars, load_from_disk
from peft import LoraConfig
from torch.nn import functional
from torch.profiler import ProfilerActivity, profile
from transformers import AutoModelForCausalLM, AutoTokenizer
from trl import SFTConfig, SFTTrainer

from funreason_trl import SRMLConfig, SRMLTrainer
from funreason_trl.data.rendering import render_python
from funreason_trl.data.sample import sample_rows
from funreason_trl.evaluation.table import markdown_table
from funreason_trl.models.smollm2 import smollm2_path


RESULTS = Path(__file__).parent / "results" / "loss_overhead.json"
LENGTHS = {512: 2, 2048: 1}  # tokens in a row: rows in a batch
THINK_WEIGHT = RESULT_WEIGHT = 0.5
PREPARED_ROWS = 2000


class FullLogitsTrainer(SRMLTrainer):
    """The straightforward way: cross entropy of the full logits, each segment's mean weighed."""

    def compute_loss(self, model, inputs, return_outputs=False, num_items_in_batch=None):
        segments = inputs.pop("segments")[:, 1:]
        labels = inputs.pop("labels")[:, 1:]
        logits = model(**inputs, use_cache=False).logits[:, :-1].float()
        token_losses = functional.cross_entropy(logits.transpose(1, 2), labels, reduction="none")
        think, result = ((token_losses * (segments == segment)).sum() for segment in (1, 2))
        return THINK_WEIGHT * think / num_items_in_batch[0] + RESULT_WEIGHT * result / num_items_in_batch[1]


TRAINERS = {"SFTTrainer": SFTTrainer, "SRMLTrainer": SRMLTrainer, "full logits": FullLogitsTrainer}


def examples(count: int) -> Dataset:
    return Dataset.from_list([example for row in sample_rows(count) for example in render_python(row)])


def build(name: str, dataset: Dataset, **settings):
    config = SFTConfig if name == "SFTTrainer" else SRMLConfig
    return TRAINERS[name](
        model=AutoModelForCausalLM.from_pretrained(smollm2_path(), dtype=torch.float32),
        args=config(
            output_dir="runs/loss_overhead",
            bf16=torch.cuda.is_available(),
            report_to=[],
            gradient_checkpointing=False,
            max_length=None,
            **settings,
        ),
        train_dataset=dataset,
        processing_class=AutoTokenizer.from_pretrained(smollm2_path()),
        peft_config=LoraConfig(r=16, lora_alpha=32, target_modules="all-linear"),
    )


def fixed_length_rows(length: int, count: int) -> Dataset:
    """Rows of exactly `length` tokens, prompts untrained, joined from the sample."""
    prepared = build("SRMLTrainer", examples(64)).train_dataset
    columns = ("input_ids", "labels", "segments")
    joined = {column: cycle(chain.from_iterable(prepared[column])) for column in columns}
    return Dataset.from_list(
        [{column: list(islice(joined[column], length)) for column in columns} for _ in range(count)]
    )


def run_step(trainer, batch: dict) -> float:
    """Seconds of one optimizer step's loss, forward and backward."""
    trainer.model.train()
    trainer.model.zero_grad()
    trainer.current_gradient_accumulation_steps = 1
    _synchronize()
    started = perf_counter()
    (batch,), counts = trainer.get_batch_samples(iter([dict(batch)]), 1, trainer.args.device)
    trainer.training_step(trainer.model, batch, counts)
    _synchronize()
    return perf_counter() - started


def _synchronize() -> None:
    if torch.cuda.is_available():
        torch.cuda.synchronize()


def measure_time(length: int, rounds: int) -> dict:
    rows = fixed_length_rows(length, LENGTHS[length] * 2)
    trainers = {name: build(name, rows, per_device_train_batch_size=LENGTHS[length]) for name in TRAINERS}
    batches = {name: cycle(list(trainer.get_train_dataloader())) for name, trainer in trainers.items()}
    seconds: dict[str, list[float]] = {name: [] for name in TRAINERS}
    for number in range(rounds + 1):
        # A different one begins each round, so that none profits from its place.
        order = list(TRAINERS)[number % 3 :] + list(TRAINERS)[: number % 3]
        for name in order:
            seconds[name].append(run_step(trainers[name], next(batches[name])))
    warm = {name: values[1:] for name, values in seconds.items()}
    return {
        name: {
            "seconds": median(values),
            "ratio": median(own / base for own, base in zip(values, warm["SFTTrainer"], strict=True)),
        }
        for name, values in warm.items()
    }


def measure_memory(length: int) -> dict:
    peaks = {}
    with tempfile.TemporaryDirectory() as folder:
        fixed_length_rows(length, LENGTHS[length]).save_to_disk(folder)
        for name in TRAINERS:
            command = [sys.executable, __file__, "--memory-of", name, "--rows", folder]
            output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
            peaks[name] = json.loads(output.splitlines()[-1])
    return {name: {"gib": peak, "ratio": peak / peaks["SFTTrainer"]} for name, peak in peaks.items()}


def peak_memory(name: str, rows: Dataset) -> float:
    """GiB of the model's weights and of all tensors of a step, when they are most."""
    trainer = build(name, rows, per_device_train_batch_size=len(rows))
    batch = next(iter(trainer.get_train_dataloader()))
    run_step(trainer, batch)
    if torch.cuda.is_available():
        run_step(trainer, batch)
        return torch.cuda.max_memory_allocated() / 2**30
    # Not the resident set, which differs by several percent from run to run of the same trainer.
    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as profiler:
        run_step(trainer, batch)
    events = [event for event in profiler.profiler.kineto_results.events() if event.name() == "[memory]"]
    changes = [event.nbytes() for event in sorted(events, key=lambda event: event.start_ns())]
    weights = sum(parameter.numel() * parameter.element_size() for parameter in trainer.model.parameters())
    return (weights + max(accumulate(changes))) / 2**30


def measure_preparation(rounds: int) -> dict:
    disable_caching()
    dataset = examples(PREPARED_ROWS)
    names = ("SFTTrainer", "SRMLTrainer")
    trainers = {name: build(name, dataset.select(range(8))) for name in names}
    seconds: dict[str, list[float]] = {name: [] for name in names}
    for _ in range(rounds):
        for name, trainer in trainers.items():
            trainer.args.max_length = 1024
            started = perf_counter()
            trainer._prepare_dataset(dataset, trainer.processing_class, trainer.args, False, None, "train")
            seconds[name].append(perf_counter() - started)
    ratio = median(ours / base for ours, base in zip(seconds["SRMLTrainer"], seconds["SFTTrainer"], strict=True))
    return {name: {"seconds": median(values)} for name, values in seconds.items()} | {"ratio": ratio}


def report(results: dict) -> str:
    rows = [
        [
            length,
            name,
            f"{time[name]['seconds']:.2f}",
            f"{time[name]['ratio']:.3f}",
            f"{memory[name]['gib']:.2f}",
            f"{memory[name]['ratio']:.3f}",
        ]
        for length, (time, memory) in results["lengths"].items()
        for name in TRAINERS
    ]
    preparation = results["preparation"]
    return (
        markdown_table(["tokens", "trainer", "s/step", "time ratio", "peak GiB", "memory ratio"], rows)
        + f"\n\nPreparing {PREPARED_ROWS} rows: {preparation['SRMLTrainer']['seconds']:.2f} s against "
        f"{preparation['SFTTrainer']['seconds']:.2f} s, ratio {preparation['ratio']:.2f}.\n"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=7, help="steps of each trainer at each length")
    parser.add_argument("--memory-of", choices=TRAINERS, help=argparse.SUPPRESS)
    parser.add_argument("--rows", help=argparse.SUPPRESS)
    options = parser.parse_args()
    disable_progress_bars()
    if options.memory_of:
        print(peak_memory(options.memory_of, load_from_disk(options.rows)))
        return
    lengths = {length: (measure_time(length, options.rounds), measure_memory(length)) for length in LENGTHS}
    results = {"machine": describe_machine(), "lengths": lengths, "preparation": measure_preparation(5)}
    write_json(RESULTS, results)
    text = report(results)
    RESULTS.with_suffix(".md").write_text(text)
    print(text)


if __name__ == "__main__":
    main()
