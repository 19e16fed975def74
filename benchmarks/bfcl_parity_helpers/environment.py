"""An environment of its own for the official checker, which would break ours.

In: the package index. Out: [`official_environment`]: the folder of a virtual environment that holds `bfcl-eval`
without most of its 150 dependencies, made once and kept in the cache of Hugging Face.
"""

import shutil
import subprocess
import sys
from pathlib import Path

from huggingface_hub import cached_assets_path


OFFICIAL = "bfcl-eval==2026.3.23"
# What the single-turn checker imports, in the versions that the official package names; it names none for tenacity.
NEEDED = ("tree_sitter==0.21.3", "tree-sitter-java==0.21.0", "tree-sitter-javascript==0.21.4", "filelock", "tenacity")
FINISHED = "finished"


def official_environment() -> Path:
    """
    Folder of the virtual environment, made at the first call.

    Raises:
        `RuntimeError`: pip could not install the official package, with pip's own words.
    """
    folder = cached_assets_path("funreason_trl", namespace="bfcl", subfolder=f"{OFFICIAL.replace('==', '-')}-checker")
    if not (folder / FINISHED).is_file():
        shutil.rmtree(folder, ignore_errors=True)
        _run([sys.executable, "-m", "venv", str(folder)])
        install = [str(python_of(folder)), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        _run([*install, *NEEDED])
        _run([*install, "--no-deps", OFFICIAL])
        (folder / FINISHED).touch()
    return folder


def python_of(environment: Path) -> Path:
    return environment / "bin" / "python"


def package_of(environment: Path) -> Path:
    """The installed official package, whose data files both sides read."""
    (package,) = environment.glob("lib/python*/site-packages/bfcl_eval")
    return package


def _run(command: list[str]) -> None:
    process = subprocess.run(command, capture_output=True, text=True)
    if process.returncode != 0:
        raise RuntimeError(f"{' '.join(command[1:])} failed; the official checker needs it:\n{process.stderr.strip()}")
