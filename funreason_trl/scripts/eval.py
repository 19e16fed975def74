"""`funreason eval --model ... --benchmarks bfcl humaneval mbpp --output DIR`: how well a model calls, and still codes.

In: a model (folder, adapter, Hub name, or one behind an endpoint) and the benchmarks' data. Out, in the output folder:

    table.md          scores with 95% intervals beside the published ones; with --base, the differences too
    scores.json       every score with its interval, the verdicts, the settings and versions
    result/MODEL/     BFCL's answers in the official layout, which `funreason score` and the official tool read
    answers/MODEL/    all that the model wrote, as it came; a run that was killed goes on from there
"""

import json
import random
import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markdown import Markdown

from funreason_trl.data.rows import RowError
from funreason_trl.evaluation.bfcl.asking import ask, bfcl_questions, pick
from funreason_trl.evaluation.bfcl.data import BfclDataError, find_bfcl, load_bfcl
from funreason_trl.evaluation.bfcl.judging import judge_results, verdicts_of
from funreason_trl.evaluation.bfcl.prompts import PROMPT_STYLES
from funreason_trl.evaluation.bfcl.results import folder_name, write_results
from funreason_trl.evaluation.bfcl.rows import CATEGORIES
from funreason_trl.evaluation.bfcl.scores import compare, scores_json, wilson
from funreason_trl.evaluation.skills import (
    CodeProblem,
    SandboxError,
    load_humaneval,
    load_mbpp,
    problem_messages,
    score_answers,
)
from funreason_trl.evaluation.table import differences_table, scores_table
from funreason_trl.files import write_whole
from funreason_trl.generation import (
    AnswersFileError,
    GenerationSettings,
    Prompt,
    PromptError,
    TextGenerator,
    generate_to_file,
)
from funreason_trl.generation.client import EndpointError
from funreason_trl.generation.endpoint_generator import EndpointGenerator
from funreason_trl.generation.transformers_generator import TransformersGenerator
from funreason_trl.generation.vllm_generator import VllmGenerator
from funreason_trl.models.loading import load_for_answers
from funreason_trl.models.smollm2 import Smollm2Error
from funreason_trl.scripts.ending import ending
from funreason_trl.scripts.parsing import OptionParser


BENCHMARKS = ("bfcl", "humaneval", "mbpp")
BACKENDS = ("transformers", "continuous", "vllm", "endpoint")
PASS_AT = (1, 10, 100)
# What the user's files, names or machines cause, rather than a fault of ours; their words say what to do.
EXPECTED_ERRORS = (
    AnswersFileError,
    BfclDataError,
    EndpointError,
    FileNotFoundError,
    PromptError,
    RowError,
    SandboxError,
    Smollm2Error,
)


@dataclass
class EvalArguments:
    """
    What to evaluate, on what, and how.

    Args:
        model (`str`): Folder of a model or adapter, Hub name, `smollm2`, or the endpoint's name for its model.
        base (`str`, *optional*): The model before training; it runs too, and the differences are shown.
        benchmarks (`list[str]`, *optional*, defaults to `["bfcl"]`): Some of `bfcl`, `humaneval`, `mbpp`.
        output (`str`, *optional*, defaults to `"runs/eval"`): Folder for all that is written.
        categories (`list[str]`, *optional*): BFCL's categories; all 13 single-turn ones by default.
        limit (`int`, *optional*): At most so many rows of each category, and problems of each other benchmark.
        seed (`int`, *optional*, defaults to `0`): Of the choice of these rows, and of sampling.
        prompt (`str`, *optional*, defaults to `"python"`): How BFCL's questions are put: `python`, `official`, `native`.
        bfcl_data (`str`, *optional*): Wheel of bfcl-eval, folder or Hub name; downloaded by default.
        humaneval_data (`str`, *optional*): File, folder or Hub name of HumanEval or HumanEval+.
        mbpp_data (`str`, *optional*): The same for MBPP or MBPP+.
        backend (`str`, *optional*, defaults to `"transformers"`): Where answers come from.
        base_url (`str`, *optional*): Of the endpoint.
        max_new_tokens (`int`, *optional*, defaults to `1024`): Longest answer in tokens.
        batch_size (`int`, *optional*, defaults to `8`): Answers (of an endpoint: requests) at a time.
        samples (`int`, *optional*, defaults to `1`): Answers to each coding problem, for pass@k.
        temperature (`float`, *optional*, defaults to `0.0`): Of the answers to coding problems; 0 is greedy. BFCL is
            always answered greedily.
    """

    model: str = field(metadata={"help": "Folder of a model or adapter, Hub name, or 'smollm2'."})
    base: str | None = field(default=None, metadata={"help": "The model before training, to compare with."})
    benchmarks: list[str] = field(
        default_factory=lambda: ["bfcl"], metadata={"help": f"Some of {', '.join(BENCHMARKS)}."}
    )
    output: str = field(default="runs/eval", metadata={"help": "Folder for all that is written."})
    categories: list[str] = field(
        default_factory=lambda: list(CATEGORIES), metadata={"help": "BFCL's categories; all by default."}
    )
    limit: int | None = field(default=None, metadata={"help": "At most so many rows of each category or benchmark."})
    seed: int = field(default=0, metadata={"help": "Of the choice of these rows, and of sampling."})
    prompt: str = field(
        default="python", metadata={"help": "How BFCL's questions are put.", "choices": list(PROMPT_STYLES)}
    )
    bfcl_data: str | None = field(default=None, metadata={"help": "Wheel of bfcl-eval, folder or Hub name."})
    humaneval_data: str = field(
        default="openai/openai_humaneval", metadata={"help": "File, folder or Hub name of HumanEval or HumanEval+."}
    )
    mbpp_data: str = field(
        default="google-research-datasets/mbpp", metadata={"help": "File, folder or Hub name of MBPP or MBPP+."}
    )
    backend: str = field(
        default="transformers", metadata={"help": "Where answers come from.", "choices": list(BACKENDS)}
    )
    base_url: str | None = field(default=None, metadata={"help": "URL of the endpoint, such as http://host:8000/v1."})
    max_new_tokens: int = field(default=1024, metadata={"help": "Longest answer in tokens."})
    batch_size: int = field(default=8, metadata={"help": "Answers, or requests to an endpoint, at a time."})
    samples: int = field(default=1, metadata={"help": "Answers to each coding problem, for pass@k."})
    temperature: float = field(default=0.0, metadata={"help": "Of the answers to coding problems."})

    def __post_init__(self):
        for name in self.benchmarks:
            if name not in BENCHMARKS:
                raise ValueError(f"`benchmarks` has {name!r}; choose from {', '.join(BENCHMARKS)}.")
        if self.limit is not None and self.limit < 1:
            raise ValueError(f"`limit` is {self.limit}; set it to 1 or more, or leave it out.")
        for name in self.categories:
            if name not in CATEGORIES:
                raise ValueError(f"`categories` has {name!r}; choose from {', '.join(CATEGORIES)}.")
        self.skill_settings()  # which names a value that is out of its range
        if (self.backend == "endpoint") != (self.base_url is not None):
            raise ValueError(
                f"`backend` is {self.backend!r} and `base_url` {self.base_url!r}; an endpoint needs both."
            )

    def skill_settings(self) -> GenerationSettings:
        """How coding problems are answered."""
        return GenerationSettings(self.max_new_tokens, self.temperature, samples=self.samples, seed=self.seed)


@dataclass(frozen=True)
class Evaluated:
    """
    What one model reached.

    Attributes:
        verdicts (`dict`): Right or wrong, by category or benchmark and id.
        scores (`dict`): As they are written.
        sizes (`dict`): Rows that the categories have in the whole benchmark.
    """

    verdicts: dict[str, dict[str, bool]]
    scores: dict[str, Any]
    sizes: dict[str, int]


def evaluate(arguments: EvalArguments) -> dict[str, Evaluated]:
    """Runs the benchmarks on the model, and on the base model if there is one; writes and returns all scores by model."""
    output = Path(arguments.output)
    evaluated = {}
    for model in dict.fromkeys(filter(None, (arguments.model, arguments.base))):
        evaluated[model] = evaluate_model(model, arguments, output)
        write_scores(output, arguments, evaluated)
    return evaluated


def make_generator(model: str, arguments: EvalArguments) -> TextGenerator:
    """The way to the answers that the arguments choose."""
    if arguments.base_url is not None:
        return EndpointGenerator(arguments.base_url, model, concurrency=arguments.batch_size)
    if arguments.backend == "vllm":
        return VllmGenerator(model)
    loaded, tokenizer = load_for_answers(model)
    return TransformersGenerator(loaded, tokenizer, arguments.batch_size, continuous=arguments.backend == "continuous")


def evaluate_model(model: str, arguments: EvalArguments, output: Path) -> Evaluated:
    """Makes the generator, so that the model leaves the memory before the next one comes."""
    generator = make_generator(model, arguments)
    whole = Evaluated({}, {}, {})
    for benchmark in arguments.benchmarks:
        reached = (
            run_bfcl(model, generator, arguments, output)
            if benchmark == "bfcl"
            else run_skill(benchmark, model, generator, arguments, output)
        )
        whole.verdicts.update(reached.verdicts)
        whole.scores.update(reached.scores)
        whole.sizes.update(reached.sizes)
    return whole


def run_bfcl(model: str, generator: TextGenerator, arguments: EvalArguments, output: Path) -> Evaluated:
    """Asks BFCL's questions, writes the results in the official layout, and judges what was written."""
    files = find_bfcl(arguments.bfcl_data)
    rows = load_bfcl(arguments.bfcl_data, arguments.categories)
    questions = bfcl_questions(pick(rows, arguments.limit, arguments.seed), arguments.prompt, files)
    settings = GenerationSettings(max_new_tokens=arguments.max_new_tokens)
    results = ask(generator, questions, settings, answers_path(output, model, f"bfcl-{arguments.prompt}"), "BFCL")
    for category, by_id in results.items():
        write_results(output / "result" / folder_name(model), category, by_id.values())
    verdicts = verdicts_of(judge_results(rows, results))
    sizes = Counter(row.category for row in rows)
    return Evaluated(verdicts, scores_json(verdicts, sizes), dict(sizes))


def run_skill(
    benchmark: str, model: str, generator: TextGenerator, arguments: EvalArguments, output: Path
) -> Evaluated:
    """Asks the coding problems, and runs the answers in the sandbox."""
    problems = load_problems(benchmark, arguments)
    if arguments.limit is not None and arguments.limit < len(problems):
        places = random.Random(f"{arguments.seed} {benchmark}").sample(range(len(problems)), arguments.limit)
        problems = [problems[place] for place in sorted(places)]
    prompts = {problem.id: Prompt(problem_messages(problem)) for problem in problems}
    settings = arguments.skill_settings()
    answers = generate_to_file(generator, prompts, settings, answers_path(output, model, benchmark), benchmark)
    k = tuple(size for size in PASS_AT if size <= arguments.samples)
    skill = score_answers(problems, [list(answers[problem.id].texts) for problem in problems], k)
    verdicts = {benchmark: {result.id: result.outcomes[0].passed for result in skill.results}}
    # Several answers to a problem are no independent ones; counting the problems alone errs on the wide side.
    score: dict[str, Any] = wilson(skill.pass_at[1], len(problems)).as_dict()
    score["pass_at"] = {str(size): skill.pass_at[size] for size in k}
    return Evaluated(verdicts, {benchmark: score}, {benchmark: len(problems)})


def load_problems(benchmark: str, arguments: EvalArguments) -> list[CodeProblem]:
    load: dict[str, Callable[[], list[CodeProblem]]] = {
        "humaneval": lambda: load_humaneval(arguments.humaneval_data),
        "mbpp": lambda: load_mbpp(arguments.mbpp_data),
    }
    return load[benchmark]()


def answers_path(output: Path, model: str, benchmark: str) -> Path:
    return output / "answers" / folder_name(model) / f"{benchmark}.jsonl"


def write_scores(output: Path, arguments: EvalArguments, evaluated: dict[str, Evaluated]) -> None:
    """`scores.json` and `table.md`, with what is there so far."""
    scores = {model: reached.scores for model, reached in evaluated.items()}
    text = f"# Scores\n\n{settings_line(arguments)}\n\n{scores_table(scores)}"
    record: dict[str, Any] = {
        "settings": asdict(arguments),
        "versions": {name: version(name) for name in ("funreason-trl", "transformers", "torch")},
        "scores": scores,
        "verdicts": {model: reached.verdicts for model, reached in evaluated.items()},
        "sizes": {model: reached.sizes for model, reached in evaluated.items()},
    }
    if arguments.base is not None and len(evaluated) == 2:
        base, trained = evaluated[arguments.base], evaluated[arguments.model]
        changes = compare(base.verdicts, trained.verdicts, trained.sizes)
        record["differences"] = {
            name: {"difference": change.value, "low": change.low, "high": change.high, "count": change.count}
            for name, change in changes.items()
        }
        text += f"\n## {arguments.model} against {arguments.base}\n\n{differences_table(record['differences'])}"
    output.mkdir(parents=True, exist_ok=True)
    write_whole(output / "scores.json", json.dumps(record, indent=1) + "\n")
    write_whole(output / "table.md", text)


def settings_line(arguments: EvalArguments) -> str:
    """What the numbers depend on, in a sentence."""
    share = "all rows" if arguments.limit is None else f"at most {arguments.limit} rows of each category"
    return (
        f"Percentages with 95% intervals and rows; {share}. BFCL: prompt style `{arguments.prompt}`, greedy, at most "
        f"{arguments.max_new_tokens} new tokens. Published rows are of other runs and full data."
    )


def option_parser() -> OptionParser:
    return OptionParser(
        (EvalArguments,),
        {EvalArguments: "what is evaluated, and how"},
        command="eval",
        usage="--model MODEL [--benchmarks bfcl humaneval mbpp] [--output DIR] [--OPTION VALUE ...]",
        example="funreason eval --model runs/quickstart/model --base smollm2 --benchmarks bfcl --limit 20",
        doc=__doc__,
    )


def main(argv: list[str] | None = None) -> None:
    (arguments,) = option_parser().read(argv)
    with ending("eval", arguments.output):
        try:
            evaluate(arguments)
        except EXPECTED_ERRORS as error:
            sys.exit(f"funreason eval: {error}")
    Console().print(Markdown((Path(arguments.output) / "table.md").read_text(encoding="utf-8")))


if __name__ == "__main__":
    main(sys.argv[1:])
