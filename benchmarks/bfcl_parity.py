"""Does our BFCL checker give the official verdicts, answer by answer, and how fast are both?

    python benchmarks/bfcl_parity.py                           # 60,000 spoiled answers, a few minutes on one core
    python benchmarks/bfcl_parity.py --results runs/smollm2    # a model's answers too, in the official layout

In: BFCL's 3,641 single-turn rows. Out: a table and `results/bfcl_parity.json`: every answer on which the verdicts
differ, by category and cause; answers a second of both checkers. The exit code is 1 if there is a difference without
a known reason.

Three sets of answers: the possible answers, rendered; seeded mutations of them; answers of models. The official
checker lives in an environment of its own, which the first run makes, and judges in a process of its own. Where it
raises an exception its whole run ends, so there is no verdict to match: ours must be "wrong" there. Where it would run
an answer as code it is not asked; bounded arithmetic on literals is no such case, and is compared.
"""

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import median

from bfcl_parity_helpers.calls import render, right_calls
from bfcl_parity_helpers.comparison import Comparison, as_json, compare, report
from bfcl_parity_helpers.environment import OFFICIAL, official_environment, package_of
from bfcl_parity_helpers.execution import HARMLESS, execution_of
from bfcl_parity_helpers.mutations import mutated_answers
from bfcl_parity_helpers.processes import CHECKERS, Answer, Verdict, judge, time_passes
from common import describe_machine, write_json

from funreason_trl.evaluation.bfcl.data import load_bfcl
from funreason_trl.evaluation.bfcl.rows import BfclRow
from funreason_trl.evaluation.table import markdown_table


RESULTS = Path(__file__).parent / "results" / "bfcl_parity.json"
# Of the 2,501 rows with possible answers; the others' can't be written so that the official checker takes them.
EXPECTED_RIGHT = 2484
# A pass takes a second or more, so that the timer and the machine's moods matter little; small sets are repeated.
FEWEST_TIMED = 20_000


def rendered_answers(rows: Sequence[BfclRow]) -> list[Answer]:
    return [
        Answer(row.category, row.id, render(right_calls(row), row.language, row))
        for row in rows
        if row.possible_answers
    ]


def model_answers(folder: Path, rows: Sequence[BfclRow]) -> Iterator[Answer]:
    """Answers in the official layout, `BFCL_v4_<category>_result.json` at any depth; native calls are no text."""
    categories = {row.id: row.category for row in rows}
    for file in sorted(folder.rglob("BFCL_v4_*_result.json")):
        for line in filter(str.strip, file.read_text(encoding="utf-8").split("\n")):
            record = json.loads(line)
            if record["id"] in categories and isinstance(record["result"], str):
                yield Answer(categories[record["id"]], record["id"], record["result"])


def compare_set(environment: Path, answers: Sequence[Answer]) -> tuple[Comparison, list[Answer]]:
    """The comparison, and the answers that both were asked."""
    executions = [execution_of(answer.category, answer.text) for answer in answers]
    harmless = [execution in HARMLESS for execution in executions]
    asked = [answer for answer, fine in zip(answers, harmless, strict=True) if fine]
    verdicts = iter(judge("official", environment, asked))
    official: list[Verdict | None] = [next(verdicts) if fine else None for fine in harmless]
    return compare(answers, executions, official, judge("ours", environment, answers)), asked


def measure(environment: Path, answers: Sequence[Answer], rounds: int) -> dict:
    """
    Answers a second of processor time, which other work on the machine disturbs less than the clock's.

    The ratio is the median over rounds of the ratio within a round.
    """
    answers = [*answers] * -(-FEWEST_TIMED // len(answers))
    seconds = time_passes(environment, answers, rounds)
    ratios = [theirs / own for theirs, own in zip(seconds["official"], seconds["ours"], strict=True)]
    rates = {checker: len(answers) / median(seconds[checker]) for checker in CHECKERS}
    return {"answers": len(answers), "rounds": rounds, "per_second": rates, "ratio": median(ratios), "ratios": ratios}


def speed_table(speeds: dict[str, dict]) -> str:
    lines = [
        [
            name,
            speed["answers"],
            *(f"{speed['per_second'][checker]:,.0f}" for checker in CHECKERS),
            f"{speed['ratio']:.2f}",
        ]
        for name, speed in speeds.items()
    ]
    header = ["answers", "number", "official: answers/s", "ours: answers/s", "ours / official"]
    return (
        "### Throughput, decoding and checking, one process each, processor time\n\n"
        + markdown_table(header, lines)
        + "\n"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mutations", type=int, default=60_000, help="spoiled answers")
    parser.add_argument("--seed", type=int, default=0, help="of the mutations")
    parser.add_argument("--results", type=Path, action="append", default=[], help="folder of a model's result files")
    parser.add_argument("--rounds", type=int, default=5, help="timed passes of each checker; 0 for none")
    options = parser.parse_args()

    environment = official_environment()
    rows = load_bfcl(package_of(environment))
    sets = {
        "possible answers": rendered_answers(rows),
        "mutations": list(mutated_answers(rows, options.mutations, options.seed)),
    }
    for folder in options.results:
        if not (answers := list(model_answers(folder, rows))):
            parser.error(f"--results {folder}: no BFCL_v4_<category>_result.json with answers as text below it")
        sets[f"answers of {folder.name}"] = answers

    comparisons, speeds = {}, {}
    for name, answers in sets.items():
        comparisons[name], asked = compare_set(environment, answers)
        if options.rounds:
            speeds[name] = measure(environment, asked, options.rounds)
    right = sum(counts["right"] for counts in comparisons["possible answers"].categories.values())
    text = "\n".join(
        [
            f"{OFFICIAL} and our checker agree that {right} of {len(sets['possible answers'])} rendered possible "
            f"answers are right (expected: {EXPECTED_RIGHT}).\n",
            *(report(name, comparison) for name, comparison in comparisons.items()),
            *([speed_table(speeds)] if speeds else []),
        ]
    )
    write_json(
        RESULTS,
        {
            "machine": describe_machine(),
            "official": OFFICIAL,
            "seed": options.seed,
            "sets": {name: as_json(comparison) for name, comparison in comparisons.items()},
            "throughput": speeds,
        },
    )
    RESULTS.with_suffix(".md").write_text(text)
    print(text)
    if right != EXPECTED_RIGHT or any(comparison.differences for comparison in comparisons.values()):
        sys.exit(1)


if __name__ == "__main__":
    main()
