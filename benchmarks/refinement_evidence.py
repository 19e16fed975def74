"""Do rounds on its own inspected answers make a small real model call better than more epochs on the teacher's rows?

    python benchmarks/refinement_evidence.py                # everything, resumable, hours on a processor
    python benchmarks/refinement_evidence.py --only data refined    # some of the steps
    python benchmarks/refinement_evidence.py --table        # only the table of what is there

In: SmolLM2-135M-Instruct; short reasoning of the embedded sample mixed with real rows of `cot_calls.jsonl` (cold start),
queries of `xlam_style.jsonl` with their calls as gold (rounds), other rows of it and of the sample's held-out tools
(test), and BFCL v4. Out: `results/refinement_evidence.json`, a table, and everything that was answered and inspected
in `runs/refinement_evidence/`.

Steps: `data`; `refined` (`funreason refine`: one epoch of multiscale loss, then two rounds, each followed by an epoch);
`control` (the same training from the end of the cold start, without the rounds: as many steps); then one step for each
model: `cold`, `round1`, `round2`, `epochs` (the control's end). A step that is done is not done again, one that was
killed goes on from its last checkpoint or answer.
"""

import argparse
import json
import random
import subprocess
import sys
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import torch
from common import describe_machine, write_json
from filelock import FileLock
from transformers import AutoTokenizer

from funreason_trl.calls import render_calls
from funreason_trl.data.rendering import render_python
from funreason_trl.data.rows import THINK_END, RowError, message_calls
from funreason_trl.data.sample import sample_rows
from funreason_trl.data.sources import read_rows
from funreason_trl.evaluation.answers import score_answer
from funreason_trl.evaluation.bfcl.asking import row_prompt
from funreason_trl.evaluation.table import markdown_table
from funreason_trl.generation import GenerationSettings, generate_all
from funreason_trl.generation.transformers_generator import TransformersGenerator
from funreason_trl.models.loading import load_for_answers
from funreason_trl.models.smollm2 import smollm2_path


HERE = Path(__file__).parent
SHARED = HERE.parents[1] / "shared" / "data"
RUN = HERE.parent / "runs" / "refinement_evidence"
RESULTS = HERE / "results" / "refinement_evidence.json"

SAMPLE_ROWS, REAL_ROWS, MAX_LENGTH = 110, 50, 660
QUERIES = {"one call": 160, "more calls": 40}
TEST_ROWS = {"one call": 40, "more calls": 20}
SAMPLE_TEST_ROWS = 40
MAX_NEW_TOKENS = 160
BFCL_CATEGORIES, BFCL_ROWS = ("simple_python", "multiple", "live_simple", "irrelevance"), 100
MODELS = {"cold": ("refined", 1), "round1": ("refined", 2), "round2": ("refined", 3), "epochs": ("control", 3)}

TRAINING = {
    "model_name_or_path": "smollm2",
    "use_peft": True,
    "lora_r": 16,
    "lora_alpha": 32,
    "lora_target_modules": "all-linear",
    "rendering": "python",
    "balance": "fixed",
    "think_weight": 0.5,
    "result_weight": 0.5,
    "learning_rate": 1.8e-3,
    "lr_scheduler_type": "cosine",
    "warmup_steps": 2,
    "per_device_train_batch_size": 2,
    "gradient_accumulation_steps": 2,
    "max_length": None,
    "gradient_checkpointing": False,
    "bf16": False,
    "use_cpu": not torch.cuda.is_available(),
    "dataloader_pin_memory": False,
    "logging_steps": 2,
    "save_strategy": "epoch",
    "seed": 0,
    "report_to": "none",
}
ROUNDS = {
    "cold_epochs": 1,
    "rounds": 2,
    "rows_per_round": sum(QUERIES.values()),
    "temperature": 0.7,
    "top_p": 1.0,
    "max_new_tokens": MAX_NEW_TOKENS,
    "chunk_size": 8,
    "mode": "mix",
    "refined_share": 0.5,
    "keep": "best",
    "judge": "rules",
}


# Data


def make_data() -> None:
    """The cold start's rows, the rounds' queries and the test rows, of which none is in two of them."""
    tokenizer = AutoTokenizer.from_pretrained(smollm2_path())
    real = [row for row in read_rows(SHARED / "cot_calls.jsonl") if _length(row, tokenizer) <= MAX_LENGTH]
    rows = [*sample_rows(SAMPLE_ROWS), *random.Random(0).sample(real, REAL_ROWS)]
    by_calls: dict[str, list[dict]] = {"one call": [], "more calls": []}
    for line in (SHARED / "xlam_style.jsonl").read_text().splitlines():
        one = len(json.loads(json.loads(line)["answers"])) == 1
        by_calls["one call" if one else "more calls"].append(json.loads(line))
    queries, test = [], []
    for kind, lines in by_calls.items():
        lines.sort(key=lambda line: len(line["tools"]))
        chosen = lines[: QUERIES[kind] + TEST_ROWS[kind]]
        random.Random(0).shuffle(chosen)
        queries += chosen[: QUERIES[kind]]
        test += chosen[QUERIES[kind] :]
    for name, records in (("rows", rows), ("queries", queries), ("test", test)):
        _write_lines(RUN / f"{name}.jsonl", records)
    _write_lines(RUN / "sample_test.jsonl", islice(sample_rows(SAMPLE_TEST_ROWS, split="heldout"), SAMPLE_TEST_ROWS))


def _length(row: dict, tokenizer) -> float:
    try:
        (example,) = render_python(row)
    except RowError:
        return float("inf")
    text = tokenizer.apply_chat_template(example["prompt"] + example["completion"], tokenize=False)
    return len(tokenizer(text)["input_ids"])


def _write_lines(path: Path, records: Iterator[dict] | list[dict]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records))


# Training


def refine(answers_per_row: int, batch_size: int) -> None:
    rounds = {**ROUNDS, "answers_per_row": answers_per_row, "batch_size": batch_size}
    output = RUN / "refined"
    settings = {**TRAINING, **rounds, "prompts": str(RUN / "queries.jsonl"), "resume_from_checkpoint": output.exists()}
    _run("funreason_trl.scripts.refine", settings, output)


def control() -> None:
    output = RUN / "control"
    own = sorted(output.glob("checkpoint-*"), key=_step)
    start = own[-1] if own else _checkpoint("refined", 1)
    settings = {**TRAINING, "num_train_epochs": 3, "resume_from_checkpoint": str(start)}
    _run("funreason_trl.scripts.train", settings, output)


def _run(module: str, settings: dict, output: Path) -> None:
    config = RUN / f"{output.name}.yaml"
    everything = {**settings, "dataset_name": str(RUN / "rows.jsonl"), "output_dir": str(output)}
    config.write_text(json.dumps(everything, indent=1))  # which is YAML too
    subprocess.run([sys.executable, "-m", module, "--config", str(config)], check=True)


def _checkpoint(run: str, epoch: int) -> Path:
    return sorted((RUN / run).glob("checkpoint-*"), key=_step)[epoch - 1] if run == "refined" else RUN / run


def _step(checkpoint: Path) -> int:
    return int(checkpoint.name.split("-")[1])


# Measuring


def measure(name: str, batch_size: int, bfcl_data: Path | None) -> dict:
    model = _checkpoint(*MODELS[name])
    folder = RUN / "eval" / name
    result = {
        "xlam": _calls_right(model, "test", batch_size),
        "sample": _calls_right(model, "sample_test", batch_size),
    }
    if bfcl_data is None:
        return result
    arguments = ["--model", model, "--benchmarks", "bfcl", "--categories", *BFCL_CATEGORIES, "--limit", BFCL_ROWS]
    arguments += ["--bfcl_data", bfcl_data, "--output", folder, "--batch_size", batch_size]
    arguments += ["--max_new_tokens", MAX_NEW_TOKENS]
    subprocess.run([sys.executable, "-m", "funreason_trl.scripts.cli", "eval", *map(str, arguments)], check=True)
    (scores,) = json.loads((folder / "scores.json").read_text())["scores"].values()
    return {**result, "bfcl": {category: scores[category] for category in BFCL_CATEGORIES}}


def _calls_right(model: Path, rows_name: str, batch_size: int) -> dict:
    rows = list(read_rows(RUN / f"{rows_name}.jsonl"))
    generator = TransformersGenerator(*load_for_answers(str(model)), batch_size)
    prompts = [row_prompt(row, "python") for row in rows]
    answers = generate_all(generator, prompts, GenerationSettings(max_new_tokens=MAX_NEW_TOKENS), rows_name)
    texts = [answer.texts[0] for answer in answers]
    scores = [score_answer(text, row) for text, row in zip(texts, rows, strict=True)]
    _write_lines(
        RUN / "eval" / f"{model.parent.name}-{model.name}-{rows_name}.jsonl",
        [
            {"id": row["id"], "right": s.right, "answer": t, "gold": render_calls(message_calls(row["messages"][-1]))}
            for row, s, t in zip(rows, scores, texts, strict=True)
        ],
    )
    return {"rows": len(rows), "parsed": sum(s.parsed for s in scores), "right": sum(s.right for s in scores)}


# All steps


def do_step(name: str, arguments: argparse.Namespace) -> None:
    """Does a step that has not been done and that no other process is at, and writes what came of it."""
    done = RUN / "steps" / f"{name}.json"
    done.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(done.with_suffix(".lock")):
        if done.exists():
            return
        print(f"== {name}", flush=True)
        result = {}
        if name == "data":
            make_data()
        elif name == "refined":
            refine(arguments.answers, arguments.batch_size)
        elif name == "control":
            control()
        else:
            result = measure(name, arguments.batch_size, arguments.bfcl_data)
        write_json(done, {"machine": describe_machine(), **result})


def collect() -> dict:
    """What the steps that are done have found."""
    measured = {path.stem: json.loads(path.read_text()) for path in (RUN / "steps").glob("*.json")}
    lines = RUN / "refined" / "refinement" / "refinement.jsonl"
    return {
        "training": TRAINING,
        "rounds": ROUNDS,
        "machine": describe_machine(),
        "models": {name: {**measured[name], **_closed(name)} for name in MODELS if name in measured},
        "refinement": [_without_paths(json.loads(line)) for line in lines.read_text().splitlines()]
        if lines.exists()
        else [],
    }


def _closed(name: str) -> dict:
    """How many of a model's answers to BFCL end their thought before they are cut off."""
    texts = [
        answer["texts"][0]
        for path in (RUN / "eval" / name / "answers").glob("*/bfcl-python.jsonl")
        for answer in map(json.loads, path.read_text().splitlines())
        if "texts" in answer
    ]
    return {"bfcl_closed": sum(THINK_END in text for text in texts), "bfcl_answers": len(texts)} if texts else {}


def _without_paths(line: dict) -> dict:
    """A round's configuration names this machine's folders, and stands above."""
    return {name: value for name, value in line.items() if name != "config"}


def report(found: dict) -> str:
    """Right calls of each model, and the funnel of each round."""
    measured = [
        [name, _share(result["xlam"]), _share(result["sample"]), *_bfcl_cells(result)]
        for name, result in found["models"].items()
    ]
    heads = ["model", "xlam_style", "sample, new tools", *BFCL_CATEGORIES, "BFCL, all rows", "closed thoughts"]
    text = markdown_table(heads, measured) + "\n"
    for line in found["refinement"]:
        rows = [
            [
                stage,
                *map(str, counts["verdicts"].values()),
                ", ".join(f"{why} {n}" for why, n in counts["reasons"].items()),
            ]
            for stage, counts in line["funnel"].items()
        ]
        verdicts = list(next(iter(line["funnel"].values()))["verdicts"])
        text += f"\nRound {line['round']}: {json.dumps(line['figures'])}\n\n"
        text += markdown_table(["stage", *verdicts, "most frequent reasons"], rows) + "\n"
    return text


def _bfcl_cells(result: dict) -> list[str]:
    if "bfcl" not in result:
        return ["not measured"] * (len(BFCL_CATEGORIES) + 2)
    found = [result["bfcl"][category] for category in BFCL_CATEGORIES]
    right = sum(round(score["accuracy"] * score["count"]) for score in found)
    return [
        *(f"{score['accuracy']:.0%}" for score in found),
        f"{right} of {sum(score['count'] for score in found)}",
        f"{result['bfcl_closed']} of {result['bfcl_answers']}",
    ]


def _share(counts: dict) -> str:
    return f"{counts['right']} of {counts['rows']} right, {counts['parsed']} parse"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    steps = ["data", "refined", "control", *MODELS]
    parser.add_argument("--only", nargs="+", choices=steps, default=steps)
    parser.add_argument("--answers", type=int, default=4, help="to each query")
    parser.add_argument("--batch-size", type=int, default=32)
    parser.add_argument("--bfcl-data", type=Path, help="wheel or folder of bfcl-eval; without it BFCL is left out")
    parser.add_argument("--table", action="store_true", help="run nothing, print the table")
    arguments = parser.parse_args()
    for name in [] if arguments.table else arguments.only:
        do_step(name, arguments)
    found = collect()
    write_json(RESULTS, found)
    print(report(found))


if __name__ == "__main__":
    main()
