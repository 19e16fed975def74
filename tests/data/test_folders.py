"""Readers of what is more than one file: folders, the Hub, and the answers that BFCL keeps beside its questions."""

import json

import datasets
import pytest

from funreason_trl.calls import Call
from funreason_trl.data.rows import RowError, assistant_message, message_calls, to_dataset
from funreason_trl.data.sources import read_rows
from tests.data.published import BFCL_TOOL, OSLO, USER, XLAM, write_lines


def records(count: int) -> list[dict]:
    return [XLAM | {"id": i} for i in range(count)]


def test_folder_is_loaded_as_datasets_does(tmp_path):
    write_lines(tmp_path / "train.jsonl", *records(3))
    write_lines(tmp_path / "test.jsonl", *records(1))
    assert len(list(read_rows(tmp_path))) == 3
    (row,) = read_rows(str(tmp_path), split="test")
    assert message_calls(row["messages"][-1]) == [OSLO]


def test_a_folder_of_parquet_keeps_every_digit(tmp_path):
    call = Call("f", {"a": -1.9502, "b": 1e-12})
    row = next(read_rows(write_lines(tmp_path / "rows.jsonl", XLAM))) | {
        "messages": [{"role": "user", "content": "q"}, assistant_message(None, [call], "")]
    }
    (tmp_path / "built").mkdir()
    to_dataset([row]).to_parquet(tmp_path / "built" / "train.parquet")
    (read,) = read_rows(tmp_path / "built")
    assert message_calls(read["messages"][-1]) == [call]


def test_null_arguments_and_defaults_come_back_from_a_folder_as_from_a_file(tmp_path):
    parameters = {"type": "object", "properties": {"k": {"type": "string", "default": None}}, "required": []}
    tool = {"type": "function", "function": {"name": "f", "description": "", "parameters": parameters}}
    call = Call("f", {"k": None, "l": [None, {"z": None}]})
    row = {"messages": [USER, assistant_message(None, [call], "")], "tools": [tool], "id": "0", "source": "s"}
    (tmp_path / "built").mkdir()
    to_dataset([row]).to_parquet(tmp_path / "built" / "train.parquet")
    assert list(read_rows(tmp_path / "built")) == list(read_rows(tmp_path / "built" / "train.parquet")) == [row]


def test_what_a_folder_holds_as_json_within_structs_is_kept_and_what_a_struct_lacks_is_not_added(tmp_path):
    calls = [{"name": "f", "arguments": {"a": -1.9502}}, {"name": "g", "arguments": {"b": None}, "id": "1"}]
    (tmp_path / "built").mkdir()
    arguments = datasets.Features({"query": datasets.Value("string"), "tools": datasets.Value("string")})
    function = {"name": datasets.Value("string"), "arguments": datasets.Json(), "id": datasets.Value("string")}
    features = datasets.Features({**arguments, "answers": datasets.List(function)})
    stored = [call | {"arguments": json.dumps(call["arguments"])} for call in calls]
    record = {"query": "Hi", "tools": "[]", "answers": stored}
    datasets.Dataset.from_list([record], features=features).to_parquet(tmp_path / "built" / "train.parquet")
    (row,) = read_rows(tmp_path / "built")
    assert message_calls(row["messages"][-1]) == [Call("f", {"a": -1.9502}), Call("g", {"b": None})]


def test_other_names_go_to_the_hub(tmp_path, monkeypatch):
    asked = []

    def load_dataset(name, split, streaming):
        asked.append((name, split, streaming))
        return datasets.Dataset.from_list([*records(1), {"query": "no answers"}]).to_iterable_dataset()

    monkeypatch.setattr("funreason_trl.data.sources.load_dataset", load_dataset)
    rows = read_rows("Salesforce/xlam-function-calling-60k", split="dev")
    assert next(rows)["source"] == "xlam-function-calling-60k"
    with pytest.raises(RowError, match=r"^Salesforce/xlam-function-calling-60k\[dev\]:2: answers"):
        next(rows)
    assert asked == [("Salesforce/xlam-function-calling-60k", "dev", True)]


def test_folder_without_data(tmp_path):
    with pytest.raises(FileNotFoundError):
        list(read_rows(tmp_path))


@pytest.mark.parametrize("own_id", [{"$oid": "x"}, ["x"], None, 1.5, True], ids=repr)
def test_an_id_of_any_kind_is_read(tmp_path, own_id):
    path = write_lines(tmp_path / "rows.jsonl", XLAM | {"id": own_id})
    (tmp_path / "possible_answer").mkdir()
    for _ in range(2):  # without answers beside it, and with
        (row,) = read_rows(path)
        assert message_calls(row["messages"][-1]) == [OSLO]
        write_lines(tmp_path / "possible_answer" / "rows.jsonl", {"id": "other", "ground_truth": []})


BFCL_ANSWER = {"id": "simple_0", "ground_truth": [{"f": {"a": [1]}}]}


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ("{", r"\(line\): not JSON"),
        ([1], r"ground_truth: missing in \[1\]"),
        ({"id": "simple_1"}, r"ground_truth: missing in \{'id': 'simple_1'\}"),
        ({"ground_truth": []}, "id: expected a string or a number, got None"),
        ({"id": ["x"], "ground_truth": []}, r"id: expected a string or a number, got \['x'\]"),
    ],
)
@pytest.mark.parametrize("on_error", ["raise", "count"])
def test_a_bad_line_among_the_answers_of_bfcl_is_named_by_its_place(tmp_path, wrong, named, on_error):
    path = write_lines(tmp_path / "simple.json", {"id": "simple_0", "question": [[USER]], "function": [BFCL_TOOL]})
    (tmp_path / "possible_answer").mkdir()
    answers = write_lines(tmp_path / "possible_answer" / "simple.json", BFCL_ANSWER, wrong)
    with pytest.raises(RowError, match=rf"^{answers}:2: {named}"):
        list(read_rows(path, on_error=on_error))
