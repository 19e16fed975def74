"""Does inspection find what is wrong? Good rows, each broken in one known way, through the five stages.

    python benchmarks/planted_defects.py               # the embedded sample and, if they are there, the real rows
    python benchmarks/planted_defects.py --rows cot    # real rows of ../shared/data that pass all rules

In: rows that are right (the sample by construction), 100 of them for each of the defects in `planted_defects_helpers`.
Out: a table and `results/planted_defects.json`: for each kind and stage, recall and precision of the rules alone, and of
the rules followed by a judge.

All rows go through the package's own runner. The judge is a script in the place of a perfect model: it is asked with the
package's prompts, knows which of them show a defect, and answers in JSON. What is missed then, or rejected wrongly, is
the fault of the plumbing or the rules, not of a judge. *Recall at the stage* asks the rule of the stage alone. For a
kind, recall is the share of its rows that any stage rejects, and precision the share of these for which it was a stage
whose business it is. An answer in words that is saved counts as kept.
"""

import argparse
import sys
from collections import Counter
from collections.abc import Iterable, Mapping
from itertools import cycle, islice
from pathlib import Path
from random import Random
from time import process_time

from common import describe_machine, write_json
from planted_defects_helpers.defects import DEFECTS, good_candidate
from planted_defects_helpers.perfect_judge import JUDGED, PerfectReader, perfect_judges

from funreason_trl.data.rows import RowError, message_calls
from funreason_trl.data.sample import sample_rows
from funreason_trl.data.sources import read_rows
from funreason_trl.evaluation.table import markdown_table
from funreason_trl.fcdr.judges import Judge, RuleJudge
from funreason_trl.fcdr.rules import RULES
from funreason_trl.fcdr.runner import inspect_all
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
    return [each for each, stage in zip(candidates, first_rejections(candidates, {}), strict=True) if stage is None]


def first_rejections(candidates: Iterable[Candidate], judges: Mapping[Stage, Judge]) -> list[Stage | None]:
    """For each candidate the stage at which the pipeline turns it down, if it does."""
    inspected = list(inspect_all(candidates, RULES, judges, progress=False))
    errors = [each.verdicts[-1].evidence for each in inspected if each.status == "error"]
    if errors:
        sys.exit(f"{len(errors)} rows were not judged; the first: {errors[0]}")
    return [None if each.status == "kept" else each.verdicts[-1].stage for each in inspected]


def plant(kind: str, good: list[Candidate], count: int) -> list[Candidate]:
    rows = [candidate.row for candidate in good if message_calls(candidate.row["messages"][-1])]
    peers: dict[frozenset[str], list[dict]] = {}
    for row in rows:
        peers.setdefault(functions(row), []).append(row)
    rng = Random(f"{kind}:0")
    broken: dict[str, Candidate] = {}
    for row in islice(cycle(rows), count * ATTEMPTS):
        other = rng.choice(peers[functions(row)] if DEFECTS[kind].same_tool else rows)
        try:
            candidate = DEFECTS[kind].plant(row, other, rng)
        except RowError:  # the other tool's name can't be written in the python form
            continue
        if candidate is not None:
            broken.setdefault(candidate.fingerprint, candidate)
        if len(broken) == count:
            break
    return list(broken.values())


def functions(row: dict) -> frozenset[str]:
    return frozenset(call.name for call in message_calls(row["messages"][-1]))


def measure(good: list[Candidate], count: int) -> dict:
    planted = {kind: plant(kind, good, count) for kind in DEFECTS}
    planted = {kind: broken for kind, broken in planted.items() if broken}
    reader = PerfectReader((each, DEFECTS[kind].stages) for kind, broken in planted.items() for each in broken)
    judges = {"rules": dict.fromkeys(JUDGED, RuleJudge()), "judge": perfect_judges(reader)}
    false = {who: Counter(filter(None, first_rejections(good, those))) for who, those in judges.items()}
    kinds: dict[str, dict] = {}
    rejected: dict[str, Counter] = {who: Counter() for who in judges}
    rightly: dict[str, Counter] = {who: Counter() for who in judges}
    for kind, broken in planted.items():
        defect = DEFECTS[kind]
        alone = sum(any(RULES[stage](each).outcome not in KEPT for stage in defect.stages) for each in broken)
        result = {"rows": len(broken), "stages": list(defect.stages), "schema": defect.schema}
        result["recall_at_stage"] = alone / len(broken)
        for who, those in judges.items():
            stages = [stage for stage in first_rejections(broken, those) if stage is not None]
            meant = [stage for stage in stages if stage in defect.stages + defect.also]
            rejected[who].update(stages)
            rightly[who].update(meant)
            result[f"{who}_recall"] = len(stages) / len(broken)
            result[f"{who}_precision"] = len(meant) / len(stages) if stages else None
        kinds[kind] = result
    return {
        "good_rows": len(good),
        "milliseconds_per_good_row": rule_milliseconds(good),
        "false_rejections": {who: sum(counts.values()) / len(good) for who, counts in false.items()},
        "answers_of_the_judge": reader.answers,
        "kinds": kinds,
        "stages": {stage: summarize(stage, kinds, rejected, rightly, false) for stage in Stage},
    }


def rule_milliseconds(good: list[Candidate]) -> float:
    """Processor time of the five rules on a row."""
    started = process_time()
    for candidate in good:
        for rule in RULES.values():
            if rule(candidate).outcome is not Outcome.PASS:
                break
    return 1000 * (process_time() - started) / len(good)


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
    header = ["defect", "rows", "stage meant", "recall at the stage", "recall: rules", "precision: rules"]
    rows = [
        [kind, each["rows"], " or ".join(each["stages"]), f"{each['recall_at_stage']:.2f}"]
        + [shown(each[f"{who}_{key}"], 2) for who in ("rules", "judge") for key in ("recall", "precision")]
        for kind, each in result["kinds"].items()
    ]
    return markdown_table([*header, "recall: with judge", "precision: with judge"], rows)


def stages_table(result: dict) -> str:
    keys = [f"{judge}_{key}" for judge in ("rules", "judge") for key in ("rejected_first", "precision", "right_stage")]
    header = ["stage", "recall, rules alone", "schema part", "rejects first: rules", "precision", "of its own kinds"]
    rows = [
        [stage, shown(each["recall"]), shown(each["recall_schema_part"]), each[keys[0]]]
        + [shown(each[key]) for key in keys[1:3]]
        + [each[keys[3]], *(shown(each[key]) for key in keys[4:])]
        for stage, each in result["stages"].items()
    ]
    return markdown_table([*header, "rejects first: with judge", "precision", "of its own kinds"], rows)


def shown(value: float | None, digits: int = 3) -> str:
    return "" if value is None else f"{value:.{digits}f}"


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
