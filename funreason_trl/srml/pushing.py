"""The base model of an adapter that the trainer pushes, under a name that others find.

In: the trainer. Out: [`base_names`], and [`name_base`], with which the folder to push gets that name. After the push it gets
its own back, as this machine may have the base model nowhere else.
"""

import json
from pathlib import Path

from accelerate.utils import is_peft_model
from transformers import Trainer

from funreason_trl.files import write_whole
from funreason_trl.record import hub_name


ADAPTER = "adapter_config.json"


def base_names(trainer: Trainer) -> tuple[str, str] | None:
    """
    What an adapter's base model is called here and on the Hub, where these differ.

    Args:
        trainer (`Trainer`): With the model.

    Returns:
        `tuple[str, str]` or `None`: The folder, and the name; `None` for whole models and base models from the Hub.

    Raises:
        `ValueError`: Nobody else could load the adapter.
    """
    model = trainer.accelerator.unwrap_model(trainer.model)
    if not is_peft_model(model):
        return None
    here = model.peft_config[model.active_adapter].base_model_name_or_path or ""
    there = hub_name(here) if here else None
    if there is None:
        raise ValueError(
            f"The model is an adapter of {here or 'a model without a name'}, a folder of this machine, where nobody else "
            "finds it; load the base model by its name on the Hub, or set `push_to_hub` to false and run `funreason push` "
            "with --base_model NAME, or with --merge to push the whole model."
        )
    return None if here == there else (here, there)


def name_base(folder: Path, name: str) -> None:
    """Write another name of the base model into the configuration of an adapter."""
    path = folder / ADAPTER
    config = json.loads(path.read_text(encoding="utf-8")) | {"base_model_name_or_path": name}
    write_whole(path, json.dumps(config, indent=2, sort_keys=True))
