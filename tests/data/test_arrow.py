"""Rows that come through Arrow keep their own keys and numbers, or are refused."""

import json

import pyarrow
import pyarrow.parquet
import pytest
from datasets import Dataset, IterableDataset, load_dataset

from funreason_trl.calls import Call
from funreason_trl.data.rendering import render_dataset
from funreason_trl.data.rows import RowError, assistant_message, message_calls, to_dataset
from funreason_trl.data.sources import read_rows
from tests.data.published import OPENAI_TOOL, OSLO, USER, XLAM, write_lines


def row(number: int, **arguments) -> dict:
    answer = assistant_message("So.", [Call("f", arguments)], "") if arguments else assistant_message("", [], "Hi.")
    return {"messages": [USER, answer], "tools": [OPENAI_TOOL], "id": str(number), "source": "test"}


ROWS = [row(0, a=-1.9502), row(1, b="x"), row(2)]
ANSWERS = ["<think>So.</think>\n\n[f(a=-1.9502)]", "<think>So.</think>\n\n[f(b='x')]", "Hi."]


def answers(dataset) -> list[str]:
    return [example["completion"][0]["content"] for example in render_dataset(dataset)]


def test_rows_that_datasets_reads_as_json_are_rendered_as_ours(tmp_path):
    stored = load_dataset("json", data_files=str(write_lines(tmp_path / "rows.jsonl", *ROWS)), split="train")
    assert answers(stored) == answers(stored.to_iterable_dataset()) == answers(to_dataset(ROWS)) == ANSWERS


def test_a_dataset_from_the_disk_keeps_its_numbers(tmp_path):
    to_dataset(ROWS).save_to_disk(tmp_path / "rows")
    assert answers(Dataset.load_from_disk(str(tmp_path / "rows"))) == ANSWERS


def test_rows_to_which_arrow_added_the_keys_of_others_are_refused_with_the_mend():
    assert answers(Dataset.from_list([ROWS[0], ROWS[2]])) == [ANSWERS[0], ANSWERS[2]]
    with pytest.raises(RowError, match=r"messages: `arguments` lies in an Arrow struct with a null.*to_dataset`"):
        render_dataset(Dataset.from_list(ROWS[:2]))
    tools = [{"type": "function", "function": {"name": "g", "parameters": {"properties": {"b": {}}}}}]
    with pytest.raises(RowError, match="tools: `parameters` lies in an Arrow struct with a null"):
        render_dataset(Dataset.from_list([ROWS[0], ROWS[0] | {"tools": tools}]))


def test_null_arguments_are_kept_by_stored_and_streamed_rows_alike():
    rows = [row(0, a=None, c=1), row(1, b="x")]
    expected = ["<think>So.</think>\n\n[f(a=None, c=1)]", "<think>So.</think>\n\n[f(b='x')]"]
    stored = to_dataset(rows)
    streams = [stored.to_iterable_dataset(), IterableDataset.from_generator(lambda: iter(rows))]
    for dataset in (stored, stored.map(lambda row: row), *streams, *(one.map(lambda row: row) for one in streams)):
        assert answers(dataset) == expected


def test_rows_without_tools_among_those_with_them_are_rendered():
    rows = [{key: row(2)[key] for key in ("messages", "id", "source")} | {"tools": None}]
    assert answers(Dataset.from_list(rows)) == answers(IterableDataset.from_generator(lambda: iter(rows))) == ["Hi."]


def test_a_list_that_holds_a_null_lacks_no_key():
    tool = {
        "name": "f",
        "description": "",
        "parameters": {"type": "object", "properties": {"a": {"enum": ["b", None]}}},
    }
    rows = [row(0, a=1.5) | {"tools": [{"type": "function", "function": tool}]}]
    assert '"enum":["b",null]' in render_dataset(Dataset.from_list(rows))[0]["prompt"][0]["content"]


def test_rows_of_another_format_are_refused_by_their_columns():
    with pytest.raises(ValueError, match=r"no column `messages` among query, tools; read the rows with .*load_rows"):
        render_dataset(Dataset.from_list([{"query": "Hi", "tools": "[]"}]))


def test_a_row_without_id_is_named_all_the_same():
    with pytest.raises(RowError, match="row without id of the dataset: messages: no assistant turn"):
        render_dataset(to_dataset([row(0)]).select_columns(["messages", "tools"]).map(lambda _: {"messages": [USER]}))


@pytest.mark.parametrize("known", [True, False])
def test_a_parquet_file_of_other_programs_reads(tmp_path, known):
    table = pyarrow.Table.from_pylist([XLAM | {"tools": json.dumps(XLAM["tools"]), "unread": [1]}])
    if known:  # with a column of `datasets` that nobody can decode here
        features = {
            "info": {"features": {"unread": {"_type": "Audio"}, "query": {"dtype": "string", "_type": "Value"}}}
        }
        table = table.replace_schema_metadata({"huggingface": json.dumps(features)})
    pyarrow.parquet.write_table(table, tmp_path / "rows.parquet")
    (read,) = read_rows(tmp_path / "rows.parquet")
    assert message_calls(read["messages"][-1]) == [OSLO]


def test_a_parquet_file_of_datasets_reads_as_its_folder(tmp_path):
    tools = [{"name": "f", "parameters": {"a": {"type": "any", "default": default}}} for default in (5, "x")]
    records = [{"query": "Hi", "tools": [tool], "answers": [], "response": "Ho"} for tool in tools]
    lines = write_lines(tmp_path / "rows.jsonl", *map(json.dumps, records))
    (tmp_path / "set").mkdir()
    load_dataset("json", data_files=str(lines), split="train").to_parquet(tmp_path / "set" / "train.parquet")

    def tools_of(source) -> list:
        return [row["tools"] for row in read_rows(source)]

    assert tools_of(tmp_path / "set" / "train.parquet") == tools_of(tmp_path / "set") == tools_of(lines)
