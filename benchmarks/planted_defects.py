"""Does inspection find what is wrong? Good rows, each broken in one known way, through the five stages.

    python benchmarks/planted_defects.py               # the embedded sample: half a minute on one core
    python benchmarks/planted_defects.py --rows cot    # real rows of ../shared/data that pass all rules

In: rows that are right (the sample by construction), 100 of them for each of the defects in `planted_defects_helpers`.
Out: a table and `results/planted_defects.json`: for each kind and stage, how many are found by the rules alone, and by
the rules followed by a judge.

The judge is a script that knows which defect was planted and rejects at the stage whose business it is. It stands for a
perfect model: what is still missed then, or rejected wrongly, is the fault of the rules, not of a judge. *Recall at the
stage* asks the stage alone; *found* and *by the stage meant* go through the stages in order, where the first rejection
decides. An answer in words that is saved counts as kept.
"""

import argparse
import sys
from collections import Counter
from itertools import cycle, islice
from pathlib import Path
from random import Random
from time import process_time

from common import describe_machine, write_json
from planted_defects_helpers.defects import DEFECTS, good_candidate

from funreason_trl.data.rows import RowError, message_calls
from funreason_trl.data.sample import sample_rows
from funreason_trl.data.sources import read_rows
from funreason_trl.evaluation.table import markdown_table
from funreason_trl.fcdr.rules import RULES
from funreason_trl.fcdr.verdicts import Candidate, Outcome, Stage


RESULTS = Path(__file__).parent / "results"
REAL_ROWS = Path(__file__).parents[2] / "shared" / "data" / "cot_calls.jsonl"
KEPT = (Outcome.PASS, Outcome.SAVE)
GOOD_ROWS = 3000
ATTEMPTS = 40  # per broken row that is wanted: few rows have an enum, or a partner that calls the same tool


def load_candidates(source: str) -> list[Candidate]:
    if source == "sample":
        return [good_candidate(row) for row in sample_rows(GOOD_ROWS, seed=1)]
    if not REAL_ROWS.is_file():
        sys.exit(f"{REAL_ROWS.name} is not there: use --rows sample, which needs no data")
    candidates = []
    for row in read_rows(REAL_ROWS):
        try:
            candidates.append(good_candidate(row))
        except RowError:
            continue  # calls without a python form
    return [candidate for candidate in candidates if first_rejection(candidate) is None]


def first_rejection(candidate: Candidate, meant: tuple[Stage, ...] | None = None) -> Stage | None:
    """The stage at which a candidate is rejected; with `meant`, the perfect judge is asked after each rule."""
    for stage, rule in RULES.items():
        outcome = rule(candidate).outcome
        if outcome is Outcome.SAVE:
            return stage if meant is not None and stage in meant else None
        if outcome not in KEPT or (meant is not None and stage in meant):
            return stage
    return None


def plant(kind: str, good: list[Candidate], count: int) -> list[Candidate]:
    rows = [candidate.row for candidate in good if message_calls(candidate.row["messages"][-1])]
    rng, broken = Random(f"{kind}:0"), []
    for row in islice(cycle(rows), count * ATTEMPTS):
        try:
            candidate = DEFECTS[kind].plant(row, rng.choice(rows), rng)
        except RowError:  # the other tool's name can't be written in the python form
            continue
        if candidate is not None:
            broken.append(candidate)
        if len(broken) == count:
            break
    return broken


def measure(good: list[Candidate], count: int) -> dict:
    started = process_time()
    false = {"rules": Counter(filter(None, map(first_rejection, good)))}
    milliseconds = 1000 * (process_time() - started) / len(good)
    false["judge"] = Counter(filter(None, (first_rejection(candidate, ()) for candidate in good)))
    kinds, rejected = {}, {"rules": Counter(), "judge": Counter()}
    rightly = {"rules": Counter(), "judge": Counter()}
    for kind, defect in DEFECTS.items():
        broken = plant(kind, good, count)
        if not broken:
            continue
        alone = sum(any(RULES[stage](each).outcome not in KEPT for stage in defect.stages) for each in broken)
        result = {"rows": len(broken), "stages": list(defect.stages), "schema": defect.schema}
        result["recall_at_stage"] = alone / len(broken)
        for judge, meant in (("rules", None), ("judge", defect.stages)):
            stages = [first_rejection(each, meant) for each in broken]
            rejected[judge].update(filter(None, stages))
            rightly[judge].update(stage for stage in stages if stage in defect.stages + defect.also)
            result[f"{judge}_found"] = sum(stage is not None for stage in stages) / len(broken)
            result[f"{judge}_by_stage_meant"] = sum(stage in defect.stages + defect.also for stage in stages) / len(
                broken
            )
        kinds[kind] = result
    return {
        "good_rows": len(good),
        "milliseconds_per_good_row": milliseconds,
        "false_rejections": {judge: sum(counts.values()) / len(good) for judge, counts in false.items()},
        "kinds": kinds,
        "stages": {stage: summarize(stage, kinds, rejected, rightly, false) for stage in Stage},
    }


def summarize(stage: Stage, kinds: dict, rejected: dict, rightly: dict, false: dict) -> dict:
    """Recall over the kinds that are the business of one stage; precision over all that it rejects first."""
    own = [kind for kind in kinds.values() if stage in kind["stages"]]
    schema = [kind for kind in own if kind["schema"]]
    summary = {"recall": mean_recall(own), "recall_schema_part": mean_recall(schema) if schema else None}
    for judge in ("rules", "judge"):
        total = rejected[judge][stage] + false[judge][stage]
        summary[f"{judge}_rejected_first"] = total
        summary[f"{judge}_precision"] = rejected[judge][stage] / total if total else None
        summary[f"{judge}_right_stage"] = rightly[judge][stage] / total if total else None
    return summary


def mean_recall(kinds: list[dict]) -> float:
    return sum(kind["recall_at_stage"] * kind["rows"] for kind in kinds) / sum(kind["rows"] for kind in kinds)


def report(results: dict) -> str:
    return "\n".join(
        f"Rows: {source}. {result['good_rows']} good ones, wrongly rejected by the rules "
        f"{result['false_rejections']['rules']:.3f}, by rules and judge {result['false_rejections']['judge']:.3f}; "
        f"{result['milliseconds_per_good_row']:.2f} ms of processor time for the five rules on a good row.\n\n"
        f"{kinds_table(result)}\n\n{stages_table(result)}\n"
        for source, result in results["rows"].items()
    )


def kinds_table(result: dict) -> str:
    header = ["defect", "rows", "stage meant", "recall at the stage", "found: rules", "by the stage meant: rules"]
    rows = [
        [
            kind,
            each["rows"],
            " or ".join(each["stages"]),
            f"{each['recall_at_stage']:.2f}",
            f"{each['rules_found']:.2f}",
            f"{each['rules_by_stage_meant']:.2f}",
            f"{each['judge_found']:.2f}",
            f"{each['judge_by_stage_meant']:.2f}",
        ]
        for kind, each in result["kinds"].items()
    ]
    return markdown_table([*header, "found: with judge", "by the stage meant: with judge"], rows)


def stages_table(result: dict) -> str:
    def shown(value: float | None) -> str:
        return "" if value is None else f"{value:.3f}"

    keys = [f"{judge}_{key}" for judge in ("rules", "judge") for key in ("rejected_first", "precision", "right_stage")]
    header = ["stage", "recall, rules alone", "schema part", "rejects first: rules", "precision", "of its own kinds"]
    rows = [
        [stage, shown(each["recall"]), shown(each["recall_schema_part"]), each[keys[0]]]
        + [shown(each[key]) for key in keys[1:3]]
        + [each[keys[3]], *(shown(each[key]) for key in keys[4:])]
        for stage, each in result["stages"].items()
    ]
    return markdown_table([*header, "rejects first: with judge", "precision", "of its own kinds"], rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", choices=("sample", "cot", "both"), default="both")
    parser.add_argument("--count", type=int, default=100, help="broken rows of each kind")
    options = parser.parse_args()
    sources = ("sample", "cot") if options.rows == "both" else (options.rows,)
    if options.rows == "both" and not REAL_ROWS.is_file():
        sources = ("sample",)
    results = {
        "machine": describe_machine(),
        "rows": {source: measure(load_candidates(source), options.count) for source in sources},
    }
    write_json(RESULTS / "planted_defects.json", results)
    text = report(results)
    (RESULTS / "planted_defects.md").write_text(text)
    print(text)


if __name__ == "__main__":
    main()
