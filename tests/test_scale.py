"""The steps in datatrove's executors, and the three examples: what comes out is what one machine would have built."""

import json
import os
import re
import runpy
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest

from funreason_trl.building.merging import PartError, find_parts, merge_parts
from funreason_trl.building.options import BuildArguments
from funreason_trl.data.sample import sample_rows
from funreason_trl.fcdr.journal import Journal
from funreason_trl.scripts.build import build
from tests.evaluation.bfcl.files import write_lines
from tests.fcdr.scripted import verdict_text
from tests.generation.stand_in import StandIn, completion


pytest.importorskip("datatrove", reason="the extra `scale` is not installed")

import multiprocess
from datatrove.executor import LocalPipelineExecutor, RayPipelineExecutor
from datatrove.pipeline.base import PipelineStep

from funreason_trl.scale import BuildParts, MergeParts, run_local


EXAMPLES = Path(__file__).parents[1] / "examples"
ROWS, TASKS, VICTIM, CONCURRENCY = 48, 4, 1, 2


@pytest.fixture
def source(tmp_path):
    """Rows that say their number; one has no reasoning, and one is a copy of a row of another part."""
    rows = [json.loads(json.dumps(row)) for row in sample_rows(ROWS)]
    for number, row in enumerate(rows):
        row["messages"][0]["content"] += f" (question {number})"
    del next(row for row in rows[2:] if "tool_calls" in row["messages"][-1])["messages"][-1]["reasoning_content"]
    rows[-1] = {**rows[1], "id": "copy"}
    write_lines(tmp_path / "rows.jsonl", rows)
    return tmp_path / "rows.jsonl"


def content(folder):
    files = (path for path in folder.rglob("*") if path.is_file() and not path.name.startswith("journal"))
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def built_by_one(source, folder, **options):
    build(BuildArguments(str(source), str(folder / "cot"), contamination=["none"], **options), progress=False)
    return content(folder / "cot")


def run_example(name, monkeypatch, *arguments):
    monkeypatch.setattr(sys, "argv", [name, "--contamination", "none", *map(str, arguments)])
    return runpy.run_path(str(EXAMPLES / "scale" / name), run_name="__main__")


# --------------------------------------------------------------------------------------------------------------- steps


def test_what_cannot_be_run_is_named(source, tmp_path):
    with pytest.raises(ValueError, match="the executor's tasks are the shards"):
        BuildParts(BuildArguments(str(source), str(tmp_path), shard="1/2"))
    step = BuildParts(BuildArguments(str(source), str(tmp_path), contamination=["none"]))
    with pytest.raises(ValueError, match="make it the first step"):
        step.run(iter([]))
    with pytest.raises(ValueError, match="give its executor tasks=1"):
        MergeParts(tmp_path, tmp_path / "set").run(world_size=2)


def test_an_executor_in_this_process_runs_both_steps(source, tmp_path):
    arguments = BuildArguments(str(source), str(tmp_path / "parts"), contamination=["none"])
    first = LocalPipelineExecutor([BuildParts(arguments)], tasks=3, workers=1, logging_dir=str(tmp_path / "a"))
    second = LocalPipelineExecutor(
        [MergeParts(tmp_path / "parts", tmp_path / "cot")], workers=1, logging_dir=str(tmp_path / "b"), depends=first
    )
    second.run()
    assert content(tmp_path / "cot") == built_by_one(source, tmp_path / "one")
    (stats,) = json.loads((tmp_path / "a" / "stats.json").read_text())
    assert stats["stats"]["train"]["total"] == ROWS - 2


class Dies(PipelineStep):
    """Its first task kills its own process once that has been seen; the others wait for that and end well."""

    type = name = "test"

    def __init__(self, folder):
        super().__init__()
        self.folder = Path(folder)

    def run(self, data=None, rank=0, world_size=1):
        if rank == 0 and not (self.folder / "died").exists():
            while not (self.folder / f"seen-{os.getpid()}").exists():
                time.sleep(0.05)
            (self.folder / "died").touch()
            os.kill(os.getpid(), signal.SIGKILL)
        while not (self.folder / "died").exists():
            time.sleep(0.05)
        (self.folder / str(rank)).touch()


@pytest.fixture
def seen_processes(tmp_path, monkeypatch):
    """A file for each process that `run_local` has seen."""
    children = multiprocess.active_children

    def look():
        found = children()
        for child in found:
            (tmp_path / f"seen-{child.pid}").touch()
        return found

    monkeypatch.setattr(multiprocess, "active_children", look)


@pytest.mark.usefixtures("seen_processes")
def test_a_killed_process_ends_the_run_once_the_others_are_done(tmp_path):
    executor = LocalPipelineExecutor([Dies(tmp_path)], tasks=3, workers=2, logging_dir=str(tmp_path / "logs"))
    with pytest.raises(RuntimeError, match=r"since their processes were killed: 0\. Start again"):
        run_local(executor)
    assert (tmp_path / "1").exists() and (tmp_path / "2").exists() and not (tmp_path / "0").exists()
    run_local(executor)
    assert (tmp_path / "0").exists()


# ------------------------------------------------------------------------------------------------------------ examples


@pytest.mark.parametrize("name", ["local.py", "slurm.py", "ray.py"])
def test_an_example_is_short_and_listed(name):
    assert len((EXAMPLES / "scale" / name).read_text().splitlines()) < 70
    assert f"scale/{name}" in (EXAMPLES / "README.md").read_text()


class HoldingBack(StandIn):
    """Passes everything, except that `held` requests about one task's rows are the last that get an answer."""

    def __init__(self):
        super().__init__()
        self.asked = []
        self.held = None

    def handle(self, handler):
        body = json.loads(handler.rfile.read(int(handler.headers["content-length"])))
        text = json.dumps(body["messages"])
        task = int(re.search(r"\(question (\d+)\)", text)[1]) % TASKS
        with self._lock:
            self.asked.append((task, text))
            silent = self.held is not None and self.of(task) > self.held and task == VICTIM
        if silent:
            self._closing.wait(3600)
            return
        self._send(handler, 200, {}, json.dumps(completion(verdict_text())).encode())

    def of(self, task):
        return sum(asked == task for asked, _ in self.asked)


def process_of_part(parent, part):
    """The process under `parent` that has the journal of a part open."""
    for child in psutil.Process(parent).children(recursive=True):
        try:
            if any(part in file.path for file in child.open_files()):
                return child
        except psutil.NoSuchProcess:
            continue
    return None


def test_local_four_tasks_and_one_is_killed(source, tmp_path):
    part = f"part-{VICTIM + 1:05d}-of-{TASKS:05d}"
    parts = tmp_path / "cot.parts"
    with HoldingBack() as server:
        judge = {"judge": "endpoint", "judge_models": ["m"], "base_url": server.base_url, "concurrency": CONCURRENCY}
        options = [
            word
            for name, value in judge.items()
            for word in (f"--{name}", *(value if isinstance(value, list) else [str(value)]))
        ]
        command = [
            sys.executable,
            str(EXAMPLES / "scale" / "local.py"),
            "--source",
            str(source),
            "--contamination",
            "none",
        ]
        command += ["--output", str(tmp_path / "cot"), "--tasks", str(TASKS), *options]

        server.held = 10
        with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as run:
            while server.of(VICTIM) < server.held + CONCURRENCY:
                assert run.poll() is None, run.stderr.read()
                time.sleep(0.05)
            with Journal(parts / part / "journal.sqlite") as journal:
                while len(journal) < server.held:
                    assert run.poll() is None, run.stderr.read()
                    time.sleep(0.05)
            process_of_part(run.pid, part).kill()
            errors = run.communicate(timeout=1800)[1]
        assert run.returncode != 0
        assert f"since their processes were killed: {VICTIM}. Start again" in errors
        assert [path.name for path in parts.glob("*") if not (path / "part.json").exists()] == [part]
        assert not (parts / part / "data").exists() and not (tmp_path / "cot").exists()
        with pytest.raises(PartError, match=f"{part} is not complete"):
            merge_parts(find_parts([parts]), tmp_path / "early")

        server.held, before = None, Counter(server.asked)
        again = subprocess.run(command, capture_output=True, text=True, timeout=1800)
        assert again.returncode == 0, again.stderr
        after = Counter(server.asked)
        assert {task for task, _ in (after - before)} == {VICTIM}
        # What was under way when the process was killed.
        assert after.total() - len(after) <= CONCURRENCY
        assert content(tmp_path / "cot") == built_by_one(source, tmp_path / "one", **judge)
        assert set(Counter(server.asked)) == set(after)


@pytest.fixture
def slurm(tmp_path, monkeypatch):
    """`sbatch` that keeps the scripts it is given and `scontrol` that knows one host; out: the submissions."""
    programs = tmp_path / "bin"
    programs.mkdir()
    (programs / "sbatch").write_text(
        f'#!/bin/sh\ncd {programs}\nnumber=$(ls job-* 2>/dev/null | wc -l)\n(echo "$@"; cat "$(eval echo \\$$#)") > job-$number\n'
        "echo Submitted batch job 10$number\n"
    )
    (programs / "scontrol").write_text("#!/bin/sh\necho host\n")
    for program in programs.iterdir():
        program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}:{os.environ['PATH']}")
    monkeypatch.setenv("SLURM_NODELIST", "host")
    before = signal.getsignal(signal.SIGUSR1)
    yield lambda: [path.read_text() for path in sorted(programs.glob("job-*"))]
    signal.signal(signal.SIGUSR1, before)


def test_slurm_submits_an_array_and_a_merge_after_it(source, tmp_path, monkeypatch, slurm):
    import dill

    arguments = ["--source", source, "--output", tmp_path / "cot", "--partition", "cpu", "--tasks", TASKS]
    run_example("slurm.py", monkeypatch, *arguments)
    build_job, build_stats, merge_job, merge_stats = slurm()
    assert f"--array=0-{TASKS - 1}" in build_job and "--partition=cpu" in build_job and "--mem-per-cpu=4G" in build_job
    assert f"source {sys.prefix}/bin/activate" in build_job
    assert "afterok:100" in merge_job and "--array=0-0" in merge_job
    assert "merge_stats" in build_stats and "merge_stats" in merge_stats

    # What the jobs' scripts run, in this process.
    for job, script, tasks in (("build", build_job, TASKS), ("merge", merge_job, 1)):
        pickled = re.search(r"launch_pickled_pipeline (\S+)", script)[1]
        assert pickled == str(tmp_path / "cot.logs" / job / "executor.pik")
        for task in range(tasks):
            monkeypatch.setenv("SLURM_ARRAY_TASK_ID", str(task))
            with open(pickled, "rb") as file:
                dill.load(file).run()
    assert content(tmp_path / "cot") == built_by_one(source, tmp_path / "one")


def test_ray_builds_parts_and_merges_them_once_all_are_complete(source, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", SimpleNamespace(init=lambda: None))
    done = []

    def run(executor):
        """What Ray's workers run, in this process; the last rank fails at first."""
        last = executor.world_size - 1
        for rank in executor.get_incomplete_ranks():
            if rank != last or last in done:
                executor._run_for_rank(rank)
            done.append(rank)

    monkeypatch.setattr(RayPipelineExecutor, "run", run)
    arguments = ["--source", source, "--output", tmp_path / "cot", "--tasks", 3]
    with pytest.raises(SystemExit, match="1 tasks are not complete"):
        run_example("ray.py", monkeypatch, *arguments)
    assert not (tmp_path / "cot").exists()
    run_example("ray.py", monkeypatch, *arguments)
    assert done == [0, 1, 2, 2]
    assert content(tmp_path / "cot") == built_by_one(source, tmp_path / "one")
