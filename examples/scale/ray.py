"""Build a dataset on a Ray cluster: a Ray task for each part; then this process merges them.

    pip install 'funreason-trl[scale]' 'ray[default]'
    RAY_ADDRESS=auto python examples/scale/ray.py --tasks 64 --source my_rows.jsonl --output runs/cot --judge endpoint \\
        --judge_models MODEL --base_url http://HOST:8000/v1

All options of `funreason build` are known; paths must be on a disk that all nodes share. If it ends early, or tasks
fail, start it again: tasks that are complete are left out, the others go on from their journals.

Its test runs the tasks with a stand-in for Ray. It has not been run on a cluster.
"""

import sys
from dataclasses import dataclass, replace
from pathlib import Path

import ray
from datatrove.executor import RayPipelineExecutor
from trl import TrlParser

from funreason_trl.building.merging import find_parts, merge_parts
from funreason_trl.building.options import BuildArguments
from funreason_trl.scale import BuildParts


@dataclass
class Cluster:
    """`tasks`: parts of the dataset; `workers`: how many at a time, -1 for all; `time`: limit of a task in seconds."""

    tasks: int = 64
    workers: int = -1
    time: int = 24 * 3600


if __name__ == "__main__":
    arguments, cluster = TrlParser((BuildArguments, Cluster)).parse_args_and_config()
    dataset = Path(arguments.output).resolve()
    parts, logs = Path(f"{dataset}.parts"), f"{dataset}.logs"
    ray.init()
    build = RayPipelineExecutor(
        pipeline=[BuildParts(replace(arguments, output=str(parts)))],
        tasks=cluster.tasks,
        workers=cluster.workers,
        mem_per_cpu_gb=4,
        time=cluster.time,
        logging_dir=f"{logs}/build",
    )
    build.run()
    # With `depends`, an executor would wait for tasks that failed, for ever.
    if incomplete := build.get_incomplete_ranks():
        sys.exit(f"{len(incomplete)} tasks are not complete, see {logs}/build/logs; start again to complete them")
    merge_parts(find_parts([parts]), dataset)
