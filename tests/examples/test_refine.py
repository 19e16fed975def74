"""Runs `examples/refine.py`, `examples/refine.yaml` and the configs of `examples/accelerate/`, on tiny models and processors."""

import importlib.util
import json
import os
import runpy
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from accelerate.commands.config.config_args import load_config_from_file


ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples"
CONFIGS = sorted((EXAMPLES / "accelerate").glob("*.yaml"))
ON_PROCESSORS = ["--num_processes", "2", "--mixed_precision", "no", "--main_process_port", "0"]
SMALL = ["--sample-size", "8", "--rounds", "1", "--rows-per-round", "5", "--max-new-tokens", "4"]


def launch(config: str, *arguments: str, **environment: str) -> str:
    """`accelerate launch` of two processes with a config of ours; what they wrote to standard output."""
    command = ["accelerate.commands.launch", "--config_file", str(EXAMPLES / "accelerate" / config), *ON_PROCESSORS]
    done = subprocess.run(
        [sys.executable, "-m", *command, *arguments],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", **environment},
        capture_output=True,
        text=True,
        timeout=1800,
    )
    assert done.returncode == 0, done.stderr[-4000:]
    return done.stdout


def rounds(output: Path) -> list[dict]:
    return [json.loads(line) for line in (output / "refinement" / "refinement.jsonl").read_text().splitlines()]


def test_the_script(model_folder, tmp_path, monkeypatch, capsys):
    script = EXAMPLES / "refine.py"
    assert len(script.read_text().splitlines()) < 70
    arguments = [str(script), "--model", str(model_folder), "--output", str(tmp_path), *SMALL]
    monkeypatch.setattr(sys, "argv", arguments)
    runpy.run_path(str(script), run_name="__main__")
    assert "1 processes; model saved" in capsys.readouterr().out
    assert (tmp_path / "adapter_model.safetensors").is_file()
    assert [line["epochs"] for line in rounds(tmp_path)] == [1]


def test_the_command_on_two_ranks(model_folder, tmp_path):
    overrides = {
        "model_name_or_path": model_folder,
        "output_dir": tmp_path,
        "sample_size": 12,
        "rounds": 1,
        "rows_per_round": 5,
        "max_new_tokens": 4,
        "max_length": 4096,
        "gradient_accumulation_steps": 1,
        "save_strategy": "no",
    }
    words = [word for name, value in overrides.items() for word in (f"--{name}", str(value))]
    module = ["-m", "funreason_trl.scripts.refine", "--config", str(EXAMPLES / "refine.yaml")]
    launch("cpu_2_ranks.yaml", *module, *words)
    # Twelve rows in batches of four on each of two ranks.
    assert json.loads((tmp_path / "trainer_state.json").read_text())["max_steps"] == 2 * 2
    (line,) = rounds(tmp_path)
    assert line["figures"]["answers"] == 5 * 4


@pytest.mark.skipif(importlib.util.find_spec("deepspeed") is None, reason="DeepSpeed is not installed")
@pytest.mark.parametrize("config", ["zero2.yaml", "zero3.yaml"])
def test_the_script_with_deepspeed(model_folder, tmp_path, config):
    arguments = ["--model", str(model_folder), "--output", str(tmp_path), *SMALL]
    shown = launch(config, str(EXAMPLES / "refine.py"), *arguments, DS_ACCELERATOR="cpu")
    assert "2 processes; model saved" in shown
    (line,) = rounds(tmp_path)
    assert line["figures"]["answers"] == 5 * 4


@pytest.mark.parametrize("config", CONFIGS, ids=lambda path: path.stem)
def test_accelerate_reads_each_config(config):
    read = load_config_from_file(str(config))
    assert read.num_processes == yaml.safe_load(config.read_text())["num_processes"]
    assert f"examples/accelerate/{config.name}" in config.read_text()


def test_there_are_configs_for_each_way():
    on_two_nodes = {f"{way}_2_nodes" for way in ("ddp", "fsdp2", "zero3")}
    assert {path.stem for path in CONFIGS} == {"cpu_2_ranks", "ddp", "fsdp2", "zero2", "zero3", *on_two_nodes}
