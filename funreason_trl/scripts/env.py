"""`funreason env`: what a bug report needs to know about this machine and what is installed on it.

In: nothing. Out: lines to copy into the report: versions, processor, memory and GPUs, the configuration of accelerate,
which environment variables are set, and whether the Hub's cache can be written to. Names of variables are shown and never
their values, so that no token is; the home folder is written as `~`.
"""

import os
import platform
import sys
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from funreason_trl.scripts.ending import ending
from funreason_trl.scripts.help import LineParser


PACKAGES = (
    *("funreason-trl", "torch", "trl", "transformers", "peft", "accelerate", "datasets", "huggingface_hub"),
    *("tokenizers", "bitsandbytes", "numpy"),
)
# Shown where they are installed.
OPTIONAL_PACKAGES = (
    *("vllm", "deepspeed", "flash-attn", "liger-kernel", "kernels", "datatrove", "gguf", "trackio", "wandb"),
    *("tensorboard", "bfcl-eval"),
)
# Beginnings of the names of environment variables that change what training, generation or the Hub do.
VARIABLES = (
    *("ACCELERATE_", "BNB_", "CUDA_", "DS_", "FSDP_", "HF_", "HUGGINGFACE_", "HUGGING_FACE_", "LOCAL_RANK", "MKL_"),
    *("MASTER_", "NCCL_", "OMP_", "PYTORCH_", "RANK", "ROCR_", "SLURM_", "TOKENIZERS_", "TORCH", "TRACKIO_"),
    *("TRANSFORMERS_", "TRL_", "VLLM_", "WANDB_", "WORLD_SIZE", "XDG_CACHE_HOME"),
)
# What tells how processes are started; the rest of the file may name machines.
ACCELERATE_KEYS = (
    *("compute_environment", "distributed_type", "num_machines", "num_processes", "mixed_precision", "use_cpu"),
    *("dynamo_config", "fsdp_config", "deepspeed_config"),
)
GIB = 2**30
# As shells report a process that SIGPIPE ended.
PIPE_CLOSED = 141


def facts() -> Iterator[tuple[str, str]]:
    """What is known, as names and values, in the order in which it is shown."""
    yield from package_versions()
    yield "python", f"{platform.python_version()} ({platform.python_implementation()})"
    yield "platform", platform.platform()
    yield "processor", f"{_processor()}, {os.cpu_count()} cores, {_usable_cores()} usable"
    yield "memory", _memory()
    yield from accelerators()
    yield "accelerate config", accelerate_config()
    yield "environment", ", ".join(set_variables()) or "none of the variables that matter is set"
    yield "Hub cache", hub_cache()


def package_versions() -> Iterator[tuple[str, str]]:
    """The versions that are installed; of required packages also that they are missing."""
    for name in PACKAGES + OPTIONAL_PACKAGES:
        try:
            yield name, version(name)
        except PackageNotFoundError:
            if name in PACKAGES:
                yield name, "not installed"


def accelerators() -> Iterator[tuple[str, str]]:
    """What torch was built for, and the devices that it sees."""
    try:
        import torch
    except ImportError as error:
        yield "GPUs", f"unknown, since torch can't be imported: {error}"
        return
    yield "torch built for", f"CUDA {torch.version.cuda}" if torch.version.cuda else _other_build(torch)
    devices = []
    for index in range(torch.cuda.device_count()):
        device = torch.cuda.get_device_properties(index)
        devices.append(f"{device.name} ({device.total_memory / GIB:.1f} GiB, {device.major}.{device.minor})")
    if not devices and torch.backends.mps.is_available():
        devices.append("Apple GPU (MPS)")
    yield "GPUs", "; ".join(devices) or "none"


def _other_build(torch) -> str:
    return f"ROCm {torch.version.hip}" if torch.version.hip else "CPU"


def accelerate_config() -> str:
    """How `accelerate launch` starts processes where nothing else is said."""
    try:
        import yaml  # type: ignore[import-untyped]
        from accelerate.commands.config.config_args import default_config_file
    except ImportError as error:
        return f"unknown: {error}"
    path = Path(default_config_file)
    if not path.is_file():
        return f"none at {shown(path)}"
    try:
        settings = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        return f"{shown(path)} can't be read: {type(error).__name__}"
    if not isinstance(settings, dict):
        return f"{shown(path)} holds no settings"
    return ", ".join(f"{key}={settings[key]}" for key in ACCELERATE_KEYS if settings.get(key) not in (None, {}))


def set_variables() -> list[str]:
    """Names of the environment variables that matter and are set. Values are secrets as often as not."""
    return sorted(name for name in os.environ if name.startswith(VARIABLES))


def hub_cache() -> str:
    """Where models and datasets are kept, and whether more can be put there."""
    try:
        from huggingface_hub.constants import HF_HUB_CACHE
    except ImportError as error:
        return f"unknown: {error}"
    there = folder = Path(HF_HUB_CACHE).absolute()
    while not there.exists():
        there = there.parent
    made = "" if there == folder else ", not made yet"
    return f"{shown(folder)}{made}, {'writable' if os.access(there, os.W_OK | os.X_OK) else 'NOT writable'}"


def shown(path: Path) -> str:
    """A path with `~` for the home folder, which often is a person's name."""
    home = Path.home()
    return str(Path("~") / path.relative_to(home)) if path.is_relative_to(home) else str(path)


def _processor() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.is_file():
        for line in cpuinfo.read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith("model name"):
                return f"{line.partition(':')[2].strip()} ({platform.machine()})"
    return platform.processor() or platform.machine()


def _usable_cores() -> int | None:
    # A container or a scheduler may leave fewer; not every platform tells.
    return len(os.sched_getaffinity(0)) if platform.system() == "Linux" else os.cpu_count()


def _memory() -> str:
    try:
        import psutil  # type: ignore[import-untyped]
    except ImportError as error:
        return f"unknown: {error}"
    memory = psutil.virtual_memory()
    return f"{memory.total / GIB:.1f} GiB, {memory.available / GIB:.1f} GiB of it free"


def option_parser() -> LineParser:
    return LineParser(command="env", usage="[--help]", example="funreason env > environment.txt", doc=__doc__)


def main(argv: list[str] | None = None) -> None:
    option_parser().parse_args(argv)
    with ending("env"):
        text = "\n".join(f"{name + ':':<20} {value}" for name, value in facts())
        try:
            print(text, flush=True)
        except BrokenPipeError:  # as after `| head`
            # Python flushes once more at the end.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            sys.exit(PIPE_CLOSED)


if __name__ == "__main__":
    main()
