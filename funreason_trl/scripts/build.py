"""`funreason build --source ROWS --output DIR`: from xLAM-style rows to an inspected chain-of-thought dataset.

In: rows of any format that the readers know; a teacher where they have no reasoning; judges beside the rules. Out: a
dataset with the splits `train`, `rejected` and `hard`, each row with its verdicts; a card, a picture, `stats.json`.

A run that was ended goes on with `--resume true`, asks nothing twice, and writes the same files.
"""

import gc
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from importlib.metadata import version
from itertools import islice
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markdown import Markdown
from transformers import AutoTokenizer
from trl import TrlParser

from funreason_trl.building.build import Built, build_dataset
from funreason_trl.building.contamination import Contamination
from funreason_trl.building.funnel import funnel_table
from funreason_trl.data.formats import FORMATS
from funreason_trl.data.rows import RowError
from funreason_trl.data.sample import sample_rows
from funreason_trl.data.sources import ReadReport, read_rows
from funreason_trl.evaluation.bfcl.data import BfclDataError, load_bfcl
from funreason_trl.fcdr.journal import JournalError
from funreason_trl.fcdr.judges import EndpointJudge, EnsembleJudge, Judge, ModelJudge
from funreason_trl.fcdr.models import Endpoint, EndpointGone, LocalModel, Price
from funreason_trl.fcdr.teacher import Teacher
from funreason_trl.fcdr.verdicts import Stage
from funreason_trl.generation import GenerationSettings
from funreason_trl.generation.client import EndpointError
from funreason_trl.generation.transformers_generator import TransformersGenerator
from funreason_trl.models.loading import load_for_answers


JUDGES = ("rules", "endpoint", "model", "ensemble")
EXPECTED_ERRORS = (BfclDataError, EndpointError, EndpointGone, FileNotFoundError, JournalError, RowError)


@dataclass
class BuildArguments:
    """
    Which rows to inspect, and by whom.

    Args:
        source (`str`): File, folder or Hub dataset, or `sample` for the embedded rows.
        output (`str`): Folder for the dataset, its journal and its card.
        format (`str`, *optional*, defaults to `"auto"`): Format of the rows.
        split (`str`, *optional*, defaults to `"train"`): Split of a folder or Hub dataset.
        limit (`int`, *optional*): Only so many rows.
        on_error (`str`, *optional*, defaults to `"count"`): What a row that can't be read does.
        judge (`str`, *optional*, defaults to `"rules"`): Who judges after the rules: nobody, a model behind
            `base_url`, a model in this process, or all of `judge_models`.
        judge_models (`list[str]`, *optional*): Names at the endpoint, or folders and Hub names; several for an ensemble.
        threshold (`float`, *optional*): An ensemble passes what has this mean score; by default the majority decides.
        teacher (`str`, *optional*): Model that writes missing reasoning and new answers; behind `base_url` if that is
            given, else in this process.
        base_url (`str`, *optional*): Of the endpoint.
        samples (`int`, *optional*, defaults to `1`): Answers of the teacher, of which the best is kept.
        temperature (`float`, *optional*, defaults to `0.0`): Of the teacher; above 0 for several samples.
        max_new_tokens (`int`, *optional*, defaults to `4096`): Longest answer of the teacher.
        rationalise (`bool`, *optional*, defaults to `False`): Show the teacher the gold answer.
        concurrency (`int`, *optional*, defaults to `32`): Requests to the endpoint at a time.
        prompt_price, answer_price (`float`, *optional*): Of a million tokens, to show the cost.
        tokenizer (`str`, *optional*): Whose tokens the lengths are counted in; words by default.
        contamination (`bool`, *optional*, defaults to `True`): Leave out rows that repeat a question of BFCL.
        bfcl_data (`str`, *optional*): Where BFCL's questions are read; downloaded by default.
        resume (`bool`, *optional*, defaults to `False`): Go on with what is in `output`.
        shard (`str`, *optional*): `"2/8"` takes the second of eight parts of the rows, for several machines. Copies are
            found within a part only.
    """

    source: str = field(metadata={"help": "File, folder or Hub dataset, or 'sample' for the embedded rows."})
    output: str = field(metadata={"help": "Folder for the dataset, its journal and its card."})
    format: str = field(default="auto", metadata={"help": "Format of the rows.", "choices": ["auto", *FORMATS]})
    split: str = field(default="train", metadata={"help": "Split of a folder or Hub dataset."})
    limit: int | None = field(default=None, metadata={"help": "Only so many rows."})
    on_error: str = field(
        default="count", metadata={"help": "What a row that can't be read does.", "choices": ["raise", "count"]}
    )
    judge: str = field(default="rules", metadata={"help": "Who judges after the rules.", "choices": list(JUDGES)})
    judge_models: list[str] = field(default_factory=list, metadata={"help": "Models that judge."})
    threshold: float | None = field(default=None, metadata={"help": "Mean score at which an ensemble passes."})
    teacher: str | None = field(default=None, metadata={"help": "Model that writes reasoning and new answers."})
    base_url: str | None = field(default=None, metadata={"help": "URL of the endpoint of judges and teacher."})
    samples: int = field(default=1, metadata={"help": "Answers of the teacher, of which the best is kept."})
    temperature: float = field(default=0.0, metadata={"help": "Of the teacher; above 0 for several samples."})
    max_new_tokens: int = field(default=4096, metadata={"help": "Longest answer of the teacher, in tokens."})
    rationalise: bool = field(default=False, metadata={"help": "Show the teacher the gold answer."})
    concurrency: int = field(default=32, metadata={"help": "Requests to the endpoint at a time."})
    prompt_price: float | None = field(default=None, metadata={"help": "Of a million prompt tokens."})
    answer_price: float | None = field(default=None, metadata={"help": "Of a million new tokens."})
    tokenizer: str | None = field(default=None, metadata={"help": "Whose tokens lengths are counted in."})
    contamination: bool = field(default=True, metadata={"help": "Leave out rows that repeat a question of BFCL."})
    bfcl_data: str | None = field(default=None, metadata={"help": "Wheel of bfcl-eval, folder or Hub name."})
    resume: bool = field(default=False, metadata={"help": "Go on with what is in the output folder."})
    shard: str | None = field(default=None, metadata={"help": "'2/8' takes the second of eight parts of the rows."})

    def __post_init__(self):
        if self.judge not in JUDGES:
            raise ValueError(f"`judge` is {self.judge!r}; set it to one of {', '.join(JUDGES)}.")
        needed = {"rules": 0, "endpoint": 1, "model": 1}.get(self.judge)
        if len(self.judge_models) < 2 if needed is None else len(self.judge_models) != needed:
            raise ValueError(
                f"`judge` is {self.judge!r} and `judge_models` {self.judge_models}; rules need none, an endpoint or a "
                "model one, an ensemble two or more."
            )
        if self.judge == "endpoint" and self.base_url is None:
            raise ValueError("`judge` is 'endpoint', but there is no `base_url`; give the endpoint's address.")
        if (self.prompt_price is None) != (self.answer_price is None):
            raise ValueError("give both `prompt_price` and `answer_price`, or neither.")
        self.teacher_settings()  # these two name a value that is out of its range
        self.part()

    def teacher_settings(self) -> GenerationSettings:
        """How the teacher answers."""
        return GenerationSettings(self.max_new_tokens, self.temperature, samples=self.samples)

    def part(self) -> tuple[int, int]:
        """Number of the shard, from 0, and of shards."""
        if self.shard is None:
            return 0, 1
        number, _, count = self.shard.partition("/")
        if number.isdecimal() and count.isdecimal() and 1 <= int(number) <= int(count):
            return int(number) - 1, int(count)
        raise ValueError(f"`shard` is {self.shard!r}; give it as 1/8 to 8/8.")


def build(arguments: BuildArguments) -> Built:
    """Builds the dataset that the arguments describe."""
    output = Path(arguments.output)
    if (output / "journal.sqlite").exists() and not arguments.resume:
        raise FileExistsError(
            f"{output} holds a run already; add --resume true to go on with it, or choose another folder"
        )
    report = ReadReport()
    built = build_dataset(
        source_rows(arguments, report),
        output,
        judges=make_judges(arguments),
        teacher=make_teacher(arguments),
        contamination=make_contamination(arguments),
        **length_counter(arguments),
        made=how_made(arguments),
    )
    if report.skipped:
        print(f"{report.skipped} rows could not be read; the first: {report.errors[0]}", file=sys.stderr)
    return built


def source_rows(arguments: BuildArguments, report: ReadReport) -> Iterator[dict[str, Any]]:
    number, count = arguments.part()
    rows: Iterable[dict[str, Any]]
    if arguments.source == "sample":
        rows = sample_rows(2000 if arguments.limit is None else arguments.limit)
    else:
        rows = read_rows(
            arguments.source,
            format=arguments.format,
            split=arguments.split,
            on_error=arguments.on_error,
            report=report,
        )
    return islice(islice(rows, arguments.limit), number, None, count)


def make_judges(arguments: BuildArguments) -> dict[Stage, Judge]:
    """The same judge for every stage that has a judge part; the format is for the rules."""
    judges = [make_judge(name, arguments) for name in arguments.judge_models]
    if not judges:
        return {}
    judge = judges[0] if len(judges) == 1 else EnsembleJudge(judges, arguments.threshold)
    return {stage: judge for stage in Stage if stage is not Stage.FORMAT}


def make_judge(name: str, arguments: BuildArguments) -> Judge:
    if arguments.base_url is not None and arguments.judge != "model":
        return EndpointJudge(endpoint(name, arguments))
    return ModelJudge(local_model(name))


def make_teacher(arguments: BuildArguments) -> Teacher | None:
    if arguments.teacher is None:
        return None
    at_endpoint = arguments.base_url is not None
    model = endpoint(arguments.teacher, arguments) if at_endpoint else local_model(arguments.teacher)
    return Teacher(model, arguments.teacher_settings(), rationalise=arguments.rationalise)


def endpoint(name: str, arguments: BuildArguments) -> Endpoint:
    assert arguments.base_url is not None
    price = None
    if arguments.prompt_price is not None and arguments.answer_price is not None:
        price = Price(arguments.prompt_price, arguments.answer_price)
    return Endpoint(arguments.base_url, name, concurrency=arguments.concurrency, price=price)


def local_model(name: str) -> LocalModel:
    return LocalModel(TransformersGenerator(*load_for_answers(name), batch_size=16))


def make_contamination(arguments: BuildArguments) -> Contamination | None:
    if not arguments.contamination:
        return None
    rows = load_bfcl(arguments.bfcl_data)
    return Contamination({"BFCL": (message["content"] for row in rows for message in row.messages)})


def length_counter(arguments: BuildArguments) -> dict[str, Any]:
    if arguments.tokenizer is None:
        return {}
    tokenizer = AutoTokenizer.from_pretrained(arguments.tokenizer)
    count: Callable[[str], int] = lambda text: len(tokenizer(text, add_special_tokens=False)["input_ids"])  # noqa: E731
    return {"count_length": count, "length_unit": f"tokens of {arguments.tokenizer}"}


def how_made(arguments: BuildArguments) -> dict[str, str]:
    """For the card; what is not known is left out."""
    made = {
        "source": arguments.source,
        "shard": arguments.shard,
        "judge": " ".join([arguments.judge, *arguments.judge_models]),
        "teacher": arguments.teacher,
        "samples of the teacher": str(arguments.samples) if arguments.teacher else None,
        "gold answers shown to the teacher": str(arguments.rationalise) if arguments.teacher else None,
        "checked against": "BFCL" if arguments.contamination else None,
        "funreason-trl": version("funreason-trl"),
    }
    return {key: value for key, value in made.items() if value is not None}


def main(argv: list[str] | None = None) -> None:
    parser = TrlParser(
        (BuildArguments,),
        prog="funreason build",
        usage="funreason build --source ROWS --output DIR [--judge WHO] [--teacher MODEL] [--OPTION VALUE ...]",
        description=__doc__,
    )
    try:
        (arguments,) = parser.parse_args_and_config(args=argv, fail_with_unknown_args=True)
    except (ValueError, OSError) as error:
        parser.error(str(error))
    # What the imports left need not be searched for garbage again and again while thousands of rows are under way.
    gc.freeze()
    again = "the same command with --resume true goes on from there"
    try:
        built = build(arguments)
    except FileExistsError as error:
        sys.exit(f"funreason build: {error}")
    except EXPECTED_ERRORS as error:
        sys.exit(f"funreason build: {error}\nWhat was answered is kept; {again}.")
    except KeyboardInterrupt:
        sys.exit(f"\nfunreason build: stopped; {again}")
    console = Console()
    console.print(Markdown(funnel_table(built.tally, built.left_out)))
    console.print(built.rows, built.lengths)
    if built.tally.errors:
        console.print(f"{len(built.tally.errors)} rows came to no verdict, see errors.jsonl; {again}.", style="bold")


if __name__ == "__main__":
    main(sys.argv[1:])
