"""Pins `funreason push`: models and datasets from the command line, and how it fails."""

import json
from pathlib import Path

import pytest
from huggingface_hub import ModelCard

from funreason_trl.scripts.push import main
from tests.hub.routes import WRITE_TOKEN
from tests.hub.test_datasets import build
from tests.hub.trained import train_into


@pytest.fixture(scope="module")
def trained(tmp_path_factory) -> Path:
    return train_into(tmp_path_factory.mktemp("trained"))


@pytest.fixture(autouse=True)
def logged_in(hub, monkeypatch):
    monkeypatch.setenv("HF_TOKEN", WRITE_TOKEN)


def test_a_model_with_all_options(hub, trained, tmp_path, capsys):
    score = {"accuracy": 0.5, "low": 0.4, "high": 0.6, "count": 10}
    record = {"settings": {"model": "m"}, "scores": {"m": {"overall": score}}}
    (tmp_path / "scores.json").write_text(json.dumps(record))
    options = ["--merge", "--base_model", "alice/base", "--private", "--revision", "next", "--tag", "v1"]
    scores = ["--scores", str(tmp_path), f"plain SFT={tmp_path / 'scores.json'}"]
    main(["--model", str(trained / "lora"), "--repo", "alice/caller", *options, *scores])
    repo = hub.repo("alice/caller", "models")
    assert repo.private and repo.tags["v1"] == repo.refs["next"] != repo.refs["main"]
    assert capsys.readouterr().out == f"pushed: {hub.url}/alice/caller/commit/{repo.refs['next']}\n"
    card = ModelCard(repo.content(repo.find("next").files["README.md"]).decode())
    assert card.data.base_model == "alice/base" and "| overall | 10 | 50.0 (40.0 to 60.0)" in card.text


def test_a_dataset(hub, tmp_path, capsys):
    main(["--dataset", str(build(tmp_path / "calls", 4)), "--repo", "alice/calls", "--tag", "v1"])
    assert capsys.readouterr().out.startswith(f"pushed: {hub.url}/datasets/alice/calls/commit/")
    assert list(hub.repo("alice/calls").tags) == ["v1"]


def test_what_it_can_not_push_ends_in_one_line(hub, trained, tmp_path, monkeypatch):
    with pytest.raises(SystemExit, match=r"^funreason push: .*base, a folder of this machine"):
        main(["--model", str(trained / "lora"), "--repo", "alice/caller"])
    with pytest.raises(SystemExit, match=r"^funreason push: .*nowhere is no folder"):
        main(["--model", str(tmp_path / "nowhere"), "--repo", "alice/caller"])
    monkeypatch.delenv("HF_TOKEN")
    with pytest.raises(SystemExit, match=r"^funreason push: there is no token to push with"):
        main(["--model", str(trained / "full"), "--repo", "alice/caller"])
    assert hub.requests == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--repo", "a/b"], "one of the arguments --model --dataset is required"),
        (["--model", "a", "--dataset", "b", "--repo", "a/b"], "not allowed with argument"),
        (["--model", "a"], "--repo"),
        (["--dataset", "a", "--repo", "a/b", "--merge"], "argument --merge: only for --model"),
        (["--dataset", "a", "--repo", "a/b", "--scores", "c"], "argument --scores: only for --model"),
        (["--dataset", "a", "--repo", "a/b", "--card", "c"], "argument --card: only for --model"),
    ],
)
def test_options_that_do_not_fit(arguments, message, capsys):
    with pytest.raises(SystemExit) as stop:
        main(arguments)
    assert stop.value.code == 2 and message in capsys.readouterr().err
