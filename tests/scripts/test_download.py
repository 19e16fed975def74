"""Pins `funreason download`: what it says and where it puts things, and how it fails."""

from pathlib import Path

import pytest
from transformers import AutoModelForCausalLM

from funreason_trl.data.sources import load_rows
from funreason_trl.hub import push_dataset, push_model
from funreason_trl.scripts.download import main
from tests.hub.routes import WRITE_TOKEN
from tests.hub.test_datasets import build
from tests.hub.trained import train_into


def test_a_model_and_the_command_for_the_same_again(hub, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    push_model(train_into(tmp_path / "trained") / "full", "alice/caller", token=WRITE_TOKEN)
    capsys.readouterr()  # what the training said
    main(["--model", "alice/caller"])
    commit = hub.repo("alice/caller", "models").refs["main"]
    first, again = capsys.readouterr().out.splitlines()
    assert first == f"alice/caller at main, commit {commit}, is in runs/downloads/caller"
    assert AutoModelForCausalLM.from_pretrained("runs/downloads/caller")
    command = again.partition("funreason download ")[2].split()
    main([*command, "--output", "again"])
    assert f"at {commit}, commit {commit}, is in again" in capsys.readouterr().out
    weights = [Path(folder, "model.safetensors").read_bytes() for folder in ("again", "runs/downloads/caller")]
    assert weights[0] == weights[1]


def test_a_dataset_that_the_trainer_reads(hub, tmp_path):
    push_dataset(build(tmp_path / "calls", 4), "alice/calls", token=WRITE_TOKEN)
    main(["--dataset", "alice/calls", "--output", str(tmp_path / "here")])
    assert len(load_rows(tmp_path / "here")) == 4


def test_what_is_not_there_ends_in_one_line(hub, tmp_path):
    with pytest.raises(SystemExit, match=r"^funreason download: there is no model alice/nothing at"):
        main(["--model", "alice/nothing", "--output", str(tmp_path / "out")])
    assert not (tmp_path / "out").exists()


def test_one_thing_at_a_time(capsys):
    with pytest.raises(SystemExit) as stop:
        main(["--model", "a/b", "--dataset", "a/b"])
    assert stop.value.code == 2 and "not allowed with argument" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        main([])  # no names are published that could be meant
    assert "one of the arguments --model --dataset is required" in capsys.readouterr().err
