"""What the benchmarks share: the machine's description, and a JSON for every result."""

import json
import os
import platform
from importlib.metadata import version
from pathlib import Path

import torch


PACKAGES = ("torch", "transformers", "trl", "peft", "accelerate", "datasets")


def describe_machine() -> dict:
    """Processor, threads, memory and versions, as they matter for a timing."""
    names = {line.split(":")[1].strip() for line in _lines("/proc/cpuinfo") if line.startswith("model name")}
    memory = next((line.split()[1] for line in _lines("/proc/meminfo") if line.startswith("MemTotal")), "0")
    return {
        "processor": ", ".join(sorted(names)) or platform.processor(),
        "cores": os.cpu_count(),
        "threads": torch.get_num_threads(),
        "memory_gib": round(int(memory) / 2**20, 1),
        "device": torch.cuda.get_device_name() if torch.cuda.is_available() else "cpu",
        "python": platform.python_version(),
        "versions": {package: version(package) for package in PACKAGES},
    }


def _lines(path: str) -> list[str]:
    return Path(path).read_text().splitlines() if Path(path).exists() else []


def write_json(path: Path, content: dict) -> None:
    """Whole or not at all, so that a killed benchmark leaves no half result behind."""
    path.parent.mkdir(parents=True, exist_ok=True)
    scratch = path.with_suffix(".tmp")
    scratch.write_text(json.dumps(content, indent=1) + "\n")
    scratch.replace(path)
