"""Starts a script on two ranks as design and README give it. In: the script and a folder. Out: the finished process."""

import os
import subprocess
import sys
from pathlib import Path


ROOT = Path(__file__).parents[1]


def launch_on_two_ranks(script: Path, folder: Path) -> subprocess.CompletedProcess:
    """`accelerate launch` of `script`, which gets `folder`; on one machine it is `torchrun` (torch.distributed.run)."""
    command = ["accelerate.commands.launch", "--multi_gpu", "--num_processes", "2", "--num_machines", "1"]
    command += ["--mixed_precision", "no", "--main_process_port", "0", str(script), str(folder)]
    done = subprocess.run(
        [sys.executable, "-m", *command],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=1800,
    )
    assert done.returncode == 0, done.stderr[-4000:]
    return done
