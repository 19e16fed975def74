"""How commands end when they can't go on: one line on standard error that says why, what is kept, and what to do.

In: a command's work, within [`ending`]. Out: exit code 130 for Ctrl-C, and 1 for a package that is missing, a disk that is
full, and a place that can't be written to. Everything else is a fault of ours and keeps its trace.
"""

import errno
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from funreason_trl.extras import how_to_install


# What is kept when a command is stopped, and how to go on; of others nothing is kept that could be gone on with.
KEPT = {
    "train": "checkpoints are kept; the same command with --resume_from_checkpoint true goes on from the last one",
    "refine": "what was answered and checkpoints are kept; the same command with --resume_from_checkpoint true goes on",
    "build": "what was answered is kept; the same command with --resume true goes on from there",
    "eval": "answers are kept; the same command goes on from there",
    "push": "what has arrived is kept; the same command goes on from there",
    "download": "what has arrived is kept; the same command goes on from there",
}
NOTHING_KEPT = "the same command begins anew"
# As shells report a process that SIGINT ended.
INTERRUPTED = 130
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_FORBIDDEN = (errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR, errno.EISDIR)
# Writers in other languages (safetensors, tokenizers, SQLite, Arrow) raise errors of their own that have no number.
_FULL_WORDS = ("no space left on device", "disk is full", "disk quota exceeded", "file too large")


@contextmanager
def ending(command: str, folder: str | Path | None = None) -> Iterator[None]:
    """
    Run a command's work, and end the process with one line where something outside of us stops it.

    Args:
        command (`str`): Name of the command.
        folder (`str` or `Path`, *optional*): Folder that the work writes to, there or not; one that can't be written to
            is refused before the work begins, which may load a model first.

    Raises:
        SystemExit: With 130 after Ctrl-C, or with the line.
    """
    kept = KEPT.get(command, NOTHING_KEPT)
    try:
        if folder is not None:
            check_folder(Path(folder).expanduser())
        yield
    except KeyboardInterrupt:
        print(f"\nfunreason {command}: stopped; {kept}", file=sys.stderr)
        sys.exit(INTERRUPTED)
    except ModuleNotFoundError as error:
        if (error.name or "").startswith("funreason_trl"):
            raise
        sys.exit(f"funreason {command}: {how_to_install(error)}")
    except ImportError as error:
        # A name that a module does not have is a fault; words without a module are meant for the user.
        if error.name is not None:
            raise
        sys.exit(f"funreason {command}: {error}")
    except Exception as error:
        # A bare one without a number is what transformers tells about a model that it can't load.
        if type(error) is OSError and error.errno is None:
            sys.exit(f"funreason {command}: {error}")
        line = _line(error, folder)
        if line is None:
            raise
        sys.exit(f"funreason {command}: {line}; {kept}")


def check_folder(folder: Path) -> None:
    """
    Refuse a folder that can't be written to, or can't be made; nothing is made.

    Args:
        folder (`Path`): There or not.

    Raises:
        OSError: What stands in the way, with its path.
    """
    there = folder.absolute()
    while not there.exists():
        there = there.parent
    if not there.is_dir():
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(there))
    if not os.access(there, os.W_OK | os.X_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(there))


def _line(error: BaseException, folder: str | Path | None) -> str | None:
    """What to tell about a full disk or a forbidden place, if it is that, or came of that."""
    seen: BaseException | None = error
    while seen is not None:
        place = seen.filename if isinstance(seen, OSError) and seen.filename is not None else None
        number = seen.errno if isinstance(seen, OSError) else None
        if number in _FULL or any(words in str(seen).lower() for words in _FULL_WORDS):
            where = place or folder or "the output"
            return f"can't write {where}: the disk is full or the quota is used up; make room there, or choose another place"
        if number in _FORBIDDEN and place is not None:
            return f"{place}: {os.strerror(number)}; give a place that you may read and write"
        seen = seen.__cause__ or seen.__context__
    return None
