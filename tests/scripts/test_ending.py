"""Pins how commands end that can't go on: one line, the exit code, what is kept, and no trace."""

import errno
import os
import signal
import subprocess
import sys
import time
from importlib.metadata import PackageNotFoundError

import pytest

from funreason_trl.scripts import cli
from funreason_trl.scripts.ending import KEPT, ending


def ended(error: BaseException, command="build", folder=None) -> object:
    """What the process ends with when the work raises an error."""
    with pytest.raises(SystemExit) as stop, ending(command, folder):
        raise error
    return stop.value.code


def test_work_that_ends_well_is_let_alone(tmp_path):
    with ending("build", tmp_path / "a" / "b"):
        pass
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("build", "stopped; what was answered is kept; the same command with --resume true goes on from there"),
        ("train", "stopped; checkpoints are kept; the same command with --resume_from_checkpoint true goes on"),
        ("score", "stopped; the same command begins anew"),
    ],
)
def test_ctrl_c_ends_with_130_and_how_to_go_on(command, words, capsys):
    assert ended(KeyboardInterrupt(), command) == 130
    shown = capsys.readouterr().err
    assert shown.startswith(f"\nfunreason {command}: {words}") and len(shown.splitlines()) == 2


def test_what_is_kept_is_told_of_commands_that_there_are():
    assert set(KEPT) <= {*cli.COMMANDS, "push", "download"}


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (ModuleNotFoundError("No module named 'vllm'", name="vllm"), 'pip install "funreason-trl[vllm]"'),
        (ModuleNotFoundError("No module named 'datatrove.x'", name="datatrove.x"), "[scale]"),
        (ModuleNotFoundError("No module named 'comet_ml'", name="comet_ml"), "`pip install comet-ml`"),
        (PackageNotFoundError("The 'deepspeed>=0.9.3' distribution was not found"), "`pip install deepspeed`"),
        (ImportError("Flash attention is not there."), "Flash attention is not there."),
        (OSError("There is no model of the name a/b."), "There is no model of the name a/b."),
    ],
)
def test_a_package_or_model_that_is_missing_is_told_in_one_line(error, words):
    assert words in ended(error)


@pytest.mark.parametrize(
    "error",
    [
        ImportError("cannot import name 'a' from 'b'", name="b"),
        ModuleNotFoundError("No module named 'funreason_trl.a'", name="funreason_trl.a"),
        ValueError("a fault"),
        FileNotFoundError(errno.ENOENT, "No such file", "rows.jsonl"),
        PermissionError("without a path"),
    ],
)
def test_faults_keep_their_trace(error):
    with pytest.raises(type(error)), ending("build"):
        raise error


class OtherLibrarysError(Exception):
    pass


@pytest.mark.parametrize(
    "error",
    [
        OSError(errno.ENOSPC, "No space left on device"),
        OSError(errno.EDQUOT, "Disk quota exceeded"),
        OtherLibrarysError("Error while serializing: I/O error: No space left on device (os error 28)"),
        OtherLibrarysError("database or disk is full"),
    ],
)
def test_a_full_disk_is_told_with_the_folder_that_is_written(error, tmp_path):
    line = ended(error, folder=tmp_path)
    assert line.startswith(f"funreason build: can't write {tmp_path}: the disk is full")
    assert line.endswith("what was answered is kept; the same command with --resume true goes on from there")
    wrapped = RuntimeError("could not save")
    wrapped.__cause__ = error
    assert ended(wrapped, folder=tmp_path) == line


def test_a_full_disk_is_told_with_the_file_where_it_is_known(tmp_path):
    assert "can't write a/b.json:" in ended(OSError(errno.ENOSPC, "No space left", "a/b.json"), folder=tmp_path)


@pytest.mark.parametrize("below", [".", "deeper/and/deeper"])
def test_a_folder_that_is_a_file_is_refused_before_the_work(tmp_path, below):
    (tmp_path / "file").write_text("")
    with (
        pytest.raises(SystemExit, match=r"file: Not a directory; give a place"),
        ending("eval", tmp_path / "file" / below),
    ):
        pytest.fail("the work began")


def test_a_folder_without_the_right_to_write_is_refused_before_the_work(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "access", lambda path, mode: False)  # root may write everywhere
    with pytest.raises(SystemExit, match=f"{tmp_path}: Permission denied"), ending("eval", tmp_path / "new"):
        pytest.fail("the work began")


def test_a_folder_that_cannot_be_made_ends_the_command_with_its_path(tmp_path, capsys):
    (tmp_path / "file").write_text("")
    with pytest.raises(SystemExit) as stop:
        cli.main(
            ["build", "--source", "sample", "--contamination", "none", "--output", str(tmp_path / "file" / "out")]
        )
    assert stop.value.code.startswith(f"funreason build: {tmp_path / 'file'}: Not a directory")


def test_ctrl_c_in_a_running_command_ends_with_one_line(tmp_path):
    command = [sys.executable, "-m", "funreason_trl.scripts.cli", "build", "--source", "sample", "--limit", "200000"]
    command += ["--contamination", "none", "--output", str(tmp_path / "out")]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    while not (tmp_path / "out" / "journal.sqlite").exists():
        assert process.poll() is None, process.stderr.read()
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=1800)
    assert process.returncode == 130
    assert "Traceback" not in errors
    assert errors.splitlines()[-1].startswith("funreason build: stopped; what was answered is kept")
