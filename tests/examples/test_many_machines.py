"""Pins what starts runs on many machines: the configs of accelerate, and jobs of Slurm with stand-ins for its programs."""

import os
import subprocess
from pathlib import Path

import pytest
from accelerate.commands.config.config_args import load_config_from_file


ROOT = Path(__file__).parents[2]
SLURM = ROOT / "examples" / "slurm"


@pytest.mark.parametrize(
    "config", sorted((ROOT / "examples" / "accelerate").glob("*.yaml")), ids=lambda path: path.stem
)
def test_accelerate_reads_each_config(config):
    read = load_config_from_file(str(config))
    assert read.num_machines == (2 if config.stem.endswith("_2_nodes") else 1)
    assert read.num_processes % read.num_machines == 0


@pytest.fixture
def slurm(tmp_path, monkeypatch):
    """Stand-ins for the programs of a cluster of two nodes, where `srun` runs its command for each; what they were told."""
    programs = {
        "scontrol": "printf 'node-a\\nnode-b\\n'",
        "srun": 'nodes="0 1"\nfor word in "$@"; do case $word in --nodes=1) nodes=0;; esac; done\n'
        'while [[ $1 == --* ]]; do echo "srun $1" >> "$TOLD"; shift; done\n'
        '[[ $nodes == 0 ]] && exec "$@"\n'
        'for node in $nodes; do SLURM_NODEID=$node "$@"; done',
        "accelerate": 'printf "%s\\n" "accelerate $*" >> "$TOLD"',
        "vllm": 'printf "%s\\n" "vllm $*, dev mode $VLLM_SERVER_DEV_MODE" >> "$TOLD"\nexec /bin/sleep 60',
        "curl": 'grep --quiet ^vllm "$TOLD"',
        "sleep": "exec /bin/sleep 0.05",
    }
    folder = tmp_path / "bin"
    folder.mkdir()
    for name, script in programs.items():
        (folder / name).write_text(f"#!/bin/bash\n{script}\n")
        (folder / name).chmod(0o755)
    environment = {
        "PATH": f"{folder}:{os.environ['PATH']}",
        "TOLD": str(tmp_path / "told"),
        "SLURM_JOB_ID": "123456",
        "SLURM_JOB_NODELIST": "node-[a-b]",
        "SLURM_NNODES": "2",
        "SLURM_GPUS_ON_NODE": "8",
    }
    for name, value in environment.items():
        monkeypatch.setenv(name, value)

    def run(script: str, *arguments: str) -> subprocess.CompletedProcess:
        command = ["bash", str(SLURM / script), *arguments]
        return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=1800)

    return run, lambda: (tmp_path / "told").read_text().splitlines()


@pytest.mark.parametrize("script", sorted(SLURM.glob("*.sbatch")), ids=lambda path: path.name)
def test_a_slurm_script_is_right_bash_short_and_listed(script):
    subprocess.run(["bash", "-n", str(script)], check=True)
    text = script.read_text()
    assert len(text.splitlines()) < 70
    assert f"examples/slurm/{script.name}" in text
    assert f"slurm/{script.name}" in (ROOT / "examples" / "README.md").read_text()
    # Slurm takes its options from before the first command only.
    commands = [number for number, line in enumerate(text.splitlines()) if line and not line.startswith("#")]
    options = [number for number, line in enumerate(text.splitlines()) if line.startswith("#SBATCH")]
    assert max(options) < min(commands)


def test_training_starts_a_launcher_on_each_node(slurm):
    run, told = slurm
    recipe = "recipes/qwen2.5-coder-7b/srml-full.yaml"
    done = run("train.sbatch", "train", "--config", recipe, "--dataset_name", "my rows")
    assert done.returncode == 0, done.stderr
    assert told()[1:] == [
        "accelerate launch --config_file examples/accelerate/fsdp2_2_nodes.yaml --num_machines 2 --num_processes 16 "
        f"--machine_rank {rank} --main_process_ip node-a --main_process_port 23456 -m funreason_trl.scripts.train "
        f"--config {recipe} --dataset_name my rows"
        for rank in (0, 1)
    ]


def test_training_says_what_it_needs(slurm):
    run, _ = slurm
    done = run("train.sbatch", "--config", "recipe.yaml")
    assert done.returncode == 2 and "usage: sbatch examples/slurm/train.sbatch train|refine" in done.stderr


def test_refining_serves_on_the_second_node_and_trains_on_the_first(slurm, monkeypatch):
    run, told = slurm
    monkeypatch.setenv("MODEL", "my/model")
    done = run("refine_with_server.sbatch", "--config", "recipe.yaml")
    assert done.returncode == 0, done.stderr
    serving, training = (next(line for line in told() if line.startswith(word)) for word in ("vllm", "accelerate"))
    assert serving.startswith("vllm serve my/model --port 8000 ") and serving.endswith(", dev mode 1")
    assert "srun --nodelist=node-b" in told() and "srun --nodelist=node-a" in told()
    assert training.endswith(
        "--num_processes 8 -m funreason_trl.scripts.refine --config recipe.yaml "
        "--engine vllm --vllm_mode server --vllm_server_base_url http://node-b:8000"
    )


def test_refining_without_a_model_ends_before_anything_starts(slurm, monkeypatch):
    run, _ = slurm
    monkeypatch.delenv("MODEL", raising=False)
    done = run("refine_with_server.sbatch", "--config", "recipe.yaml")
    assert done.returncode != 0 and "set MODEL to the model that the recipe trains" in done.stderr
