"""From rows to a dataset on disk: copies out, five stages, splits, statistics, card.

In: canonical rows, judges, perhaps a teacher. Out: a folder that `load_dataset` and the Hub read,

    data/train-*.parquet data/rejected-*.parquet data/hard-*.parquet     README.md  funnel.png  stats.json  errors.jsonl

the same bytes whether or not the run was interrupted.
"""

import json
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from datasets import Features, List, Value

from funreason_trl.building.card import write_card
from funreason_trl.building.contamination import Contamination
from funreason_trl.building.duplicates import SeenRows
from funreason_trl.building.funnel import funnel_dict
from funreason_trl.building.lengths import Lengths
from funreason_trl.building.parts import PartNotes
from funreason_trl.building.provenance import COLUMNS, brief, record_of
from funreason_trl.building.shards import ShardWriter
from funreason_trl.calls import CallSyntaxError, render_calls
from funreason_trl.data.rendering import render_python
from funreason_trl.data.rows import ExactJson, RowError, message_calls
from funreason_trl.data.sources import ReadReport
from funreason_trl.fcdr.journal import Journal
from funreason_trl.fcdr.judges import Judge
from funreason_trl.fcdr.pipeline import MAX_REGENERATIONS, Inspected
from funreason_trl.fcdr.rules import RULES
from funreason_trl.fcdr.runner import inspect_all
from funreason_trl.fcdr.tally import Tally
from funreason_trl.fcdr.teacher import Teacher
from funreason_trl.fcdr.verdicts import Candidate, Stage
from funreason_trl.files import write_whole


SPLITS = ("train", "rejected", "hard")
SPLIT_OF = {"kept": "train", "rejected": "rejected", "hard": "hard"}
BUILT_FEATURES = Features(
    {
        "messages": List(ExactJson()),
        "tools": List(ExactJson()),
        "id": Value("string"),
        "source": Value("string"),
        "provenance": ExactJson(),
    }
)


@dataclass(frozen=True)
class Built:
    """
    What came out.

    Attributes:
        rows (`dict[str, int]`): Rows by split.
        tally (`Tally`): What became of the rows that were inspected; its `errors` are in no split.
        left_out (`Counter[str]`): Rows that were not inspected, by reason; they are in the split `rejected`.
        lengths (`dict`): Lengths of thinking and calls in `train`.
        unreadable (`dict`): How many rows of the source could not be read (`rows`), which are in no split, and why
            (`errors`, of the first hundred).
    """

    rows: dict[str, int]
    tally: Tally
    left_out: Counter[str]
    lengths: dict[str, Any]
    unreadable: dict[str, Any] = field(default_factory=lambda: {"rows": 0, "errors": []})

    def not_inspected(self) -> Counter[str]:
        """All rows that were not, by reason, for the tables."""
        unreadable = {"not readable": self.unreadable["rows"]} if self.unreadable["rows"] else {}
        return Counter({**self.left_out, **unreadable})


def build_dataset(
    rows: Iterable[dict[str, Any]],
    output: Path,
    *,
    judges: Mapping[Stage, Judge] | None = None,
    teacher: Teacher | None = None,
    contamination: Contamination | None = None,
    count_length: Callable[[str], int] = lambda text: len(text.split()),
    length_unit: str = "words",
    made: Mapping[str, str] | None = None,
    report: ReadReport | None = None,
    make_candidate: Callable[[dict[str, Any]], Candidate] | None = None,
    max_regenerations: int = MAX_REGENERATIONS,
    part: tuple[int, int] | None = None,
    total: int | None = None,
    progress: bool = True,
) -> Built:
    """
    Inspect all rows and write the dataset.

    Every answer of a judge or teacher is kept in `journal.sqlite` as it comes. A run that was ended, by whatever, is
    started again with the same arguments: it asks nothing twice, retries what came to no verdict, and writes the same
    files.

    Args:
        rows (`Iterable[dict]`): Canonical rows.
        output (`Path`): Folder to write to.
        judges (`Mapping[Stage, Judge]`, *optional*): The judge part of the stages; by default rules decide alone.
        teacher ([`~funreason_trl.fcdr.teacher.Teacher`], *optional*): Writes missing reasoning and new answers.
        contamination (`Contamination`, *optional*): Benchmarks' questions, which no row may repeat.
        count_length (`Callable[[str], int]`, *optional*): Length of a text; by default in words.
        length_unit (`str`, *optional*, defaults to `"words"`): What it counts.
        made (`Mapping[str, str]`, *optional*): How the dataset was made, for its card.
        report ([`~funreason_trl.data.sources.ReadReport`], *optional*): Filled in while `rows` are read; what could not
            be read is counted and listed beside what came to no verdict.
        make_candidate (`Callable[[dict], Candidate]`, *optional*): From a row to what is inspected; by default
            [`candidate_of`].
        max_regenerations (`int`, *optional*, defaults to `3`): How often an answer is written anew.
        part (`tuple[int, int]`, *optional*): Number of this part, from 0, and of all parts: inspect only every so many
            rows. Copies are looked for among all of them, so that no two parts keep copies of each other, and
            [`~funreason_trl.building.merging.merge_parts`] makes of the parts what one machine would have built.
        total (`int`, *optional*): Number of rows, for the remaining time.
        progress (`bool`, *optional*, defaults to `True`): Show the progress on standard error.

    Returns:
        [`Built`]

    Raises:
        EndpointGone: An endpoint stopped answering; start again when it is back.
        JournalError: The journal can't be written.
        OSError: The output can't be written, for instance because the disk is full.
    """
    output.mkdir(parents=True, exist_ok=True)
    writers = {split: ShardWriter(output, split, BUILT_FEATURES) for split in SPLITS}
    tally, left_out, lengths = Tally(), Counter[str](), Lengths(length_unit)
    if contamination is not None:  # those that were looked for and not found are told as well
        left_out.update({_asked_by(benchmark): 0 for benchmark in contamination.benchmarks})
    with (
        Journal(output / "journal.sqlite") as journal,
        SeenRows() as seen,
        tempfile.TemporaryFile("w+", encoding="utf-8") as aside,
        closing(PartNotes(output, *part)) if part is not None else nullcontext() as notes,
    ):
        sound = _sound_rows(rows, seen, contamination, left_out, aside, notes)
        inspection = inspect_all(
            map(make_candidate or candidate_of, sound),
            RULES,
            judges,
            teacher,
            journal,
            tally=tally,
            total=total,
            progress=progress,
            max_regenerations=max_regenerations,
        )
        with closing(inspection):
            for inspected in inspection:
                if inspected.status != "error":
                    writers[SPLIT_OF[inspected.status]].add(record_of(inspected))
                measured = _lengths(inspected.candidate.row, count_length) if inspected.status == "kept" else None
                if measured is not None:
                    lengths.add(*measured)
                if notes is not None:
                    _note(notes, inspected, measured)
        aside.seek(0)
        for line in aside:
            writers["rejected"].add(json.loads(line))
    for writer in writers.values():
        writer.finish()
    unreadable = _unreadable(report or ReadReport())
    rows_of = {split: writer.rows for split, writer in writers.items()}
    built = Built(rows_of, tally, left_out, lengths.summary(), unreadable)
    write_summaries(output, built, made or {})
    if notes is not None:
        notes.finish(_options(judges or {}, teacher, length_unit, made or {}) | {"unreadable": unreadable})
    return built


def candidate_of(row: dict[str, Any]) -> Candidate:
    """A canonical row as a candidate: its own last answer, written in the python form."""
    try:
        text = render_python(row)[-1]["completion"][0]["content"]
    except RowError:
        text = ""  # a name that the form can't hold, which the fifth stage finds
    return Candidate(row, text)


def _sound_rows(
    rows: Iterable[dict[str, Any]],
    seen: SeenRows,
    contamination: Contamination | None,
    left_out: Counter[str],
    aside: IO[str],
    notes: PartNotes | None,
) -> Iterator[dict[str, Any]]:
    """The rows that are to be inspected; the others go aside, with the reason. Those of other parts are seen only."""
    for row in rows:
        own = notes is None or notes.read(row)
        reason, evidence = _why_not(row, seen, contamination)
        if not own:
            continue
        if not reason:
            yield row
            continue
        left_out[reason] += 1
        if notes is not None:
            notes.left_out()
        provenance = {"left_out": reason, "evidence": evidence}
        record = {key: row[key] for key in COLUMNS}
        aside.write(json.dumps({**record, "provenance": provenance}) + "\n")


def _why_not(row: dict[str, Any], seen: SeenRows, contamination: Contamination | None) -> tuple[str, str]:
    if contamination is not None and (overlap := contamination.found_in(row)):
        return _asked_by(overlap.benchmark), f"shares with it: {overlap.words}"
    if duplicate := seen.duplicate_of(row):
        return f"{duplicate.kind} copy", f"of row {duplicate.id}"
    return "", ""


def _asked_by(benchmark: str) -> str:
    return f"asked by {benchmark}"


def _note(notes: PartNotes, inspected: Inspected, lengths: tuple[int, int] | None) -> None:
    if lengths is not None:
        notes.kept(*lengths)
    elif inspected.status == "error":
        notes.failed(str(inspected.candidate.row["id"]), inspected.verdicts[-1])
    else:
        notes.inspected(inspected.status)


def _unreadable(report: ReadReport) -> dict[str, Any]:
    errors = [
        {"place": error.place, "field": error.field, "problem": error.problem, "mend": error.mend}
        for error in report.errors
    ]
    return {"rows": report.skipped, "errors": errors}


def _options(
    judges: Mapping[Stage, Judge], teacher: Teacher | None, length_unit: str, made: Mapping[str, str]
) -> dict[str, Any]:
    """What must be the same in all parts; the descriptions hold all that answers depend on."""
    return {
        "judges": {str(stage): judge.description for stage, judge in judges.items()},
        "teacher": None if teacher is None else teacher.description,
        "length_unit": length_unit,
        "made": {key: value for key, value in made.items() if key != "shard"},
    }


def _lengths(row: dict[str, Any], count: Callable[[str], int]) -> tuple[int, int]:
    answer = row["messages"][-1]
    calls = message_calls(answer)
    try:
        written = render_calls(calls) if calls else ""
    except (ValueError, CallSyntaxError):
        written = json.dumps([[call.name, call.arguments] for call in calls])
    return count(answer.get("reasoning_content", "")), count(written)


def write_summaries(output: Path, built: Built, made: Mapping[str, str]) -> None:
    """`stats.json`, the card with its picture, and `errors.jsonl`, for shards that are in place."""
    stats = {
        "rows": built.rows,
        "unreadable": built.unreadable["rows"],
        **funnel_dict(built.tally, built.left_out),
        "lengths": built.lengths,
        "made": dict(made),
    }
    write_whole(output / "stats.json", json.dumps(stats, indent=1) + "\n")
    write_card(output, output.name, built.rows, built.tally, built.not_inspected(), built.lengths, made)
    errors = [{"unreadable": error} for error in built.unreadable["errors"]]
    errors += [{"id": row_id, **brief(verdict)} for row_id, verdict in built.tally.errors]
    lines = "".join(json.dumps(error) + "\n" for error in errors)
    write_whole(output / "errors.jsonl", lines)
