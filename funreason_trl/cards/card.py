"""The card of a model: what it is, how well it calls, how to use it, and how it came to be.

In: the record of a run, its rounds of refinement, and scores of `funreason eval`. Out: [`model_card`] and [`write_card`]: a
`README.md` with metadata that the Hub reads. What is not known is left out: a section of `model_card_template.md` one of
whose places would be empty does not appear.
"""

import re
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from huggingface_hub import EvalResult, ModelCard, ModelCardData

from funreason_trl.cards.tables import (
    accuracy_table,
    code,
    is_hub_name,
    linked,
    plain,
    rounds_table,
    scores_table,
    setup_table,
    shown_scores,
    training_table,
)
from funreason_trl.cards.usage import bfcl_use, transformers_use, vllm_use
from funreason_trl.evaluation.scores_file import ScoredModel
from funreason_trl.evaluation.table import SKILL_COLUMNS
from funreason_trl.files import write_whole


TEMPLATE = "model_card_template.md"
SYSTEM_PROMPT_FILE = "system_prompt.txt"
TAGS = ("trl", "srml", "function-calling")
PAPER = "[FunReason](https://arxiv.org/abs/2505.20192)"
# Where the rows of a score come from: name for people, id on the Hub, metric.
BFCL = ("Berkeley Function Calling Leaderboard, single turn", "gorilla-llm/Berkeley-Function-Calling-Leaderboard")
SOURCES = {
    "humaneval": ("HumanEval", "openai/openai_humaneval", "pass@1"),
    "mbpp": ("MBPP", "google-research-datasets/mbpp", "pass@1"),
}


def write_card(
    folder: Path,
    repo_id: str,
    record: Mapping[str, Any],
    *,
    rounds: Sequence[Mapping[str, Any]] = (),
    scores: Sequence[ScoredModel] = (),
    tags: Sequence[str] = (),
) -> None:
    """Write [`model_card`] to `README.md` in a folder, whole or not at all."""
    card = model_card(repo_id, record, rounds=rounds, scores=scores, tags=tags)
    write_whole(folder / "README.md", str(card))


def model_card(
    repo_id: str,
    record: Mapping[str, Any],
    *,
    rounds: Sequence[Mapping[str, Any]] = (),
    scores: Sequence[ScoredModel] = (),
    tags: Sequence[str] = (),
) -> ModelCard:
    """
    The card of a model.

    Args:
        repo_id (`str`): Name on the Hub, as in `user/name`, or what the model is called.
        record (`Mapping[str, Any]`): As [`~funreason_trl.record.read_record`] gives it; may lack any field.
        rounds (`Sequence[Mapping[str, Any]]`, *optional*): As [`~funreason_trl.record.read_rounds`] gives them.
        scores (`Sequence[ScoredModel]`, *optional*): The model's own first, then those that it is compared with.
        tags (`Sequence[str]`, *optional*): More than [`TAGS`].

    Returns:
        [`~huggingface_hub.ModelCard`]
    """
    repo_id = re.sub(r"[^\w./-]+", "-", repo_id)  # the Hub takes no others, but a folder may have them
    title = repo_id.rpartition("/")[2]
    form, base = record.get("form"), record.get("base_model") or {}
    adapter = None if record.get("merged") else record.get("adapter")
    sections = {
        "metadata": _metadata(title, {**record, "adapter": adapter}, scores, tags).to_yaml(),
        "title": title,
        "summary": _summary({**record, "adapter": adapter}, rounds),
        "accuracy": accuracy_table(scores),
        "skills": scores_table(scores, [name for name in SKILL_COLUMNS if scores and name in scores[0].scores]),
        "use": transformers_use(repo_id, form, is_adapter=bool(adapter)),
        "vllm": vllm_use(repo_id, base["name"] if is_hub_name(base.get("name")) else None, adapter, form),
        "bfcl": bfcl_use(repo_id, title, is_adapter=bool(adapter)) if form == "python" else "",
        "training": training_table(record),
        "rounds": rounds_table(rounds),
        "setup": setup_table(record),
        "limits": _limits(scores),
        "licence": _licence(base),
    }
    return ModelCard(fill_template(_template(), sections))


def fill_template(template: str, sections: Mapping[str, str]) -> str:
    """
    Put texts in their places, `{{name}}`; a part from one heading to the next one goes if a text of it is empty.

    What is put in is never looked at again, whatever it holds.
    """
    parts = re.split(r"(?m)^(?=#{1,6} )", template)
    kept = [part for part in parts if all(sections[name].strip() for name in re.findall(r"{{(\w+)}}", part))]
    filled = re.sub(r"{{(\w+)}}", lambda place: sections[place[1]].strip(), "".join(kept))
    return filled.rstrip() + "\n"


@cache
def _template() -> str:
    return files("funreason_trl").joinpath(TEMPLATE).read_text(encoding="utf-8")


# ------------------------------------------------------------------------------------------------------------- metadata


def _metadata(
    title: str, record: Mapping[str, Any], scores: Sequence[ScoredModel], tags: Sequence[str]
) -> ModelCardData:
    base, dataset = record.get("base_model") or {}, record.get("dataset") or {}
    # The rows of the quickstart are on no Hub, so their score has no place in a model index.
    measured = [] if not scores or scores[0].settings.get("quickstart") else shown_scores(scores)
    results = [_eval_result(name, scores[0]) for name in measured]
    license = {name: base[name] for name in ("license", "license_name", "license_link") if name in base}
    return ModelCardData(
        model_name=title,
        base_model=base["name"] if is_hub_name(base.get("name")) else None,
        datasets=[dataset["name"]] if is_hub_name(dataset.get("name")) else None,
        library_name="peft" if record.get("adapter") else "transformers",
        pipeline_tag="text-generation",
        tags=[*TAGS, *(tag for tag in tags if tag not in TAGS)],
        eval_results=results or None,
        **license,
    )


def _eval_result(name: str, model: ScoredModel) -> EvalResult:
    source, dataset, metric = SOURCES.get(name, (*BFCL, "accuracy"))
    score = model.scores[name]
    asked = {"prompt": model.settings.get("prompt")} if name not in SOURCES else {}
    return EvalResult(
        task_type="text-generation",
        task_name="Code generation" if name in SKILL_COLUMNS else "Function calling",
        dataset_type=dataset,
        dataset_name=source,
        dataset_config=None if name in SOURCES else name,
        dataset_args={"rows": score["count"], **{key: value for key, value in asked.items() if value}},
        metric_type=metric,
        metric_name=f"{name} (95% interval {score['low']:.4f} to {score['high']:.4f})",
        metric_value=round(score["accuracy"], 4),
    )


# --------------------------------------------------------------------------------------------------------- what it is


def _summary(record: Mapping[str, Any], rounds: Sequence[Mapping[str, Any]]) -> str:
    base, adapter = record.get("base_model") or {}, record.get("adapter")
    kind = "This model"
    if adapter:
        kind = "This LoRA adapter" if adapter.get("type") == "lora" else "This adapter"
    origin = f", made from {linked(base['name'])}," if "name" in base else ""
    how = {
        "python": "It first thinks between `<think>` and `</think>`, and then writes its calls as a Python list, or words "
        "where no function fits.",
        "native": "It thinks first and then calls, in the form of its chat template.",
    }.get(str(record.get("form")), "")
    balance = (record.get("loss") or {}).get("balance")
    method = "plain supervised fine-tuning (every trained token counts the same)"
    if balance != "token":
        method = f"the multiscale loss of {PAPER}"
    refined = " and self-refinement on its own inspected answers" if any(one.get("changed") for one in rounds) else ""
    trained = (
        f"It was trained with {method}{refined}, by `SRMLTrainer` on top of [TRL](https://github.com/huggingface/trl)."
        if balance
        else ""
    )
    words = [f"{kind}{origin} calls functions.", how, trained]
    return " ".join(word for word in words if word)


def _limits(scores: Sequence[ScoredModel]) -> str:
    limits = [
        "It writes calls and runs none. Check each call against its tool before you run it "
        "(`funreason_trl.validate_call`), and never evaluate an answer as code: a query may try to bring that about.",
        "A call that is right in form may be wrong in meaning, with a value that the query does not hold. Ask a person "
        "before a call that can't be undone.",
        "Its thoughts were trained to go well with its calls. They do not prove how it came to them.",
    ]
    if scores:
        limits.append("The scores are of single questions; how it does in long dialogues was not measured.")
    else:
        limits.append("No benchmark results were given for this card, so nothing is said here of how good it is.")
    if any(model.settings.get("partial", model.settings.get("limit")) for model in scores):
        limits.append("Only some rows of the benchmarks were asked, so the intervals are wide.")
    return "\n".join(f"- {limit}" for limit in limits)


def _licence(base: Mapping[str, Any]) -> str:
    if "license" not in base:
        return ""
    name = base.get("license_name") or base["license"]
    link = f" ({plain(base['license_link'])})" if "license_link" in base else ""
    return f"That of the base model: {code(name)}{link}."
