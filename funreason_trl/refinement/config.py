"""How a model is refined on its own answers: which prompts, how many answers, what becomes of them.

In: values from a script or a YAML file. Out: [`RefinementConfig`], whose values have been checked.
"""

from dataclasses import dataclass, field
from math import gcd
from typing import Any

from funreason_trl.data.formats import FORMATS
from funreason_trl.data.rendering import FORMS
from funreason_trl.generation import GenerationSettings


MODES = ("replace", "mix", "append")
ENGINES = ("transformers", "continuous", "vllm", "endpoint")
JUDGES = ("rules", "self")
VLLM_MODES = ("colocate", "server")


@dataclass
class RefinementConfig:
    """
    Settings of [`~funreason_trl.refinement.RefinementCallback`] (FunReason, arXiv 2505.20192, section 3.4).

    Args:
        prompts (`str`, *optional*): File, folder or Hub dataset of the rows whose queries are answered; their own calls
            are the gold answers. By default the training rows themselves, in the form that `form` names.
        prompts_format, prompts_split (`str`, *optional*): Format and split of that source.
        form (`str`, *optional*, defaults to `"python"`): Form of prompts and training text.
        rows_per_round (`int`, *optional*, defaults to `1000`): Queries of a round, drawn anew each time.
        answers_per_row (`int`, *optional*, defaults to `4`): Answers that are sampled for each.
        temperature, top_p, max_new_tokens, rollout_seed: How answers are sampled.
        engine (`str`, *optional*, defaults to `"transformers"`): What generates: `"transformers"` in batches of like
            length, `"continuous"` batching, `"vllm"` with the trainer's weights sent to it, or an `"endpoint"`, whose
            weights are its own.
        batch_size (`int`, *optional*, defaults to `8`): Answers at a time on each process.
        chunk_size (`int`, *optional*, defaults to `64`): Queries of each process after which answers are on file and go
            to inspection; some more where their answers would else not fill whole batches.
        base_url, endpoint_model (`str`, *optional*): Of the endpoint.
        vllm_mode (`str`, *optional*, defaults to `"colocate"`): vLLM in each process on the GPUs that train, or one
            `"server"` for all of them (`vllm serve`, see `vllm_rollouts`).
        vllm_server_base_url (`str`, *optional*): Of the server; by default port 8000 of this machine.
        vllm_gpu_memory_utilization (`float`, *optional*, defaults to `0.3`): Share of a GPU's memory for vLLM beside the
            training.
        vllm_max_model_length (`int`, *optional*): Longest prompt and answer together; by default what the model allows.
        first_round (`int`, *optional*, defaults to `1`): Epoch after which the first round comes.
        every_epochs (`int`, *optional*, defaults to `1`): Epochs from round to round.
        judge (`str`, *optional*, defaults to `"rules"`): Who inspects: FCDR's rules, or also the model itself. Other
            judges are given to the callback.
        mode (`str`, *optional*, defaults to `"replace"`): `"replace"` puts a passing answer in the place of its own row's
            answer; `"mix"` puts it in the place of any row, also where the queries are not those of the training rows;
            `"append"` adds it to the rows, which `funreason refine` does in a training for each round.
        refined_share (`float`, *optional*, defaults to `1.0`): At most this share of the rows is replaced; the others
            stay original, against drift.
        keep (`str`, *optional*, defaults to `"best"`): `"best"` keeps one answer of a query, `"all"` all different ones
            that pass (with `mode="mix"`).
        hard_first (`bool`, *optional*, defaults to `True`): Queries of which no answer passed come first in the next
            round (hard-data re-sampling of BalanceSFT).
        min_accepted (`int`, *optional*, defaults to `1`): A round with fewer accepted queries changes nothing.
        gate (`str`, *optional*): File or Hub dataset of held-out rows (split `train`), asked before each round. When
            fewer of their calls are right than at the best time so far, the pool goes back to what it was then, and
            nothing is asked.
        gate_rows (`int`, *optional*, defaults to `100`): How many of them.
        shown (`int`, *optional*, defaults to `3`): Answers of each round to print and to log as a table.

    Raises:
        ValueError: A value is out of its range; names the field, the value and the mend.
    """

    prompts: str | None = field(
        default=None, metadata={"help": "Rows whose queries are answered; by default the training rows."}
    )
    prompts_format: str = field(
        default="auto", metadata={"help": "Format of the prompts.", "choices": ["auto", *FORMATS]}
    )
    prompts_split: str = field(default="train", metadata={"help": "Split of the prompts."})
    form: str = field(default="python", metadata={"help": "Form of the training text.", "choices": list(FORMS)})
    rows_per_round: int = field(default=1000, metadata={"help": "Queries of a round."})
    answers_per_row: int = field(default=4, metadata={"help": "Answers sampled for each query."})
    temperature: float = field(default=0.8, metadata={"help": "Of the sampling; 0 with one answer is greedy."})
    top_p: float = field(default=0.95, metadata={"help": "Sample from the likeliest tokens of this probability."})
    max_new_tokens: int = field(default=1024, metadata={"help": "Longest answer in tokens."})
    rollout_seed: int = field(default=0, metadata={"help": "Of queries and samples."})
    engine: str = field(default="transformers", metadata={"help": "What generates.", "choices": list(ENGINES)})
    batch_size: int = field(default=8, metadata={"help": "Answers at a time on each process."})
    chunk_size: int = field(default=64, metadata={"help": "Queries after which answers are kept and inspected."})
    base_url: str | None = field(default=None, metadata={"help": "Address of the endpoint that answers."})
    endpoint_model: str | None = field(default=None, metadata={"help": "Name of the model at the endpoint."})
    vllm_mode: str = field(
        default="colocate", metadata={"help": "vLLM beside the training or as a server.", "choices": list(VLLM_MODES)}
    )
    vllm_server_base_url: str | None = field(default=None, metadata={"help": "Address of the vLLM server."})
    vllm_gpu_memory_utilization: float = field(
        default=0.3, metadata={"help": "Share of a GPU's memory for vLLM beside the training."}
    )
    vllm_max_model_length: int | None = field(
        default=None, metadata={"help": "Longest prompt and answer together, for vLLM."}
    )
    first_round: int = field(default=1, metadata={"help": "Epoch after which the first round comes."})
    every_epochs: int = field(default=1, metadata={"help": "Epochs from round to round."})
    judge: str = field(default="rules", metadata={"help": "Who inspects the answers.", "choices": list(JUDGES)})
    mode: str = field(default="replace", metadata={"help": "What answers take the place of.", "choices": list(MODES)})
    refined_share: float = field(default=1.0, metadata={"help": "Largest share of rows that is replaced."})
    keep: str = field(
        default="best", metadata={"help": "Answers of a query that are kept.", "choices": ["best", "all"]}
    )
    hard_first: bool = field(default=True, metadata={"help": "Ask again first what was answered wrongly."})
    min_accepted: int = field(default=1, metadata={"help": "Accepted queries without which a round changes nothing."})
    gate: str | None = field(default=None, metadata={"help": "Held-out rows, on which calls must not get worse."})
    gate_rows: int = field(default=100, metadata={"help": "How many of them."})
    shown: int = field(default=3, metadata={"help": "Answers of each round to show."})

    def __post_init__(self):
        self._check_choices()
        for name in (
            *("rows_per_round", "answers_per_row", "batch_size", "chunk_size", "first_round", "every_epochs"),
            *("min_accepted", "gate_rows"),
        ):
            if (value := getattr(self, name)) < 1:
                raise ValueError(f"`{name}` is {value}; give 1 or more.")
        if not 0 < self.refined_share <= 1:
            raise ValueError(f"`refined_share` is {self.refined_share}; give a share above 0, up to 1.")
        if self.keep == "all" and self.mode == "replace":
            raise ValueError(
                "`keep` is 'all' with mode='replace', where a row has place for one answer; set mode='mix' or keep='best'."
            )
        if (self.engine == "endpoint") != (self.base_url is not None and self.endpoint_model is not None):
            raise ValueError(
                f"`engine` is {self.engine!r} with base_url={self.base_url!r} and endpoint_model="
                f"{self.endpoint_model!r}; an endpoint needs both, and nothing else takes them."
            )
        if not 0 < self.vllm_gpu_memory_utilization <= 1:
            raise ValueError(
                f"`vllm_gpu_memory_utilization` is {self.vllm_gpu_memory_utilization}; give a share above 0, up to 1."
            )
        if self.vllm_server_base_url is not None and (self.engine, self.vllm_mode) != ("vllm", "server"):
            raise ValueError(
                f"`vllm_server_base_url` is {self.vllm_server_base_url!r} with engine={self.engine!r} and vllm_mode="
                f"{self.vllm_mode!r}; set engine='vllm' and vllm_mode='server', or leave it out."
            )
        self.settings()  # says which of its values is out of range

    def _check_choices(self) -> None:
        allowed: dict[str, tuple[Any, ...]] = {
            "form": FORMS,
            "engine": ENGINES,
            "judge": JUDGES,
            "mode": MODES,
            "keep": ("best", "all"),
            "vllm_mode": VLLM_MODES,
            "prompts_format": ("auto", *FORMATS),
        }
        for name, choices in allowed.items():
            if (value := getattr(self, name)) not in choices:
                raise ValueError(f"`{name}` is {value!r}; set it to one of {', '.join(map(repr, choices))}.")

    def settings(self, round_number: int = 0) -> GenerationSettings:
        """How answers of this round are sampled: each round has samples of its own."""
        return GenerationSettings(
            max_new_tokens=self.max_new_tokens,
            temperature=self.temperature,
            top_p=self.top_p,
            samples=self.answers_per_row,
            seed=self.rollout_seed * 10_000 + round_number,
        )

    @property
    def whole_chunk_size(self) -> int:
        """`chunk_size`, rounded up so that the answers fill whole batches, of which a part takes as long."""
        queries = self.batch_size // gcd(self.batch_size, self.answers_per_row)
        return -(-self.chunk_size // queries) * queries

    def is_due(self, epochs: int) -> bool:
        """Whether a round comes after so many epochs."""
        return epochs >= self.first_round and (epochs - self.first_round) % self.every_epochs == 0
