"""From rows to a dataset that loads, with every row in one split, and the same bytes when it is built again."""

import json

import pytest
from datasets import load_dataset

from funreason_trl.building.build import build_dataset
from funreason_trl.building.contamination import Contamination
from funreason_trl.data.sample import sample_rows


@pytest.fixture
def rows():
    rows = list(sample_rows(40))
    copy = {**rows[0], "id": "copy"}
    unreasoned = {**rows[1], "id": "no reasoning", "messages": [dict(message) for message in rows[1]["messages"]]}
    unreasoned["messages"][0]["content"] += " And be quick."
    del unreasoned["messages"][-1]["reasoning_content"]
    return [*rows, copy, unreasoned]


def build(rows, folder, **more):
    return build_dataset(rows, folder, progress=False, **more)


def loaded(folder, split):
    return load_dataset(str(folder), split=split, cache_dir=str(folder / "cache"))


def test_every_row_is_in_one_split_with_its_verdicts(rows, tmp_path):
    built = build(rows, tmp_path / "out")
    assert built.rows == {"train": 40, "rejected": 2, "hard": 0}
    assert built.left_out == {"exact copy": 1}
    train, rejected = loaded(tmp_path / "out", "train"), loaded(tmp_path / "out", "rejected")
    assert train["id"] == [row["id"] for row in rows[:40]]
    assert list(train[0]["messages"]) == rows[0]["messages"] and list(train[0]["tools"]) == rows[0]["tools"]
    assert {verdict["outcome"] for row in train for verdict in row["provenance"]["verdicts"]} <= {"pass", "save"}
    by_id = {row["id"]: row["provenance"] for row in rejected}
    assert by_id["copy"] == {"left_out": "exact copy", "evidence": f"of row {rows[0]['id']}"}
    assert by_id["no reasoning"]["verdicts"][-1]["reason"] == "missing"
    stats = json.loads((tmp_path / "out" / "stats.json").read_text())
    assert stats["rows"] == built.rows and stats["lengths"]["rows"] == 40
    assert (tmp_path / "out" / "errors.jsonl").read_text() == ""


def test_built_again_it_is_the_same_bytes(rows, tmp_path):
    for name in ("a", "b", "a"):
        build(iter(rows), tmp_path / name / "set")
    files = {
        name: {path.name: path.read_bytes() for path in sorted((tmp_path / name / "set").rglob("*")) if path.is_file()}
        for name in ("a", "b")
    }
    for name in ("a", "b"):
        files[name] = {key: content for key, content in files[name].items() if not key.startswith("journal")}
    assert len(files["a"]) == 7
    assert files["a"] == files["b"]


def test_rows_of_a_benchmark_are_left_out(rows, tmp_path):
    question = rows[3]["messages"][0]["content"]
    built = build(rows, tmp_path, contamination=Contamination({"BFCL": [question]}))
    assert built.left_out["asked by BFCL"] == 1
    (row,) = [row for row in loaded(tmp_path, "rejected") if row["provenance"].get("left_out") == "asked by BFCL"]
    assert row["id"] == rows[3]["id"] and row["provenance"]["evidence"].startswith("shares with it: ")


def test_no_rows_at_all(tmp_path):
    built = build([], tmp_path)
    assert built.rows == {"train": 0, "rejected": 0, "hard": 0}
    assert "train" in (tmp_path / "README.md").read_text()
