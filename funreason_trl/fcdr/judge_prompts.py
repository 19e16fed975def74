"""The prompts of judges and teachers: files in `prompts/`, each with a version, and the row put safely beside them.

In: the name of a step, and a candidate. Out: [`load_prompt`], [`judge_messages`], [`verdict_schema`], and
[`prompt_version`], which enters the journal's keys, so that a changed prompt is asked anew.

The row's text is hostile: it may hold instructions, and marks like ours. It is never put *into* the prompt, only after
it, between marks whose code is a hash of what they enclose, which no text can contain of itself.
"""

import hashlib
import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from funreason_trl.data.rendering import prompt_messages

from .verdicts import Candidate, Stage


PROMPTS = Path(__file__).parent / "prompts"
# Of each part; about 15,000 tokens, beyond any real reasoning, and short enough for the context of common judges.
MAX_PART_CHARS = 60_000


@dataclass(frozen=True)
class StepPrompt:
    """
    One file of `prompts/`.

    Attributes:
        step (`str`): A stage, or `"verdict"`, `"rationalise"`, `"regenerate"`.
        version (`str`): The number in the file and a hash of the whole file, such as `1-5d0c2f6a`.
        shows (`tuple[str, ...]`): Parts of the row that the judge sees.
        problems (`tuple[str, ...]`): What it may find, by which reasons of verdicts are named.
        text (`str`): What the model is told.
    """

    step: str
    version: str
    shows: tuple[str, ...]
    problems: tuple[str, ...]
    text: str


@cache
def load_prompt(step: str) -> StepPrompt:
    """
    Read one prompt.

    Args:
        step (`str`): Name of the file without `.md`.

    Raises:
        ValueError: The file has no front matter, or lacks a field; names it.
    """
    path = PROMPTS / f"{step}.md"
    content = path.read_text(encoding="utf-8")
    opening, _, rest = content.partition("---\n")
    header, closed, text = rest.partition("---\n")
    if opening or not closed:
        raise ValueError(f"{path.name}: begin the file with a front matter between two lines of ---")
    fields = {key.strip(): value.strip() for key, _, value in (line.partition(":") for line in header.splitlines())}
    if fields.get("step") != step or not fields.get("version"):
        raise ValueError(f"{path.name}: the front matter needs `step: {step}` and a `version`, got {fields}")
    version = f"{fields['version']}-{hashlib.sha256(content.encode()).hexdigest()[:8]}"
    return StepPrompt(step, version, _names(fields, "shows"), _names(fields, "problems"), text.strip())


def _names(fields: dict[str, str], key: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in fields.get(key, "").split(",") if name.strip())


@cache
def prompt_version(stage: Stage) -> str:
    """Version of all that a judge of this stage is told; `"none"` for the format, which rules alone decide."""
    if stage is Stage.FORMAT:
        return "none"
    return f"{load_prompt(stage.value).version}+{load_prompt('verdict').version}"


def judge_messages(stage: Stage, candidate: Candidate) -> list[dict]:
    """
    What a model is asked about a candidate.

    Args:
        stage ([`Stage`]): Any but the format.
        candidate ([`Candidate`]): The answer under inspection.

    Returns:
        `list[dict]`: a system message (our words alone) and a user message (the row's parts alone).
    """
    prompt = load_prompt(stage.value)
    # Kept with the candidate, since the next stage shows mostly the same.
    for name in prompt.shows:
        if name not in candidate.shown:
            candidate.shown[name] = _shown(name, candidate)
    shown = filter(None, (candidate.shown[name] for name in prompt.shows))
    return [
        {"role": "system", "content": f"{prompt.text}\n\n{load_prompt('verdict').text}"},
        {"role": "user", "content": "\n\n".join(shown)},
    ]


@cache
def verdict_schema(stage: Stage) -> dict[str, Any]:
    """JSON Schema of what a judge of this stage answers."""
    return {
        "type": "object",
        "properties": {
            "analysis": {"type": "string"},
            "problem": {"type": "string", "enum": ["none", *load_prompt(stage.value).problems]},
            "score": {"type": "integer", "minimum": 0, "maximum": 10},
        },
        "required": ["analysis", "problem", "score"],
        "additionalProperties": False,
    }


def enclosed(name: str, text: str) -> str:
    """`text` as data: between marks that it can't close, without halves of characters, and cut if it is very long."""
    # A lone surrogate has no bytes in UTF-8, so that no request could carry it.
    text = text.encode("utf-8", errors="replace").decode("utf-8")
    if len(text) > MAX_PART_CHARS:
        half = MAX_PART_CHARS // 2
        text = f"{text[:half]}\n[... {len(text) - 2 * half} characters left out ...]\n{text[-half:]}"
    code = hashlib.sha256(text.encode()).hexdigest()[:16]
    return f"<<<BEGIN {name} {code}>>>\n{text}\n<<<END {name} {code}>>>"


def _shown(name: str, candidate: Candidate) -> str:
    """One part of the row between its marks; empty if the row has no such part."""
    message = candidate.row["messages"][-1]
    match name:
        case "conversation":
            # Without tools, since the list has its own part, and without our system prompt, which is about answering.
            text = _json(prompt_messages(candidate.row["messages"], []))
        case "tools":
            text = _json([tool["function"] for tool in candidate.row["tools"]])
        case "reasoning":
            text = message.get("reasoning_content", "")
        case "answer":
            calls = message.get("tool_calls")
            text = _json([call["function"] for call in calls]) if calls else message["content"]
        case "reference":
            if candidate.gold is None:
                return ""
            text = _json([{"name": call.name, "arguments": call.arguments} for call in candidate.gold])
        case _:
            raise ValueError(f"shows: {name}: a row has no such part")
    return enclosed(name, text)


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
