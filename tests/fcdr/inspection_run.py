"""An inspection in a process of its own, for the tests that kill and interrupt it.

In: the address of an endpoint, a journal, and the file to write. Out: a line for each row.
`python -m tests.fcdr.inspection_run URL JOURNAL OUTPUT`.
"""

import sys
from dataclasses import asdict

from funreason_trl.fcdr.journal import Journal
from funreason_trl.fcdr.judges import EndpointJudge
from funreason_trl.fcdr.models import Endpoint
from funreason_trl.fcdr.runner import inspect_all
from funreason_trl.fcdr.verdicts import Stage
from tests.fcdr.scripted import candidate, rules


ROWS = 30
CONCURRENCY = 3
JUDGED = (Stage.RESPONSE, Stage.REASONING)


def main(base_url, journal_path, output):
    judge = EndpointJudge(Endpoint(base_url, "m", concurrency=CONCURRENCY))
    rows = (candidate(str(number), f"Weather in city {number}?") for number in range(ROWS))
    with Journal(journal_path) as journal, open(output, "w") as file:
        for inspected in inspect_all(rows, rules(), dict.fromkeys(JUDGED, judge), journal=journal, progress=False):
            file.write(f"{asdict(inspected)}\n")
            file.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])
