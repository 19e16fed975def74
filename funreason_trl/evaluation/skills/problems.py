"""The problems of HumanEval and MBPP, and of their extensions HumanEval+ and MBPP+.

In: a file (.jsonl, .json, either gzipped, .parquet), a folder or the name of a dataset on the Hub, as published:

| benchmark | published as | read with |
|---|---|---|
| HumanEval | `HumanEval.jsonl.gz`; `openai/openai_humaneval` | [`load_humaneval`] |
| HumanEval+ | `evalplus/humanevalplus` (its `test` is a ready program) | [`load_humaneval`] |
| MBPP | `mbpp.jsonl`, `sanitized-mbpp.json`; `google-research-datasets/mbpp` | [`load_mbpp`] |
| MBPP+ | `evalplus/mbppplus` (its `test` is a ready program) | [`load_mbpp`] |

Out: a [`CodeProblem`] for each row. EvalPlus's own release files (`HumanEvalPlus.jsonl.gz` with `plus_input`) hold inputs
without the expected results and are refused: the datasets above are the same problems with the results worked out.
"""

import gzip
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from datasets import load_dataset

from funreason_trl.data.rows import RowError
from funreason_trl.tools.normalize import brief


# The authors' splits of MBPP, by task number (arXiv 2108.07732, section 2.1).
MBPP_SPLITS = {
    "prompt": range(1, 11),
    "test": range(11, 511),
    "validation": range(511, 601),
    "train": range(601, 975),
}
_JSON_SUFFIXES = (".jsonl", ".json", ".jsonl.gz", ".json.gz")
_DEFINITION = re.compile(r"^(?:async[ \t]+)?(?:def|class)[ \t]+(\w+)", re.MULTILINE)


@dataclass(frozen=True)
class CodeProblem:
    """
    A function to write, and what shows whether it is right.

    Attributes:
        id (`str`): `"HumanEval/0"`, `"Mbpp/11"`.
        task (`str`): What to do, in words; empty where `head` says it.
        head (`str`): The start of the function, up to its docstring, that the answer goes on from; empty for MBPP.
        entry_point (`str`): Name of the function.
        shown_tests (`tuple[str, ...]`): Assertions that the model gets to see (MBPP: how else to know the name?).
        tests (`str`): Code to run after the answer; raises if the answer is wrong.
        solution (`str`): The published answer, whole.
    """

    id: str
    task: str
    head: str
    entry_point: str
    shown_tests: tuple[str, ...]
    tests: str
    solution: str


def load_humaneval(source: str | Path) -> list[CodeProblem]:
    """
    Read HumanEval (164 problems) or HumanEval+.

    Args:
        source (`str` or `Path`): A file, a folder, or the name of a Hub dataset (of which the split `test` is read).

    Returns:
        `list[CodeProblem]`: In the order of the file.

    Raises:
        `FileNotFoundError`: The file is not there.
        `RowError`: A row of another shape; says where, and what is missing.
    """
    return [_humaneval_problem(record, place) for place, record in _records(source, "test")]


def load_mbpp(source: str | Path, split: str = "test") -> list[CodeProblem]:
    """
    Read MBPP (974 problems, 500 of them for testing), its hand-checked part, or MBPP+.

    Args:
        source (`str` or `Path`): A file, a folder, or the name of a Hub dataset.
        split (`str`, *optional*, defaults to `"test"`):
            One of the authors' splits: `"test"` (task numbers 11 to 510), `"train"`, `"validation"` or `"prompt"`.
            MBPP+ takes its rows from several of them and has one split of its own, `"test"`.

    Returns:
        `list[CodeProblem]`: In the order of the file.

    Raises:
        `FileNotFoundError`: The file is not there.
        `ValueError`: No such split.
        `RowError`: A row of another shape; says where, and what is missing. Also if no row is of the split.
    """
    if split not in MBPP_SPLITS:
        raise ValueError(f"split={split!r}: use one of {', '.join(MBPP_SPLITS)}")
    numbers = MBPP_SPLITS[split]
    problems = [
        _mbpp_problem(record, place)
        for place, record in _records(source, split)
        if ("test" in record and split == "test") or _task_number(record, place) in numbers
    ]
    if not problems:
        problem = f"no row of the split {split!r} (numbers {numbers.start} to {numbers.stop - 1})"
        raise RowError("task_id", problem, "name another split", str(source))
    return problems


# -------------------------------------------------------------------------------------------------------- single rows


def _humaneval_problem(record: dict, place: str) -> CodeProblem:
    _expect(record, ("task_id", "prompt", "entry_point", "canonical_solution", "test"), place)
    return CodeProblem(
        id=str(record["task_id"]),
        task="",
        head=record["prompt"],
        entry_point=record["entry_point"],
        shown_tests=(),
        tests=f"{record['test']}\n\ncheck({record['entry_point']})\n",
        solution=record["prompt"] + record["canonical_solution"],
    )


def _mbpp_problem(record: dict, place: str) -> CodeProblem:
    task = "text" if "text" in record else "prompt"  # the name in the hand-checked part and in MBPP+
    _expect(record, ("task_id", task, "code", "test_list"), place)
    shown = tuple(record["test_list"])
    imports = "\n".join(record.get("test_imports") or ())
    # The set-up may use classes of the answer, so it comes after it.
    checks = record.get("test") or "\n".join((record.get("test_setup_code") or "", *shown))
    solution = record["code"].replace("\r\n", "\n")
    return CodeProblem(
        id=f"Mbpp/{_task_number(record, place)}",
        task=record[task],
        head="",
        entry_point=_tested_name(solution, shown, place),
        shown_tests=shown,
        tests=f"{imports}\n{checks}\n".lstrip("\n"),
        solution=solution,
    )


def _tested_name(solution: str, tests: tuple[str, ...], place: str) -> str:
    """Which of the functions that the solution defines the first test calls."""
    for name in reversed(_DEFINITION.findall(solution)):
        if re.search(rf"\b{name}\s*\(", tests[0]):
            return name
    raise RowError("code", f"defines nothing that {brief(tests[0])} calls", "repair the row", place)


def _task_number(record: dict, place: str) -> int:
    _expect(record, ("task_id",), place)
    number = str(record["task_id"]).rpartition("/")[2]
    if not number.isdecimal():
        raise RowError("task_id", f"{brief(record['task_id'])} has no number", "give MBPP's own rows", place)
    return int(number)


def _expect(record: dict, fields: tuple[str, ...], place: str) -> None:
    if "plus_input" in record:
        mend = "give the Hub datasets evalplus/humanevalplus and evalplus/mbppplus, or files of their rows"
        raise RowError("plus_input", "inputs without results (EvalPlus's release file)", mend, place)
    for field in fields:
        value = record.get(field)
        if value is None or (field == "test_list" and not value):
            mend = f"give a file as published, whose rows have {', '.join(fields)}"
            raise RowError(field, f"missing; the row has {brief(sorted(record))}", mend, place)


# -------------------------------------------------------------------------------------------------------------- records


def _records(source: str | Path, split: str) -> Iterator[tuple[str, dict]]:
    path = Path(source).expanduser()
    if path.is_file() and path.name.endswith(_JSON_SUFFIXES):
        yield from _json_records(path)
        return
    if not path.exists() and (
        path.name.endswith((*_JSON_SUFFIXES, ".parquet")) or str(source).startswith((".", "/", "~"))
    ):
        raise FileNotFoundError(f"{source}: no such file; give a file that exists or the name of a Hub dataset")
    if path.is_file():
        rows = load_dataset("parquet", data_files=str(path), split="train", streaming=True)
    else:
        rows = load_dataset(str(path) if path.is_dir() else str(source), split=split, streaming=True)
    for number, record in enumerate(rows, start=1):
        yield f"{source}:{number}", record


def _json_records(path: Path) -> Iterator[tuple[str, dict]]:
    """One array, or one object a line. These files have at most some megabytes."""
    try:
        data = path.read_bytes()
        text = (gzip.decompress(data) if path.suffix == ".gz" else data).decode("utf-8-sig").strip()
        records = json.loads(text) if text.startswith("[") else [json.loads(line) for line in text.split("\n")]
    except (gzip.BadGzipFile, EOFError, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise RowError("(file)", f"not readable ({error})", "download it again", str(path)) from None
    for number, record in enumerate(records, start=1):
        if not isinstance(record, dict):
            raise RowError(
                "(row)", f"{brief(record)} is no JSON object", "download the file again", f"{path}:{number}"
            )
        yield f"{path}:{number}", record
