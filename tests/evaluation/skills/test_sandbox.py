"""What programs can't do in the sandbox, and what they still can. Everything here is bounded, should a wall be missing."""

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from funreason_trl.evaluation.skills import Limits, Outcome, SandboxError, run_programs, sandbox, sandbox_protections


SMALL = Limits(cpu_seconds=20, wall_seconds=300, memory_bytes=300 * 2**20, file_bytes=2**20, output_bytes=2**16)
ENDLESS = Limits(cpu_seconds=1, wall_seconds=300)
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the sandbox needs Linux")


def run(program: str, limits: Limits = SMALL) -> Outcome:
    return run_programs([program], limits, workers=1)[0]


@pytest.fixture(params=["namespaces+landlock", "namespaces", "landlock"])
def layers(request, monkeypatch) -> str:
    """Each way to hide the file system in turn, as on a kernel that has no other."""
    sandbox_protections()
    # Landlock alone leaves an interpreter in root's home where it is, where nobody can read it; the system's will do.
    for python in (sys._base_executable, "/usr/bin/python3"):
        monkeypatch.setattr(sys, "_base_executable", python)
        try:
            sandbox._run("", SMALL, request.param)
            break
        except (SandboxError, FileNotFoundError) as error:
            reason = str(error)
    else:
        pytest.skip(f"not possible on this machine: {reason}")
    monkeypatch.setattr(
        sandbox, "sandbox_protections", lambda: sandbox.Protections(tuple(request.param.split("+")), True)
    )
    return request.param


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that every account of the machine may write to, so that only the sandbox can stand before it."""
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o777)
        yield Path(folder)


# ------------------------------------------------------------------------------------------------------------ verdicts


def test_a_program_that_comes_to_its_end_passes():
    assert run("print('hello')") == Outcome("passed", "", "hello\n")


@pytest.mark.parametrize(
    ("program", "words"),
    [
        ("assert 1 + 1 == 3, 'sums'", "AssertionError: sums"),
        ("def f(:", "SyntaxError"),
        ("def f(): f()\nf()", "RecursionError"),
        ("raise KeyboardInterrupt", "KeyboardInterrupt"),
        ("import sys\nsys.exit(0)", "ended itself"),
        ("exit()", "NameError"),
        ("import os\nos._exit(0)", ""),
        ("input()", "EOFError"),
        ("print('a\0')", "null bytes"),
        ("import os\nos.closerange(1, 64)", ""),
    ],
)
def test_other_ends_fail(program, words):
    outcome = run(program)
    assert outcome.status in ("failed", "killed")
    assert words in outcome.output


def test_an_error_shows_the_line_it_came_from():
    assert 'answer.py", line 2, in <module>\n    1 / zero\n' in run("zero = 0\n1 / zero").output


def test_what_only_scripts_do_is_left_out():
    assert run("if __name__ == '__main__':\n    raise SystemExit").passed


def test_outcomes_come_in_the_order_of_the_programs():
    programs = [f"import time\ntime.sleep({0.2 if i == 0 else 0})\nprint({i})" for i in range(6)]
    assert [outcome.output for outcome in run_programs(programs, SMALL, workers=3)] == [f"{i}\n" for i in range(6)]


def test_strings_hash_alike_in_every_run():
    assert len({outcome.output for outcome in run_programs(["print(hash('a'), *{'b', 'c', 'd'})"] * 3, SMALL)}) == 1


def test_characters_that_utf8_has_not_are_no_error():
    assert run("x = '\ud800'").passed


def test_the_tests_of_the_plus_benchmarks_find_numpy():
    pytest.importorskip("numpy")
    program = "import numpy as np\nassert np.allclose(np.linalg.inv(2 * np.eye(2)), np.eye(2) / 2)"
    assert run(program, Limits()).passed


def test_the_standard_library_works(layers):
    program = """
import asyncio, ctypes, dataclasses, decimal, hashlib, json, lzma, re, socket, sqlite3, tempfile, typing
@dataclasses.dataclass
class Point:
    x: int
async def later():
    await asyncio.sleep(0)
    return Point(3)
assert asyncio.run(later()) == Point(3)
with tempfile.TemporaryDirectory() as folder, open(folder + "/a.txt", "w") as file:
    file.write("text")
open("/dev/null", "w").write("nothing")
"""
    outcome = run(program)
    assert outcome.passed, outcome.output


# -------------------------------------------------------------------------------------------------------------- limits


def test_a_process_flood_is_stopped_at_the_first_process():
    outcome = run("""
import os, time
made = 0
for attempt in range(200):
    try:
        child = os.fork()
    except OSError:
        continue
    if child == 0:
        time.sleep(5)
        os._exit(0)
    made += 1
print("made", made)
""")
    assert outcome.output == "made 0\n"


@pytest.mark.parametrize(
    "program",
    [
        "import threading\nthreading.Thread(target=print).start()",
        "import subprocess\nsubprocess.run(['/bin/true'])",
        "import os\nos.posix_spawn('/bin/true', ['true'], {})",
        "import os\nos.execv('/bin/true', ['true'])",
        "import multiprocessing\nmultiprocessing.Process(target=print).start()",
        "import os\nos.system('true') == 0 or os.abort()",
    ],
)
def test_nothing_else_can_be_started(program):
    assert not run(program).passed


def test_an_endless_loop_is_ended_by_processor_time():
    assert run("while True: pass", ENDLESS) == Outcome("timed_out", "more than 1 s of processor time")


def test_an_endless_loop_can_not_refuse_to_be_ended():
    program = (
        "import signal\nfor name in (signal.SIGXCPU, signal.SIGTERM): signal.signal(name, signal.SIG_IGN)\nwhile 1: 1"
    )
    assert run(program, ENDLESS).status in ("killed", "timed_out")


def test_a_program_that_waits_is_ended_by_the_clock():
    limits = Limits(wall_seconds=0.5)
    assert run("import time\ntime.sleep(60)", limits) == Outcome("timed_out", "more than 0.5 s by the clock")


def test_a_program_that_hides_its_output_is_not_left_running():
    outcome = run("import os, time\nos.closerange(0, 64)\ntime.sleep(60)")
    assert outcome == Outcome("killed", "signal SIGKILL")


def test_a_memory_bomb_gets_a_memory_error():
    outcome = run("blocks = []\nwhile len(blocks) < 100: blocks.append(bytearray(10**7))")
    assert outcome.status == "failed"
    assert "MemoryError" in outcome.output


def test_memory_that_is_not_counted_can_not_be_had():
    assert not run("import os\nos.memfd_create('a')").passed
    assert not run("from multiprocessing.shared_memory import SharedMemory\nSharedMemory(create=True, size=9)").passed


def test_an_output_flood_is_cut_off_and_only_its_end_is_kept():
    outcome = run("for i in range(10**6): print('x' * 1000)")
    assert (outcome.status, outcome.detail) == ("killed", "more than 65,536 bytes of output")
    assert len(outcome.output) == 4096


def test_a_large_file_is_refused():
    outcome = run("with open('a', 'wb') as file:\n    for i in range(10): file.write(bytes(2**20))")
    assert "File too large" in outcome.output


def test_limits_can_not_be_raised():
    assert "not allowed" in run("import resource as r\nr.setrlimit(r.RLIMIT_AS, (-1, -1))").output


@pytest.mark.parametrize("field", ["cpu_seconds", "wall_seconds", "memory_bytes", "file_bytes", "output_bytes"])
def test_limits_are_above_zero(field):
    with pytest.raises(ValueError, match=f"{field}=0"):
        Limits(**{field: 0})


# ------------------------------------------------------------------------------------------------- what lies outside


def test_other_processes_get_no_signals_and_no_new_limits(layers):
    victim = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(3600)"])
    try:
        outcome = run(f"""
import ctypes, os, resource, signal
refused = 0
for attack in (
    lambda: os.kill({victim.pid}, 9),
    lambda: os.killpg({os.getpgid(victim.pid)}, 9),
    lambda: os.kill(os.getppid(), 9),
    lambda: os.kill(-1, 0),
    lambda: os.pidfd_open({victim.pid}),
    lambda: resource.prlimit({victim.pid}, resource.RLIMIT_CPU, (0, 0)),
    lambda: os.setpriority(os.PRIO_PROCESS, {victim.pid}, 19),
    lambda: open("/proc/{victim.pid}/environ").read(),
):
    try:
        attack()
    except OSError:
        refused += 1
print(refused, flush=True)
os.kill(os.getpid(), signal.SIGUSR1)
""")
        assert outcome == Outcome("killed", "signal SIGUSR1", "8\n")
        assert victim.poll() is None
    finally:
        victim.kill()
        victim.wait()


def test_nothing_is_written_outside(layers, open_folder):
    file = open_folder / "file.txt"
    file.write_text("kept")
    os.chmod(file, 0o666)
    for attack in (
        f"open({str(file)!r}, 'w')",
        f"open({str(file)!r}, 'a')",
        f"open({str(open_folder / 'new')!r}, 'w')",
        f"os.remove({str(file)!r})",
        f"os.truncate({str(file)!r}, 0)",
        f"os.rename({str(file)!r}, 'mine')",
        f"os.chmod({str(file)!r}, 0)",
        f"os.utime({str(file)!r}, (0, 0))",
        f"os.symlink({str(open_folder)!r}, 'way'); open('way/file.txt', 'w')",
        "open(os.__file__, 'a')",
        "open('/file.txt', 'w')",
        "open('../file.txt', 'w')",
    ):
        outcome = run(f"import os\n{attack}")
        assert outcome.status == "failed" and "Error: [Errno" in outcome.output, attack
    assert [path.name for path in open_folder.iterdir()] == ["file.txt"]
    assert file.read_text() == "kept"
    assert file.stat().st_mode & 0o777 == 0o666


def test_what_is_shown_is_mounted_read_only(monkeypatch):
    """Of a Python that belongs to the user, only the mount keeps programs from changing the files."""
    if "namespaces" not in sandbox_protections().layers:
        pytest.skip("no namespaces on this machine")
    monkeypatch.setattr(sandbox, "sandbox_protections", lambda: sandbox.Protections(("namespaces",), True))
    places = "os.__file__, '/usr/lib', '/', '..'"
    outcome = run(f"import os\nprint([bool(os.statvfs(place).f_flag & os.ST_RDONLY) for place in ({places})])")
    assert outcome.output == "[True, True, True, True]\n"


def test_secrets_are_not_read(layers, open_folder, monkeypatch):
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    secret = open_folder / "token"
    secret.write_text("hf_secret")
    os.chmod(secret, 0o666)
    descriptor = os.open(secret, os.O_RDONLY)
    os.set_inheritable(descriptor, True)
    outcome = run(f"""
import glob, os
print(sorted(os.environ.items()))
for place in ({str(secret)!r}, "/etc/passwd", "/proc/self/environ", f"/proc/{{os.getppid()}}/environ", "/proc/1/cmdline"):
    try:
        print(open(place).read())
    except OSError:
        pass
try:
    print(os.read({descriptor}, 100))
except OSError:
    pass
print(glob.glob({str(open_folder)!r} + "/*"), os.listdir("."))
""")
    os.close(descriptor)
    assert outcome.passed, outcome.output
    assert outcome.output.endswith("[] []\n")
    assert not any(word in outcome.output for word in ("hf_secret", "HF_TOKEN", "root:", "HOME"))


@pytest.mark.parametrize(
    "program",
    [
        "socket.create_connection(('127.0.0.1', {port}), timeout=2)",
        "socket.socket(socket.AF_INET, socket.SOCK_DGRAM)",
        "socket.socket(socket.AF_INET6)",
        "socket.socket(socket.AF_UNIX)",
        "socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)",
        "socket.socket(socket.AF_NETLINK, socket.SOCK_RAW)",
    ],
)
def test_there_is_no_network(program):
    import socket

    with socket.create_server(("127.0.0.1", 0)) as server:
        outcome = run("import socket\n" + program.format(port=server.getsockname()[1]))
    assert "PermissionError" in outcome.output


@pytest.mark.parametrize("number", [425, 101, 272, 321, 0x40000000 + 41])
@pytest.mark.skipif(os.uname().machine != "x86_64", reason="numbers of system calls on x86-64")
def test_doors_in_the_kernel_are_shut(number):
    """io_uring, ptrace, unshare, bpf; and socket under its second number."""
    outcome = run(f"import ctypes\nassert ctypes.CDLL(None).syscall({number}, 1, 0, 0, 0) == -1")
    assert outcome.passed or outcome.detail == "signal SIGSYS"


def test_root_is_given_up(layers):
    outcome = run("import os\nprint(os.getresuid(), os.getresgid(), os.getgroups())\nos.setuid(0)")
    assert "Error" in outcome.output
    assert "0," not in outcome.output.partition("\n")[0]


def test_nothing_stays_behind(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    os.chmod(tmp_path, 0o755)
    assert run("open('a', 'w').write('x')").passed
    assert list(tmp_path.iterdir()) == []


def test_the_next_program_finds_an_empty_folder():
    assert [o.output for o in run_programs(["import os\nprint(os.listdir())\nopen('a', 'w')"] * 2, SMALL, 1)] == [
        "[]\n"
    ] * 2


# ------------------------------------------------------------------------------------------------------ if it can't be


def test_no_program_is_run_where_the_files_can_not_be_hidden(monkeypatch):
    started = []

    def refuse(program, limits, layers):
        started.append(program)
        raise SandboxError("Operation not permitted")

    monkeypatch.setattr(sandbox, "_run", refuse)
    sandbox_protections.cache_clear()
    try:
        with pytest.raises(SandboxError, match=r"landlock: Operation not permitted.*use Linux"):
            run("print('hostile')")
    finally:
        sandbox_protections.cache_clear()
    assert not any("hostile" in program for program in started)


def test_other_systems_are_refused(monkeypatch):
    sandbox_protections.cache_clear()
    monkeypatch.setattr(sandbox.sys, "platform", "darwin")
    with pytest.raises(SandboxError, match="on Linux only, not on darwin"):
        run("")


def test_a_layer_that_fails_stops_the_program(monkeypatch):
    """A kernel may permit less under load, or later, than when it was asked."""
    monkeypatch.setattr(sandbox, "sandbox_protections", lambda: sandbox.Protections(("namespaces",), True))
    monkeypatch.setattr(sandbox.tempfile, "TemporaryDirectory", lambda **_: _Missing())
    with pytest.raises(SandboxError, match="No such file"):
        run("print('hostile')")


class _Missing:
    def __enter__(self):
        return "/missing/folder"

    def __exit__(self, *_):
        pass


def test_signals_have_names():
    assert run("import os\nos.abort()").detail == f"signal {signal.SIGABRT.name}"
