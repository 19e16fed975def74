"""How time and memory of building a dataset grow with its rows, with rules alone.

    python benchmarks/build_scale.py                        # 6,000, 60,000 and 600,000 rows: half an hour on one core
    python benchmarks/build_scale.py --sizes 2000 6000      # a first look: half a minute

In: the embedded sample, replicated with seeded changes (`changed_row`), with a set share of defects and copies. The
rows of each size are written to a JSONL file beforehand, so that making them is not in the measured time; reading and
checking them is, as users read files. Copies are looked for, and contamination with as many questions as BFCL's
single-turn part has; those here are the sample's heldout ones, so that nothing is downloaded.

Each size is built in a process of its own, after 200 rows that are not timed: the first build imports matplotlib, a
second in which hundreds of rows are built. Out: a table, a picture and `results/build_scale.json`: wall and processor
time per row, and the peak of the resident memory (VmHWM, imports included).
"""

import argparse
import json
import re
import resource
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from random import Random
from time import perf_counter

from common import describe_machine, write_json
from planted_defects_helpers.defects import DEFECTS

from funreason_trl.building.build import build_dataset
from funreason_trl.building.contamination import Contamination
from funreason_trl.data.rows import RowError, message_calls
from funreason_trl.data.sample import sample_rows
from funreason_trl.data.sources import read_rows
from funreason_trl.evaluation.table import markdown_table


RESULTS = Path(__file__).parent / "results"
SIZES = (6_000, 60_000, 600_000)
BASE_ROWS = 6_000
QUESTIONS = 3_600
WARM_UP_ROWS = 200
SHARES = {"defect": 0.06, "exact copy": 0.02, "near copy": 0.02}
# Those that a row can carry; the others are in how an answer is written.
ROW_DEFECTS = (
    "unlisted tool",
    "reasoning missing",
    "reasoning cut off",
    "wrong tool",
    "missing required value",
    "extra parameter",
    "wrong type",
    "wrong value",
)
LINEAR, FLAT = 0.15, 0.20  # what the goal allows
_NAME = re.compile(r"[A-Z][a-z]{3,}(?: [A-Z][a-z]+)*")
_SYLLABLES = ("ba", "do", "fe", "gri", "ka", "lu", "mo", "ne", "pra", "ri", "so", "ta", "ul", "vi", "zo", "she")


# ----------------------------------------------------------------------------------------------------------------- rows


def scale_rows(count: int) -> Iterator[dict]:
    """The first rows are the same for every count."""
    base = list(sample_rows(BASE_ROWS))
    calling = [row for row in base if message_calls(row["messages"][-1])]
    for number in range(count):
        rng = Random(f"kind:{number}")
        kind = rng.choices([*SHARES, "good"], [*SHARES.values(), 1 - sum(SHARES.values())])[0]
        if kind == "defect":
            yield defective_row(base, calling, number, rng)
        elif number and kind in ("exact copy", "near copy"):
            yield copied_row(changed_row(base, rng.randrange(number)), number, kind)
        else:
            yield changed_row(base, number)


def changed_row(base: list[dict], number: int) -> dict:
    """
    A row of the sample that no other number gives: a made-up person asks, and the names in the values of the calls are
    made up as well, everywhere in the conversation alike.
    """
    rng, row = Random(f"row:{number}"), base[number % len(base)]
    person, place, business = name(rng), name(rng), name(rng)
    *earlier, query, answer = row["messages"]
    query = {**query, "content": f"{person} of {place} asks for {business}: {query['content']}"}
    thought = f"{person} of {place} asks for {business}. {answer['reasoning_content']}"
    text = json.dumps([*earlier, query, {**answer, "reasoning_content": thought}])
    values = [value for call in message_calls(answer) for value in call.arguments.values()]
    for value in sorted({value for value in values if isinstance(value, str) and _NAME.fullmatch(value)}):
        if f'"{value}"' not in json.dumps(row["tools"]):  # a value of an enum stays
            text = re.sub(rf"\b{value}\b", name(rng), text)
    return {**row, "messages": json.loads(text), "id": f"row-{number:06}"}


def name(rng: Random) -> str:
    return "".join(rng.choices(_SYLLABLES, k=4)).capitalize()


def defective_row(base: list[dict], calling: list[dict], number: int, rng: Random) -> dict:
    row = changed_row(calling, number)
    for kind in rng.sample(ROW_DEFECTS, len(ROW_DEFECTS)):
        try:
            broken = DEFECTS[kind].plant(row, rng.choice(calling), rng)
        except RowError:  # the other tool's name can't be written in the python form
            continue
        if broken is not None:
            return broken.row
    return row


def copied_row(row: dict, number: int, kind: str) -> dict:
    *earlier, query, answer = row["messages"]
    content = query["content"].upper() if kind == "exact copy" else f"{query['content']} Thanks!"
    return {**row, "messages": [*earlier, {**query, "content": content}, answer], "id": f"row-{number:06}"}


# -------------------------------------------------------------------------------------------------------------- measure


def measure(count: int) -> dict:
    with tempfile.TemporaryDirectory(prefix="build-scale-") as scratch:
        source = Path(scratch) / "rows.jsonl"
        with source.open("w", encoding="utf-8") as file:
            file.writelines(json.dumps(row) + "\n" for row in scale_rows(count))
        command = [sys.executable, __file__, "--build", str(source), str(Path(scratch) / "dataset")]
        built = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
        return {"rows": count, "source_mib": round(source.stat().st_size / 2**20, 1), **built}


def build(source: Path, output: Path) -> dict:
    """In a process of its own; the times begin after a first small build, which imports what is imported late."""
    contamination = Contamination(
        {"heldout": (row["messages"][0]["content"] for row in sample_rows(QUESTIONS, split="heldout"))}
    )
    build_dataset(sample_rows(WARM_UP_ROWS), output.with_name("warm-up"), progress=False)
    before, wall, processor = peak_mib(), perf_counter(), processor_seconds()
    built = build_dataset(read_rows(source), output, contamination=contamination, progress=False)
    return {
        "seconds": round(perf_counter() - wall, 2),
        "processor_seconds": round(processor_seconds() - processor, 2),
        "peak_mib": round(peak_mib(), 1),
        "peak_before_mib": round(before, 1),
        "splits": built.rows,
        "left_out": dict(built.left_out),
        "dataset_mib": round(sum(path.stat().st_size for path in (output / "data").iterdir()) / 2**20, 1),
    }


def peak_mib() -> float:
    (line,) = [line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM")]
    return int(line.split()[1]) / 2**10


def processor_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


# --------------------------------------------------------------------------------------------------------------- report


def growth(measured: list[dict]) -> dict[str, float]:
    """By how much the largest of all sizes exceeds the smallest, as a share of the smallest."""

    def spread(values: list[float]) -> float:
        return round(max(values) / min(values) - 1, 3)

    return {
        "seconds_per_row": spread([each["seconds"] / each["rows"] for each in measured]),
        "processor_seconds_per_row": spread([each["processor_seconds"] / each["rows"] for each in measured]),
        "peak_memory": spread([each["peak_mib"] for each in measured]),
    }


def report(results: dict) -> str:
    header = ["rows", "seconds", "ms a row", "processor ms a row", "peak MiB", "train", "rejected", "hard", "copies"]
    rows = [
        [
            f"{each['rows']:,}",
            f"{each['seconds']:.1f}",
            f"{1000 * each['seconds'] / each['rows']:.2f}",
            f"{1000 * each['processor_seconds'] / each['rows']:.2f}",
            f"{each['peak_mib']:.0f}",
            *(f"{each['splits'][split]:,}" for split in ("train", "rejected", "hard")),
            f"{sum(each['left_out'].values()):,}",
            f"{each['source_mib']:.0f}",
            f"{each['dataset_mib']:.0f}",
        ]
        for each in results["sizes"]
    ]
    grown = results["growth"]
    return (
        f"{markdown_table([*header, 'source MiB', 'dataset MiB'], rows)}\n\n"
        f"From the best to the worst size: time per row +{grown['seconds_per_row']:.1%} (the goal allows {LINEAR:.0%}; "
        f"processor time +{grown['processor_seconds_per_row']:.1%}), peak memory +{grown['peak_memory']:.1%} "
        f"(the goal allows {FLAT:.0%}). Copies are rows left out, and among the rejected.\n"
    )


def draw(path: Path, measured: list[dict]) -> None:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 3), layout="constrained")
    time, memory = figure.subplots(1, 2)
    rows = [each["rows"] for each in measured]
    time.loglog(rows, [each["seconds"] for each in measured], "o-", color="#4c9f70", label="measured")
    slope = measured[0]["seconds"] / rows[0]
    time.loglog(rows, [slope * count for count in rows], "--", color="#7f7f7f", label="in proportion to the smallest")
    time.set(xlabel="rows", ylabel="seconds")
    time.legend(fontsize="small")
    peaks = [each["peak_mib"] for each in measured]
    memory.semilogx(rows, peaks, "o-", color="#6fa8dc")
    memory.axhspan(min(peaks), (1 + FLAT) * min(peaks), color="#6fa8dc", alpha=0.15)
    memory.set(xlabel="rows", ylabel="peak memory, MiB", ylim=(0, 1.3 * max(peaks)))
    figure.savefig(path, dpi=110, metadata={"Software": None})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES)
    parser.add_argument(
        "--build", type=Path, nargs=2, metavar=("ROWS", "OUTPUT"), help="build once, as each size does"
    )
    parser.add_argument("--results", type=Path, default=RESULTS, help="folder for table, picture and JSON")
    options = parser.parse_args()
    if options.build:
        print(json.dumps(build(*options.build)))
        return
    measured = []
    for count in sorted(options.sizes):
        measured.append(measure(count))
        print(measured[-1], flush=True)
    results = {"machine": describe_machine(), "sizes": measured, "growth": growth(measured)}
    write_json(options.results / "build_scale.json", results)
    draw(options.results / "build_scale.png", measured)
    text = report(results)
    (options.results / "build_scale.md").write_text(text)
    print(text)


if __name__ == "__main__":
    main()
