"""Build a dataset in several processes of this machine, with datatrove's local executor.

    pip install 'funreason-trl[scale]'
    python examples/scale/local.py --source my_rows.jsonl --output runs/cot --tasks 4
    python examples/scale/local.py --source ... --judge endpoint --judge_models MODEL --base_url http://127.0.0.1:8000/v1

All options of `funreason build` are known. The parts and datatrove's logs are beside the dataset, in `runs/cot.parts` and
`runs/cot.logs`. When it is ended, or one of its processes is killed, start it again: tasks that are complete are left
out, the others go on from their journals, and the dataset is the same bytes.
"""

from dataclasses import dataclass, replace

import multiprocess
from datatrove.executor import LocalPipelineExecutor
from trl import TrlParser

from funreason_trl.building.options import BuildArguments
from funreason_trl.scale import BuildParts, MergeParts, run_local


@dataclass
class Processes:
    """`tasks`: parts of the dataset; `workers`: how many are built at a time."""

    tasks: int = 4
    workers: int = 4


if __name__ == "__main__":
    arguments, processes = TrlParser((BuildArguments, Processes)).parse_args_and_config()
    dataset, parts, logs = arguments.output, f"{arguments.output}.parts", f"{arguments.output}.logs"
    # Imports once for all processes.
    multiprocess.set_forkserver_preload(["funreason_trl.scripts.build"])
    build = LocalPipelineExecutor(
        pipeline=[BuildParts(replace(arguments, output=parts))],
        tasks=processes.tasks,
        workers=processes.workers,
        logging_dir=f"{logs}/build",
    )
    merge = LocalPipelineExecutor(
        pipeline=[MergeParts(parts, dataset)],
        workers=1,
        logging_dir=f"{logs}/merge",
        skip_completed=False,  # parts may have been built again
    )
    run_local(build)
    run_local(merge)
