"""A model and its tokenizer, ready to answer.

In: a folder (a whole model or a LoRA adapter), a Hub name, or `smollm2`. Out: [`load_for_answers`].
"""

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer, PreTrainedModel, PreTrainedTokenizerBase

from funreason_trl.models.precision import has_fast_bf16
from funreason_trl.models.smollm2 import smollm2_path


def load_for_answers(name: str, revision: str | None = None) -> tuple[PreTrainedModel, PreTrainedTokenizerBase]:
    """
    Load a model for answering, on the accelerator if there is one.

    Args:
        name (`str`): Folder or Hub name; of an adapter, the base model is loaded too. `"smollm2"` is
            SmolLM2-135M-Instruct without the Hub.
        revision (`str`, *optional*): Branch, tag or commit on the Hub.

    Returns:
        `tuple`: The model in bfloat16 where the machine is fast with it, else in float32, and its tokenizer.
    """
    path = str(smollm2_path()) if name == "smollm2" else name
    tokenizer = AutoTokenizer.from_pretrained(path, revision=revision)
    model = AutoModelForCausalLM.from_pretrained(
        path,
        revision=revision,
        dtype=torch.bfloat16 if has_fast_bf16() else torch.float32,
        device_map="auto" if torch.accelerator.is_available() else None,
    )
    return model.eval(), tokenizer
