"""Build a dataset on a Slurm cluster: an array job that builds the parts, and a job after it that merges them.

    pip install 'funreason-trl[scale]'
    python examples/scale/slurm.py --partition cpu --tasks 64 --source my_rows.jsonl --output runs/cot --judge endpoint \\
        --judge_models MODEL --base_url http://HOST:8000/v1

Run it on the login node; it submits both jobs with `sbatch` and ends. All options of `funreason build` are known; paths
must be on a disk that all nodes share. If tasks fail, the merge does not start: cancel it and submit again, which runs
the tasks that are not complete and merges.

Its tests check the scripts that are submitted, and run the tasks with a stand-in for Slurm. It has not been run on a cluster.
"""

import sys
from dataclasses import dataclass, field, replace
from pathlib import Path

from datatrove.executor import SlurmPipelineExecutor
from trl import TrlParser

from funreason_trl.building.options import BuildArguments
from funreason_trl.scale import BuildParts, MergeParts


@dataclass
class Cluster:
    """`tasks`: parts of the dataset; `workers`: how many are built at a time, -1 for all; `time`: limit of a task."""

    partition: str = field(metadata={"help": "Partition of the cluster."})
    tasks: int = 64
    workers: int = -1
    time: str = "24:00:00"
    qos: str = "normal"


if __name__ == "__main__":
    arguments, cluster = TrlParser((BuildArguments, Cluster)).parse_args_and_config()
    dataset = Path(arguments.output).resolve()
    parts, logs = f"{dataset}.parts", f"{dataset}.logs"
    job = {
        "time": cluster.time,
        "partition": cluster.partition,
        "qos": cluster.qos,
        "mem_per_cpu_gb": 4,
        "venv_path": f"{sys.prefix}/bin/activate",
    }
    build = SlurmPipelineExecutor(
        pipeline=[BuildParts(replace(arguments, output=parts))],
        tasks=cluster.tasks,
        workers=cluster.workers,
        job_name="funreason-build",
        logging_dir=f"{logs}/build",
        **job,
    )
    merge = SlurmPipelineExecutor(
        pipeline=[MergeParts(parts, dataset)],
        tasks=1,
        job_name="funreason-merge",
        logging_dir=f"{logs}/merge",
        depends=build,
        skip_completed=False,  # parts may have been built again
        **job,
    )
    merge.run()
