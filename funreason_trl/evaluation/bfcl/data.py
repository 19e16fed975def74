"""BFCL's questions and possible answers, read from its files; the official package is never imported.

In: a wheel of `bfcl-eval`, its unpacked or installed folder, a folder of data files, or a dataset on the Hub; by
default the installed package, else the wheel from the package index, kept in the cache of Hugging Face. Out:
[`load_bfcl`]: [`~funreason_trl.evaluation.bfcl.rows.BfclRow`]s of v4, or of older files of the same shape.
"""

import importlib.util
import json
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

from huggingface_hub import cached_assets_path, snapshot_download

from funreason_trl.evaluation.bfcl.rows import CATEGORIES, IRRELEVANCE, RELEVANCE, BfclRow
from funreason_trl.wheels import WheelError, download_wheel


WHEEL = "bfcl-eval==2026.3.23"
PACKAGE = "bfcl_eval"

# Newest first: a folder that holds several versions is read as the newest of them.
_PREFIXES = ("BFCL_v4_", "BFCL_v3_", "BFCL_v2_", "BFCL_v1_")
# How files before v4 call what v4 calls by another name.
OLDER_NAMES = {"simple_python": "simple", "simple_java": "java", "simple_javascript": "javascript"}


class BfclDataError(ValueError):
    """A file of BFCL that is missing or has another shape than expected."""


@dataclass(frozen=True)
class BfclFiles:
    """
    Where the files are.

    Attributes:
        data (`Traversable`): Folder of the question files, with `possible_answer/` beside them.
        package (`Traversable` or `None`): Root of the official package, from whose source the official prompt is read;
            `None` if the source holds data alone.
        name (`str`): What the user called it, for messages.
    """

    data: Traversable
    package: Traversable | None
    name: str


def load_bfcl(source: str | Path | None = None, categories: Iterable[str] = CATEGORIES) -> list[BfclRow]:
    """
    Read the questions of some categories, in the order of the files.

    Args:
        source (`str` or `Path`, *optional*):
            As in [`find_bfcl`].
        categories (`Iterable[str]`, *optional*):
            Names of v4, such as `"simple_python"`; all 13 single-turn categories by default (3,641 rows in v4).

    Returns:
        `list[BfclRow]`

    Raises:
        BfclDataError: A category that there is none of, a file that is missing, a line that is no question.
    """
    files = find_bfcl(source)
    return [row for category in checked_categories(categories) for row in _read_category(files, category)]


def checked_categories(categories: Iterable[str]) -> list[str]:
    """The `categories` (`Iterable[str]`) as a list; a name that is none of BFCL's is a [`BfclDataError`]."""
    names = list(categories)
    for name in names:
        if name not in CATEGORIES:
            raise BfclDataError(
                f"there is no category {name!r}; the single-turn categories are {', '.join(CATEGORIES)}"
            )
    return names


def find_bfcl(source: str | Path | None = None) -> BfclFiles:
    """
    Find BFCL's files, downloading them if need be.

    Args:
        source (`str` or `Path`, *optional*):
            A wheel (`….whl`), a folder (of the wheel unpacked, of the installed package, or of data files), or the
            name of a dataset on the Hub. By default the installed `bfcl_eval`, else its wheel from the package index.

    Returns:
        `BfclFiles`

    Raises:
        BfclDataError: There are no files of BFCL at `source`, or the wheel can't be had.
    """
    if source is None:
        return _installed() or _in_wheel(_downloaded_wheel())
    path = Path(source).expanduser()
    if path.is_file() and path.suffix == ".whl":
        return _in_wheel(path)
    if path.is_dir():
        return _in_folder(path, str(source))
    looks_like_name = isinstance(source, str) and source.count("/") == 1 and not source.startswith((".", "~", "/"))
    if not looks_like_name or path.suffix in (".whl", ".json", ".jsonl"):
        raise BfclDataError(f"{source}: no such wheel or folder; give one that exists, or the name of a Hub dataset")
    name = str(source)
    return _in_folder(Path(snapshot_download(name, repo_type="dataset", allow_patterns="*.json")), name)


def _installed() -> BfclFiles | None:
    # For a top-level package this looks for its folder and runs none of its code.
    spec = importlib.util.find_spec(PACKAGE)
    if spec is None or spec.origin is None:
        return None
    package = Path(spec.origin).parent
    return BfclFiles(package / "data", package, f"the installed {PACKAGE}")


def _in_wheel(path: Path) -> BfclFiles:
    try:
        package = zipfile.Path(path, f"{PACKAGE}/")
    except (zipfile.BadZipFile, OSError) as error:
        raise BfclDataError(f"{path}: not a readable wheel ({error}); download it again") from None
    if not (package / "data").is_dir():
        raise BfclDataError(f"{path}: no {PACKAGE}/data in it; give a wheel of bfcl-eval")
    return BfclFiles(package / "data", package, path.name)


def _in_folder(folder: Path, name: str) -> BfclFiles:
    for package in (folder / PACKAGE, folder):
        if (package / "constants" / "default_prompts.py").is_file() and (package / "data").is_dir():
            return BfclFiles(package / "data", package, name)
    for data in (folder, folder / "data"):
        if any(file.name.startswith(_PREFIXES) for file in data.glob("*.json")):
            return BfclFiles(data, None, name)
    raise BfclDataError(
        f"{name}: no files of BFCL in it (such as BFCL_v4_multiple.json); give the folder that holds them, a wheel of "
        "bfcl-eval (`pip download --no-deps bfcl-eval`), or the name of a Hub dataset"
    )


def _downloaded_wheel() -> Path:
    folder = cached_assets_path("funreason_trl", namespace="bfcl", subfolder=WHEEL.replace("==", "-"))
    if wheels := list(folder.glob("*.whl")):
        return wheels[0]
    try:
        return download_wheel(WHEEL, folder)
    except WheelError as error:
        raise BfclDataError(
            f"pip could not download {WHEEL}, which holds the questions:\n{error}\n"
            "Give a wheel or a folder of BFCL's files instead."
        ) from None


# ------------------------------------------------------------------------------------------------- one category's files


def _read_category(files: BfclFiles, category: str) -> list[BfclRow]:
    file = _category_file(files, category)
    questions = _read_lines(file)
    answers: list[Any] = [[]] * len(questions)
    if category not in IRRELEVANCE + RELEVANCE:
        answers = _possible_answers(files, file.name, [str(question.get("id")) for question in questions])
    return [
        _row(question, category, possible, f"{file.name}:{number}")
        for number, (question, possible) in enumerate(zip(questions, answers, strict=True), start=1)
    ]


def _category_file(files: BfclFiles, category: str) -> Traversable:
    spellings = (category, OLDER_NAMES.get(category, category))
    names = [f"{prefix}{name}.json" for prefix in _PREFIXES for name in spellings]
    for name in names:
        if (file := files.data / name).is_file():
            return file
    raise BfclDataError(
        f"{files.name}: no questions of {category!r} ({names[0]} or an older version); choose other categories, or "
        "give a source that holds this one"
    )


def _possible_answers(files: BfclFiles, name: str, ids: list[str]) -> list[Any]:
    """By id; older files number their answers otherwise, but in the same order, as the official tool relies on."""
    file = files.data / "possible_answer" / name
    if not file.is_file():
        raise BfclDataError(f"{files.name}: possible_answer/{name} is missing beside {name}; copy both")
    entries = _read_lines(file)
    by_id = {entry.get("id"): entry.get("ground_truth") for entry in entries}
    if set(ids) <= by_id.keys():
        return [by_id[name] for name in ids]
    if len(entries) != len(ids):
        raise BfclDataError(
            f"possible_answer/{name}: {len(entries)} answers to the {len(ids)} questions of {name}, and not by id; "
            "take both files from the same version"
        )
    return [entry.get("ground_truth") for entry in entries]


def _read_lines(file: Traversable) -> list[dict[str, Any]]:
    records = []
    for number, line in enumerate(file.read_text(encoding="utf-8").split("\n"), start=1):
        if not line.strip():
            continue
        try:
            record = json.loads(line)
        except json.JSONDecodeError as error:
            raise BfclDataError(f"{file.name}:{number}: not JSON ({error}); download the file again") from None
        if not isinstance(record, dict):
            raise BfclDataError(f"{file.name}:{number}: {line[:60]!r} is no object; is this a file of BFCL?")
        records.append(record)
    return records


def _row(question: dict[str, Any], category: str, possible: Any, place: str) -> BfclRow:
    match question:
        case {"id": str(row_id), "question": [[*messages]], "function": [*functions]}:
            if isinstance(possible, list) and all(isinstance(answer, dict) for answer in possible):
                return BfclRow(row_id, category, messages, functions, possible)
            raise BfclDataError(f"{place}: ground_truth={possible!r:.80} is no list of calls; download the file again")
    raise BfclDataError(
        f"{place}: no single-turn question; it needs `id`, `question` (one list of messages) and `function` (a list)"
    )
