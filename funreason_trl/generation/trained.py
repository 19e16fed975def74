"""Answers from the model that is being trained, by all processes together.

In: a trainer in the middle of a run. Out: [`trained_model`], its model ready to answer, [`generate_together`], and
[`unchanged_random_state`]; afterwards the training goes on as if nothing had been.
"""

import random
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import numpy as np
import torch
from accelerate import Accelerator
from accelerate.utils import gather_object
from peft import PeftModel
from transformers import PreTrainedModel, Trainer
from trl.distributed import DistributedBackend
from trl.models.utils import unwrap_model_for_generation

from .prompts import Generated, GenerationSettings, Prompt, TextGenerator
from .running import generate_all


@contextmanager
def trained_model(trainer: Trainer) -> Iterator[PreTrainedModel | PeftModel]:
    """
    The trainer's model, unwrapped, with sharded weights gathered as TRL's `GRPOTrainer` does it for its rollouts.

    Args:
        trainer ([`~transformers.Trainer`]): Whose model it is. All processes enter and leave together.
    """
    # Two of these are for `Trainer.train`; TRL would pass them on to `torch.utils.checkpoint`.
    keywords = dict(trainer.args.gradient_checkpointing_kwargs or {})
    own = {name: keywords.pop(name) for name in ("every_n_layers", "offload") if name in keywords}
    with (
        unwrap_model_for_generation(
            trainer.model_wrapped, trainer.accelerator, gradient_checkpointing_kwargs=keywords or None
        ) as model,
        DistributedBackend(trainer.accelerator).summon_full_params(trainer.model_wrapped, recurse=False),
    ):
        yield model
    if own and trainer.args.gradient_checkpointing:
        model.activation_checkpointing_disable()
        model.activation_checkpointing_enable(activation_checkpointing_kwargs=keywords or None, **own)


def generate_together(
    generator: TextGenerator,
    prompts: Sequence[Prompt],
    settings: GenerationSettings,
    accelerator: Accelerator,
    description: str | None,
) -> list[Generated]:
    """
    Answer all prompts, each process its share, and each process as many: sharded models compute only together.

    Args:
        generator ([`TextGenerator`]): This process's.
        prompts (`Sequence[Prompt]`): The same on every process.
        settings ([`GenerationSettings`]): How to answer.
        accelerator (`Accelerator`): Knows the processes.
        description (`str` or `None`): Words before the main process's progress bar; `None` for no bar.

    Returns:
        `list[Generated]`: One for each prompt, in their order, on every process.
    """
    processes = accelerator.num_processes
    own = prompts[accelerator.process_index :: processes]
    # A process that has one prompt less answers one of them twice.
    filled = [*own, *prompts[:1]][: -(-len(prompts) // processes)]
    answers = generate_all(generator, filled, settings, description if accelerator.is_main_process else None)
    shares = gather_object([answers[: len(own)]])
    return [shares[place % processes][place // processes] for place in range(len(prompts))]


@contextmanager
def unchanged_random_state() -> Iterator[None]:
    """Whatever is drawn inside, the generators of Python, NumPy and torch go on as if nothing had been."""
    python_state, numpy_state, torch_state = random.getstate(), np.random.get_state(), torch.get_rng_state()
    cuda_states = torch.cuda.get_rng_state_all() if torch.cuda.is_available() else []
    try:
        yield
    finally:
        random.setstate(python_state)
        np.random.set_state(numpy_state)
        torch.set_rng_state(torch_state)
        if cuda_states:
            torch.cuda.set_rng_state_all(cuda_states)
