"""Problems are read as published, and what is not of that shape is refused with its place."""

import gzip
import json

import pyarrow
import pyarrow.parquet
import pytest

from funreason_trl.data.rows import RowError
from funreason_trl.evaluation.skills import load_humaneval, load_mbpp

from .examples import HUMANEVAL_ROW, MBPP_ROW, PLUS_ROW, RELEASE_ROW, SANITIZED_ROW


def write_lines(path, rows):
    text = "".join(json.dumps(row) + "\n" for row in rows)
    path.write_bytes(gzip.compress(text.encode()) if path.suffix == ".gz" else text.encode())
    return path


@pytest.mark.parametrize("name", ["a.jsonl", "a.jsonl.gz"])
def test_humaneval(tmp_path, name):
    (problem,) = load_humaneval(write_lines(tmp_path / name, [HUMANEVAL_ROW]))
    assert problem.id == "HumanEval/900"
    assert problem.entry_point == "area"
    assert problem.head == HUMANEVAL_ROW["prompt"]
    assert problem.shown_tests == ()
    assert problem.tests.endswith("check(area)\n")
    assert problem.solution.endswith("return math.pi * radius**2\n")


def test_mbpp(tmp_path):
    (problem,) = load_mbpp(write_lines(tmp_path / "a.jsonl", [MBPP_ROW]))
    assert problem.id == "Mbpp/11"
    assert problem.task == "Write a function to double a number."
    assert problem.entry_point == "double"
    assert problem.shown_tests == ("assert double(2) == 4", "assert double(0) == 0")
    assert problem.tests == "FACTOR = 2\nassert double(2) == 4\nassert double(0) == 0\n"
    assert "\r" not in problem.solution


def test_mbpps_hand_checked_part_is_one_array(tmp_path):
    path = tmp_path / "sanitized-mbpp.json"
    path.write_text(json.dumps([SANITIZED_ROW]))
    (problem,) = load_mbpp(path)
    assert problem.task == "Write a function to halve a number."
    assert problem.tests == "import math\n\nassert math.isclose(halve(3), 1.5)\n"


def test_the_plus_tests_take_the_place_of_the_shown_ones(tmp_path):
    (problem,) = load_mbpp(write_lines(tmp_path / "a.jsonl", [PLUS_ROW]))
    assert problem.shown_tests == tuple(PLUS_ROW["test_list"])
    assert "inputs = [[4], [3]]" in problem.tests
    assert PLUS_ROW["test_list"][0] not in problem.tests


def test_a_file_of_all_splits_is_split_by_number(tmp_path):
    rows = [{**MBPP_ROW, "task_id": number} for number in (1, 10, 11, 510, 511, 600, 601, 974)]
    path = write_lines(tmp_path / "mbpp.jsonl", rows)
    numbers = {
        split: [problem.id for problem in load_mbpp(path, split)] for split in ("prompt", "validation", "train")
    }
    assert numbers == {
        "prompt": ["Mbpp/1", "Mbpp/10"],
        "validation": ["Mbpp/511", "Mbpp/600"],
        "train": ["Mbpp/601", "Mbpp/974"],
    }
    assert [problem.id for problem in load_mbpp(path)] == ["Mbpp/11", "Mbpp/510"]


def test_a_parquet_file(tmp_path):
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist([HUMANEVAL_ROW]), tmp_path / "a.parquet")
    assert load_humaneval(tmp_path / "a.parquet")[0].id == "HumanEval/900"


def test_a_folder_as_the_hub_has_it(tmp_path):
    """As in `google-research-datasets/mbpp` and `evalplus/mbppplus`: a parquet file for each split."""
    for split, row in (("test", MBPP_ROW), ("train", {**MBPP_ROW, "task_id": 700})):
        table = pyarrow.Table.from_pylist([row])
        pyarrow.parquet.write_table(table, tmp_path / f"{split}-00000-of-00001.parquet")
    assert [problem.id for problem in load_mbpp(tmp_path)] == ["Mbpp/11"]
    assert [problem.id for problem in load_mbpp(tmp_path, "train")] == ["Mbpp/700"]


def test_evalplus_own_files_are_refused_with_the_way_out(tmp_path):
    with pytest.raises(RowError, match=r"a.jsonl:1: plus_input: .*evalplus/humanevalplus"):
        load_humaneval(write_lines(tmp_path / "a.jsonl", [RELEASE_ROW]))


@pytest.mark.parametrize("field", ["task_id", "prompt", "entry_point", "canonical_solution", "test"])
def test_a_row_without_a_field_is_named(tmp_path, field):
    row = {key: value for key, value in HUMANEVAL_ROW.items() if key != field}
    with pytest.raises(RowError, match=rf"a.jsonl:2: {field}: missing"):
        load_humaneval(write_lines(tmp_path / "a.jsonl", [HUMANEVAL_ROW, row]))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"test_list": []}, "test_list: missing"),
        ({"code": "x = 1"}, "code: defines nothing that 'assert double"),
        ({"task_id": "eleven"}, "task_id: 'eleven' has no number"),
    ],
)
def test_mbpp_rows_that_can_not_be_used(tmp_path, change, words):
    with pytest.raises(RowError, match=words):
        load_mbpp(write_lines(tmp_path / "a.jsonl", [{**MBPP_ROW, **change}]))


def test_a_split_without_rows_and_one_that_does_not_exist(tmp_path):
    path = write_lines(tmp_path / "a.jsonl", [MBPP_ROW])
    with pytest.raises(RowError, match="no row of the split 'train'"):
        load_mbpp(path, "train")
    with pytest.raises(ValueError, match="split='tests': use one of prompt, test"):
        load_mbpp(path, "tests")


def test_broken_files(tmp_path):
    with pytest.raises(FileNotFoundError, match="no such file"):
        load_humaneval(tmp_path / "missing.jsonl")
    for name, data in (("a.jsonl", b"{"), ("b.jsonl", b"\xff"), ("c.jsonl.gz", b"no gzip"), ("d.jsonl", b"")):
        (tmp_path / name).write_bytes(data)
        with pytest.raises(RowError, match="not readable"):
            load_humaneval(tmp_path / name)
    (tmp_path / "e.jsonl").write_text("[1]")
    with pytest.raises(RowError, match=r"e.jsonl:1: .row.: 1 is no JSON object"):
        load_humaneval(tmp_path / "e.jsonl")


@pytest.mark.shared_data
def test_the_published_files(shared_data):
    problems = load_humaneval(shared_data / "HumanEval.jsonl.gz")
    assert len(problems) == 164
    assert all(f"def {problem.entry_point}(" in problem.head for problem in problems)
    sizes = {
        split: len(load_mbpp(shared_data / "mbpp.jsonl", split)) for split in ("prompt", "test", "validation", "train")
    }
    assert sizes == {"prompt": 10, "test": 500, "validation": 90, "train": 374}
