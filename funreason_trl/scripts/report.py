"""`funreason report RUN [RUN2 ...]`: one HTML file that shows what a run did, or several side by side.

In: output folders of `funreason train`, `refine` or `quickstart`, also of runs that are not through; scores in `RUN/eval`, or
in folders of `funreason eval` that `--scores` names. Out: a file that opens from disk and needs no network: losses, rounds,
lengths, accuracy, skills, answers that changed, set-up. Parts for which there is no data say which command brings it.
"""

import sys
from pathlib import Path

from funreason_trl.scripts.ending import ending
from funreason_trl.scripts.help import LineParser


PAGE = "report.html"


def option_parser() -> LineParser:
    parser = LineParser(
        command="report",
        usage="RUN [RUN2 ...] [--scores DIR ...] [--output FILE]",
        example="funreason report runs/quickstart",
        doc=__doc__,
    )
    parser.add_argument(
        "runs", nargs="+", type=Path, metavar="RUN", help="output folder of a run, or one of its checkpoints"
    )
    parser.add_argument(
        "--scores", nargs="+", type=Path, default=[], metavar="DIR", help="folders that `funreason eval` wrote"
    )
    parser.add_argument("--output", type=Path, metavar="FILE", help=f"the page; {PAGE} in the first RUN by default")
    return parser


def main(argv: list[str] | None = None) -> None:
    options = option_parser().parse_args(argv)
    output = options.output or options.runs[0] / PAGE
    with ending("report", output.parent):
        from funreason_trl.report import ReportError, write_report

        try:
            write_report(options.runs, options.scores, output)
        except ReportError as error:
            sys.exit(f"funreason report: {error}")
    print(f"Report written to {output} ({output.stat().st_size / 1024:,.0f} KB)")


if __name__ == "__main__":
    main(sys.argv[1:])
