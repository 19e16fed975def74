"""`funreason score`: the verdicts and scores of answers that are there already, our own or other people's.

In: BFCL result files in the official layout, and BFCL's data. Out: one JSON file,
`{"verdicts": {category: {id: true}}, "scores": {name: {"accuracy", "count", "low", "high"}}}`, and a table.
"""

import json
import sys
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from funreason_trl.evaluation.bfcl.data import BfclDataError, load_bfcl
from funreason_trl.evaluation.bfcl.decoding import VERSIONS
from funreason_trl.evaluation.bfcl.judging import judge_results, verdicts_of
from funreason_trl.evaluation.bfcl.results import read_results
from funreason_trl.evaluation.bfcl.scores import Verdicts, scores_json
from funreason_trl.files import write_whole
from funreason_trl.scripts.ending import ending
from funreason_trl.scripts.help import LineParser


BENCHMARKS = ("bfcl",)


def score_bfcl(results_folder: Path, data: str | None, version: str = "v4") -> tuple[Verdicts, dict[str, Any]]:
    """
    Judge every result in a folder.

    Args:
        results_folder (`Path`): `result/<model>`.
        data (`str` or `None`): As in [`~funreason_trl.evaluation.bfcl.data.find_bfcl`].
        version (`str`, *optional*, defaults to `"v4"`): Rules of decoding.

    Returns:
        `tuple[Verdicts, dict]`: Right or wrong by category and id, and the scores.
    """
    results = read_results(results_folder)
    rows = load_bfcl(data, results)
    verdicts = verdicts_of(judge_results(rows, results, version))
    return verdicts, scores_json(verdicts, Counter(row.category for row in rows))


def write_scores(path: Path, verdicts: Verdicts, scores: Mapping[str, Any]) -> None:
    """Writes both as one JSON file, and its folder if need be."""
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, json.dumps({"verdicts": verdicts, "scores": scores}, indent=1) + "\n")


def option_parser() -> LineParser:
    parser = LineParser(
        command="score",
        usage="--results DIR --output FILE [--data DATA] [--rules VERSION]",
        example="funreason score --results runs/eval/result/my_model --output runs/scores.json",
        doc=__doc__,
    )
    parser.add_argument("--benchmark", choices=BENCHMARKS, default="bfcl", help="what the results answer")
    parser.add_argument("--results", type=Path, required=True, help="folder result/<model>, in the official layout")
    parser.add_argument("--data", help="wheel of bfcl-eval, folder or Hub name; downloaded by default")
    parser.add_argument("--output", type=Path, required=True, help="JSON file to write")
    parser.add_argument("--rules", choices=VERSIONS, default="v4", help="version whose rules of decoding are used")
    return parser


def main(argv: list[str] | None = None) -> None:
    options = option_parser().parse_args(argv)
    with ending("score", options.output.parent):
        try:
            verdicts, scores = score_bfcl(options.results, options.data, options.rules)
        except BfclDataError as error:
            sys.exit(f"funreason score: {error}")
        write_scores(options.output, verdicts, scores)
    print_scores(scores)


def print_scores(scores: Mapping[str, Any]) -> None:
    """The scores as a table on the screen."""
    table = Table("", "accuracy", "95% interval", "rows", title="BFCL")
    for name, score in scores.items():
        interval = f"{score['low']:.1%} to {score['high']:.1%}"
        table.add_row(name, f"{score['accuracy']:.2%}", interval, str(score["count"]))
    Console().print(table)


if __name__ == "__main__":
    main(sys.argv[1:])
