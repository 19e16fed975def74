"""Shards load as a dataset, are the same bytes for the same rows, and appear whole or not at all."""

import json

import pyarrow.parquet as pq
import pytest
from datasets import Features, List, Value, load_dataset

from funreason_trl.building import shards
from funreason_trl.building.lengths import Lengths
from funreason_trl.building.shards import ShardWriter
from funreason_trl.data.rows import ExactJson


FEATURES = Features({"id": Value("string"), "value": ExactJson()})


def write(folder, count: int, split: str = "train"):
    writer = ShardWriter(folder, split, FEATURES)
    for number in range(count):
        writer.add({"id": str(number), "value": {"x": number / 3, "y": [None, "é"]}})
    return writer.finish()


@pytest.mark.parametrize(("count", "files"), [(0, 1), (1, 1), (7, 2), (10, 2), (11, 3)])
def test_rows_come_back_in_order(tmp_path, monkeypatch, count, files):
    monkeypatch.setattr(shards, "ROWS_PER_SHARD", 5)
    monkeypatch.setattr(shards, "ROWS_PER_GROUP", 2)
    written = write(tmp_path, count)
    assert [path.name for path in written] == [f"train-{n:05d}-of-{files:05d}.parquet" for n in range(files)]
    assert sum(pq.read_metadata(path).num_rows for path in written) == count
    assert [path.name for path in tmp_path.iterdir()] == ["data"]
    if count:
        loaded = load_dataset(str(tmp_path), split="train", cache_dir=str(tmp_path / "cache"))
        assert loaded["id"] == [str(number) for number in range(count)]
        assert loaded[0]["value"] == {"x": 0.0, "y": [None, "é"]}


def test_half_a_surrogate_pair_comes_back(tmp_path):
    writer = ShardWriter(tmp_path, "train", Features({"id": Value("string"), "values": List(ExactJson())}))
    writer.add({"id": "a\ud83d", "values": [{"said": "\ud83d \\ud83d é"}]})
    (path,) = writer.finish()
    (row,) = pq.read_table(path).to_pylist()
    assert row["id"] == "a\\ud83d"
    assert [json.loads(value) for value in row["values"]] == [{"said": "\ud83d \\ud83d é"}]


def test_the_same_rows_are_the_same_bytes(tmp_path):
    first, second = write(tmp_path / "a", 1200), write(tmp_path / "b", 1200)
    assert [path.read_bytes() for path in first] == [path.read_bytes() for path in second]


def test_nothing_appears_before_the_end_and_older_files_go(tmp_path):
    write(tmp_path, 3)
    writer = ShardWriter(tmp_path, "train", FEATURES)
    writer.add({"id": "new", "value": 1})
    (before,) = (tmp_path / "data").iterdir()
    assert pq.read_metadata(before).num_rows == 3
    ShardWriter(tmp_path, "train", FEATURES)  # a second start after a kill
    (after,) = write(tmp_path, 2)
    assert pq.read_metadata(after).num_rows == 2


def test_lengths():
    lengths = Lengths("words")
    assert lengths.summary() == {"rows": 0, "unit": "words"}
    for think, call in ((10, 2), (20, 2), (60, 5)):
        lengths.add(think, call)
    assert lengths.summary() == {
        "rows": 3,
        "unit": "words",
        "think_mean": 30.0,
        "think_median": 20,
        "call_mean": 3.0,
        "call_median": 2,
        "think_to_call": 10.0,
    }
    lengths.add(31, 3)
    assert lengths.summary()["think_median"] == 25.5 and lengths.summary()["call_median"] == 2.5
    silent = Lengths("words")
    silent.add(3, 0)
    assert "think_to_call" not in silent.summary()
