"""How fast is each local way to generate? Tokens a second against a plain loop of `generate`, with the same texts out.

    python benchmarks/generation_speed.py                  # three rounds: a quarter of an hour on two cores
    python benchmarks/generation_speed.py --rounds 1 --max-new-tokens 32

In: SmolLM2-135M-Instruct and prompts of the embedded sample, from the shortest to the longest, in a shuffled order. Out:
a table and `results/generation_speed.json`. A worked example of an item, its answer, and how it counts:

    prompt   system: You can call the functions ... [{"name":"body_mass_index",...}]
             user: What is my BMI? My weight is 97 kg and my height is 186 cm.
    answer   [body_mass_index(weight_kg=97, height_cm=186)]<|im_end|>
    counts   its new tokens, the end token included; its text is the same if it is that of the plain loop, to the letter

The ways go in turn, round after round, each round beginning with another one. A way's time is its whole run over all
prompts, after a short run that warms it up; the ratio is the median over rounds of the ratio within a round, so that a
slow moment of the machine hits all ways. The endpoint is `transformers serve` with continuous batching, which is started
for its turn alone.
"""

import argparse
import os
import random
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from statistics import median
from time import perf_counter

import torch
from common import describe_machine, write_json
from transformers import AutoModelForCausalLM, AutoTokenizer, GenerationConfig

from funreason_trl.data.rendering import prompt_messages
from funreason_trl.data.sample import sample_rows
from funreason_trl.evaluation.table import markdown_table
from funreason_trl.generation import GenerationSettings, Prompt, generate_all
from funreason_trl.generation.endpoint_generator import EndpointGenerator
from funreason_trl.generation.transformers_generator import TransformersGenerator
from funreason_trl.models.smollm2 import smollm2_path


RESULTS = Path(__file__).parent / "results" / "generation_speed.json"
LOOP = "plain loop"
ROWS = 300  # of the sample, of which the prompts are taken
CACHE_BLOCKS, BATCH_TOKENS = 64, 512  # of the server; its defaults are meant for a GPU
START_SECONDS = 300


Answers = list[tuple[str, int]]  # text and new tokens of each prompt
Way = Callable[[list[Prompt], GenerationSettings], Answers]


def mixed_prompts(tokenizer, count: int) -> list[Prompt]:
    """From the shortest to the longest of the sample, evenly spread and shuffled."""
    prompts = [Prompt(prompt_messages(row["messages"], row["tools"])) for row in sample_rows(ROWS)]
    ordered = sorted(prompts, key=lambda prompt: prompt_length(tokenizer, prompt))
    chosen = [ordered[place * (len(ordered) - 1) // max(1, count - 1)] for place in range(count)]
    random.Random(0).shuffle(chosen)
    return chosen


def prompt_length(tokenizer, prompt: Prompt) -> int:
    return len(tokenizer.apply_chat_template(prompt.messages, add_generation_prompt=True)["input_ids"])


# The ways: each is entered for its turn, and gives a function from prompts to answers in their order.


@contextmanager
def plain_loop(model, tokenizer, options: argparse.Namespace) -> Iterator[Way]:
    def answer(prompts: list[Prompt], settings: GenerationSettings) -> Answers:
        config = GenerationConfig(max_new_tokens=settings.max_new_tokens, do_sample=False)
        answers = []
        for prompt in prompts:
            text = tokenizer.apply_chat_template(prompt.messages, add_generation_prompt=True, tokenize=False)
            inputs = tokenizer(text, add_special_tokens=False, return_tensors="pt").to(model.device)
            output = model.generate(**inputs, generation_config=config)[0, inputs["input_ids"].shape[1] :]
            answers.append((tokenizer.decode(output, skip_special_tokens=True), len(output)))
        return answers

    yield answer


@contextmanager
def sorted_batches(model, tokenizer, options: argparse.Namespace) -> Iterator[Way]:
    yield way_of(TransformersGenerator(model, tokenizer, options.batch_size))


@contextmanager
def continuous_batching(model, tokenizer, options: argparse.Namespace) -> Iterator[Way]:
    yield way_of(TransformersGenerator(model, tokenizer, options.batch_size, continuous=True))


@contextmanager
def transformers_serve(model, tokenizer, options: argparse.Namespace) -> Iterator[Way]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [Path(sys.executable).with_name("transformers"), "serve", options.model, "--continuous-batching"]
    command += ["--dtype", options.dtype, "--device", model.device.type, "--host", "127.0.0.1", "--port", str(port)]
    if model.device.type == "cpu":
        command += ["--cb-num-blocks", str(CACHE_BLOCKS), "--cb-max-batch-tokens", str(BATCH_TOKENS)]
    with tempfile.TemporaryDirectory() as folder, (Path(folder) / "log").open("w+") as log:
        variables = {**os.environ, "HF_HOME": folder, "HF_HUB_OFFLINE": "1"}
        server = subprocess.Popen(command, stdout=log, stderr=log, env=variables)
        try:
            deadline = perf_counter() + START_SECONDS
            while not is_healthy(f"http://127.0.0.1:{port}/health"):
                if server.poll() is not None or perf_counter() > deadline:
                    log.seek(0)
                    sys.exit(f"transformers serve did not start:\n{log.read()}")
                time.sleep(0.2)
            yield way_of(EndpointGenerator(f"http://127.0.0.1:{port}/v1", options.model, options.batch_size))
        finally:
            server.kill()
            server.wait()


def way_of(generator) -> Way:
    def answer(prompts: list[Prompt], settings: GenerationSettings) -> Answers:
        return [(answer.texts[0], answer.tokens[0]) for answer in generate_all(generator, prompts, settings)]

    return answer


def is_healthy(address: str) -> bool:
    try:
        with urllib.request.urlopen(address, timeout=5) as response:
            return response.status == 200
    except OSError:
        return False


WAYS = {
    LOOP: plain_loop,
    "sorted batches": sorted_batches,
    "continuous batching": continuous_batching,
    "`transformers serve`": transformers_serve,
}


def measure(options: argparse.Namespace) -> dict:
    model = AutoModelForCausalLM.from_pretrained(options.model, dtype=options.dtype).to(options.device).eval()
    tokenizer = AutoTokenizer.from_pretrained(options.model)
    prompts = mixed_prompts(tokenizer, options.prompts)
    lengths = [prompt_length(tokenizer, prompt) for prompt in prompts]
    settings = GenerationSettings(max_new_tokens=options.max_new_tokens)
    seconds: dict[str, list[float]] = {name: [] for name in WAYS}
    answers: dict[str, Answers] = {}
    for number in range(options.rounds):
        turn = number % len(WAYS)
        for name in list(WAYS)[turn:] + list(WAYS)[:turn]:
            with WAYS[name](model, tokenizer, options) as answer:
                answer(prompts[:2], replace(settings, max_new_tokens=4))
                started = perf_counter()
                answers[name] = answer(prompts, settings)
                seconds[name].append(perf_counter() - started)
            print(f"round {number + 1}: {name}: {seconds[name][-1]:.1f} s", flush=True)
    return {
        "model": Path(options.model).name,
        "dtype": options.dtype,
        "prompts": len(prompts),
        "prompt_tokens": {"shortest": min(lengths), "median": median(lengths), "longest": max(lengths)},
        "max_new_tokens": options.max_new_tokens,
        "batch_size": options.batch_size,
        "rounds": options.rounds,
        "ways": {name: summary(seconds[name], answers[name], seconds[LOOP], answers[LOOP]) for name in WAYS},
    }


def summary(seconds: list[float], answers: Answers, loop_seconds: list[float], loop_answers: Answers) -> dict:
    tokens, loop_tokens = (sum(count for _, count in some) for some in (answers, loop_answers))
    return {
        "tokens": tokens,
        "seconds": seconds,
        "tokens_per_second": tokens / median(seconds),
        "ratio": median(
            (tokens / own) / (loop_tokens / loop) for own, loop in zip(seconds, loop_seconds, strict=True)
        ),
        "same_texts": sum(one == other for (one, _), (other, _) in zip(answers, loop_answers, strict=True)),
    }


def report(results: dict) -> str:
    rows = [
        [
            name,
            f"{way['tokens_per_second']:.1f}",
            f"{way['ratio']:.2f}",
            f"{median(way['seconds']):.1f}",
            f"{way['same_texts']} of {results['prompts']}",
        ]
        for name, way in results["ways"].items()
    ]
    lengths = results["prompt_tokens"]
    return (
        f"{results['model']}, {results['dtype']}, greedy, {results['prompts']} prompts of {lengths['shortest']} to "
        f"{lengths['longest']} tokens, at most {results['max_new_tokens']} new ones, {results['batch_size']} answers at "
        f"a time, {results['rounds']} rounds.\n\n"
        + markdown_table(["way", "tokens/s", "ratio to the plain loop", "seconds", "same texts"], rows)
        + "\n"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", help="a folder; by default SmolLM2-135M-Instruct")
    parser.add_argument("--prompts", type=int, default=24, help="how many of the sample")
    parser.add_argument("--max-new-tokens", type=int, default=128, help="longest answer")
    parser.add_argument("--batch-size", type=int, default=8, help="answers at a time, of all ways but the loop")
    parser.add_argument("--rounds", type=int, default=3, help="turns of each way")
    parser.add_argument(
        "--dtype",
        choices=("float32", "bfloat16"),
        default="float32",
        help="in bfloat16, sums depend on the batch, and the ways write different texts",
    )
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--results", type=Path, default=RESULTS)
    options = parser.parse_args()
    options.model = options.model or str(smollm2_path())
    results = {"machine": describe_machine(), **measure(options)}
    write_json(options.results, results)
    text = report(results)
    options.results.with_suffix(".md").write_text(text)
    print(text)


if __name__ == "__main__":
    main()
