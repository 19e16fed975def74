"""`funreason build --source ROWS --output DIR`: from xLAM-style rows to an inspected chain-of-thought dataset.

In: rows of any format that the readers know; a teacher where they have no reasoning; judges beside the rules. Out: a
dataset with the splits `train`, `rejected` and `hard`, each row with its verdicts; a card, a picture, `stats.json`.

A run that was ended goes on with `--resume true`, asks nothing twice, and writes the same files. `--dry_run true` says
what a run would ask and cost. All options can stand in a YAML file: `--config build.yaml`.
"""

import gc
import sys
from collections.abc import Callable
from importlib.metadata import version
from itertools import islice
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markdown import Markdown
from transformers import AutoTokenizer

from funreason_trl.building.asking import make_judges_and_teacher
from funreason_trl.building.build import Built, build_dataset, candidate_of
from funreason_trl.building.contamination import NAMES, RULE, ContaminationError, read_contamination
from funreason_trl.building.estimate import (
    CHARACTERS_PER_TOKEN,
    PAPER_THINK_TOKENS,
    VERDICT_TOKENS,
    estimate,
    estimate_table,
)
from funreason_trl.building.hard_pool import hard_candidate
from funreason_trl.building.options import BuildArguments
from funreason_trl.building.sources import source_rows, source_size
from funreason_trl.data.rows import RowError
from funreason_trl.data.sources import ReadReport
from funreason_trl.fcdr.journal import JournalError
from funreason_trl.fcdr.models import EndpointGone, Price
from funreason_trl.generation.client import EndpointError
from funreason_trl.hub import HubError
from funreason_trl.models.smollm2 import Smollm2Error
from funreason_trl.record import public_name
from funreason_trl.scripts.built import push_built, refuse_push_without_token, show_built
from funreason_trl.scripts.ending import ending
from funreason_trl.scripts.parsing import OptionParser


# Before anything is asked, and after.
REFUSALS = (ContaminationError, FileExistsError, FileNotFoundError, PermissionError, Smollm2Error)
EXPECTED_ERRORS = (EndpointError, EndpointGone, HubError, JournalError, RowError)
# A dry run looks at so many rows, spread evenly over the first so many.
ESTIMATED, LOOKED_AT = 200, 2000


def build(arguments: BuildArguments, *, progress: bool = True) -> Built:
    """Builds the dataset that the arguments describe; shows the progress on standard error, or does not."""
    output = Path(arguments.output)
    if (output / "journal.sqlite").exists() and not arguments.resume:
        raise FileExistsError(
            f"{output} holds a run already; add --resume true to go on with it, or choose another folder"
        )
    if arguments.hard_pool and output.resolve() == Path(arguments.source).resolve():
        raise FileExistsError(f"{output} is the dataset whose hard rows are read; choose another folder")
    refuse_push_without_token(arguments.push_to_hub)
    report = ReadReport()
    judges, teacher = make_judges_and_teacher(arguments)
    built = build_dataset(
        source_rows(arguments, report),
        output,
        judges=judges,
        teacher=teacher,
        contamination=read_contamination(arguments.benchmarks()),
        **length_counter(arguments),
        made=how_made(arguments),
        report=report,
        make_candidate=hard_candidate if arguments.hard_pool else candidate_of,
        max_regenerations=arguments.max_regenerations(),
        part=arguments.part(),
        total=source_size(arguments),
        progress=progress,
    )
    if report.skipped:
        print(f"{report.skipped} rows could not be read; the first: {report.errors[0]}", file=sys.stderr)
    return built


def dry_run(arguments: BuildArguments) -> str:
    """What the arguments would have asked, as Markdown."""
    rows = list(islice(source_rows(arguments, ReadReport()), LOOKED_AT))
    if not rows:
        raise RowError("(file)", "no rows to estimate from", "give a source with rows", arguments.source)
    looked_at = min(ESTIMATED, len(rows))
    sample = [rows[number * len(rows) // looked_at] for number in range(looked_at)]
    make_candidate = hard_candidate if arguments.hard_pool else candidate_of
    count: Callable[[str], float] = lambda text: len(text) / CHARACTERS_PER_TOKEN  # noqa: E731
    how = f"a token for {CHARACTERS_PER_TOKEN} characters (name a `tokenizer` to count them)"
    if arguments.tokenizer is not None:
        count, how = length_counter(arguments)["count_length"], f"tokens of {arguments.tokenizer}"
    size = source_size(arguments)
    told = f"the {size:,} rows of the source" if size is not None else "1,000 rows; how many there are is not known"
    price = None
    if arguments.prompt_price is not None and arguments.answer_price is not None:
        price = Price(arguments.prompt_price, arguments.answer_price)
    found = estimate([make_candidate(row) for row in sample], arguments, count)
    expected, most = (
        estimate_table(
            needs,
            scale=(1000 if size is None else size) / len(sample),
            price=price,
            is_priced=lambda model: arguments.address(model)[1] is not None,
        )
        for needs in (found.expected, found.most)
    )
    return f"""Estimate for {told}, from {len(sample)} of the first {len(rows):,}; counted as {how}.

**Expected**: judges accept what the rules let pass; the teacher's first answers pass, and their reasoning is as long as
the rows' own ({PAPER_THINK_TOKENS} tokens where they have none); a verdict takes {VERDICT_TOKENS} tokens.

{expected}

**At most**: every answer is turned down until none may be written any more, and all are as long as they may be.

{most}

Copies and rows of benchmarks, which are not asked about, are not taken off. Nothing was asked, nothing was written.
"""


def length_counter(arguments: BuildArguments) -> dict[str, Any]:
    if arguments.tokenizer is None:
        return {}
    tokenizer = AutoTokenizer.from_pretrained(arguments.tokenizer)
    count: Callable[[str], int] = lambda text: len(tokenizer(text, add_special_tokens=False)["input_ids"])  # noqa: E731
    return {"count_length": count, "length_unit": f"tokens of {public_name(arguments.tokenizer)}"}


def how_made(arguments: BuildArguments) -> dict[str, str]:
    """For the card; what is not known is left out."""

    def model(name: str) -> str:
        return public_name(arguments.address(name)[0])

    def stage_judge(pair: str) -> str:
        stage, _, models = pair.partition("=")
        return f"{stage}={','.join(map(model, models.split(',')))}"

    benchmarks = ", ".join(NAMES[name] for name in arguments.benchmarks())
    made = {
        "source": public_name(arguments.source),
        "rows": "its hard rows, answered anew" if arguments.hard_pool else None,
        "shard": arguments.shard,
        "judge": " ".join([arguments.judge, *map(model, arguments.judge_models)]),
        "judges of single stages": ", ".join(map(stage_judge, arguments.stage_judges)) or None,
        "teacher": model(arguments.teacher) if arguments.teacher else None,
        "samples of the teacher": str(arguments.samples) if arguments.teacher else None,
        "gold answers shown to the teacher": str(arguments.rationalise) if arguments.teacher else None,
        "checked against": f"{benchmarks}: {RULE}" if benchmarks else None,
        "funreason-trl": version("funreason-trl"),
    }
    return {key: value for key, value in made.items() if value is not None}


def option_parser() -> OptionParser:
    return OptionParser(
        (BuildArguments,),
        {BuildArguments: "rows, judges, teacher and output"},
        command="build",
        usage="--source ROWS --output DIR [--judge WHO] [--teacher MODEL] [--OPTION VALUE ...]",
        example="funreason build --source sample --limit 50 --contamination none --output runs/sample",
        doc=__doc__,
    )


def main(argv: list[str] | None = None) -> None:
    (arguments,) = option_parser().read(argv)
    # What the imports left need not be searched for garbage again and again while thousands of rows are under way.
    gc.freeze()
    with ending("build", arguments.output):
        build_and_show(arguments)


def build_and_show(arguments: BuildArguments) -> None:
    """Builds, or tells what it would ask; shows the funnel, and pushes if asked to."""
    console = Console()
    again = "the same command with --resume true goes on from there"
    try:
        if arguments.dry_run:
            console.print(Markdown(dry_run(arguments)))
            return
        built = build(arguments)
        show_built(console, built, f"; {again}")
        if arguments.push_to_hub is not None:
            address = push_built(built, Path(arguments.output), arguments.push_to_hub, arguments.private)
            console.print(f"pushed: {address}")
    except REFUSALS as error:
        sys.exit(f"funreason build: {error}")
    except EXPECTED_ERRORS as error:
        sys.exit(f"funreason build: {error}" + ("" if arguments.dry_run else f"\nWhat was answered is kept; {again}."))


if __name__ == "__main__":
    main(sys.argv[1:])
