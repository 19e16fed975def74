"""Answers in the official tool's files, so that it can score our runs, and we those of other people.

    result/<model>/<live|non_live>/BFCL_v4_<category>_result.json
        {"id": "multiple_0", "result": "[f(a=1)]", "reasoning_content": "..."}     one a line

In: what a model wrote, by row; or such files. Out: such files; or [`BfclResult`]s by category and id. `result` is text
for a model that was prompted, and a list of `{name: arguments as JSON}` for one that called natively.
"""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from funreason_trl.calls import CallSyntaxError, parse_calls
from funreason_trl.data.rows import split_reasoning
from funreason_trl.evaluation.bfcl.data import OLDER_NAMES, BfclDataError
from funreason_trl.evaluation.bfcl.rows import CATEGORIES, category_group
from funreason_trl.files import write_whole


_FILE_NAME = re.compile(r"BFCL_v\d_(\w+)_result\.jsonl?")
_OLDER_CATEGORIES = {older: category for category, older in OLDER_NAMES.items()}


@dataclass(frozen=True)
class BfclResult:
    """
    One answer.

    Attributes:
        id (`str`): That of the row.
        result (`str` or `list[dict]`): What is judged: text without its reasoning, or native calls.
        reasoning (`str`): What the model thought before; empty if nothing.
    """

    id: str
    result: str | list[dict[str, Any]]
    reasoning: str = ""


def result_of(row_id: str, text: str, native: bool = False) -> BfclResult:
    """
    Take an answer apart: the reasoning, which ends with the last `</think>`, and what is judged.

    An answer whose reasoning never ends calls nothing. Native calls that don't parse stay text, which is judged as
    such: words for a row that is to be answered in words, an error for any other.

    Args:
        row_id (`str`): Id of the row.
        text (`str`): All that the model wrote.
        native (`bool`, *optional*, defaults to `False`): Whether it was given tools and answers in its own format.

    Returns:
        `BfclResult`
    """
    reasoning, answer = split_reasoning(text)
    result: str | list[dict[str, Any]] = answer
    if native:
        try:
            calls = parse_calls(answer)
            result = [{call.name: json.dumps(call.arguments)} for call in calls]
        except CallSyntaxError:
            result = answer
    return BfclResult(row_id, result, reasoning or "")


def folder_name(model: str) -> str:
    """The model's name as a folder, with `_` for what folders don't take, as the official tool does it."""
    return re.sub(r"[^\w.-]+", "_", model).strip("_")


def write_results(folder: Path, category: str, results: Iterable[BfclResult]) -> Path:
    """
    Write the answers of one category, whole or not at all.

    Args:
        folder (`Path`): `result/<model>`, made if it is not there.
        category (`str`): One of BFCL's categories.
        results (`Iterable[BfclResult]`): Its answers.

    Returns:
        `Path`: The file.
    """
    path = folder / category_group(category) / f"BFCL_v4_{category}_result.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = []
    for result in results:
        line: dict[str, Any] = {"id": result.id, "result": result.result}
        if result.reasoning:
            line["reasoning_content"] = result.reasoning
        lines.append(json.dumps(line) + "\n")
    return write_whole(path, "".join(lines))


def read_results(folder: str | Path) -> dict[str, dict[str, BfclResult]]:
    """
    Read a model's answers.

    Args:
        folder (`str` or `Path`): `result/<model>`, or a folder that holds that of one model.

    Returns:
        `dict[str, dict[str, BfclResult]]`: Answers by category and id, in the order of [`CATEGORIES`]. Files of
        multi-turn and agentic categories are left alone.

    Raises:
        BfclDataError: There is no result file, one category has two, or a line that is no result.
    """
    root = Path(folder).expanduser()
    found: dict[str, Path] = {}
    for path in sorted(root.rglob("BFCL_v*_result.json*")):
        category = _file_category(path)
        if category is None:
            continue
        if category in found:
            raise BfclDataError(
                f"{path} and {found[category]} both hold results of {category!r}; give the folder of one model"
            )
        found[category] = path
    if not found:
        raise BfclDataError(
            f"{root}: no result files of BFCL's single-turn categories, such as "
            "non_live/BFCL_v4_multiple_result.json; give the folder result/<model>"
        )
    return {category: _read_file(found[category]) for category in CATEGORIES if category in found}


def _file_category(path: Path) -> str | None:
    match = _FILE_NAME.fullmatch(path.name)
    if match is None:
        return None
    category = _OLDER_CATEGORIES.get(match[1], match[1])
    return category if category in CATEGORIES else None


def _read_file(path: Path) -> dict[str, BfclResult]:
    results = {}
    for number, line in enumerate(path.read_text(encoding="utf-8").split("\n"), start=1):
        if not line.strip():
            continue
        try:
            entry = json.loads(line)
        except (json.JSONDecodeError, RecursionError) as error:
            raise BfclDataError(f"{path}:{number}: not JSON ({error}); write one object a line") from None
        match entry:
            case {"id": str(row_id), "result": str() | list() as result}:
                reasoning = entry.get("reasoning_content")
                results[row_id] = BfclResult(row_id, result, reasoning if isinstance(reasoning, str) else "")
            case _:
                raise BfclDataError(f'{path}:{number}: {line[:80]!r} has no "id" and "result"; is this a result file?')
    return results
