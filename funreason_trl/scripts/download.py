"""`funreason download --model NAME`: a model of the Hub in a folder, pinned to a commit; or a dataset, with `--dataset NAME`.

In: a name, and a branch, tag or commit. Out: a folder that `funreason eval --model DIR` or `funreason train --dataset_name
DIR` reads, with `.funreason_download`, which names the commit. What was fetched before is not fetched again.
"""

import sys
from pathlib import Path

from funreason_trl.scripts.ending import ending
from funreason_trl.scripts.help import LineParser


def option_parser() -> LineParser:
    parser = LineParser(
        command="download",
        usage="--model USER/NAME [--revision REV] [--output DIR]\n       funreason download --dataset USER/NAME",
        example="funreason download --model me/my-model --revision v1 --output runs/my-model",
        doc=__doc__,
    )
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--model", metavar="USER/NAME", help="name of a model on the Hub")
    what.add_argument("--dataset", metavar="USER/NAME", help="name of a dataset on the Hub")
    parser.add_argument("--revision", metavar="REV", help="branch, tag or commit; by default main as it is now")
    parser.add_argument("--output", type=Path, metavar="DIR", help="folder; by default runs/downloads/NAME")
    return parser


def main(argv: list[str] | None = None) -> None:
    options = option_parser().parse_args(argv)
    kind, name = ("dataset", options.dataset) if options.model is None else ("model", options.model)
    output = options.output or Path("runs/downloads") / name.rpartition("/")[2]
    with ending("download", output):
        from funreason_trl.hub import HubError, download

        try:
            downloaded = download(kind, name, output, revision=options.revision)
        except HubError as error:
            sys.exit(f"funreason download: {error}")
    print(f"{name} at {downloaded.revision}, commit {downloaded.commit}, is in {output}")
    print(f"The same again: funreason download --{kind} {name} --revision {downloaded.commit}")


if __name__ == "__main__":
    main(sys.argv[1:])
