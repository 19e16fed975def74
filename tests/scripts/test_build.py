"""`funreason build`: the command from end to end with rules alone, and what it refuses."""

import json

import pytest
from datasets import load_dataset

from funreason_trl.data.sample import sample_rows
from funreason_trl.scripts.cli import main
from tests.evaluation.bfcl.files import write_lines


@pytest.fixture
def source(tmp_path):
    write_lines(tmp_path / "rows.jsonl", list(sample_rows(30)))
    return tmp_path / "rows.jsonl"


def build(source, output, *more):
    main(["build", "--source", str(source), "--output", str(output), "--contamination", "false", *more])
    return json.loads((output / "stats.json").read_text())


def test_a_dataset_comes_out(source, tmp_path, capsys):
    stats = build(source, tmp_path / "out")
    assert stats["rows"] == {"train": 30, "rejected": 0, "hard": 0}
    assert stats["made"]["judge"] == "rules"
    assert "query and tool" in capsys.readouterr().out
    rows = load_dataset(str(tmp_path / "out"), split="train", cache_dir=str(tmp_path / "cache"))
    assert len(rows) == 30


def test_shards_are_parts_of_the_whole(source, tmp_path):
    parts = [build(source, tmp_path / f"part{n}", "--shard", f"{n}/4")["rows"]["train"] for n in (1, 2, 3, 4)]
    assert parts == [8, 8, 7, 7]


def test_a_folder_is_not_overwritten_by_accident(source, tmp_path):
    build(source, tmp_path / "out")
    with pytest.raises(SystemExit, match="holds a run already; add --resume true"):
        build(source, tmp_path / "out")
    assert build(source, tmp_path / "out", "--resume", "true")["rows"]["train"] == 30


def test_bad_rows_are_counted_or_stop_the_run(source, tmp_path, capsys):
    source.write_text(source.read_text() + "no json\n")
    assert build(source, tmp_path / "out")["rows"]["train"] == 30
    assert "1 rows could not be read; the first:" in capsys.readouterr().err
    with pytest.raises(SystemExit, match=r"rows.jsonl:31.*not JSON"):
        build(source, tmp_path / "other", "--on_error", "raise")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--judge", "endpoint"], "an endpoint or a model one"),
        (["--judge", "ensemble", "--judge_models", "a"], "an ensemble two or more"),
        (["--judge", "endpoint", "--judge_models", "a"], "there is no `base_url`"),
        (["--shard", "5/4"], "`shard` is '5/4'; give it as 1/8 to 8/8"),
        (["--samples", "3"], "samples=3 with temperature=0.0 would all be the same"),
        (["--prompt_price", "1"], "give both `prompt_price` and `answer_price`"),
        (["--source", "nothing.jsonl"], "nothing.jsonl: no such file"),
    ],
)
def test_what_cannot_be_run_is_named(source, tmp_path, arguments, words, capsys):
    with pytest.raises(SystemExit) as stopped:
        build(source, tmp_path / "out", *arguments)
    assert words in f"{stopped.value} {capsys.readouterr().err}"
