"""Are more calls right given the gold thinking, the more the result weighs? The adapters of one seed on many more rows.

    python benchmarks/given_thinking.py --seed 2           # resumable; two processes share the adapters
    python benchmarks/given_thinking.py --seed 2 --table   # only the table of what is there

In: the adapters that `first_evidence.py --rows cot-short` trained with the seed, each loss at its best rate, and the
rows of `cot_calls.jsonl` (../shared/data) that were too long for that training: more than 768 and at most 1,280 tokens.
Out: one JSON for each adapter in `results/given_thinking/`, with the verdict of every row, and a table in which each
loss is compared with plain SFT row by row (two-sided sign test over the rows where just one of the two is right).
"""

import argparse
import json
import os
import sys
from dataclasses import replace
from math import comb
from pathlib import Path

import torch
from common import describe_machine, write_json
from filelock import FileLock, Timeout
from first_evidence import (
    BATCH_SIZE,
    COT_CALLS,
    EXPERIMENTS,
    HERE,
    LOSSES,
    Run,
    answers_given_thinking,
    best_rate,
    fitting,
    read_results,
)
from peft import PeftModel
from transformers import AutoModelForCausalLM, AutoTokenizer

from funreason_trl.data.sources import read_rows
from funreason_trl.evaluation.answers import score_answer
from funreason_trl.evaluation.table import markdown_table
from funreason_trl.generation.transformers_generator import TransformersGenerator
from funreason_trl.models.smollm2 import smollm2_path


SHORT = EXPERIMENTS["cot-short"]
LONGEST = 1280  # tokens
DTYPE = torch.bfloat16  # on every machine, so that adapters answered on different machines can be compared
RESULTS = HERE / "results" / "given_thinking"


def longer_rows(tokenizer) -> list[dict]:
    """Rows with more tokens than any row of the training, validation and test of `cot-short`."""
    short = {row["id"] for row in fitting(read_rows(COT_CALLS), tokenizer, SHORT)}
    up_to_longest = fitting(read_rows(COT_CALLS), tokenizer, replace(SHORT, max_length=LONGEST))
    return [row for row in up_to_longest if row["id"] not in short]


def runs(seed: int) -> list[Run]:
    trained = read_results(HERE / "results" / "first_evidence" / SHORT.name)
    return [Run(loss, best_rate(loss, SHORT, trained), seed) for loss in LOSSES]


def measure(adapter: Path) -> dict:
    """Verdicts of an adapter's calls, in the order of the rows."""
    tokenizer = AutoTokenizer.from_pretrained(smollm2_path())
    model = AutoModelForCausalLM.from_pretrained(smollm2_path(), dtype=torch.float32)
    model = PeftModel.from_pretrained(model, adapter).merge_and_unload().to(DTYPE).eval()
    rows = longer_rows(tokenizer)
    answers = answers_given_thinking(TransformersGenerator(model, tokenizer, BATCH_SIZE), rows)
    scores = [score_answer(answer, row) for answer, row in zip(answers, rows, strict=True)]
    return {
        "machine": describe_machine(),
        "dtype": str(DTYPE).removeprefix("torch."),
        "ids": [row["id"] for row in rows],
        "parsed": [score.parsed for score in scores],
        "right": [score.right for score in scores],
    }


def measure_free_adapters(runs: list[Run], adapters: Path) -> None:
    """Measures every adapter that has no result yet and that no other process is at."""
    for run in runs:
        adapter, result = adapters / run.name / "model", RESULTS / f"{run.name}.json"
        if result.exists():
            continue
        if not adapter.is_dir():
            print(f"{adapter} is missing: first_evidence.py --rows {SHORT.name} trains it", flush=True)
            continue
        try:
            with FileLock(result.with_suffix(".lock"), timeout=0):
                if not result.exists():
                    print(f"answering with {run.name}", flush=True)
                    write_json(result, measure(adapter))
        except Timeout:
            continue


def report(runs: list[Run], results: dict[str, dict]) -> str:
    """Each run against the first, which is plain SFT."""
    plain = results[runs[0].name]["right"]
    measured = [(run.loss.name, results[run.name]) for run in runs if run.name in results]
    lines = [
        [name, sum(result["parsed"]), sum(result["right"]), *compare(result["right"], plain)]
        for name, result in measured
    ]
    header = ["loss", "parses", f"right of {len(plain)}", "right alone", "plain SFT alone", "p"]
    return f"## given thinking: seed {runs[0].seed}\n\n{markdown_table(header, lines)}\n"


def compare(right: list[bool], plain: list[bool]) -> tuple[int, int, str]:
    """Rows that only the one and only the other has right, and the two-sided p of so uneven a split by chance."""
    alone = sum(mine > theirs for mine, theirs in zip(right, plain, strict=True))
    plain_alone = sum(mine < theirs for mine, theirs in zip(right, plain, strict=True))
    total = alone + plain_alone
    tail = sum(comb(total, k) for k in range(min(alone, plain_alone) + 1)) / 2**total
    return alone, plain_alone, f"{min(1.0, 2 * tail):.2g}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=2, help="seed of the trainings")
    parser.add_argument("--adapters", type=Path, default=HERE.parent / "runs" / "first_evidence" / SHORT.name)
    parser.add_argument("--threads", type=int, default=os.cpu_count(), help="threads of torch")
    parser.add_argument("--table", action="store_true", help="run nothing, print the table")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    RESULTS.mkdir(parents=True, exist_ok=True)
    of_seed = runs(arguments.seed)

    if not arguments.table:
        measure_free_adapters(of_seed, arguments.adapters)
    results = {path.stem: json.loads(path.read_text()) for path in RESULTS.glob("*.json")}
    if of_seed[0].name not in results:
        sys.exit("There is no result of plain SFT yet, which the others are compared with.")
    text = report(of_seed, results)
    print(text)
    if not arguments.table:
        (RESULTS / f"table-seed{arguments.seed}.md").write_text(text)


if __name__ == "__main__":
    main()
