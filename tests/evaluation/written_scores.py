"""Files as `funreason eval` writes them. In: how many of 100 rows are right. Out: paths for `read_scores`."""

import json
from pathlib import Path

from funreason_trl.evaluation.bfcl.scores import wilson


BASE = "Qwen/Qwen2.5-Coder-7B-Instruct"


def scores(path: Path, model: str, right: dict[str, int], base: str | None = None, before=None, **settings) -> str:
    """A `scores.json` of 100 rows for each score."""
    found = {model: right, **({base: before} if base else {})}
    path.parent.mkdir(exist_ok=True)
    record = {
        "settings": {"model": model, "base": base, "limit": None, "prompt": "python", "max_new_tokens": 1024}
        | settings,
        "versions": {"transformers": "5.23.0"},
        "scores": {
            name: {key: wilson(n / 100, 100).as_dict() for key, n in counts.items()} for name, counts in found.items()
        },
        "verdicts": {
            name: {key: {f"{key}-{i}": i < n for i in range(100)} for key, n in counts.items()}
            for name, counts in found.items()
        },
    }
    path.write_text(json.dumps(record))
    return str(path)


def scores_of_three(folder: Path) -> list[str]:
    """A model with its base model, and one of plain SFT."""
    right, before = {"overall": 80, "multiple": 90, "humaneval": 84}, {"overall": 70, "multiple": 70, "humaneval": 87}
    return [
        scores(folder / "eval/scores.json", "/home/alice/run", right, BASE, before).removesuffix("/scores.json"),
        "plain SFT=" + scores(folder / "sft.json", "/home/alice/sft", {"overall": 78, "humaneval": 47}),
    ]
