"""Does refinement help where it must? A tiny model, a teacher that is often wrong, and a judge that knows better.

    python benchmarks/planted_refinement.py               # five seeds, three arms: two minutes on one core
    python benchmarks/planted_refinement.py --seeds 1

In: a language of four requests ("deal 7 to 3"), made up here, and a Llama of one layer with random weights. Out: a table
and `results/planted_refinement.json`: after each epoch the share of held-out queries that are called rightly (greedy
answers), before each epoch the share of right rows in the pool, and for each round what was accepted.

For three of the four requests the teacher names a wrong function in most of its answers, always the same one, and no query
tells when. A model that learns from it learns the mistake: its likeliest answer is wrong. The right one is still sampled
now and then, and FCDR's rules with gold answers pick it out. The arms are the same run, step by step, up to the first
round:

    without      no callback
    refined      `RefinementCallback` with gold answers
    teacher      `RefinementCallback` for which the teacher's own answers are gold: rounds that know no better
"""

import argparse
import json
import tempfile
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from random import Random
from statistics import fmean
from typing import Any

import torch
from common import describe_machine, write_json
from datasets import Dataset, disable_progress_bars
from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast, PrinterCallback, TrainerCallback

from funreason_trl import SRMLConfig, SRMLTrainer
from funreason_trl.calls import Call
from funreason_trl.data.rendering import python_system_prompt, render_python
from funreason_trl.data.rows import assistant_message
from funreason_trl.evaluation.bfcl.asking import row_questions
from funreason_trl.evaluation.callback import CallAccuracyCallback
from funreason_trl.evaluation.table import markdown_table
from funreason_trl.models.tiny import CHATML
from funreason_trl.refinement import RefinementCallback, RefinementConfig


RESULTS = Path(__file__).parent / "results" / "planted_refinement.json"
ARMS = ("without", "refined", "teacher")

VALUES = 12
TRAINING_QUERIES, HELD_OUT_QUERIES = 320, 80
ROWS_PER_ROUND, ANSWERS_PER_ROW = 100, 4
EPOCHS, FIRST_ROUND = 7, 3
BATCH = 16


@dataclass(frozen=True)
class Request:
    """
    Words of a request, the function that it asks for, and what the teacher takes for it otherwise than in `share_right`.

    So short that the rules do not expect a thought to repeat the query: it has three content words at most.
    """

    words: str
    right: str
    wrong: str
    share_right: float


REQUESTS = (
    Request("join {} and {}", "add", "mul", 0.9),
    Request("cut {} by {}", "sub", "div", 0.3),
    Request("grow {} by {}", "mul", "add", 0.3),
    Request("deal {} to {}", "div", "sub", 0.25),
)

_NUMBER = {"type": "integer"}
TOOLS = [
    {
        "type": "function",
        "function": {
            "name": name,
            "description": "",  # as in rows that were read from a file
            "parameters": {"type": "object", "properties": {"a": _NUMBER, "b": _NUMBER}, "required": ["a", "b"]},
        },
    }
    for name in ("add", "sub", "mul", "div")
]


def row_of(request: Request, first: int, second: int, right: bool) -> dict[str, Any]:
    """A canonical row; the thought names the function, as the rules ask for."""
    name = request.right if right else request.wrong
    query = request.words.format(first, second)
    answer = assistant_message(f"Use {name}.", [Call(name, {"a": first, "b": second})], "")
    return {"id": query, "source": "planted", "messages": [{"role": "user", "content": query}, answer], "tools": TOOLS}


def planted_rows(seed: int) -> tuple[list[dict], list[dict], list[dict]]:
    """The teacher's rows, gold rows of the same queries, and gold rows of other ones; each request as often as another."""
    rng = Random(seed)
    pairs = [(first, second) for first in range(VALUES) for second in range(VALUES) if first != second]
    taught, gold, held_out = [], [], []
    for request in REQUESTS:
        drawn = rng.sample(pairs, (TRAINING_QUERIES + HELD_OUT_QUERIES) // len(REQUESTS))
        known = drawn[: TRAINING_QUERIES // len(REQUESTS)]
        right = [place < request.share_right * len(known) for place in range(len(known))]
        taught += [row_of(request, *pair, right) for pair, right in zip(known, right, strict=True)]
        gold += [row_of(request, *pair, right=True) for pair in known]
        held_out += [row_of(request, *pair, right=True) for pair in drawn[len(known) :]]
    return taught, gold, held_out


def build_tokenizer() -> PreTrainedTokenizerFast:
    """Words of the language; the system prompt, the same in every row, is a single token."""
    system = python_system_prompt(TOOLS)
    words = [word for request in REQUESTS for word in request.words.replace("{}", "").split()]
    names = [tool["function"]["name"] for tool in TOOLS]
    numbers = list(map(str, range(VALUES)))
    pieces = [
        "system\n",
        "user\n",
        "assistant\n",
        "\n",
        "Use",
        ".",
        "[",
        "(a=",
        ", b=",
        ")]",
        *words,
        *names,
        *numbers,
    ]
    vocabulary = dict.fromkeys(["<pad>", *pieces, *(f" {word}" for word in [*words, *names, *numbers])])
    tokenizer = Tokenizer(models.WordLevel({piece: index for index, piece in enumerate(vocabulary)}, "<pad>"))
    tokenizer.pre_tokenizer = pre_tokenizers.Split(Regex(r"\(a=|, b=|\)\]| ?\w+\n?|\W"), "isolated")
    tokenizer.decoder = decoders.Fuse()
    fast = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, pad_token="<pad>", eos_token="<|im_end|>", chat_template=CHATML
    )
    fast.add_tokens(["<|im_start|>", "<think>", "</think>\n\n", system], special_tokens=False)
    return fast


def build_model(tokenizer: PreTrainedTokenizerFast, seed: int) -> LlamaForCausalLM:
    torch.manual_seed(seed)
    return LlamaForCausalLM(
        LlamaConfig(
            vocab_size=len(tokenizer),
            hidden_size=64,
            intermediate_size=128,
            num_hidden_layers=1,
            num_attention_heads=4,
            num_key_value_heads=4,
            max_position_embeddings=64,
            initializer_range=0.1,  # learns in a third of the steps that 0.02 takes
            pad_token_id=tokenizer.pad_token_id,
            eos_token_id=tokenizer.eos_token_id,
            bos_token_id=None,
        )
    )


class RightRows(TrainerCallback):
    """Which share of what an epoch is drawn from calls what the gold row in the same place calls."""

    def __init__(self, trainer: SRMLTrainer, gold: list[dict]):
        self.trainer = trainer
        self.right_calls = [answer_text(row).rpartition("</think>")[2] for row in gold]
        self.shares: list[float] = []

    def on_epoch_begin(self, args, state, control, **kwargs):
        texts = [self.trainer.processing_class.decode(row["input_ids"]) for row in self.trainer.train_dataset]
        self.shares.append(fmean(map(str.__contains__, texts, self.right_calls)))


def answer_text(row: dict) -> str:
    return render_python(row)[-1]["completion"][0]["content"]


def refinement_config(prompts: Path | None, seed: int) -> RefinementConfig:
    return RefinementConfig(
        prompts=prompts and str(prompts),
        rows_per_round=ROWS_PER_ROUND,
        answers_per_row=ANSWERS_PER_ROW,
        temperature=1.0,
        top_p=1.0,
        max_new_tokens=20,
        batch_size=ROWS_PER_ROUND * ANSWERS_PER_ROW,
        chunk_size=ROWS_PER_ROUND,
        rollout_seed=seed,
        first_round=FIRST_ROUND,
        shown=0,
    )


def training_config(folder: Path, seed: int) -> SRMLConfig:
    return SRMLConfig(
        str(folder),
        num_train_epochs=EPOCHS,
        per_device_train_batch_size=BATCH,
        learning_rate=5e-3,
        seed=seed,
        max_length=None,
        save_strategy="no",
        logging_strategy="no",
        report_to=[],
        bf16=False,
        use_cpu=True,
        disable_tqdm=True,
    )


def play(arm: str, seed: int, folder: Path) -> dict[str, Any]:
    """
    One run.

    Args:
        arm (`str`): One of `ARMS`.
        seed (`int`): Of queries, weights, order and samples.
        folder (`Path`): An empty one.

    Returns:
        `dict[str, Any]`: `accuracy` after each epoch, `right_rows` before each, and the lines of the `rounds`.
    """
    taught, gold, held_out = planted_rows(seed)
    tokenizer = build_tokenizer()
    prompts = None
    if arm == "refined":
        prompts = folder / "gold.jsonl"
        prompts.write_text("".join(json.dumps(row) + "\n" for row in gold))
    refinement = RefinementCallback(refinement_config(prompts, seed))
    trainer = SRMLTrainer(
        build_model(tokenizer, seed),
        training_config(folder, seed),
        train_dataset=Dataset.from_list([render_python(row)[-1] | {"id": row["id"]} for row in taught]),
        processing_class=tokenizer,
        callbacks=[] if arm == "without" else [refinement],
    )
    trainer.remove_callback(PrinterCallback)
    right_rows = RightRows(trainer, gold)
    trainer.add_callback(right_rows)
    questions = row_questions(held_out)
    trainer.add_callback(
        CallAccuracyCallback(trainer, questions, max_new_tokens=20, batch_size=len(questions), shown=0)
    )
    trainer.train()
    accuracy = [line["eval_bfcl/all"] for line in trainer.state.log_history if "eval_bfcl/all" in line]
    return {"accuracy": accuracy, "right_rows": right_rows.shares, "rounds": refinement.rounds}


def report(runs: dict[str, list[dict]]) -> str:
    """Accuracy and right rows of each arm and seed by epoch, and the rounds."""
    epochs = [f"epoch {epoch}" for epoch in range(1, EPOCHS + 1)]
    parts = []
    for key, title in (
        ("accuracy", "Held-out queries called rightly after each epoch"),
        ("right_rows", "Right rows of the pool before each epoch"),
    ):
        rows = [
            [arm, seed, *(f"{value:.0%}" for value in run[key])]
            for arm, seeds in runs.items()
            for seed, run in [*enumerate(seeds), ("mean", {key: mean_by_epoch(seeds, key)})]
        ]
        parts.append(f"{title}; the first round comes after epoch {FIRST_ROUND}\n\n")
        parts.append(markdown_table(["arm", "seed", *epochs], rows) + "\n\n")
    parts.append(f"Rounds of {ROWS_PER_ROUND} queries with {ANSWERS_PER_ROW} answers each\n\n")
    names = [
        "arm",
        "seed",
        "round",
        "answers accepted",
        "queries accepted",
        "rows of the pool by round (0: teacher's)",
    ]
    rows = [
        [
            *(arm, seed, line["round"], f"{line['figures']['accepted_answers']:.0%}", line["accepted"]),
            ", ".join(f"{origin}: {count}" for origin, count in line["pool"].items()),
        ]
        for arm, seeds in runs.items()
        for seed, run in enumerate(seeds)
        for line in run["rounds"]
    ]
    return "".join(parts) + markdown_table(names, rows) + "\n"


def mean_by_epoch(runs: list[dict], key: str) -> list[float]:
    return [fmean(values) for values in zip(*(run[key] for run in runs), strict=True)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=5, help="runs of each arm")
    parser.add_argument("--results", type=Path, default=RESULTS, help="JSON to write; the table goes beside it")
    options = parser.parse_args()
    disable_progress_bars()
    runs: dict[str, list[dict]] = {arm: [] for arm in ARMS}
    for seed, arm in product(range(options.seeds), ARMS):
        with tempfile.TemporaryDirectory() as folder:
            runs[arm].append(play(arm, seed, Path(folder)))
        print(f"seed {seed}, {arm}: {runs[arm][-1]['accuracy'][-1]:.0%}", flush=True)
    write_json(options.results, {"machine": describe_machine(), "runs": runs})
    text = report(runs)
    options.results.with_suffix(".md").write_text(text)
    print(text)


if __name__ == "__main__":
    main()
