"""Small files that are there whole, or not at all, whenever the process or the machine that writes them ends.

In: a path and its text. Out: [`write_whole`]: the file.
"""

import os
import threading
from pathlib import Path


def write_whole(path: Path, text: str) -> Path:
    """
    Write a text file in place of what was there.

    Args:
        path (`Path`): Its folder is there. Of a link, the file that it leads to is replaced.
        text (`str`): In UTF-8.

    Returns:
        `Path`: The file.
    """
    target = path.resolve()
    if target.exists() and not target.is_file():  # a pipe or a terminal
        target.write_text(text, encoding="utf-8")
        return path
    unfinished = target.with_name(f"{target.name}.{os.getpid()}-{threading.get_ident()}.unfinished")
    try:
        with unfinished.open("w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(target)
    finally:
        unfinished.unlink(missing_ok=True)
    return path
