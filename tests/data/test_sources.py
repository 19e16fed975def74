"""Readers: files of every kind, bad rows named by file, line and field, and rows that come as they are asked for."""

import gzip
import io
import itertools
import json
import os
import struct
from pathlib import Path

import datasets
import pyarrow
import pyarrow.parquet
import pytest

from funreason_trl.calls import Call
from funreason_trl.data import sources
from funreason_trl.data.rows import ROW_FEATURES, RowError, message_calls, to_dataset
from funreason_trl.data.sources import ReadReport, load_rows, read_rows
from tests.data.published import BFCL_TOOL, USER, XLAM, openai, sharegpt, tool_call, write_lines


# ------------------------------------------------------------------------------------------------------- kinds of file


def records(count: int) -> list[dict]:
    return [XLAM | {"id": i} for i in range(count)]


def test_files_of_every_kind_hold_the_same_rows(tmp_path):
    lines = write_lines(tmp_path / "rows.jsonl", *records(3))
    expected = [row | {"source": ""} for row in read_rows(lines)]
    (tmp_path / "blank.jsonl").write_text("\ufeff\n" + lines.read_text().replace("\n", "\r\n\r\n"))
    (tmp_path / "no_last_break.jsonl").write_text(lines.read_text().rstrip("\n"))
    (tmp_path / "array.json").write_text(json.dumps(records(3)))
    (tmp_path / "pretty.json").write_text("\ufeff \n" + json.dumps(records(3), indent=4) + "\n\n")
    (tmp_path / "lines.json").write_text(lines.read_text())
    (tmp_path / "rows.jsonl.gz").write_bytes(gzip.compress(lines.read_bytes()))
    (tmp_path / "array.json.gz").write_bytes(gzip.compress((tmp_path / "array.json").read_bytes()))
    datasets.Dataset.from_list(records(3)).to_parquet(tmp_path / "rows.parquet")
    names = sorted(path.name for path in tmp_path.iterdir())
    assert len(names) == 9
    for name in names:
        assert [row | {"source": ""} for row in read_rows(tmp_path / name)] == expected, name


def test_parquet_structs_do_not_add_arguments(tmp_path):
    """Arrow fills `b` into the first call and `a` into the second, as None."""
    answers = [{"name": "f", "arguments": {"a": 1}}, {"name": "g", "arguments": {"b": "x"}}]
    datasets.Dataset.from_list([XLAM | {"answers": answers}]).to_parquet(tmp_path / "rows.parquet")
    (row,) = read_rows(tmp_path / "rows.parquet")
    assert message_calls(row["messages"][-1]) == [Call("f", {"a": 1}), Call("g", {"b": "x"})]


# ------------------------------------------------------------------------------------------------------------ bad rows


def last(turn: dict) -> dict:
    return openai({"role": "assistant"} | turn)


BAD = {
    "broken JSON": ('{"query": ', "(line)", "not JSON"),
    "not an object": ("[1, 2]", "(record)", "JSON object"),
    "a number": ("3", "(record)", "JSON object"),
    "too many digits": ('{"query": ' + "9" * 5000 + "}", "(line)", "not readable"),
    "too deep": ("[" * 100_000, "(line)", "not readable"),
    "unknown shape": ({"text": "Hi"}, "(record)", "['text']"),
    "xlam, query not text": (XLAM | {"query": 3}, "query", "got 3"),
    "xlam, blank query": (XLAM | {"query": " "}, "messages[0].content", "not blank"),
    "xlam, no tools": ({"query": "Hi", "answers": "[f()]"}, "tools", "missing"),
    "xlam, tools no JSON": (XLAM | {"tools": "[{"}, "tools", ""),
    "xlam, tools of another type": (XLAM | {"tools": 3}, "tools", "3"),
    "xlam, tool without name": (XLAM | {"tools": [{"description": "d"}]}, "tools", "name"),
    "xlam, answers no JSON": (XLAM | {"answers": "[{"}, "answers", "not calls"),
    "xlam, answers are prose": (XLAM | {"answers": "I would call the weather."}, "answers", "not calls"),
    "xlam, answers of another type": (XLAM | {"answers": 3}, "answers", "got 3"),
    "xlam, answers missing": ({"query": "Hi", "tools": []}, "answers", "None"),
    "xlam, an answer is no call": (XLAM | {"answers": [*XLAM["answers"], "x"]}, "answers[1]", "'x'"),
    "xlam, arguments are a list": (
        XLAM | {"answers": [{"name": "f", "arguments": [1]}]},
        "answers[0].arguments",
        "[1]",
    ),
    **{
        f"xlam, {name}, {kind}": (XLAM | {"answers": write([call])}, "answers[0]", problem)
        for kind, write in (("objects", list), ("text", json.dumps))
        for name, call, problem in (
            (
                "a key that no call has",
                {"name": "f", "arguments": {}, "thought": "x"},
                "'thought', which would be lost",
            ),
            ("arguments of another name", {"name": "f", "args": {"a": 1}}, "'args', which would be lost"),
            ("both names of arguments", {"name": "f", "arguments": {}, "parameters": {}}, "both arguments and"),
        )
    },
    "xlam, a key twice": (
        XLAM | {"answers": '[{"name": "f", "arguments": {"a": 1, "a": 2}}]'},
        "answers",
        "each key once",
    ),
    "openai, a key beside the function": (
        last({"content": None, "tool_calls": [tool_call("f", {}) | {"arguments": {"a": 1}}]}),
        "messages[1].tool_calls[0]",
        "'arguments', which would be lost",
    ),
    "xlam, empty answer": (XLAM | {"answers": "[]"}, "answers", "no response"),
    "xlam, reasoning not text": (XLAM | {"reasoning": ["a"]}, "reasoning", "['a']"),
    "openai, messages not a list": ({"messages": "Hi"}, "messages", "'Hi'"),
    "openai, no messages": ({"messages": []}, "messages", "[]"),
    "openai, message no JSON": ({"messages": ["Hi"]}, "messages[0]", "not JSON"),
    "openai, message of another type": ({"messages": [3]}, "messages[0]", "got 3"),
    "openai, role": (openai({"role": "robot", "content": "Hi"}), "messages[1].role", "robot"),
    "openai, role of another type": (openai({"role": ["user"], "content": "Hi"}), "messages[1].role", "['user']"),
    "openai, no role": (openai({"content": "Hi"}), "messages[1].role", "None"),
    "openai, empty turn": (last({"content": ""}), "messages[1]", "neither calls nor words"),
    "openai, only reasoning": (last({"content": "<think>never closed"}), "messages[1]", "neither calls nor words"),
    "openai, image": (last({"content": [{"type": "image_url"}]}), "messages[1].content[0]", "image_url"),
    "openai, content of another type": (last({"content": 3}), "messages[1].content", "got 3"),
    "openai, a part without type": (last({"content": [{"text": "Hi"}]}), "messages[1].content", "list of parts"),
    "openai, call in a user message": (
        {"messages": [{"role": "user", "content": [{"type": "tool_call", "value": "[f()]"}]}]},
        "messages[0].content",
        "outside of an assistant turn",
    ),
    "openai, broken arguments": (
        last({"content": None, "tool_calls": [tool_call("f", "{'a'")]}),
        "messages[1].tool_calls[0].arguments",
        "not JSON",
    ),
    "openai, broken block": (
        last({"content": 'Sure.\n<tool_call>\n{"name": "f", "argum'}),
        "messages[1].content",
        "not calls",
    ),
    "openai, call without name": (
        last({"content": None, "tool_calls": [{"function": {"arguments": "{}"}}]}),
        "messages[1].tool_calls[0]",
        "expected a call",
    ),
    "openai, tag in the answer": (
        last({"content": "Hi</think>there", "reasoning_content": "Why."}),
        "messages[1].content",
        "</think>",
    ),
    "sharegpt, broken call": (
        sharegpt(("human", "Hi"), ("function_call", "get_weather(city=")),
        "conversations[1].value",
        "not calls",
    ),
    "sharegpt, opens with the model": (sharegpt(("gpt", "Hello!"), ("human", "Hi")), "messages[0]", "before anything"),
    "sharegpt, no value": ({"conversations": [{"from": "human"}]}, "messages[0].content", "''"),
    "bfcl, multi turn": ({"question": [[USER], [USER]]}, "question", "2 turns"),
    "bfcl, no functions": ({"question": [[USER]]}, "function", "missing"),
    "bfcl, answers in code": (
        {"question": [[USER]], "function": [BFCL_TOOL], "ground_truth": ["f(a=1)"]},
        "ground_truth[0]",
        "f(a=1)",
    ),
    "bfcl, options not a list": (
        {"question": [[USER]], "function": [BFCL_TOOL], "ground_truth": [{"f": {"a": 1}}]},
        "ground_truth[0].f.a",
        "got 1",
    ),
    "half a surrogate pair in the id": (XLAM | {"id": "\ud800"}, "id", "surrogate"),
    "half a surrogate pair in the source": (XLAM | {"source": "a\ud800"}, "source", "surrogate"),
    "half a surrogate pair": (XLAM | {"query": "\ud83d"}, "messages[0]", "surrogate"),
    "NaN": (XLAM | {"answers": [{"name": "f", "arguments": {"a": float("nan")}}]}, "messages[1]", "not JSON"),
}


@pytest.mark.parametrize(("record", "field", "problem"), BAD.values(), ids=BAD.keys())
def test_bad_row_is_named_by_file_line_and_field(tmp_path, record, field, problem):
    path = write_lines(tmp_path / "train.jsonl", XLAM, "", record, XLAM)
    rows = read_rows(path)
    next(rows)
    with pytest.raises(RowError) as error:
        next(rows)
    assert error.value.place == f"{path}:3"
    assert error.value.field == field
    assert problem in error.value.problem
    assert error.value.mend
    assert len(str(error.value)) < 1000


def test_bad_rows_are_counted(tmp_path, caplog):
    path = write_lines(tmp_path / "train.jsonl", *(record for record, _, _ in BAD.values()), XLAM)
    report = ReadReport()
    (row,) = read_rows(path, on_error="count", report=report)
    assert row["id"] == str(len(BAD))
    assert (report.read, report.skipped, len(report.errors)) == (1, len(BAD), len(BAD))
    assert [error.place for error in report.errors] == [f"{path}:{i}" for i in range(1, len(BAD) + 1)]
    assert f"1 rows read, {len(BAD)} bad rows skipped" in caplog.text


def test_report_keeps_a_bounded_number_of_errors(tmp_path):
    report = ReadReport()
    assert not list(read_rows(write_lines(tmp_path / "a.jsonl", *["{"] * 500), on_error="count", report=report))
    assert (report.skipped, len(report.errors)) == (500, 100)


def test_format_that_is_asked_for_is_not_guessed(tmp_path):
    path = write_lines(tmp_path / "train.jsonl", XLAM)
    with pytest.raises(RowError, match=r"train.jsonl:1: messages: expected a list"):
        list(read_rows(path, format="openai"))


@pytest.mark.parametrize(
    ("name", "content", "match"),
    [
        ("empty.jsonl", b"", r"empty.jsonl: \(file\): no rows"),
        ("blank.jsonl", b"\n \n", "no rows"),
        ("empty.json", b"[]", "no rows"),
        ("latin.jsonl", b'{"query": "caf\xe9"}', r"latin.jsonl:1: \(line\): not UTF-8 \(byte 0xe9 at position 14\)"),
        ("latin.json", b'[{"query": "caf\xe9"}]', "after item 0: .* not UTF-8"),
        ("utf16.jsonl", json.dumps(XLAM).encode("utf-16"), "not UTF-8 .byte 0xff at position 0"),
        ("open.json", json.dumps([XLAM]).encode()[:-1], "after item 1: .* broken JSON array"),
        ("cut.json", json.dumps([XLAM]).encode()[:-9], "after item 0: .* broken JSON array"),
        ("comma.json", json.dumps([XLAM, XLAM]).replace("}, {", "} {").encode(), "after item 1: .* a comma, found '{"),
        ("deep.json", b"[" * 100_000, "broken JSON array"),
        ("bad.jsonl.gz", b"not gzip", "broken gzip"),
        ("cut.jsonl.gz", gzip.compress(os.urandom(9999))[:500], "broken gzip|not UTF-8"),
        ("bad.parquet", b"not parquet", "not a readable parquet"),
        ("empty.parquet", b"", "not a readable parquet"),
    ],
)
def test_broken_files(tmp_path, name, content, match):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(RowError, match=match):
        list(read_rows(tmp_path / name))


@pytest.mark.parametrize("source", ["missing.jsonl", "./missing", "/tmp/missing", "a/b/c", "org/missing.parquet"])
def test_missing_file(source):
    with pytest.raises(FileNotFoundError, match=f"^{source}: no such file"):
        read_rows(source)
    with pytest.raises(FileNotFoundError):
        load_rows(source, streaming=True)


def test_arguments_are_checked_before_reading(tmp_path):
    (tmp_path / "rows.csv").write_text("a,b")
    for options, match in [
        ({"format": "alpaca"}, "format='alpaca'"),
        ({"on_error": "ignore"}, "on_error='ignore'"),
        ({"source": tmp_path / "rows.csv"}, "can't read files of this kind"),
        ({"source": ""}, "source=''"),
    ]:
        with pytest.raises(ValueError, match=match):
            read_rows(**{"source": "x.jsonl"} | options)


def test_parquet_that_is_not_utf8(tmp_path):
    text = pyarrow.Array.from_buffers(
        pyarrow.string(), 1, [None, pyarrow.py_buffer(struct.pack("<2i", 0, 4)), pyarrow.py_buffer(b"caf\xe9")]
    )
    pyarrow.parquet.write_table(pyarrow.table({"query": text}), tmp_path / "latin.parquet")
    with pytest.raises(RowError, match=r"latin.parquet: \(file\): not a readable parquet file \(.*utf-8"):
        list(read_rows(tmp_path / "latin.parquet", on_error="count"))


@pytest.mark.parametrize("name", ["rows.jsonl", "rows.parquet"])
def test_a_file_has_no_other_split(tmp_path, name):
    lines = write_lines(tmp_path / "rows.jsonl", *records(3))
    to_dataset(read_rows(lines)).to_parquet(tmp_path / "rows.parquet")
    assert len(list(read_rows(tmp_path / name, split="train"))) == 3
    for read in (read_rows, load_rows):
        with pytest.raises(ValueError, match=rf"split='test': .*{name} is a single file.*a folder .* test\.jsonl"):
            read(tmp_path / name, split="test")


# ----------------------------------------------------------------------------------------------------------- streaming


class EndlessFile(io.RawIOBase):
    """Repeats `record` for ever, after `start`."""

    def __init__(self, start: bytes, record: bytes):
        self.parts = itertools.chain([start], itertools.repeat(record))

    def readable(self) -> bool:
        return True

    def readinto(self, buffer) -> int:
        part = next(self.parts)
        buffer[: len(part)] = part
        return len(part)


@pytest.mark.parametrize(
    ("read", "start", "separator"), [(sources._line_records, b"\n", b"\n"), (sources._array_records, b"[", b",")]
)
def test_first_rows_come_from_a_file_without_end(read, start, separator):
    stream = io.BufferedReader(EndlessFile(start, json.dumps(XLAM).encode() + separator))
    firsts = list(itertools.islice(read(Path("endless"), stream), 1000))
    assert len(firsts) == 1000
    assert firsts[-1][1] == XLAM


def test_lines_of_a_million_characters(tmp_path):
    long = XLAM | {"query": "é" * 1_000_000}
    first, second = read_rows(write_lines(tmp_path / "long.jsonl", long, XLAM))
    assert len(first["messages"][0]["content"]) == 1_000_000
    (tmp_path / "long.json").write_text(json.dumps([long, XLAM]))
    assert [row["messages"] for row in read_rows(tmp_path / "long.json")] == [first["messages"], second["messages"]]


def test_lines_beyond_the_limit_are_passed_over(tmp_path, monkeypatch):
    monkeypatch.setattr("funreason_trl.data.sources.MAX_ROW_BYTES", 1000)
    report = ReadReport()
    path = write_lines(tmp_path / "long.jsonl", XLAM | {"query": "x" * 5000}, XLAM)
    rows = list(read_rows(path, on_error="count", report=report))
    assert len(rows) == 1
    assert str(report.errors[0]).startswith(f"{path}:1: (line): longer than 1,000 bytes")


def test_bad_row_mid_way_leaves_the_rows_before_it(tmp_path):
    rows = read_rows(write_lines(tmp_path / "train.jsonl", XLAM, XLAM, "{"))
    assert len(list(itertools.islice(rows, 2))) == 2


@pytest.mark.parametrize("streaming", [False, True])
def test_load_rows(tmp_path, streaming):
    path = write_lines(tmp_path / "train.jsonl", *records(3), "{")
    with pytest.raises(RowError, match=r"train\.jsonl:4"):
        list(load_rows(path, streaming=streaming))
    dataset = load_rows(path, on_error="count", streaming=streaming)
    assert isinstance(dataset, datasets.IterableDataset if streaming else datasets.Dataset)
    assert dataset.features == ROW_FEATURES
    assert list(dataset) == list(read_rows(path, on_error="count"))
    assert list(dataset) == list(dataset)  # a stream starts anew in every epoch


def test_load_rows_sees_a_file_that_changed(tmp_path):
    path = write_lines(tmp_path / "train.jsonl", *records(1))
    assert len(load_rows(path)) == 1
    write_lines(path, *records(2))
    assert len(load_rows(path)) == 2


# ----------------------------------------------------------------------------------------------------------- real rows


@pytest.mark.shared_data
@pytest.mark.parametrize(
    ("name", "read", "calls", "in_words", "bad"),
    [
        ("cot_calls", 360, 567, 21, []),
        ("xlam_style", 672, 1718, 0, []),
        # both hold a stray </think> in the answer
        ("reasoning_dialogues", 48, 66, 18, [(6, "messages[2].content"), (7, "messages[4].content")]),
    ],
)
def test_real_rows(shared_data, name, read, calls, in_words, bad):
    report = ReadReport()
    path = shared_data / f"{name}.jsonl"
    rows = list(read_rows(path, on_error="count", report=report))
    per_row = [[call for message in row["messages"] for call in message_calls(message)] for row in rows]
    assert (len(rows), sum(map(len, per_row)), per_row.count([])) == (read, calls, in_words)
    assert [(error.place, error.field) for error in report.errors] == [(f"{path}:{line}", at) for line, at in bad]
    assert list(load_rows(path, on_error="count")) == rows
