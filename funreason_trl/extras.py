"""Packages that are needed for some things only, and what `pip install` brings each.

In: the name of a module, or the error of an import. Out: [`how_to_install`], [`check_installed`].
"""

import re
from importlib.util import find_spec


# What brings a module, where it is not a package of its own name, and where else to turn.
EXTRAS = {
    "vllm": ('pip install "funreason-trl[vllm]"', "on a machine with a GPU, or take another backend"),
    "gguf": ('pip install "funreason-trl[quickstart]"', "which brings what reads the default model"),
    "datatrove": ('pip install "funreason-trl[scale]"', "which brings what builds on many machines"),
    "multiprocess": ('pip install "funreason-trl[scale]"', "which brings what builds on many machines"),
    "deepspeed": ("pip install deepspeed", "on a machine with a GPU, or train with FSDP or DDP"),
}
# Trackers that `report_to` may name and that are modules of the same name.
TRACKERS = ("trackio", "wandb", "tensorboard", "mlflow", "comet_ml", "clearml", "codecarbon", "dvclive", "swanlab")


def how_to_install(missing: ModuleNotFoundError | str) -> str:
    """
    What is missing, and which command brings it.

    Args:
        missing (`ModuleNotFoundError` or `str`): Error of an import, or name of a module.

    Returns:
        `str`: One line.
    """
    module = missing if isinstance(missing, str) else _module(missing)
    command, purpose = EXTRAS.get(module, (f"pip install {module.replace('_', '-')}", None))
    return f"{module} is not installed: `{command}`" + (f", {purpose}" if purpose else "")


def check_installed(module: str, needed_for: str) -> None:
    """
    Refuse what needs a package that is not there, before anything is loaded.

    Args:
        module (`str`): Name of a top-level module.
        needed_for (`str`): Option and value that ask for it.

    Raises:
        ImportError: It is not installed; names what installs it.
    """
    if find_spec(module) is None:
        raise ImportError(f"{needed_for}, but {how_to_install(module)}, or set it to something else")


def check_trackers(report_to: list[str]) -> None:
    """
    Refuse a tracker that is not installed.

    Args:
        report_to (`list[str]`): Names of trackers, as `transformers.TrainingArguments` takes them.

    Raises:
        ImportError: One is not installed; names what installs it.
    """
    for name in report_to:
        if name in TRACKERS and not (name == "tensorboard" and find_spec("tensorboardX")):
            check_installed(name, f"`report_to` has {name!r}")


def _module(error: ModuleNotFoundError) -> str:
    # Slow to import, and every command imports this module.
    from importlib.metadata import PackageNotFoundError

    if isinstance(error, PackageNotFoundError):
        # Its name may be a sentence around the requirement that is not met.
        found = re.search(r"'([\w.-]+)", str(error)) or re.search(r"([\w.-]+)$", str(error))
        return found[1] if found else str(error)
    return (error.name or str(error)).partition(".")[0]
