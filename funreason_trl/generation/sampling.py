"""Sampling in which each row draws from a generator of its own.

In: the scores of the next token. Out: scores whose largest is the sampled token, so that greedy search samples. An
answer then depends on its own seed and not on what is batched with it, and the random state of the process, which
training uses, is never touched.
"""

import torch
from transformers import (
    LogitsProcessor,
    LogitsProcessorList,
    TemperatureLogitsWarper,
    TopKLogitsWarper,
    TopPLogitsWarper,
)

from .prompts import GenerationSettings


class SeededSampling(LogitsProcessor):
    """
    Adds Gumbel noise to the log-probabilities: the largest sum falls on a token with just that token's probability.

    Args:
        settings ([`GenerationSettings`]): Temperature above 0, `top_k` and `top_p`.
        seeds (`list[int]`): One for each row of the batch.
        device (`torch.device`): Of the scores.
    """

    def __init__(self, settings: GenerationSettings, seeds: list[int], device: torch.device):
        self.warpers = LogitsProcessorList([TemperatureLogitsWarper(float(settings.temperature))])
        if settings.top_k:
            self.warpers.append(TopKLogitsWarper(settings.top_k))
        if settings.top_p < 1:
            self.warpers.append(TopPLogitsWarper(float(settings.top_p)))
        self.generators = [torch.Generator(device).manual_seed(seed) for seed in seeds]

    def __call__(self, input_ids: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
        scores = self.warpers(input_ids, scores.float())
        noise = torch.empty_like(scores)
        for row, generator in zip(noise, self.generators, strict=True):
            row.exponential_(generator=generator)
        return scores - noise.clamp(min=torch.finfo(noise.dtype).tiny).log()
