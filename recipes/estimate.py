"""How much memory each recipe takes on a device, and how long it runs: estimates, computed from the recipe's numbers.

    python recipes/estimate.py                                    # the table of recipes/README.md
    python recipes/estimate.py recipes/qwen3-4b/srml.yaml --parts # what one recipe's memory consists of
    python recipes/estimate.py --device H20 --rows 20000          # other GPUs, other rows

In: recipes, the hardware and the command in their first lines, the accelerate config that the command names. Out: a row of
a Markdown table each. Memory is the peak of a training step with every row at `max_length`; time is that of rows as long
as those of the paper. What is assumed stands below with its reason; nothing was measured on GPUs.
"""

import argparse
import re
from dataclasses import dataclass, replace
from pathlib import Path

import yaml


ROOT = Path(__file__).parents[1]
RECIPES = Path(__file__).parent
GIB = 2**30


@dataclass(frozen=True)
class Shape:
    """Sizes of a decoder-only model, as its `config.json` has them; the head of tied models is their embedding."""

    hidden: int
    layers: int
    heads: int
    kv_heads: int
    head_size: int
    inner: int
    vocabulary: int
    tied: bool = True
    qkv_bias: bool = False
    qk_norm: bool = False

    @property
    def query(self) -> int:
        return self.heads * self.head_size

    @property
    def key(self) -> int:
        return self.kv_heads * self.head_size

    @property
    def linears(self) -> list[tuple[int, int]]:
        """Inputs and outputs of the linear layers of a block, which LoRA adapts and 4 bits hold."""
        attention = [(self.hidden, self.query), (self.hidden, self.key), (self.hidden, self.key)]
        return [*attention, (self.query, self.hidden), *[(self.hidden, self.inner)] * 2, (self.inner, self.hidden)]

    @property
    def block(self) -> int:
        return sum(inputs * outputs for inputs, outputs in self.linears)

    @property
    def embeddings(self) -> int:
        return self.vocabulary * self.hidden * (1 if self.tied else 2)

    @property
    def parameters(self) -> int:
        biases = (self.query + 2 * self.key) * self.qkv_bias
        norms = 2 * self.hidden + 2 * self.head_size * self.qk_norm
        return self.layers * (self.block + biases + norms) + self.hidden + self.embeddings

    def adapter(self, rank: int) -> int:
        """Weights of LoRA on all linear layers."""
        return self.layers * sum(rank * (inputs + outputs) for inputs, outputs in self.linears)


MODELS = {
    "smollm2": Shape(576, 30, 9, 3, 64, 1536, 49152),
    "meta-llama/Llama-3.2-3B-Instruct": Shape(3072, 28, 24, 8, 128, 8192, 128256),
    "Qwen/Qwen3-4B": Shape(2560, 36, 32, 8, 128, 9728, 151936, qk_norm=True),
    "Qwen/Qwen2.5-Coder-7B-Instruct": Shape(3584, 28, 28, 4, 128, 18944, 152064, tied=False, qkv_bias=True),
}


@dataclass(frozen=True)
class Device:
    """Memory in GB as it is sold, dense bf16 operations and bytes a second at best."""

    memory: float
    operations: float
    bandwidth: float


DEVICES = {
    "H100": Device(80, 989e12, 3.35e12),
    "H20": Device(96, 148e12, 4.0e12),
    "A100": Device(80, 312e12, 2.0e12),
    "RTX 4090": Device(24, 165e12, 1.0e12),
    # Two cores of benchmarks/results/loss_overhead.md, in fp32: 117 tokens/s of LoRA are 0.06 TFLOP/s. The bandwidth is
    # such that generation_speed.md's 24 tokens/s of eight answers at a time come out.
    "cores": Device(16, 0.063e12, 2.5e9),
}

# Share of `operations` that training reaches; 4-bit weights are unpacked for each use. The processor's is measured.
UTILISATION, UTILISATION_4BIT, UTILISATION_CPU = 0.35, 0.25, 1.0
# Seconds of a decoding step in which the GPU waits for Python, answers that are decoded together, and the share of the
# bandwidth that decoding reaches.
STEP_SECONDS = {"transformers": 0.04, "vllm": 0.01}
VLLM_ANSWERS, DECODING_UTILISATION = 256, 0.6
# What Python, torch and the CUDA context take before a weight is there, and what the allocators can't hand out again.
PROCESS_GIB, FRAGMENTATION = {"GPU": 1.5, "CPU": 0.5}, 0.2
# TRL's fused head scores so many tokens and entries of the vocabulary at a time.
HEAD_TOKENS, HEAD_ENTRIES = 4096, 32768
LORA_DROPOUT = 0.05  # TRL's, where a recipe says nothing


@dataclass(frozen=True)
class Rows:
    """
    How many; tokens of a prompt and of an answer on average, and of both in the longest row; and how many times as many
    padding makes of them in batches of 1, 2, 4 and 8 rows.
    """

    count: int
    prompt: int
    answer: int
    longest: int
    padding: tuple[float, float, float, float]


# Of `sample`, counted with SmolLM2's tokenizer.
SAMPLE = Rows(2000, 301, 113, 669, (1.0, 1.11, 1.19, 1.25))
# The paper's: 60,000, answers of 350.74 + 31.07 tokens. Prompts and padding were counted in 360 rows with reasoning.
PAPER = Rows(60_000, 500, 382, 8192, (1.0, 1.17, 1.33, 1.50))


@dataclass(frozen=True)
class Run:
    """A recipe with what its first lines say: which command starts it, on what."""

    path: Path
    options: dict
    devices: int
    device: Device
    on_gpu: bool
    hardware: str
    command: str
    config: str
    accelerate: dict

    @property
    def shape(self) -> Shape:
        return MODELS[self.options["model_name_or_path"]]

    @property
    def sharded(self) -> tuple[int, int]:
        """Over how many devices the weights, and over how many gradients and optimizer are spread."""
        kind = self.accelerate.get("distributed_type")
        stage = self.accelerate.get("deepspeed_config", {}).get("zero_stage", 0)
        everything = kind == "FSDP" or stage == 3
        return self.devices if everything else 1, self.devices if everything or stage == 2 else 1

    @property
    def trained(self) -> int:
        peft = self.options.get("use_peft", False)
        return self.shape.adapter(self.options["lora_r"]) if peft else self.shape.parameters


def read_run(path: Path, device: str | None = None) -> Run:
    """Reads a recipe and its first lines; `device` takes the place of the kind of GPU that they name."""
    text = path.read_text()
    options = yaml.safe_load(text)
    header = re.match(r"(#.*\n)+", text)
    hardware = re.search(r"^# Hardware: (\d+) (?:x )?(\w+(?: \d{4})?)\b.*$", header[0] if header else "", re.MULTILINE)
    command = re.search(r"^#   (\S.*(?:\n#     .*)*)$", header[0] if header else "", re.MULTILINE)
    if hardware is None or command is None:
        raise ValueError(
            f"{path} does not begin with a comment that says `# Hardware: 8 x H100` and, indented, the command"
        )
    words = re.sub(r"\\\n#\s+", "", command[1])
    config = re.search(r"--config_file (\S+)", words)
    name = device if device is not None and hardware[2] != "cores" else hardware[2]
    return Run(
        path=path,
        options=options,
        devices=1 if hardware[2] == "cores" else int(hardware[1]),
        device=DEVICES[name],
        on_gpu=hardware[2] != "cores",
        hardware=f"{hardware[1]} {'cores' if name == 'cores' else f'x {name}, {DEVICES[name].memory} GB'}",
        command=words,
        config=Path(config[1]).stem if config else "",
        accelerate=yaml.safe_load((ROOT / config[1]).read_text()) if config else {},
    )


# ---------------------------------------------------------------------------------------------------------------- memory


def memory(run: Run) -> dict[str, float]:
    """Bytes on each device at the peak of a training step, by what takes them."""
    options, shape = run.options, run.shape
    quantized, peft = options.get("load_in_4bit", False), options.get("use_peft", False)
    size = 2 if options.get("dtype") == "bfloat16" else 4
    weights_over, rest_over = run.sharded
    if quantized:
        # A scale for each 64 weights, in 32 bits, or in 8 where it is quantized itself.
        scale = (1 if options.get("use_bnb_nested_quant") else 4) / 64
        weights = shape.layers * shape.block * (0.5 + scale) + shape.embeddings * size
    else:
        # ZeRO-2 keeps a whole copy in bf16 on each device and its 32-bit original in shares.
        weights = shape.parameters * (2 if weights_over < rest_over else size) / weights_over
    # TRL keeps adapters of a quantized model in bf16, others in 32 bits; Adam's two moments are as precise.
    precise = 2 if quantized else 4
    parts = {
        "weights": weights,
        "adapter": run.trained * precise if peft else 0.0,
        "gradients": run.trained * precise / rest_over,
        "optimizer": run.trained * (precise * 2 + (4 if weights_over < rest_over else 0)) / rest_over,
        "gathered weights": _gathered(run),
        "activations": _activations(run),
    }
    if options.get("engine") == "vllm" and options.get("vllm_mode", "colocate") == "colocate":
        # Taken for the whole run, since it does not sleep while the model is trained.
        parts["vLLM"] = options["vllm_gpu_memory_utilization"] * run.device.memory * 1e9
    parts["process"] = PROCESS_GIB["GPU" if run.on_gpu else "CPU"] * GIB
    parts["fragmentation"] = FRAGMENTATION * (parts["activations"] + parts["gathered weights"] + parts["gradients"])
    return parts


def _gathered(run: Run) -> float:
    """Sharded weights that are whole for a moment: two blocks in bf16, and embedding and head with their gradient."""
    if run.sharded[0] == 1:
        return 0.0
    gradient = 0 if run.options.get("use_peft") else 4
    return 2 * run.shape.block * 2 + run.shape.embeddings * (2 + gradient)


def _activations(run: Run) -> float:
    """What the forward pass keeps for the backward pass, and the largest thing that the backward pass adds."""
    options, shape = run.options, run.shape
    tokens = options["per_device_train_batch_size"] * min(options["max_length"], rows_of(run).longest)
    # Autocast keeps the stream between blocks in the precision of the weights, shards compute in bf16 throughout.
    half = options["bf16"]
    stream = 2 if half and (options.get("dtype") == "bfloat16" or run.sharded[0] > 1) else 4
    block = tokens * _kept_in_block(run)
    kept = (
        shape.layers * tokens * shape.hidden * stream + block
        if options["gradient_checkpointing"]
        else shape.layers * block
    )
    in_block = 3 * tokens * shape.inner * (2 if half else 4)
    # TRL's fused head: on GPUs a kernel works on a tile in place; on processors torch makes some eight of it.
    tile = min(HEAD_TOKENS, tokens) * min(HEAD_ENTRIES, shape.vocabulary) * (2 if run.on_gpu else 8 * 4)
    gradient = 0 if options.get("use_peft") else shape.vocabulary * shape.hidden * 4
    in_head = tile + tokens * shape.hidden * 6 + gradient
    return kept + max(in_block, in_head)


def _kept_in_block(run: Run) -> int:
    """
    Bytes that a block keeps of each token.

    Two norms with what goes in, in between and out, always in 32 bits; queries, keys and values, the latter two as often
    as there are heads; what comes out of attention, twice; the inner size four times.
    """
    options, shape = run.options, run.shape
    peft, size = options.get("use_peft", False), 2 if options["bf16"] else 4
    # Frozen weights of a norm need not know what goes in.
    kept = (4 if peft else 6) * shape.hidden * 4 + (5 * shape.query + 4 * shape.inner) * size
    if peft and options.get("lora_dropout", LORA_DROPOUT):
        # Each adapter drops other inputs, and keeps them with a mask.
        kept += sum(inputs for inputs, _ in shape.linears) * (size + 1)
    return kept


# ------------------------------------------------------------------------------------------------------------------ time


def rows_of(run: Run, count: int | None = None) -> Rows:
    if run.options.get("dataset_name") == "sample":
        return replace(SAMPLE, count=run.options["sample_size"])
    return replace(PAPER, count=count or PAPER.count)


def seconds(run: Run, count: int | None = None) -> dict[str, float]:
    """Seconds of training and of the rounds' answers, on all devices together."""
    options, rows = run.options, rows_of(run, count)
    rounds = options.get("rounds", 0)
    # Answers that pass are more rows of the next training with mode="append": half of the queries, as is planned with.
    grown = options["rows_per_round"] / 2 if options.get("mode") == "append" else 0
    per_round = options.get("every_epochs", 1)
    before = options["cold_epochs"] if rounds else options["num_train_epochs"]
    trained = before * rows.count + sum(per_round * (rows.count + grown * number) for number in range(1, rounds + 1))
    return {
        "training": trained * _row_seconds(run, rows) / run.devices,
        "answers": rounds * _round_seconds(run, rows) / run.devices if rounds else 0.0,
    }


def _row_seconds(run: Run, rows: Rows) -> float:
    """Of one row on one device: twice the weights forward, once (LoRA) or twice (full) as much backward."""
    options, shape = run.options, run.shape
    batch = options["per_device_train_batch_size"]
    tokens = (rows.prompt + rows.answer) * rows.padding[min(batch, 8).bit_length() - 1]
    attention = 2 * shape.layers * shape.query * (rows.prompt + rows.answer)
    passes = 1 + (1 if options.get("use_peft") else 2) + options["gradient_checkpointing"]
    operations = passes * tokens * (2 * shape.layers * shape.block + attention)
    # The head forward, again in the backward pass, and its gradients, of trained tokens alone.
    operations += (3 if options.get("use_peft") else 4) * rows.answer * 2 * shape.vocabulary * shape.hidden
    share = UTILISATION_4BIT if options.get("load_in_4bit") else UTILISATION
    return operations / (run.device.operations * (share if run.on_gpu else UTILISATION_CPU))


def _round_seconds(run: Run, rows: Rows) -> float:
    """Of all answers of a round on one device: prompts as in training, then token by token for a batch of answers."""
    options, shape = run.options, run.shape
    engine = options.get("engine", "transformers")
    together = VLLM_ANSWERS if engine == "vllm" else options["batch_size"]
    answers = options["rows_per_round"] * options["answers_per_row"]
    size = 0.55 if options.get("load_in_4bit") else 2 if run.on_gpu else 4
    weights = shape.layers * shape.block * size + shape.vocabulary * shape.hidden * (2 if run.on_gpu else 4)
    cache = together * (rows.prompt + rows.answer / 2) * 2 * shape.layers * shape.key * (2 if run.on_gpu else 4)
    step = (weights + cache) / (run.device.bandwidth * (DECODING_UTILISATION if run.on_gpu else 1.0))
    step += STEP_SECONDS[engine] if run.on_gpu else 0.0
    longest = min(rows.answer * (1.0 if engine == "vllm" else 1.5), options["max_new_tokens"])
    share = UTILISATION if run.on_gpu else UTILISATION_CPU
    prompts = options["rows_per_round"] * rows.prompt * 2 * shape.layers * shape.block
    return answers / together * longest * step + prompts / (run.device.operations * share)


# ----------------------------------------------------------------------------------------------------------------- table


def duration(amount: float) -> str:
    if amount < 90 * 60:
        return f"{max(1, round(amount / 60))} min"
    return f"{amount / 3600:.1f} h" if amount < 36_000 else f"{amount / 3600:.0f} h"


def table_row(run: Run, count: int | None = None) -> str:
    name = run.path.resolve().relative_to(RECIPES).with_suffix("").as_posix()
    times = seconds(run, count)
    time = duration(sum(times.values()))
    if times["answers"]:
        time += f" (answers {duration(times['answers'])})"
    gib = sum(memory(run).values()) / GIB
    config = f"`{run.config}`" if run.config else "none"
    return f"| `{name}` | {run.hardware} | {config} | {gib:.0f} GiB | {time} |"


def table(paths: list[Path], device: str | None = None, count: int | None = None) -> str:
    head = "| recipe | hardware | accelerate config | memory on each device, estimated | time, estimated |\n| --- | --- | --- | --- | --- |"
    return "\n".join([head, *(table_row(read_run(path, device), count) for path in paths)])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("recipes", nargs="*", type=Path, help="by default all of them")
    parser.add_argument(
        "--device", choices=[name for name in DEVICES if name != "cores"], help="in place of the recipe's"
    )
    parser.add_argument("--rows", type=int, help=f"of a dataset that is not the sample; by default {PAPER.count}")
    parser.add_argument("--parts", action="store_true", help="what memory and time consist of")
    options = parser.parse_args()
    paths = options.recipes or sorted(RECIPES.rglob("*.yaml"))
    print(table(paths, options.device, options.rows))
    for path in paths if options.parts else []:
        run = read_run(path, options.device)
        print(f"\n{path}")
        for name, amount in memory(run).items():
            print(f"  {name:<17} {amount / GIB:6.2f} GiB")
        for name, amount in seconds(run, options.rows).items():
            print(f"  {name:<17} {duration(amount):>10}")


if __name__ == "__main__":
    main()
