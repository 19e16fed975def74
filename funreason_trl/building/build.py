"""From rows to a dataset on disk: copies out, five stages, splits, statistics, card.

In: canonical rows, judges, perhaps a teacher. Out: a folder that `load_dataset` and the Hub read,

    data/train-*.parquet data/rejected-*.parquet data/hard-*.parquet     README.md  funnel.png  stats.json  errors.jsonl

the same bytes whether or not the run was interrupted.
"""

import json
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from datasets import Features, List, Value

from funreason_trl.building.card import write_card
from funreason_trl.building.contamination import Contamination
from funreason_trl.building.duplicates import SeenRows
from funreason_trl.building.funnel import funnel_dict
from funreason_trl.building.lengths import Lengths
from funreason_trl.building.shards import ShardWriter
from funreason_trl.calls import CallSyntaxError, render_calls
from funreason_trl.data.rendering import render_python
from funreason_trl.data.rows import ExactJson, RowError, message_calls
from funreason_trl.fcdr.journal import Journal
from funreason_trl.fcdr.judges import Judge
from funreason_trl.fcdr.pipeline import Inspected
from funreason_trl.fcdr.rules import RULES
from funreason_trl.fcdr.runner import inspect_all
from funreason_trl.fcdr.tally import Tally
from funreason_trl.fcdr.teacher import Teacher
from funreason_trl.fcdr.verdicts import Candidate, Outcome, Stage, Verdict


SPLITS = ("train", "rejected", "hard")
_SPLIT_OF = {"kept": "train", "rejected": "rejected", "hard": "hard"}
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
    """

    rows: dict[str, int]
    tally: Tally
    left_out: Counter[str]
    lengths: dict[str, Any]


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
    with (
        Journal(output / "journal.sqlite") as journal,
        SeenRows() as seen,
        tempfile.TemporaryFile("w+", encoding="utf-8") as aside,
    ):
        candidates = _candidates(rows, seen, contamination, left_out, aside)
        inspection = inspect_all(
            candidates, RULES, judges, teacher, journal, tally=tally, total=total, progress=progress
        )
        with closing(inspection):
            for inspected in inspection:
                if inspected.status != "error":
                    writers[_SPLIT_OF[inspected.status]].add(_record(inspected))
                if inspected.status == "kept":
                    lengths.add(*_lengths(inspected.candidate.row, count_length))
        aside.seek(0)
        for line in aside:
            writers["rejected"].add(json.loads(line))
    for writer in writers.values():
        writer.finish()
    built = Built({split: writer.rows for split, writer in writers.items()}, tally, left_out, lengths.summary())
    _write_summaries(output, built, made or {})
    return built


def candidate_of(row: dict[str, Any]) -> Candidate:
    """A canonical row as a candidate: its own last answer, written in the python form."""
    try:
        text = render_python(row)[-1]["completion"][0]["content"]
    except RowError:
        text = ""  # a name that the form can't hold, which the fifth stage finds
    return Candidate(row, text)


def _candidates(
    rows: Iterable[dict[str, Any]],
    seen: SeenRows,
    contamination: Contamination | None,
    left_out: Counter[str],
    aside: IO[str],
) -> Iterator[Candidate]:
    """The rows that are to be inspected; the others go aside, with the reason."""
    for row in rows:
        reason, evidence = _why_not(row, seen, contamination)
        if not reason:
            yield candidate_of(row)
            continue
        left_out[reason] += 1
        provenance = {"left_out": reason, "evidence": evidence}
        record = {key: row[key] for key in ("messages", "tools", "id", "source")}
        aside.write(json.dumps({**record, "provenance": provenance}) + "\n")


def _why_not(row: dict[str, Any], seen: SeenRows, contamination: Contamination | None) -> tuple[str, str]:
    if contamination is not None and (benchmark := contamination.found_in(row)):
        return "contaminated", f"asks what {benchmark} asks"
    if duplicate := seen.duplicate_of(row):
        return f"{duplicate.kind} copy", f"of row {duplicate.id}"
    return "", ""


def _record(inspected: Inspected) -> dict[str, Any]:
    candidate = inspected.candidate
    provenance: dict[str, Any] = {"verdicts": [_brief(verdict) for verdict in inspected.verdicts]}
    if inspected.regenerations:
        provenance["regenerations"] = inspected.regenerations
    if candidate.details:
        provenance["answer"] = candidate.details
    if inspected.status != "kept":
        provenance["text"] = candidate.text
    return {**{key: candidate.row[key] for key in ("messages", "tools", "id", "source")}, "provenance": provenance}


def _brief(verdict: Verdict) -> dict[str, Any]:
    """The verdict without what is empty."""
    return {key: value for key, value in vars(verdict).items() if value not in ("", None)}


def _lengths(row: dict[str, Any], count: Callable[[str], int]) -> tuple[int, int]:
    answer = row["messages"][-1]
    calls = message_calls(answer)
    try:
        written = render_calls(calls) if calls else ""
    except (ValueError, CallSyntaxError):
        written = json.dumps([[call.name, call.arguments] for call in calls])
    return count(answer.get("reasoning_content", "")), count(written)


def _write_summaries(output: Path, built: Built, made: Mapping[str, str]) -> None:
    stats = {
        "rows": built.rows,
        **funnel_dict(built.tally, built.left_out),
        "lengths": built.lengths,
        "made": dict(made),
    }
    (output / "stats.json").write_text(json.dumps(stats, indent=1) + "\n", encoding="utf-8")
    write_card(output, output.name, built.rows, built.tally, built.left_out, built.lengths, made)
    errors = [
        json.dumps({"id": row_id, **_brief(verdict)}) + "\n"
        for row_id, verdict in built.tally.errors
        if verdict.outcome is Outcome.ERROR
    ]
    (output / "errors.jsonl").write_text("".join(errors), encoding="utf-8")
