"""What the tests of the commands share: how to run a command."""

import os
import subprocess
import sys

import pytest
import torch


@pytest.fixture(autouse=True, scope="session")
def one_thread():
    torch.set_num_threads(1)


@pytest.fixture
def run_python():
    """Runs `python ARGUMENTS` in a process of its own, with more environment if need be."""

    def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess:
        return subprocess.run(
            [sys.executable, *arguments], capture_output=True, text=True, env={**os.environ, **environment}
        )

    return run
