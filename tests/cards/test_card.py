"""Pins the card of a model: every line of a whole one, what the Hub reads of it, and that the unknown is left out."""

import json
import re
from pathlib import Path

import pytest
import yaml
from huggingface_hub import EvalResult, ModelCard

from funreason_trl.cards import TEMPLATE, fill_template, model_card, write_card
from funreason_trl.evaluation.scores_file import against, read_scores
from tests.evaluation.written_scores import BASE, scores, scores_of_three


RECORD = {
    "version": 1,
    "base_model": {"name": BASE, "revision": "c03e6d3", "license": "apache-2.0"},
    "adapter": {"type": "lora", "r": 16, "lora_alpha": 32, "target_modules": ["k_proj", "q_proj"]},
    "quantization": {"quant_method": "bitsandbytes", "load_in_4bit": True},
    "dataset": {"name": "alice/calls", "revision": "0123abc", "split": "train", "rows": 60000, "eval_rows": 200},
    "form": "python",
    "think_tags": {"start": "<think>", "end": "</think>"},
    "loss": {"balance": "fixed", "think_weight": 0.4, "result_weight": 0.6},
    "training": {
        **{"learning_rate": 2e-5, "scheduler": "cosine", "warmup_steps": 100, "optimizer": "adamw_torch", "epochs": 5},
        **{"steps": 1170, "batch_size": 4, "accumulation": 8, "processes": 2, "max_length": 4096, "seed": 42},
    },
    "versions": {"python": "3.12.1", "trl": "1.16.0"},
    "machine": {"system": "Linux", "cpus": 64, "accelerator": "NVIDIA A100", "accelerators": 2},
    "seconds": 33000.0,
    "log_history": [
        {"step": 1, "loss/think": 2.0, "loss/result": 1.0},
        {"step": 1170, "loss/think": 1.25, "loss/result": 0.125},
    ],
}


def stage(**verdicts: int) -> dict:
    return {"verdicts": {"pass": 0, "save": 0, "drop": 0, "regenerate": 0, "error": 0, **verdicts}, "reasons": {}}


CONFIG = {"answers_per_row": 4, "temperature": 0.8, "mode": "replace", "prompts": "/home/alice/queries.jsonl"}
ROUNDS = [
    {
        **{"round": 1, "epochs": 2, "changed": True, "why_unchanged": "", "accepted": 700, "replaced": 650},
        "figures": {"rows": 1000, "answers": 4000},
        "funnel": {
            "response": stage(save=100, **{"pass": 3800}, drop=100),
            "format": stage(**{"pass": 900}, drop=2900),
        },
        "warnings": [],
        "config": CONFIG,
    },
    {
        **{"round": 2, "epochs": 3, "changed": False, "why_unchanged": "0 accepted queries", "accepted": 0},
        "figures": {"rows": 10, "answers": 40},
        "funnel": {"response": stage(drop=40), "format": stage()},
        "warnings": ["only 3% of the answers are different from one another"],
        "config": CONFIG,
    },
]


@pytest.fixture
def given(tmp_path) -> list[str]:
    return scores_of_three(tmp_path)


# Every line in its order; `…` is any text within a line, and a line of `⋮` is any lines.
WHOLE = """\
---
base_model: Qwen/Qwen2.5-Coder-7B-Instruct
datasets:
- alice/calls
library_name: peft
license: apache-2.0
pipeline_tag: text-generation
tags:
- trl
- srml
- function-calling
model-index:
- name: caller
⋮
---

# caller

This LoRA adapter, made from [Qwen/Qwen2.5-Coder-7B-Instruct](https://huggingface.co/Qwen/Qwen2.5-Coder-7B-Instruct), \
calls functions. It first thinks between `<think>` and `</think>`, … It was trained with the multiscale loss of \
[FunReason](https://arxiv.org/abs/2505.20192) and self-refinement on its own inspected answers, by `SRMLTrainer` on top of [TRL]…

## How well it calls

| score | rows | this model | base model, Qwen/Qwen2.5-Coder-7B-Instruct | plain SFT | difference to base model | \
difference to plain SFT |
| --- | --- | --- | --- | --- | --- | --- |
| overall | 100 | 80.0 (71.1 to 86.7) | 70.0 (60.4 to 78.1) | 78.0 (68.9 to 85.0) | +10.0 (+… to +…) | +2.0 (… to +…) |

Percentages with 95% intervals; … `funreason eval`: all rows, prompt `python`, greedy, at most 1024 new tokens; \
transformers 5.23.0.

## What it still can do

| score | rows | this model | base model, Qwen/Qwen2.5-Coder-7B-Instruct | plain SFT | difference to base model | \
difference to plain SFT |
| --- | --- | --- | --- | --- | --- | --- |
| humaneval | 100 | 84.0 (…) | 87.0 (…) | 47.0 (…) | -3.0 (…) | +37.0 (…) |

## How to use it

An adapter is loaded with its base model; …

The functions stand in the system prompt as JSON, after the text of `system_prompt.txt`:

```python
⋮
name = "alice/caller"
⋮
model = AutoModelForCausalLM.from_pretrained(name, dtype="auto", device_map="auto")
⋮
thought, _, calls = text.rpartition("</think>")
print(calls)
```

`<think>` and `</think>` are written by the model itself. …
⋮

### With vLLM

```bash
vllm serve Qwen/Qwen2.5-Coder-7B-Instruct --enable-lora --max-lora-rank 16 --lora-modules alice/caller=alice/caller
```

and then, with the `messages` from above:

```python
⋮
    messages=messages,
    max_tokens=1024,
⋮
```

### On BFCL

`funreason eval --model alice/caller --benchmarks bfcl` asks the single-turn questions, …
… The official tool takes whole models only, so merge this one into its base model first:

```bash
funreason download --model alice/caller --output caller
funreason push --model caller --repo alice/caller-merged --merge
```
⋮

## How it was trained

The loss is `alpha * L_think + beta * L_result`, …

|  |  |
| --- | --- |
| base model | [Qwen/Qwen2.5-Coder-7B-Instruct](https://huggingface.co/Qwen/Qwen2.5-Coder-7B-Instruct), version `c03e6d3` |
| data | [alice/calls](https://huggingface.co/datasets/alice/calls), version `0123abc` |
| split | train |
| rows | 60000 |
| loss | alpha = 0.4, beta = 0.6 |
| adapter | type lora; r 16; lora_alpha 32; target_modules k_proj, q_proj |
| quantization | quant_method bitsandbytes; load_in_4bit True |
| optimizer steps | 1170 |
| rows in a step | 64 (on each device 4, accumulated 8, devices 2) |
| epochs | 5 |
| learning rate | 2e-05 |
| scheduler | cosine |
| warmup steps | 100 |
| optimizer | adamw_torch |
| max length | 4096 |
| seed | 42 |
| last loss of the thinking | 1.250 per token |
| last loss of the result | 0.125 per token |

### Rounds of self-refinement

⋮

| round | after epoch | queries | answers | passed: response | passed: format | queries with an answer that passed | \
rows with such an answer after it |
| --- | --- | --- | --- | --- | --- | --- | --- |
| 1 | 2 | 1000 | 4000 | 3900 of 4000 | 900 of 3800 | 700 | 650 |
| 2 | 3 | 10 | 40 | 0 of 40 | 0 of 0 | 0 | 0 |

Settings: answers_per_row 4, temperature 0.8, mode replace.

Round 2: only 3% of the answers are different from one another.

Round 2 changed nothing: 0 accepted queries.

### Set-up

|  |  |
| --- | --- |
| system | Linux |
| cpus | 64 |
| accelerator | NVIDIA A100 |
| accelerators | 2 |
| python | 3.12.1 |
| trl | 1.16.0 |
| time of training | 9.2 h |

## Limits

- It writes calls and runs none. …
- A call that is right in form may be wrong in meaning, …
- Its thoughts were trained to go well with its calls. …
- The scores are of single questions; …

## Licence

That of the base model: `apache-2.0`.

## Citation

⋮
  eprint        = {2505.20192},
⋮
@software{trl2020,
  title  = {{TRL: Transformers Reinforcement Learning}},
⋮
"""


def as_pattern(text: str) -> str:
    lines = [
        r"(?:.*\n)+?" if line == "⋮" else re.escape(line).replace("…", ".*") + r"\n" for line in text.split("\n")[:-1]
    ]
    return "".join(lines)


def test_a_whole_card(given):
    card = str(model_card("alice/caller", RECORD, rounds=ROUNDS, scores=read_scores(given)))
    lines, expected = card.split("\n"), WHOLE.split("\n")
    for line in expected:  # names the line that is missing, which the pattern of all does not
        assert line == "⋮" or any(re.fullmatch(re.escape(line).replace("…", ".*"), one) for one in lines), line
    assert re.fullmatch(as_pattern(WHOLE), card)
    assert "/home/alice" not in card


def test_the_hub_reads_its_results(given, tmp_path):
    write_card(tmp_path, "alice/caller", RECORD, rounds=ROUNDS, scores=read_scores(given))
    data = ModelCard.load(tmp_path / "README.md").data
    call, code = data.eval_results
    assert isinstance(call, EvalResult) and data.model_name == "caller"
    assert (call.task_type, call.dataset_type) == (
        "text-generation",
        "gorilla-llm/Berkeley-Function-Calling-Leaderboard",
    )
    assert (call.metric_type, call.metric_value, call.dataset_config) == ("accuracy", 0.8, "overall")
    assert call.dataset_args == {"rows": 100, "prompt": "python"}
    assert call.metric_name == "overall (95% interval 0.7112 to 0.8666)"
    assert (code.dataset_type, code.metric_type, code.metric_value) == ("openai/openai_humaneval", "pass@1", 0.84)
    head = yaml.safe_load((tmp_path / "README.md").read_text().split("---\n")[1])
    assert [result["metrics"][0]["value"] for result in head["model-index"][0]["results"]] == [0.8, 0.84]
    assert [path.name for path in tmp_path.iterdir() if path.suffix != ".json" and path.is_file()] == ["README.md"]


def test_what_is_not_known_is_left_out():
    card = model_card("caller", {})
    headings = re.findall(r"(?m)^#+ .*", card.text)
    assert headings == ["# caller", "## How to use it", "### With vLLM", "## Limits", "## Citation"]
    assert not re.search(r"None|\bnan\b|unknown|\{\{\w+\}\}|More Information Needed", card.text)
    assert set(card.data.to_dict()) <= {"library_name", "pipeline_tag", "tags", "model_name"}
    assert "No benchmark results were given" in card.text


@pytest.mark.parametrize("field", sorted(RECORD))
def test_each_field_may_be_missing(field):
    record = {name: value for name, value in RECORD.items() if name != field}
    text = model_card("alice/caller", record, rounds=ROUNDS).text
    assert not re.search(r"None|\{\{\w+\}\}", text)


def test_places_of_this_machine_are_no_names_on_the_hub():
    record = {**RECORD, "base_model": {"name": "my-base"}, "dataset": {"name": "rows.jsonl", "revision": "sha256:0f"}}
    card = model_card("caller", record)
    assert card.data.base_model is None and card.data.datasets is None
    assert "| base model | `my-base` |" in card.text and "| data | `rows.jsonl`, version `sha256:0f` |" in card.text
    assert "vllm serve" not in card.text  # others could not load that base model


def test_the_losses_in_words():
    learned = {"balance": "learned", "alpha_init": 0.5, "alpha_min": 0.1, "alpha_max": 0.9, "alpha": 0.3125}
    text = model_card("caller", {**RECORD, "loss": learned}).text
    assert "alpha is learned between 0.1 and 0.9 from 0.5 on, 0.312 at the end; beta = 1 - alpha" in text
    text = model_card("caller", {**RECORD, "loss": {"balance": "token"}}).text
    assert "plain supervised fine-tuning" in text and "L_think" not in text and "multiscale loss" not in text


def test_a_native_model_gets_its_tools_through_the_template():
    text = model_card("caller", {**RECORD, "form": "native"}).text
    assert 'tools=[{"type": "function", "function": tool} for tool in tools]' in text
    assert "system_prompt.txt" not in text and "FunReasonHandler" not in text
    served = text.partition("### With vLLM")[2]
    assert (
        "--lora-modules alice/caller" not in served
        and "--enable-auto-tool-choice --tool-call-parser hermes\n" in served
    )
    assert 'tools=[{"type": "function", "function": tool} for tool in tools],\n' in served
    other = model_card("caller", {"form": "native", "base_model": {"name": "org/other"}}).text
    assert "--tool-call-parser PARSER\n" in other and "where `PARSER` is vLLM's name" in other
    python = model_card("caller", {"form": "python"}).text.partition("### With vLLM")[2]
    assert "tool-call-parser" not in python and "tools=" not in python


@pytest.mark.parametrize(("rank", "reserved"), [(1, 1), (2, 8), (16, 16), (24, 32), (257, 320), (512, 512)])
def test_vllm_reserves_what_it_can_for_a_rank(rank, reserved):
    text = model_card("alice/caller", {**RECORD, "adapter": {"type": "lora", "r": rank}}).text
    assert f" --max-lora-rank {reserved} " in text


@pytest.mark.parametrize("rank", [513, "16\n```\n# Heading"])
def test_a_rank_that_vllm_does_not_take(rank):
    text = model_card("alice/caller", {**RECORD, "adapter": {"type": "lora", "r": rank}}).text
    assert "vllm serve" not in text and "\n# Heading" not in text


def test_the_official_tool_gets_a_handler_for_whole_models():
    text = model_card("alice/caller", {**RECORD, "merged": True}).text
    assert "class FunReasonHandler(OSSHandler):" in text and "merge this one" not in text
    assert 'MODEL_CONFIG_MAPPING["alice/caller"] = ModelConfig(' in text
    assert "FunReasonHandler" not in model_card("alice/caller", RECORD).text


def test_hostile_words_stay_words():
    record = {
        **RECORD,
        "base_model": {"name": "evil](http://x) <script>\n# Heading {{title}}"},
        "versions": {"trl": "1 | 2\n\n# Other <img src=x>"},
        "log_history": [{"loss/think": "{{title}}"}],
    }
    rounds = [{**ROUNDS[1], "warnings": ["`x` [a](b)\n## Heading {{metadata}}"]}]
    text = model_card("a 'caller\"\n# Heading", record, rounds=rounds).text
    assert not re.search(r"(?m)^#+ (Heading|Other)", text)
    assert "<script>" not in text.replace("`evil](http://x) <script> # Heading {{title}}`", "") and "<img" not in text
    assert "{{metadata}}" in text  # put in, and not filled


def test_a_template_of_parts():
    template = "# {{title}}\n\n## Empty\n\nWords. {{nothing}}\n\n### Kept\n\n{{title}} { {{ x y }}\n"
    filled = fill_template(template, {"title": "{{nothing}} \\1", "nothing": " \n"})
    assert filled == "# {{nothing}} \\1\n\n### Kept\n\n{{nothing}} \\1 { {{ x y }}\n"


def test_the_template_is_shipped_and_is_the_one_at_the_top():
    root = Path(__file__).parents[2]
    assert (root / "funreason_trl" / TEMPLATE).read_text() == (root / TEMPLATE).read_text()
    assert TEMPLATE in (root / "setup.cfg").read_text()


# -------------------------------------------------------------------------------------------------------- scores in files


def test_a_model_whose_benchmarks_were_run_one_by_one(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "run").mkdir()
    calls, code = {"overall": 80, "multiple": 90}, {"humaneval": 84}
    asked = {"limit": 50, "prompt": None}
    second = scores(tmp_path / "code/scores.json", "run", code, "base", {"humaneval": 87}, **asked)
    first = scores(tmp_path / "calls/scores.json", str(tmp_path / "run"), calls, "base", {"overall": 70})
    for given in ([first, second], [second, first]):
        models = read_scores(given)
        assert [model.label for model in models] == ["this model", "base model, base"]
        assert set(models[0].scores) == {*calls, *code} and set(models[1].scores) == {"overall", "humaneval"}
        assert against(*models)["humaneval"]["difference"] == pytest.approx(-0.03)
        text = model_card("caller", RECORD, scores=models).text
        assert "`funreason eval`: all rows, prompt `python`" in text and "so the intervals are wide" in text
    again = scores(tmp_path / "again/scores.json", "run", {"overall": 10})
    assert read_scores([first, again])[0].scores["overall"]["accuracy"] == 0.8  # the first of the same ones


def test_where_only_some_rows_were_asked(tmp_path):
    given = [scores(tmp_path / "a.json", "run", {"overall": 80, "multiple": 3}, "base", {"overall": 70}, limit=100)]
    text = model_card("caller", RECORD, scores=read_scores(given)).text
    assert "at most 100 rows of each category" in text and "so the intervals are wide" in text


def test_results_of_the_quickstart(tmp_path):
    measured = {"calls_right": 9, "calls_parsed": 12, "loss/think": 1.0, "loss/result": 0.1}
    results = {"options": {"model": "smollm2"}, "rows": 20, "rounds": [], "before": {**measured, "calls_right": 0}}
    results |= {"after SRML": measured, "after plain SFT": measured}
    (tmp_path / "results.json").write_text(json.dumps(results))
    card = model_card("caller", RECORD, scores=read_scores([str(tmp_path / "results.json")]))
    assert "| heldout_sample | 20 | 45.0 (25.8 to 65.8) | 0.0 (0.0 to 16.1) | 45.0" in card.text
    assert "held-out rows of the sample" in card.text
    assert card.data.eval_results is None  # rows that are on no Hub have no place in a model index
