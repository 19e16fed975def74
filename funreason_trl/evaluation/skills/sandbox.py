"""Run programs that nobody has read: each in a process of its own that can reach nothing but its own memory.

In: programs as text, limits. Out: an [`Outcome`] for each, in order. Linux only (x86-64, aarch64); no privileges needed.

What a program finds, each time:

- a fresh Python without the caller's environment, in an empty working folder, with the standard library and numpy;
- a process group of its own, which can start neither processes nor threads (so that nothing can outlive it), nor run
  other programs; running as root, it becomes `nobody`, without any capability, before the program starts;
- no network: no socket can be made but a pair that leads back into the process;
- no file but Python's own, the packages beside numpy and the system's libraries, to read; nothing to write but the
  working folder. Other files are not even there (namespaces), or can't be opened (Landlock). Both are used where the
  kernel lets us, and one is needed: where neither works, nothing is run. [`sandbox_protections`] says what is in force;
- no signals to other processes, no tracing of them, no change of their limits; no shared memory, no kernel keys;
- limits: processor time, wall-clock time, memory, size of a file, open files, output. All of them kill or raise.

What this does **not** protect against:

- errors in the kernel: the program shares it with everything else. For programs by an enemy, not a model, use a
  virtual machine;
- a program that forges its verdict: tests and answer share a process, so an answer made for it can rewrite the tests or
  claim to have passed. (Leaving early, by `exit()` or `os._exit(0)`, is not enough.) The verdict says that the tests
  were passed by an answer that meant to;
- slowing the machine down: up to its limits a program may take a core, and memory, for each worker;
- learning about the machine: its name, kernel, load, clock, the user's number, Python's version and packages;
- with Landlock alone (no namespaces): seeing that a file exists, with its size and times, and filling the disk with
  many files of the largest size (both are excluded with namespaces, where the working folder is 64 MB of memory);
- timing: side channels of the processor stay open.
"""

import importlib.util
import os
import secrets
import selectors
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from tqdm.auto import tqdm


_LAYERS = ("namespaces+landlock", "namespaces", "landlock")
_WORK_BYTES = 64 * 2**20
_START_SECONDS = 120.0  # the start is our own code; only a machine that is overloaded beyond use needs so long
_TAIL_BYTES = 4096
# Of this package only `jail` is imported, which takes milliseconds; numpy's folder is added behind the standard library.
_BOOTSTRAP = """
import sys
folder, libraries = sys.argv[1:3]
del sys.argv[1:3]
sys.path.insert(0, folder)
from jail.start import main
sys.path[:] = [*sys.path[1:], *filter(None, [libraries])]
main()
"""
# The same answer gets the same verdict: strings hash alike in every run. numpy can't start threads.
_ENVIRONMENT = {"PYTHONHASHSEED": "0", "PYTHONUTF8": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}


class SandboxError(RuntimeError):
    """Programs can't be run safely here. The message says why."""


@dataclass(frozen=True)
class Limits:
    """
    What one program may use.

    Attributes:
        cpu_seconds (`int`):
            Processor time, which hardly depends on what else the machine does. The slowest published solution (MBPP's
            number 123) takes about six.
        wall_seconds (`float`): Time by the clock; ends programs that wait.
        memory_bytes (`int`): Address space, the interpreter's own included.
        file_bytes (`int`): Size of each file that it writes.
        output_bytes (`int`): What it may print.
    """

    cpu_seconds: int = 20
    wall_seconds: float = 60.0
    memory_bytes: int = 2**30
    file_bytes: int = 16 * 2**20
    output_bytes: int = 2**20

    def __post_init__(self):
        for name, value in vars(self).items():
            if value <= 0 or (name != "wall_seconds" and not isinstance(value, int)):
                raise ValueError(f"Limits.{name}={value!r}: give a whole number above 0")


@dataclass(frozen=True)
class Outcome:
    """
    How a program ended.

    Attributes:
        status (`str`): `"passed"` (ran to its end), `"failed"` (an exception, or left early), `"timed_out"`,
            or `"killed"` (by a signal, or for too much output).
        detail (`str`): The exit code, the signal or the limit; empty if passed.
        output (`str`): The end of what it printed, at most 4096 bytes; errors are printed too.
    """

    status: str
    detail: str = ""
    output: str = ""

    @property
    def passed(self) -> bool:
        return self.status == "passed"


@dataclass(frozen=True)
class Protections:
    """
    What holds programs in on this machine, beside the limits and the filter of system calls, which always do.

    Attributes:
        layers (`tuple[str, ...]`): Of `"namespaces"` and `"landlock"`, what hides the file system.
        gives_up_root (`bool`): This process is root, so that programs are moved to the account `nobody`.
        missing (`dict[str, str]`): What was tried and did not work, with the reason.
    """

    layers: tuple[str, ...]
    gives_up_root: bool
    missing: dict[str, str] = field(default_factory=dict)


@cache
def sandbox_protections() -> Protections:
    """
    Find out, by running a program in it, which sandbox this machine can make.

    Returns:
        [`Protections`]

    Raises:
        SandboxError: None that would hide the files of this machine, or not Linux. The message says what is missing.
    """
    if sys.platform != "linux":
        raise SandboxError(f"programs can be run safely on Linux only, not on {sys.platform}: use a Linux container")
    missing: dict[str, str] = {}
    for layers in _LAYERS:
        try:
            outcome = _run("import math, random, hashlib, decimal", Limits(), layers)
        except SandboxError as error:
            missing[layers] = str(error)
            continue
        if outcome.passed:
            return Protections(tuple(layers.split("+")), os.getuid() == 0, missing)
        missing[layers] = outcome.output or outcome.detail
    reasons = "; ".join(f"{layers}: {reason}" for layers, reason in missing.items())
    mend = (
        "use Linux 6.2 or newer with Landlock, or permit user namespaces (in a container: --security-opt seccomp=...)"
    )
    raise SandboxError(f"programs can't be run safely on this machine ({reasons}): {mend}")


def run_programs(
    programs: Sequence[str], limits: Limits | None = None, workers: int | None = None, description: str = "Running"
) -> list[Outcome]:
    """
    Run each program in a sandbox of its own.

    Args:
        programs (`Sequence[str]`): Python programs. One passes if it runs to its end without an exception.
        limits ([`Limits`], *optional*): What each may use.
        workers (`int`, *optional*): How many run at a time; by default as many as this process may use cores.
        description (`str`, *optional*): Words before the progress bar.

    Returns:
        `list[Outcome]`: One for each program, in order.

    Raises:
        SandboxError: Programs can't be run safely here; none was run.
    """
    layers = "+".join(sandbox_protections().layers)
    limits = limits or Limits()
    with ThreadPoolExecutor(workers or len(os.sched_getaffinity(0))) as pool:
        outcomes = pool.map(lambda program: _run(program, limits, layers), programs)
        return list(tqdm(outcomes, total=len(programs), desc=description, unit="program", leave=False))


# ----------------------------------------------------------------------------------------------------------- one process


@dataclass
class _Watched:
    """What is known of a running program: its reports, and its output, of which only the end is kept."""

    report: bytes = b""
    tail: bytes = b""
    printed: int = 0
    stopped: str = ""


def _run(program: str, limits: Limits, layers: str) -> Outcome:
    secret = secrets.token_hex(16)
    # Ends without an error if a program left files that it made unreadable; they go with the folder's next cleaning.
    with (
        tempfile.TemporaryDirectory(prefix="sandbox-", ignore_cleanup_errors=True) as scratch,
        tempfile.TemporaryFile() as stdin,
    ):
        stdin.write(f"{secret}\n{program}".encode(errors="replace"))
        stdin.seek(0)
        report_in, report_out = os.pipe()
        try:
            process = subprocess.Popen(
                _command(report_out, scratch, layers, limits),
                stdin=stdin,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                env=_ENVIRONMENT,
                cwd="/",
                pass_fds=(report_out,),
                start_new_session=True,
            )
        finally:
            os.close(report_out)
        with process, open(report_in, "rb", buffering=0) as report:
            try:
                watched = _watch(process.stdout, report, limits)
            finally:
                os.killpg(process.pid, signal.SIGKILL)
    return _outcome(watched, process.returncode, f"{secret}\n", limits)


def _command(report: int, scratch: str, layers: str, limits: Limits) -> list[str]:
    # The real interpreter: a virtual environment's one would look for itself in folders that are not there any more.
    python = os.path.realpath(sys._base_executable)  # type: ignore[attr-defined]
    numbers = (limits.cpu_seconds, limits.memory_bytes, limits.file_bytes, _WORK_BYTES)
    start = [str(Path(__file__).resolve().parent), _libraries(), str(report), scratch, layers]
    return [python, "-P", "-s", "-S", "-c", _BOOTSTRAP, *start, *map(str, numbers)]


def _watch(output: Any, report: Any, limits: Limits) -> _Watched:
    watched = _Watched()
    deadline = time.monotonic() + _START_SECONDS
    with selectors.DefaultSelector() as selector:
        selector.register(report, selectors.EVENT_READ)
        selector.register(output, selectors.EVENT_READ)
        while selector.get_map():
            ready = selector.select(max(0.0, deadline - time.monotonic()))
            if time.monotonic() >= deadline:
                watched.stopped = "clock"
                break
            for key, _ in ready:
                data = os.read(key.fd, 2**16)
                if not data:
                    selector.unregister(key.fileobj)
                elif key.fileobj is report:
                    if not watched.report:
                        deadline = time.monotonic() + limits.wall_seconds
                    watched.report = (watched.report + data)[-_TAIL_BYTES:]
                else:
                    watched.tail = (watched.tail + data)[-_TAIL_BYTES:]
                    watched.printed += len(data)
            if watched.printed > limits.output_bytes:
                watched.stopped = "output"
                break
    return watched


def _libraries() -> str:
    """The folder that numpy is in, which the tests of HumanEval+ and MBPP+ import; empty if there is none."""
    spec = importlib.util.find_spec("numpy")
    return "" if spec is None or spec.origin is None else str(Path(spec.origin).resolve().parents[1])


def _outcome(watched: _Watched, code: int, secret: str, limits: Limits) -> Outcome:
    output = watched.tail.decode(errors="replace")
    if not watched.report.startswith(b"ready\n"):
        reason = watched.report.decode(errors="replace").removeprefix("refused ") or output.strip()
        raise SandboxError(reason or f"the sandbox did not start within {_START_SECONDS:g} s")
    if watched.stopped == "clock":
        return Outcome("timed_out", f"more than {limits.wall_seconds:g} s by the clock", output)
    if watched.stopped == "output":
        return Outcome("killed", f"more than {limits.output_bytes:,} bytes of output", output)
    if code == -signal.SIGXCPU:
        return Outcome("timed_out", f"more than {limits.cpu_seconds} s of processor time", output)
    if code < 0:
        return Outcome("killed", f"signal {signal.Signals(-code).name}", output)
    if watched.report == f"ready\n{secret}".encode():
        return Outcome("passed", "", output)
    return Outcome("failed", f"exit code {code}", output)
