"""The work of `funreason build` as steps of datatrove pipelines, for its local, Slurm and Ray executors (extra `scale`).

In: the options of `funreason build`. Out: [`BuildParts`], of which each task builds one part of the dataset, and
[`MergeParts`], which runs after it and makes of the parts what one machine would have built.

    build = LocalPipelineExecutor([BuildParts(arguments)], tasks=4, logging_dir="logs/build")
    merge = LocalPipelineExecutor([MergeParts(arguments.output, "dataset")], logging_dir="logs/merge", depends=build,
                                  skip_completed=False)
    run_local(build)
    run_local(merge)

Started again, an executor runs the tasks that are not complete, and these go on from their journals.
"""

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from funreason_trl.extras import how_to_install


try:
    import multiprocess
    from datatrove.data import DocumentsPipeline
    from datatrove.executor import LocalPipelineExecutor
    from datatrove.pipeline.base import PipelineStep
    from datatrove.utils.logging import logger
except ModuleNotFoundError as error:
    raise ImportError(how_to_install(error)) from None

from funreason_trl.building.build import Built
from funreason_trl.building.merging import find_parts, merge_parts
from funreason_trl.building.options import BuildArguments
from funreason_trl.building.parts import part_folder


class TaskKilled(RuntimeError):
    """The process of a task was ended from outside, so that the task is not complete."""


class BuildParts(PipelineStep):
    """
    The first and only step of a pipeline: each task reads the source and builds its own part of the dataset.

    Task 1 of 4 writes `part-00002-of-00004`, as `funreason build --shard 2/4` would, with a journal of its own. It is
    deterministic, so a task that is run again, on whatever machine, goes on from there and asks no model twice; the
    folder must be one that all machines share. A task with rows that came to no verdict is complete all the same; to
    have these tried again, run it with datatrove's `skip_completed=False`.

    Args:
        arguments ([`~funreason_trl.building.options.BuildArguments`]): What to build; `output` is the folder of the parts.
            Judges and teacher should be behind an endpoint: a model in the process is loaded by every task.
    """

    type = "FCDR"
    name = "build parts"

    def __init__(self, arguments: BuildArguments):
        super().__init__()
        if arguments.shard is not None:
            raise ValueError(f"`shard` is {arguments.shard!r}; leave it out, the executor's tasks are the shards.")
        self.arguments = arguments

    def run(self, data: DocumentsPipeline = None, rank: int = 0, world_size: int = 1) -> DocumentsPipeline:
        """Builds part `rank` of `world_size`; there are no documents, before it or after."""
        if data is not None:
            raise ValueError("BuildParts reads rows from its `source`: make it the first step of the pipeline.")
        # Imports torch, which a process that only hands out tasks can do without.
        from funreason_trl.scripts.build import build

        folder = part_folder(Path(self.arguments.output), rank, world_size)
        arguments = replace(self.arguments, output=str(folder), shard=f"{rank + 1}/{world_size}", resume=True)
        with self.track_time("part"):
            self._report(build(arguments, progress=False), folder)

    def _report(self, built: Built, folder: Path) -> None:
        for split, rows in built.rows.items():
            self.stat_update(split, value=rows, unit="part")
        self.stat_update("errors", value=len(built.tally.errors), unit="part")
        if built.tally.errors:
            logger.warning(f"{len(built.tally.errors)} rows came to no verdict, see {folder / 'errors.jsonl'}")


class MergeParts(PipelineStep):
    """
    The only step of a pipeline of one task, which depends on that of [`BuildParts`].

    Args:
        parts (`str` or `Path`): Folder of the parts.
        output (`str` or `Path`): Folder for the dataset.
    """

    type = "FCDR"
    name = "merge parts"

    def __init__(self, parts: str | Path, output: str | Path):
        super().__init__()
        self.parts, self.output = str(parts), str(output)

    def run(self, data: DocumentsPipeline = None, rank: int = 0, world_size: int = 1) -> DocumentsPipeline:
        """Merges; with more than one task, they would overwrite each other's files."""
        if world_size != 1:
            raise ValueError(f"MergeParts has {world_size} tasks: give its executor tasks=1.")
        with self.track_time("dataset"):
            built = merge_parts(find_parts([Path(self.parts)]), Path(self.output))
        for split, rows in built.rows.items():
            self.stat_update(split, value=rows, unit="dataset")


def run_local(executor: LocalPipelineExecutor) -> None:
    """
    Run a local executor, and notice when one of its processes is killed.

    The pool of processes that datatrove (0.10) uses replaces a process that was killed, by the kernel for want of
    memory for instance, but waits for the result of its task for ever.

    Args:
        executor (`LocalPipelineExecutor`): What to run, from the main thread. Its `depends` is not watched, so run that
            one before.

    Raises:
        TaskKilled: A task was killed; the others were run to their end. Started again, the executor completes it.
        Exception: Whatever a task raised; the other tasks were ended.
    """
    try:
        with _watch(executor):
            executor.run()
    except _ProcessKilled:
        ranks = ", ".join(map(str, _incomplete(executor)))
        raise TaskKilled(
            f"tasks that are not complete, since their processes were killed: {ranks}. Start again to complete them; "
            "with fewer workers, if it was for want of memory"
        ) from None


class _ProcessKilled(BaseException):
    """Gets the main thread out of its wait."""


@contextmanager
def _watch(executor: LocalPipelineExecutor) -> Iterator[None]:
    """Interrupts the main thread once no tasks are left but those of killed processes."""
    done = threading.Event()

    def interrupt(*_) -> None:
        raise _ProcessKilled

    def watch() -> None:
        workers = set()
        while not done.wait(0.5):
            workers |= {child.pid for child in multiprocess.active_children() if "PoolWorker" in child.name}
            # Each took one task with it, and its turn to run another.
            replaced, incomplete = len(workers) - executor.workers, len(_incomplete(executor))
            if incomplete and replaced >= min(incomplete, executor.workers):
                os.kill(os.getpid(), signal.SIGUSR1)
                return

    thread = threading.Thread(target=watch, name="watch", daemon=True)
    # Not SIGINT, which a job that a script starts in the background ignores.
    before = signal.signal(signal.SIGUSR1, interrupt)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()
        signal.signal(signal.SIGUSR1, before)


def _incomplete(executor: LocalPipelineExecutor) -> list[int]:
    first = executor.local_rank_offset
    return executor.get_incomplete_ranks(range(first, first + executor.local_tasks), skip_completed=True)
