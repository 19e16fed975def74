"""Lock this process in, for good, then run the program in it.

In: on standard input, a secret line and the program; as arguments, a pipe to report on, a scratch folder, the ways to
hide the file system, and the limits. Out, on the pipe: `ready` once nothing is open any more, the secret once the
program has come to its end. What the program prints goes to standard output.
"""

import errno
import os
import resource
import sys
from types import ModuleType

from .files import enter_landlock, enter_namespaces, readable_places
from .libc import call
from .system_calls import forbid_system_calls


NOBODY = 65534  # an account that owns nothing; processes of root become its
PROGRAM = "answer.py"
_PR_SET_PDEATHSIG, _PR_SET_NO_NEW_PRIVS, _SIGKILL = 1, 38, 9
_CAPABILITIES_VERSION = b"\x22\x05\x08\x20" + bytes(4)


def main() -> None:
    """Entry point of the sandbox's process; does not return."""
    report, layers = int(sys.argv[1]), sys.argv[3].split("+")
    with open(0, "rb", closefd=False) as stream:
        secret = stream.readline()
        text = stream.read().decode()
    try:
        _lock_in(sys.argv[2], layers, *map(int, sys.argv[4:]))
    except OSError as error:
        os.write(report, f"refused {error}".encode())
        os._exit(1)
    os.write(report, b"ready\n")
    sys.argv[:] = [PROGRAM]
    passed = _run(text)
    if passed:
        os.write(report, secret)
    try:
        sys.stdout.flush()
    finally:  # whether or not the program has left a standard output to flush
        os._exit(not passed)


def _lock_in(scratch: str, layers: list[str], seconds: int, memory: int, file_bytes: int, work_bytes: int) -> None:
    # Whoever started this is gone: so should this be. (Sent when the starting thread ends, which waits for this.)
    call("prctl", _PR_SET_PDEATHSIG, _SIGKILL, 0, 0, 0)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    root = os.getuid() == 0
    readable = readable_places()
    if "namespaces" in layers:
        enter_namespaces(scratch, readable, work_bytes)
    else:
        os.chdir(scratch)
        if root:
            os.chown(scratch, NOBODY, NOBODY)
    if root:
        os.setgroups([])
        os.setresgid(NOBODY, NOBODY, NOBODY)
        os.setresuid(NOBODY, NOBODY, NOBODY)
        # Giving up root cleared it.
        call("prctl", _PR_SET_PDEATHSIG, _SIGKILL, 0, 0, 0)
    # Within a namespace of its own a process has every capability, until here.
    call("capset", _CAPABILITIES_VERSION, bytes(24))
    call("prctl", _PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    _check_readable()
    if "landlock" in layers:
        enter_landlock(".", readable)
    for limit, value in (
        (resource.RLIMIT_CPU, seconds),
        (resource.RLIMIT_AS, memory),
        (resource.RLIMIT_FSIZE, file_bytes),
        (resource.RLIMIT_NPROC, 1),
        (resource.RLIMIT_NOFILE, 64),
        (resource.RLIMIT_CORE, 0),
    ):
        # Of processor time the second, hard limit can't be caught.
        hard = value + 1 if limit == resource.RLIMIT_CPU else value
        resource.setrlimit(limit, (value, hard))
    forbid_system_calls()


def _check_readable() -> None:
    """An interpreter in root's home can't be read by anybody else; programs would fail at their first import."""
    standard = os.path.dirname(os.__file__)
    if not os.access(os.path.join(standard, "linecache.py"), os.R_OK):
        message = (
            f"Python's own modules in {standard} can't be read without root: install Python outside of root's home"
        )
        raise OSError(errno.EACCES, message)


def _run(text: str) -> bool:
    # Not `__main__`: what a file does only when it is run as a script is no part of an answer.
    module = ModuleType("answer")
    sys.modules["answer"] = module
    try:
        exec(compile(text, PROGRAM, "exec"), module.__dict__)
    except SystemExit as error:
        print(f"the program ended itself before its tests were over: SystemExit({error.code!r})")
        return False
    except BaseException:
        _print_error(text)
        return False
    return True


def _print_error(text: str) -> None:
    import linecache
    import traceback

    linecache.cache[PROGRAM] = (len(text), None, text.splitlines(keepends=True), PROGRAM)
    kind, error, trace = sys.exc_info()
    traceback.print_exception(kind, error, trace and trace.tb_next, limit=-20, file=sys.stdout)
