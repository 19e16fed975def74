"""Continuous batching of transformers: a waiting prompt takes the place of a finished answer at once.

In: a model in evaluation mode, prompts as token ids, and settings. Out: new tokens of each prompt, as they end.
"""

import math
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from transformers import ContinuousBatchingConfig, GenerationConfig, PreTrainedModel


PAGE_TOKENS = 256
# On the CPU the defaults, which are meant for a GPU, take 8 GiB and are slower than batches.
CPU_BATCH_TOKENS = 512


def generate_continuously(
    model: PreTrainedModel,
    requests: dict[str, list[int]],
    config: GenerationConfig,
    batch_size: int,
    seed: int,
) -> Iterator[tuple[str, list[int]]]:
    """
    Answer all requests; an abandoned iterator stops at the next token.

    Args:
        model ([`~transformers.PreTrainedModel`]): In evaluation mode; its attention is put back at the end.
        requests (`dict[str, list[int]]`): Token ids of the prompts, by key, in the order in which they are begun.
        config ([`~transformers.GenerationConfig`]): Settings, with `max_new_tokens` and `eos_token_id`.
        batch_size (`int`): Answers at a time.
        seed (`int`): Of the sampling; the process's random state is put back at the end.

    Yields:
        `tuple[str, list[int]]`: Key and new tokens, the end token included.

    Raises:
        ValueError: The model has layers or an attention that can't be batched continuously.
        RuntimeError: Generation failed; says why.
    """
    if not requests:
        return
    # The manager changes both, and puts the attention back only if it could start.
    with _attention_put_back(model), torch.random.fork_rng([model.device] if model.device.type == "cuda" else []):
        manager = _warmed_up(model, config, _batching(model, requests, config, batch_size, seed))
        try:
            # All of them before the start: else the clock decides what is batched with what, and so what is sampled.
            for key, ids in requests.items():
                manager.add_request(ids, request_id=key)
            manager.start()
            for _ in requests:
                yield _next_result(manager)
        finally:
            manager.stop(block=True, hard_stop=True)
            manager.destroy()


@contextmanager
def _attention_put_back(model: PreTrainedModel) -> Iterator[None]:
    own = model.config._attn_implementation
    try:
        yield
    finally:
        if model.config._attn_implementation != own:
            model.set_attn_implementation(own)


def _batching(model, requests, config, batch_size, seed) -> ContinuousBatchingConfig:
    longest = max(map(len, requests.values())) + config.max_new_tokens
    on_cpu = model.device.type == "cpu"
    return ContinuousBatchingConfig(
        page_size=PAGE_TOKENS,
        num_blocks=batch_size * math.ceil(longest / PAGE_TOKENS) if on_cpu else None,
        max_batch_tokens=CPU_BATCH_TOKENS if on_cpu else None,
        max_requests_per_batch=batch_size,
        seed=seed,
    )


def _warmed_up(model, config, batching):
    try:
        manager = model.init_continuous_batching(generation_config=config, continuous_batching_config=batching)
        manager.warmup()
    except (AttributeError, ValueError) as error:
        raise ValueError(
            f"{type(model).__name__} can't be batched continuously ({error}): take continuous=False"
        ) from error
    return manager


def _next_result(manager) -> tuple[str, list[int]]:
    while (result := manager.get_result(timeout=1)) is None:
        if not manager.is_running():
            raise RuntimeError(
                f"continuous batching stopped ({manager.background_thread_status.fatal_error}): take continuous=False"
            )
    if result.error is not None:
        raise RuntimeError(f"continuous batching failed ({result.error}): take continuous=False")
    return result.request_id, list(result.generated_tokens)
