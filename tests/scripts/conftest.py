"""What the tests of the commands share: how to run a command."""

import os
import subprocess
import sys

import pytest
import torch
import yaml


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


@pytest.fixture
def write_yaml(model_folder, tmp_path):
    """Writes a YAML file for a short training of a tiny model on a few rows, with what a test adds; `None` takes out."""

    def write(**more) -> str:
        settings = {
            "model_name_or_path": str(model_folder),
            "dataset_name": "sample",
            "sample_size": 8,
            "output_dir": str(tmp_path / "out"),
            "learning_rate": 1e-3,
            "logging_steps": 1,
            "save_strategy": "no",
            "report_to": "none",
            "use_cpu": True,
            "bf16": False,
            "gradient_checkpointing": False,
            "dataloader_pin_memory": False,
            **more,
        }
        path = tmp_path / "settings.yaml"
        path.write_text(yaml.safe_dump({name: value for name, value in settings.items() if value is not None}))
        return str(path)

    return write
