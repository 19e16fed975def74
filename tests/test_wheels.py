"""A wheel is in its folder whole, or not at all."""

import subprocess
from pathlib import Path

import pytest

from funreason_trl import wheels
from funreason_trl.wheels import WheelError, download_wheel


def pip(monkeypatch, ending):
    """Stands for pip, which writes half of a wheel, does what `ending` does, and then writes the other half."""

    def run(command, **more):
        wheel = Path(command[command.index("--dest") + 1]) / "data-1.0-py3-none-any.whl"
        wheel.write_text("half")
        code = ending()
        wheel.write_text("half and half")
        return subprocess.CompletedProcess(command, code, "", " pip's words\n")

    monkeypatch.setattr(wheels.subprocess, "run", run)


def test_nobody_sees_half_a_wheel(tmp_path, monkeypatch):
    seen = []
    pip(monkeypatch, lambda: seen.append(list(tmp_path.glob("*.whl"))) or 0)
    wheel = download_wheel("data==1.0", tmp_path)
    assert seen == [[]]
    assert list(tmp_path.iterdir()) == [wheel] and wheel.read_text() == "half and half"


def test_a_download_that_is_ended_leaves_no_wheel(tmp_path, monkeypatch):
    def interrupted():
        raise KeyboardInterrupt

    pip(monkeypatch, interrupted)
    with pytest.raises(KeyboardInterrupt):
        download_wheel("data==1.0", tmp_path)
    assert not list(tmp_path.glob("*.whl"))


def test_the_words_of_pip_are_told(tmp_path, monkeypatch):
    pip(monkeypatch, lambda: 1)
    with pytest.raises(WheelError, match="pip's words"):
        download_wheel("data==1.0", tmp_path)
