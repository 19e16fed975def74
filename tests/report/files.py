"""Folders as `funreason train`, `refine`, `eval` and `quickstart` leave them, small and written by hand."""

import json
from pathlib import Path
from typing import Any

from funreason_trl.building.build import BUILT_FEATURES
from funreason_trl.building.shards import ShardWriter
from funreason_trl.evaluation.bfcl.results import BfclResult, write_results
from funreason_trl.evaluation.bfcl.rows import CATEGORIES as ALL_CATEGORIES
from funreason_trl.evaluation.bfcl.scores import scores_json


CATEGORIES = set(ALL_CATEGORIES)


# Eighty answers, of which ten rightly call nothing and skip two stages, as in a real run.
FUNNEL = {
    "response": {
        "verdicts": {"pass": 54, "save": 10, "drop": 0, "regenerate": 16, "error": 0},
        "reasons": {"empty": 16},
    },
    "query_and_tool": {"verdicts": {"pass": 54, "save": 0, "drop": 0, "regenerate": 0, "error": 0}, "reasons": {}},
    "reasoning": {
        "verdicts": {"pass": 54, "save": 0, "drop": 10, "regenerate": 0, "error": 0},
        "reasons": {"odd": 10},
    },
    "function_and_parameter": {
        "verdicts": {"pass": 36, "save": 0, "drop": 0, "regenerate": 7, "error": 1},
        "reasons": {"unknown_function": 7},
    },
    "format": {"verdicts": {"pass": 36, "save": 0, "drop": 0, "regenerate": 0, "error": 0}, "reasons": {}},
}


def write_json(path: Path, content: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


def history(steps: int, start: int = 1) -> list[dict[str, Any]]:
    return [
        {"step": step, "loss/think": 3 / step, "loss/result": 1 / step, "alpha": 0.5, "tokens/think_share": 0.75}
        for step in range(start, start + steps)
    ]


def write_state(folder: Path, steps: int, planned: int = 10) -> None:
    state = {"global_step": steps, "max_steps": planned, "log_history": history(steps)}
    write_json(folder / "trainer_state.json", state)


def round_line(number: int, **more: Any) -> dict[str, Any]:
    figures = {"rows": 40, "answers": 80, "accepted_rows": 0.575, "accepted_answers": 0.575, "think_length": 212.0}
    line = {"round": number, "step": 10 * number, "figures": figures, "funnel": FUNNEL, "accepted": 23, "seconds": 2.0}
    return {
        **line,
        "changed": True,
        "warnings": [],
        "config": {"rows_per_round": 40, "base_url": "http://judge"},
        **more,
    }


def answer_row(thought: str, city: str = "Oslo") -> dict[str, Any]:
    call = {"type": "function", "function": {"name": "weather", "arguments": {"city": city}}}
    answer = {"role": "assistant", "content": "", "reasoning_content": thought, "tool_calls": [call]}
    messages = [{"role": "user", "content": "Weather?"}, answer]
    return {"messages": messages, "tools": [], "id": "0", "source": "s", "provenance": {"status": "kept"}}


def write_rounds(folder: Path, lines: list[dict[str, Any]], thoughts: tuple[str, ...] = ("One.", "Two two.")) -> None:
    for line in lines:
        writers = {
            split: ShardWriter(folder / "refinement" / f"round-{line['round']:03d}", split, BUILT_FEATURES)
            for split in ("train", "rejected")
        }
        for place, thought in enumerate(thoughts):
            writers["rejected" if place % 2 else "train"].add(answer_row(thought))
        for writer in writers.values():
            writer.finish()
    text = "".join(json.dumps(line) + "\n" for line in lines)
    (folder / "refinement" / "refinement.jsonl").write_text(text)


def write_eval(
    folder: Path,
    verdicts: dict[str, dict[str, dict[str, bool]]],
    texts: dict[str, dict[str, str]] | None = None,
    **settings: Any,
) -> Path:
    """Verdicts by model, category and id; answers by model and id, where there are any."""
    models = list(verdicts)
    record = {
        "settings": {"model": models[0], "base": None, "limit": None, "bfcl_data": "nowhere", **settings},
        "versions": {"torch": "2"},
        "scores": {model: scores_json(by_category) for model, by_category in verdicts.items()},
        "verdicts": verdicts,
    }
    write_json(folder / "scores.json", record)
    for model, by_id in (texts or {}).items():
        for category in CATEGORIES & verdicts[model].keys():
            rows = verdicts[model][category]
            results = [BfclResult(id, by_id[id], f"thought of {id}") for id in rows if id in by_id]
            write_results(folder / "result" / model.strip("/").replace("/", "_"), category, results)
    return folder


def write_quickstart(folder: Path, answers: list[dict[str, Any]], **more: Any) -> Path:
    """Answers as lines of `answers.jsonl`."""
    lines = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in answers)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "answers.jsonl").write_text(lines, encoding="utf-8")
    steps = [{"step": step, "think": 3 / step, "result": 1 / step} for step in range(1, 6)]

    def summary(name: str) -> dict[str, Any]:
        return {"calls_right": sum(line[name]["right"] for line in answers), "seconds": 30.0, "history": steps}

    results = {
        "options": {"model": "smollm2", "output": "runs/quickstart", "train_rows": 112, "seed": 0},
        "rows": len(answers),
        "rounds": [],
        "before": summary("before"),
        "after SRML": summary("after SRML"),
    }
    write_json(folder / "results.json", {**results, **more})
    return folder


def quickstart_answer(id: str, before: str, after: str, right: bool = True, query: str = "Weather in Oslo?") -> dict:
    return {
        "id": id,
        "query": query,
        "gold": "[weather(city='Oslo')]",
        "before": {"answer": before, "right": False},
        "after SRML": {"answer": after, "right": right},
    }
