"""Pins `funreason env`: what it tells, that no value of an environment variable is in it, and that it starts without torch."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from funreason_trl.scripts import env


SECRET = "hf_thisIsAValueThatMustNotBeShown"


def told() -> dict[str, str]:
    return dict(env.facts())


def test_it_tells_what_a_bug_report_needs(capsys):
    env.main([])
    lines = capsys.readouterr().out.splitlines()
    shown = dict(re.split(r":\s+", line, maxsplit=1) for line in lines)
    assert shown == {**told(), "memory": shown["memory"]}  # how much is free changes
    for name in ("funreason-trl", "torch", "trl", "transformers", "peft", "accelerate", "datasets", "bitsandbytes"):
        assert re.match(r"\d+\.\d+", shown[name]), name
    for name in ("python", "platform", "processor", "memory", "torch built for", "GPUs", "accelerate config"):
        assert shown[name]
    assert "None" not in "".join(lines)


def test_names_of_variables_are_told_and_never_their_values(monkeypatch):
    names = ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN", "WANDB_API_KEY", "CUDA_VISIBLE_DEVICES", "ACCELERATE_USE_CPU")
    for name in names:
        monkeypatch.setenv(name, f"{SECRET}-{name}")
    monkeypatch.setenv("NOT_OURS_TOKEN", SECRET)
    shown = told()
    assert set(names) <= set(shown["environment"].split(", "))
    assert SECRET not in str(shown) and "NOT_OURS" not in str(shown)


def test_a_token_is_not_in_what_the_command_writes(run_python):
    done = run_python("-m", "funreason_trl.scripts.cli", "env", HF_TOKEN=SECRET, HF_HUB_OFFLINE="1")
    assert done.returncode == 0, done.stderr
    assert "HF_TOKEN" in done.stdout
    assert SECRET not in done.stdout + done.stderr


def test_it_ends_quietly_where_only_its_head_is_read(tmp_path):
    reading, writing = os.pipe()
    os.close(reading)
    command = [sys.executable, "-m", "funreason_trl.scripts.cli", "env"]
    done = subprocess.run(command, stdout=writing, stderr=subprocess.PIPE, text=True)
    os.close(writing)
    assert (done.returncode, done.stderr) == (141, "")


def test_the_configuration_of_accelerate_is_told_without_addresses(tmp_path, monkeypatch):
    from accelerate.commands.config import config_args

    path = tmp_path / "default_config.yaml"
    monkeypatch.setattr(config_args, "default_config_file", str(path))
    assert env.accelerate_config() == f"none at {path}"
    path.write_text("distributed_type: FSDP\nnum_processes: 8\nmain_process_ip: 10.1.2.3\nfsdp_config: {}\n")
    assert env.accelerate_config() == "distributed_type=FSDP, num_processes=8"
    path.write_text("[unclosed")
    assert env.accelerate_config() == f"{path} can't be read: ParserError"
    path.write_text("- 1")
    assert env.accelerate_config() == f"{path} holds no settings"


@pytest.mark.parametrize(("may_write", "words"), [(True, ", writable"), (False, ", NOT writable")])
def test_the_hub_cache_is_told(tmp_path, monkeypatch, may_write, words):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr(os, "access", lambda path, mode: may_write)
    assert env.hub_cache() == f"{tmp_path / 'hub'}, not made yet{words}"
    (tmp_path / "hub").mkdir()
    assert env.hub_cache() == f"{tmp_path / 'hub'}{words}"


def test_the_home_folder_is_not_told(monkeypatch, tmp_path):
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    assert env.shown(tmp_path / ".cache") == "~/.cache"
    assert env.shown(Path("/elsewhere")) == "/elsewhere"


def test_a_package_that_is_missing_is_told_if_it_is_required(monkeypatch):
    monkeypatch.setattr(env, "PACKAGES", ("torch", "no-such-package"))
    monkeypatch.setattr(env, "OPTIONAL_PACKAGES", ("nor-this-one",))
    assert list(env.package_versions())[1:] == [("no-such-package", "not installed")]
