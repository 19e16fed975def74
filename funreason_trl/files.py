"""Small files that are there whole, or not at all, whenever the process or the machine that writes them ends.

In: a path and its text. Out: [`write_whole`]: the file.
"""

import os
from pathlib import Path


def write_whole(path: Path, text: str) -> Path:
    """
    Write a text file in place of what was there.

    Args:
        path (`Path`): Its folder is there. `PATH.unfinished` beside it is written over.
        text (`str`): In UTF-8.

    Returns:
        `Path`: The file.
    """
    unfinished = path.with_name(f"{path.name}.unfinished")
    with unfinished.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    return unfinished.replace(path)
