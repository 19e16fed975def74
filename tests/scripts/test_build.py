"""`funreason build`: the command from end to end with rules alone, and what it refuses."""

import json
import re
from collections import Counter

import pytest
from datasets import load_dataset

from funreason_trl.building.build import Built
from funreason_trl.data.sample import sample_rows
from funreason_trl.fcdr.tally import Tally
from funreason_trl.fcdr.verdicts import Outcome, Stage, Verdict
from funreason_trl.hub import HubError
from funreason_trl.scripts.built import push_built
from funreason_trl.scripts.cli import main
from tests.evaluation.bfcl.files import write_lines
from tests.evaluation.skills.examples import HUMANEVAL_ROW, MBPP_ROW
from tests.hub.routes import WRITE_TOKEN


@pytest.fixture
def source(tmp_path):
    write_lines(tmp_path / "rows.jsonl", list(sample_rows(30)))
    return tmp_path / "rows.jsonl"


def build(source, output, *more):
    main(["build", "--source", str(source), "--output", str(output), "--contamination", "none", *more])
    return json.loads((output / "stats.json").read_text())


def card(folder):
    """Its text with single spaces, since tables are padded."""
    return re.sub(" +", " ", (folder / "README.md").read_text())


def test_a_dataset_comes_out(source, tmp_path, capsys):
    stats = build(source, tmp_path / "out")
    assert stats["rows"] == {"train": 30, "rejected": 0, "hard": 0}
    assert stats["made"]["judge"] == "rules"
    assert stats["made"]["source"] == "rows.jsonl"  # not the folders of this machine
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
    stats = build(source, tmp_path / "out")
    assert (stats["rows"]["train"], stats["unreadable"]) == (30, 1)
    shown = capsys.readouterr()
    assert "1 rows could not be read; the first:" in shown.err
    assert "left out: not readable" in shown.out and "| left out: not readable | 1 |" in card(tmp_path / "out")
    (error,) = map(json.loads, (tmp_path / "out" / "errors.jsonl").read_text().splitlines())
    assert error["unreadable"]["place"].endswith("rows.jsonl:31") and "not JSON" in error["unreadable"]["problem"]
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
        (["--contamination", "mbpp", "--mbpp_data", "gone.jsonl"], "leave it out with --contamination none"),
        (
            ["--judgee", "rules"],
            "there is no option '--judgee', which the command line gives; did you mean '--judge'?",
        ),
    ],
)
def test_what_cannot_be_run_is_named(source, tmp_path, arguments, words, capsys):
    with pytest.raises(SystemExit) as stopped:
        build(source, tmp_path / "out", *arguments)
    assert words in f"{stopped.value} {capsys.readouterr().err}"


def test_rows_of_benchmarks_are_left_out_and_counted_for_each(source, tmp_path, capsys):
    rows = [json.loads(line) for line in source.read_text().splitlines()]
    question = rows[4]["messages"][0]["content"] + " Tell me as soon as you can, and thank you so much for it."
    rows[4]["messages"][0]["content"] = question
    write_lines(source, rows)
    write_lines(tmp_path / "mbpp.jsonl", [{**MBPP_ROW, "text": question}])
    write_lines(tmp_path / "humaneval.jsonl", [HUMANEVAL_ROW])
    data = ["--mbpp_data", str(tmp_path / "mbpp.jsonl"), "--humaneval_data", str(tmp_path / "humaneval.jsonl")]
    stats = build(source, tmp_path / "out", "--contamination", "humaneval", "mbpp", *data)
    assert stats["left_out"] == {"asked by HumanEval": 0, "asked by MBPP": 1}
    assert stats["made"]["checked against"].startswith("HumanEval, MBPP: a user message shares 12 words in a row")
    assert "| left out: asked by HumanEval | 0 |" in card(tmp_path / "out")


def test_a_dry_run_tells_what_would_be_asked_and_leaves_nothing(source, tmp_path, capsys):
    line = ["build", "--source", str(source), "--output", str(tmp_path / "out"), "--dry-run"]
    models = ["--judge", "endpoint", "--judge_models", "qwen", "--base_url", "http://127.0.0.1:9/v1"]
    main([*line, *models, "--prompt_price", "1", "--answer_price", "2"])
    shown = capsys.readouterr().out
    assert "Estimate for the 30 rows of the source, from 30 of the first 30" in shown
    assert "function and parameter" in shown and "At most" in shown and "Nothing was asked" in shown
    assert not (tmp_path / "out").exists()
    source.write_text("\n".join(["[", ",\n".join(source.read_text().splitlines()), "]"]))
    main([*line, *models])
    assert "1,000 rows; how many there are is not known" in " ".join(capsys.readouterr().out.split())


def test_hard_rows_are_not_read_from_where_they_are_written(source, tmp_path):
    build(source, tmp_path / "out")
    hard = ["--hard_pool", "true", "--teacher", "a", "--base_url", "http://127.0.0.1:9/v1", "--resume", "true"]
    with pytest.raises(SystemExit, match="is the dataset whose hard rows are read; choose another folder"):
        build(tmp_path / "out", tmp_path / "out", *hard)
    # It has none, so nobody is asked.
    assert build(tmp_path / "out", tmp_path / "again", *hard)["rows"] == {"train": 0, "rejected": 0, "hard": 0}


def test_a_whole_dataset_is_pushed(source, tmp_path, hub, monkeypatch, capsys):
    monkeypatch.setenv("HF_TOKEN", WRITE_TOKEN)
    build(source, tmp_path / "out", "--push-to-hub", "alice/calls", "--private")
    assert "pushed: " in capsys.readouterr().out
    assert len(load_dataset("alice/calls", split="train", cache_dir=str(tmp_path / "cache"))) == 30


def test_without_a_token_nothing_is_begun(source, tmp_path, hub):
    with pytest.raises(SystemExit, match="log in with `hf auth login` or set HF_TOKEN before the run"):
        build(source, tmp_path / "out", "--push_to_hub", "alice/calls")
    assert not (tmp_path / "out").exists()


def test_a_dataset_with_rows_without_verdict_is_not_pushed(tmp_path):
    tally = Tally(errors=[("7", Verdict(Stage.REASONING, Outcome.ERROR, "no_answer"))])
    with pytest.raises(HubError, match="alice/calls was not pushed, since 1 rows came to no verdict"):
        push_built(Built({}, tally, Counter(), {}), tmp_path, "alice/calls", private=False)
