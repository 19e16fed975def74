"""The options of `funreason build`: which rows to inspect, and by whom.

In: values from a command line, a YAML file or a program. Out: checked [`BuildArguments`].
"""

from dataclasses import dataclass, field

from funreason_trl.building.contamination import NAMES
from funreason_trl.data.formats import FORMATS
from funreason_trl.fcdr.pipeline import MAX_REGENERATIONS
from funreason_trl.fcdr.verdicts import Stage
from funreason_trl.generation import GenerationSettings


JUDGES = ("rules", "endpoint", "model", "ensemble")
# The format is left to the rules.
JUDGED: tuple[Stage, ...] = tuple(stage for stage in Stage if stage is not Stage.FORMAT)
NONE = "none"


@dataclass
class BuildArguments:
    """
    Which rows to inspect, and by whom.

    A model is named as its endpoint knows it (`qwen`), with the address where it has one of its own
    (`qwen@http://127.0.0.1:8000/v1`), or, if there is no `base_url`, as a folder or Hub name to load in this process.

    Args:
        source (`str`): File, folder or Hub dataset, or `sample` for the embedded rows.
        output (`str`): Folder for the dataset, its journal and its card.
        format (`str`, *optional*, defaults to `"auto"`): Format of the rows.
        split (`str`, *optional*, defaults to `"train"`): Split of a folder or Hub dataset.
        hard_pool (`bool`, *optional*, defaults to `False`): `source` is a dataset that this command built; its split
            `hard` is answered anew by the teacher, once, with `samples` answers of which the best is kept.
        limit (`int`, *optional*): Only so many rows.
        on_error (`str`, *optional*, defaults to `"count"`): What a row that can't be read does.
        judge (`str`, *optional*, defaults to `"rules"`): Who judges after the rules: nobody, a model behind an
            endpoint, a model in this process, or all of `judge_models`.
        judge_models (`list[str]`, *optional*): Models that judge; several for an ensemble.
        stage_judges (`list[str]` or `dict[str, str]`, *optional*): Other judges for some stages, such as
            `reasoning=qwen query_and_tool=rules function_and_parameter=qwen,llama`; in YAML a mapping reads better.
        threshold (`float`, *optional*): An ensemble passes what has this mean score; by default the majority decides.
        judge_max_new_tokens (`int`, *optional*, defaults to `1024`): Longest verdict; a judge that thinks needs more.
        teacher (`str`, *optional*): Model that writes missing reasoning and new answers.
        base_url (`str`, *optional*): Of the endpoint of judges and teacher.
        samples (`int`, *optional*, defaults to `1`): Answers of the teacher, of which the best is kept: one that passes,
            and of several the one with the highest mean score of the judges.
        temperature (`float`, *optional*, defaults to `0.0`): Of the teacher; above 0 for several samples.
        max_new_tokens (`int`, *optional*, defaults to `4096`): Longest answer of the teacher.
        rationalise (`bool`, *optional*, defaults to `False`): Show the teacher the gold answer.
        concurrency (`int`, *optional*, defaults to `32`): Requests at a time to each model at an endpoint.
        prompt_price, answer_price (`float`, *optional*): Of a million tokens, to show the cost.
        tokenizer (`str`, *optional*): Whose tokens are counted; by default lengths are told in words.
        contamination (`list[str]`, *optional*, defaults to `["bfcl", "humaneval", "mbpp"]`): Leave out rows that repeat
            a question of these; `none` for no check.
        bfcl_data, humaneval_data, mbpp_data (`str`, *optional*): Where the questions are read, as in `funreason eval`;
            downloaded by default.
        dry_run (`bool`, *optional*, defaults to `False`): Estimate requests, tokens and cost from a sample of the rows;
            nothing is asked and nothing is written.
        resume (`bool`, *optional*, defaults to `False`): Go on with what is in `output`.
        shard (`str`, *optional*): `"2/8"` takes the second of eight parts of the rows, for several machines;
            `funreason merge` puts the parts together.
        push_to_hub (`str`, *optional*): Push the dataset to the Hub under this name (`user/name`), if every row came to
            a verdict.
        private (`bool`, *optional*, defaults to `False`): Let only the owner see it there.
    """

    source: str = field(metadata={"help": "File, folder or Hub dataset, or 'sample' for the embedded rows."})
    output: str = field(metadata={"help": "Folder for the dataset, its journal and its card."})
    format: str = field(default="auto", metadata={"help": "Format of the rows.", "choices": ["auto", *FORMATS]})
    split: str = field(default="train", metadata={"help": "Split of a folder or Hub dataset."})
    hard_pool: bool = field(
        default=False,
        metadata={"help": "Sample the split 'hard' of a built dataset again: the teacher answers `samples` times."},
    )
    limit: int | None = field(default=None, metadata={"help": "Only so many rows."})
    on_error: str = field(
        default="count", metadata={"help": "What a row that can't be read does.", "choices": ["raise", "count"]}
    )
    judge: str = field(default="rules", metadata={"help": "Who judges after the rules.", "choices": list(JUDGES)})
    judge_models: list[str] = field(
        default_factory=list,
        metadata={
            "help": "Models that judge: NAME at `base_url`, NAME@URL at an endpoint of its own, or, without `base_url`, "
            "a folder or Hub name to load in this process. Several for an ensemble."
        },
    )
    stage_judges: list[str] = field(
        default_factory=list,
        metadata={
            "help": "Other judges for some stages, each as STAGE=rules, STAGE=MODEL or, for an ensemble, "
            f"STAGE=MODEL,MODEL; stages: {', '.join(JUDGED)}. In YAML a mapping from stage to judge."
        },
    )
    threshold: float | None = field(
        default=None, metadata={"help": "Mean score (0 to 1) at which an ensemble passes; by default the majority."}
    )
    judge_max_new_tokens: int = field(
        default=1024, metadata={"help": "Longest verdict, in tokens; a judge that thinks needs more."}
    )
    teacher: str | None = field(
        default=None, metadata={"help": "Model that writes reasoning and new answers; named like `judge_models`."}
    )
    base_url: str | None = field(default=None, metadata={"help": "URL of the endpoint of judges and teacher."})
    samples: int = field(default=1, metadata={"help": "Answers of the teacher, of which the best is kept."})
    temperature: float = field(default=0.0, metadata={"help": "Of the teacher; above 0 for several samples."})
    max_new_tokens: int = field(default=4096, metadata={"help": "Longest answer of the teacher, in tokens."})
    rationalise: bool = field(default=False, metadata={"help": "Show the teacher the gold answer."})
    concurrency: int = field(default=32, metadata={"help": "Requests at a time to each model at an endpoint."})
    prompt_price: float | None = field(default=None, metadata={"help": "Of a million prompt tokens."})
    answer_price: float | None = field(default=None, metadata={"help": "Of a million new tokens."})
    tokenizer: str | None = field(default=None, metadata={"help": "Folder or Hub name: whose tokens are counted."})
    contamination: list[str] = field(
        default_factory=lambda: list(NAMES),
        metadata={"help": f"Leave out rows that repeat a question of these: {', '.join(NAMES)}; or 'none'."},
    )
    bfcl_data: str | None = field(default=None, metadata={"help": "Wheel of bfcl-eval, folder or Hub name."})
    humaneval_data: str = field(
        default="openai/openai_humaneval", metadata={"help": "File, folder or Hub name of HumanEval."}
    )
    mbpp_data: str = field(
        default="google-research-datasets/mbpp", metadata={"help": "File, folder or Hub name of MBPP."}
    )
    dry_run: bool = field(
        default=False,
        metadata={"help": "Estimate requests, tokens and cost from a sample; asks nothing, writes nothing."},
    )
    resume: bool = field(default=False, metadata={"help": "Go on with what is in the output folder."})
    shard: str | None = field(default=None, metadata={"help": "'2/8' takes the second of eight parts of the rows."})
    push_to_hub: str | None = field(
        default=None, metadata={"help": "Push to the Hub under this name if every row came to a verdict."}
    )
    private: bool = field(default=False, metadata={"help": "Let only the owner see it on the Hub."})

    def __post_init__(self):
        # YAML gives one name as a text, and judges of stages as a mapping.
        self.judge_models = _names(self.judge_models)
        self.contamination = _names(self.contamination)
        if isinstance(self.stage_judges, dict):
            self.stage_judges = [f"{stage}={_joined(judge)}" for stage, judge in self.stage_judges.items()]
        self.stage_judges = _names(self.stage_judges)
        self._check_judges()
        self._check_contamination()
        if (self.prompt_price is None) != (self.answer_price is None):
            raise ValueError("give both `prompt_price` and `answer_price`, or neither.")
        if self.judge_max_new_tokens < 1:
            raise ValueError(f"`judge_max_new_tokens` is {self.judge_max_new_tokens}; give 1 or more.")
        if self.hard_pool and self.teacher is None:
            raise ValueError("`hard_pool` is set, but there is no `teacher` to answer those rows anew; name one.")
        self.teacher_settings()  # these two name a value that is out of its range
        self.part()
        self._check_push()

    def judges(self) -> dict[Stage, list[str]]:
        """The models that judge each stage; none where rules decide alone."""
        judges: dict[Stage, list[str]] = dict.fromkeys(JUDGED, self.judge_models)
        for pair in self.stage_judges:
            stage, separator, models = pair.partition("=")
            names = [name.strip() for name in models.split(",")]
            if not separator or not all(names):
                raise ValueError(
                    f"`stage_judges` has {pair!r}; give STAGE=rules, STAGE=MODEL or STAGE=MODEL,MODEL, as in "
                    "reasoning=qwen,llama."
                )
            if stage == Stage.FORMAT:
                raise ValueError(f"`stage_judges` has {pair!r}, but rules alone decide the format; leave it out.")
            if stage not in JUDGED:
                raise ValueError(f"`stage_judges` has {pair!r}; there is no stage {stage!r}: {', '.join(JUDGED)}.")
            if "rules" in names and len(names) > 1:
                raise ValueError(f"`stage_judges` has {pair!r}; rules come first anyway: name models only.")
            judges[Stage(stage)] = [] if names == ["rules"] else names
        for together in judges.values():
            called = [self.address(model)[0] for model in together]
            if len(set(called)) < len(called):
                raise ValueError(f"{', '.join(together)} are to judge together; each needs a name of its own.")
        return judges

    def address(self, model: str) -> tuple[str, str | None]:
        """Name of a model, and the URL of its endpoint; `None` if it is loaded in this process."""
        for mark in ("@http://", "@https://"):
            name, separator, rest = model.partition(mark)
            if separator:
                return name, f"{mark[1:]}{rest}"
        return model, self.base_url

    def teacher_settings(self) -> GenerationSettings:
        """How the teacher answers."""
        return GenerationSettings(self.max_new_tokens, self.temperature, samples=self.samples)

    def max_regenerations(self) -> int:
        """How often an answer is written anew."""
        return 1 if self.hard_pool else MAX_REGENERATIONS

    def benchmarks(self) -> dict[str, str | None]:
        """Where to read the benchmarks that rows must not repeat, by name."""
        sources = {"bfcl": self.bfcl_data, "humaneval": self.humaneval_data, "mbpp": self.mbpp_data}
        return {name: sources[name] for name in NAMES if name in self.contamination}

    def part(self) -> tuple[int, int] | None:
        """Number of the shard, from 0, and of shards."""
        if self.shard is None:
            return None
        number, _, count = self.shard.partition("/")
        if number.isdecimal() and count.isdecimal() and 1 <= int(number) <= int(count):
            return int(number) - 1, int(count)
        raise ValueError(f"`shard` is {self.shard!r}; give it as 1/8 to 8/8.")

    def _check_judges(self) -> None:
        if self.judge not in JUDGES:
            raise ValueError(f"`judge` is {self.judge!r}; set it to one of {', '.join(JUDGES)}.")
        needed = {"rules": 0, "endpoint": 1, "model": 1}.get(self.judge)
        if len(self.judge_models) < 2 if needed is None else len(self.judge_models) != needed:
            raise ValueError(
                f"`judge` is {self.judge!r} and `judge_models` {self.judge_models}; rules need none, an endpoint or a "
                "model one, an ensemble two or more."
            )
        if self.judge in ("endpoint", "model"):
            _, url = self.address(self.judge_models[0])
            if self.judge == "endpoint" and url is None:
                raise ValueError(
                    "`judge` is 'endpoint', but there is no `base_url`; give the endpoint's address, there or after the "
                    "name as in NAME@URL."
                )
            if self.judge == "model" and url is not None:
                raise ValueError(
                    f"`judge` is 'model', but the address of {self.judge_models[0]!r} is {url}; set it to 'endpoint', or "
                    "leave out `base_url` and give the teacher's address after its name as in NAME@URL."
                )
        if self.threshold is not None and not 0 < self.threshold <= 1:
            raise ValueError(f"`threshold` is {self.threshold}; give a number above 0, up to 1.")
        self.judges()

    def _check_contamination(self) -> None:
        unknown = [name for name in self.contamination if name not in (*NAMES, NONE)]
        if unknown or (NONE in self.contamination and len(self.contamination) > 1):
            raise ValueError(
                f"`contamination` is {' '.join(self.contamination)!r}; name some of {', '.join(NAMES)}, or '{NONE}' alone."
            )

    def _check_push(self) -> None:
        if self.push_to_hub is None:
            return
        if self.shard is not None:
            raise ValueError(
                f"`push_to_hub` is set for shard {self.shard}, which is a part only; build all parts, put them together "
                "with `funreason merge`, and push that."
            )
        if self.push_to_hub.count("/") != 1:
            raise ValueError(f"`push_to_hub` is {self.push_to_hub!r}; give the name on the Hub as user/name.")


def _names(value: list[str] | str | bool | None) -> list[str]:
    if value is None:
        return []
    return [str(item) for item in value] if isinstance(value, list) else [str(value)]


def _joined(judge: list[str] | str) -> str:
    return ",".join(judge) if isinstance(judge, list) else str(judge)
