"""Pushes a model that was trained: whole, as an adapter, or an adapter merged into its base model.

In: the folder that the trainer saved, a name, and scores of `funreason eval`. Out: one commit with weights, tokenizer, chat
template, `generation_config.json`, `system_prompt.txt`, the record of the run and a card made anew. Everything else stays
here: optimizer states, pickles such as `training_args.bin`, journals, answers.
"""

import json
import logging
import re
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from huggingface_hub import CommitOperationAdd
from huggingface_hub.errors import HFValidationError
from huggingface_hub.utils import validate_repo_id

from funreason_trl.cards import SYSTEM_PROMPT_FILE, model_card
from funreason_trl.evaluation.scores_file import ScoresError, read_scores, scores_of_another
from funreason_trl.record import (
    RECORD,
    RecordError,
    base_model_facts,
    hub_name,
    license_of,
    read_record,
    read_rounds,
    write_record,
)

from .connection import HubError, Target, connection, push_files


logger = logging.getLogger(__name__)

ADAPTER, CONFIG, INDEX, TOKENIZER = (
    *("adapter_config.json", "config.json", "model.safetensors.index.json", "tokenizer_config.json"),
)
# What belongs to a model, by name; subfolders do not, except for that of more chat templates.
_WEIGHTS = r"(adapter_)?model(-\d{5}-of-\d{5})?\.safetensors|model\.safetensors\.index\.json"
_CONFIGS = r"config\.json|adapter_config\.json|generation_config\.json|funreason_run\.json|system_prompt\.txt"
_TOKENIZER = (
    r"tokenizer[\w.]*\.(json|model)|special_tokens_map\.json|added_tokens\.json|vocab\.(json|txt)|merges\.txt|"
    r"spiece\.model|chat_template\.(jinja|json)|additional_chat_templates/[\w-]+\.jinja|(pre)?processor_config\.json"
)
MODEL_FILE = re.compile(f"{_WEIGHTS}|{_CONFIGS}|{_TOKENIZER}")
# Where a tokenizer was loaded from, which transformers notes and would believe on another machine.
_OF_THIS_MACHINE = ("is_local", "local_files_only", "name_or_path", "_name_or_path")


def push_model(
    folder: Path,
    repo_id: str,
    *,
    scores: Sequence[str] = (),
    card: Path | None = None,
    merge: bool = False,
    base_model: str | None = None,
    private: bool = False,
    revision: str | None = None,
    tag: str | None = None,
    token: str | None = None,
) -> str:
    """
    Push a trained model to the Hub, in one commit.

    Model files of an earlier push that this model does not have are deleted in the same commit; other files there are let
    alone. A push that broke is started again with the same arguments: what has arrived is not sent twice.

    Args:
        folder (`Path`): Folder that the trainer saved: the output folder, or a checkpoint.
        repo_id (`str`): Name on the Hub, as in `user/name`; the repository is made if it is not there.
        scores (`Sequence[str]`, *optional*): As in [`~funreason_trl.evaluation.scores_file.read_scores`], the model's own
            first.
        card (`Path`, *optional*): A card written by hand, in place of the one that is made; its metadata are the user's
            own too.
        merge (`bool`, *optional*, defaults to `False`): Merge an adapter into its base model, and push the whole.
        base_model (`str`, *optional*): Name of the base model on the Hub, where the model was trained from a folder.
        private (`bool`, *optional*, defaults to `False`): Let only the owner see it. Otherwise the owner's default for
            new repositories holds, which on the Hub is public.
        revision (`str`, *optional*): Branch, made from `main` if it is not there; by default `main`.
        tag (`str`, *optional*): Name for the commit, which must not be taken.
        token (`str`, *optional*): Token with the right to write; by default the one of `hf auth login` or `HF_TOKEN`.

    Returns:
        `str`: URL of the commit, or of the last one if the Hub has all of this already.

    Raises:
        [`HubError`]: The folder is no model, or one that nobody else could load, the scores are none, the name is none,
            there is no token or it may not write, a public repository was to be private, or the Hub can't be reached.
    """
    model_files(folder)
    try:
        record, rounds, scored = _record_of(folder), read_rounds(folder), read_scores(scores)
    except (RecordError, ScoresError) as error:
        raise HubError(str(error)) from None
    another = scores_of_another(scored, folder, repo_id)
    if another is not None:
        logger.warning(another)
    if card is not None and not card.is_file():
        raise HubError(f"there is no card {card}; give a Markdown file, or leave it out")
    if merge and not (folder / ADAPTER).is_file():
        raise HubError(f"{folder} holds a whole model, so there is nothing to merge; leave merge out")
    if (folder / ADAPTER).is_file() and not merge:
        base_model = _loadable_base(folder, base_model)
    if base_model is not None and base_model != (record.get("base_model") or {}).get("name"):
        record["base_model"] = base_model_facts(base_model)
    target = Target("model", repo_id, revision)
    with TemporaryDirectory() as scratch, connection(target, token) as api:
        if merge:
            merge_adapter(folder, Path(scratch), base_model)
            record["merged"] = True
        if record.get("base_model"):
            record["base_model"] |= license_of(record["base_model"], api)
        source = Path(scratch) if merge else folder
        contents: dict[str, Path | bytes] = {name: source / name for name in model_files(source)}
        contents |= _cleaned(contents, base_model)
        write_record(Path(scratch), record)
        contents[RECORD] = Path(scratch) / RECORD
        made = model_card(repo_id, record, rounds=rounds, scores=scored)
        contents["README.md"] = str(made).encode() if card is None else card
        return push_files(
            api,
            target,
            [CommitOperationAdd(name, content) for name, content in contents.items()],
            MODEL_FILE,
            "Upload the model that funreason trained",
            private=private,
            tag=tag,
        )


def model_files(folder: Path) -> list[str]:
    """
    The files of a model that go to the Hub, as far as they lie in its folder.

    Args:
        folder (`Path`): Folder that the trainer saved.

    Returns:
        `list[str]`: Paths below the folder, in order.

    Raises:
        [`HubError`]: It is no model's folder, or weights or tokenizer are missing.
    """
    if not folder.is_dir():
        raise HubError(f"{folder} is no folder; give one that `funreason train` or a trainer saved")
    paths = sorted(str(path.relative_to(folder)) for path in [*folder.glob("*"), *folder.glob("*/*.jinja")])
    found = [path for path in paths if MODEL_FILE.fullmatch(path)]
    weights = [path for path in found if path.endswith(".safetensors")]
    if not {ADAPTER, CONFIG} & set(found):
        checkpoints = sorted(folder.glob("checkpoint-*"), key=lambda path: path.stat().st_mtime)
        hint = f"give one of its checkpoints, such as {checkpoints[-1]}" if checkpoints else "give a trained model"
        raise HubError(f"{folder} holds no model (neither {CONFIG} nor {ADAPTER}); {hint}")
    if INDEX in found:
        listed = json.loads((folder / INDEX).read_text(encoding="utf-8"))["weight_map"].values()
        missing = sorted(set(listed) - set(weights))
        if missing:
            raise HubError(f"{folder} is not whole: {', '.join(missing)} missing; save the model again")
    if not weights:
        pickled = [path for path in paths if path.endswith(".bin") and "model" in path]
        why = f" but {pickled[0]}, a pickle, which may hold any code" if pickled else ""
        raise HubError(f"{folder} has no weights{why}; save the model with `save_pretrained`, as .safetensors")
    if TOKENIZER not in found:
        raise HubError(f"{folder} has no tokenizer; save the model's own there with `save_pretrained`")
    return found


def merge_adapter(folder: Path, output: Path, base_model: str | None = None) -> None:
    """
    Write the whole model that an adapter makes of its base model, in the base model's own precision.

    Args:
        folder (`Path`): The adapter.
        output (`Path`): Folder for the whole model, with everything that lies beside the adapter.
        base_model (`str`, *optional*): In place of the base model that the adapter names, if that is no longer there.

    Raises:
        [`HubError`]: The base model can't be loaded, or this kind of adapter can't be merged.
    """
    import torch  # here, since pushing as such needs no torch, which takes seconds to import
    from peft import PeftModel
    from transformers import AutoConfig, AutoModelForCausalLM

    config = _json(folder / ADAPTER)
    base = config["base_model_name_or_path"]
    if base_model is not None and not Path(base).exists():
        base = base_model
    try:
        dtype = AutoConfig.from_pretrained(base, revision=config.get("revision")).dtype
        # In full precision, and rounded once.
        model = AutoModelForCausalLM.from_pretrained(base, revision=config.get("revision"), dtype=torch.float32)
    except (OSError, ValueError) as error:
        raise HubError(
            f"can't load the base model {base} of {folder} to merge with ({error}); give base_model, or push the adapter "
            "alone"
        ) from None
    merged = PeftModel.from_pretrained(model, folder)
    try:
        whole = merged.merge_and_unload(safe_merge=True)
    except (AttributeError, NotImplementedError, ValueError) as error:
        raise HubError(f"the adapter in {folder} can't be merged ({error}); push it without merge") from None
    whole.to(dtype or torch.float32).save_pretrained(output)
    for name in model_files(folder):
        if not name.startswith("adapter_") and not (output / name).exists():
            (output / name).parent.mkdir(exist_ok=True)
            (output / name).write_bytes((folder / name).read_bytes())


def _record_of(folder: Path) -> dict[str, Any]:
    """The record of the run, or for a model that has none what its adapter's configuration tells."""
    if (folder / RECORD).is_file():
        return read_record(folder)
    if not (folder / ADAPTER).is_file():
        return {}
    config = _json(folder / ADAPTER)
    base = base_model_facts(config.get("base_model_name_or_path") or "", config.get("revision"))
    facts = {"type": str(config.get("peft_type", "")).lower(), "r": config.get("r")}
    adapter = {key: value for key, value in facts.items() if value}
    form = {"form": "python"} if (folder / SYSTEM_PROMPT_FILE).is_file() else {}
    return {"base_model": base, "adapter": adapter, **form}


def _loadable_base(folder: Path, given: str | None) -> str:
    """A name under which others find the base model of an adapter."""
    if given is not None:
        try:
            validate_repo_id(given)
        except HFValidationError:
            raise HubError(f"base_model is {given}; give its name on the Hub, where others find it") from None
        return given
    path = _json(folder / ADAPTER).get("base_model_name_or_path") or ""
    name = hub_name(path) if path else None
    if name is None:
        raise HubError(
            f"{folder} is an adapter of {path or 'a model without a name'}, a folder of this machine, where nobody else "
            "finds it; give base_model, its name on the Hub, or merge to push the whole model"
        )
    return name


def _cleaned(contents: dict[str, Path | bytes], base_model: str | None) -> dict[str, bytes]:
    """Configurations without the paths of this machine."""
    cleaned = {}
    for name in (ADAPTER, CONFIG, TOKENIZER):
        path = contents.get(name)
        if not isinstance(path, Path):
            continue
        before = _json(path)
        after = {key: value for key, value in before.items() if key not in _OF_THIS_MACHINE}
        if name == ADAPTER and base_model is not None:
            after["base_model_name_or_path"] = base_model
        if after != before:
            cleaned[name] = (json.dumps(after, indent=2, ensure_ascii=False) + "\n").encode()
    return cleaned


def _json(path: Path) -> dict[str, Any]:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise HubError(f"{path} is not JSON ({error}); save the model again") from None
