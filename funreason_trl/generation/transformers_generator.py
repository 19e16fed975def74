"""Answers from a model that is loaded in this process, such as the one that is being trained.

In: a causal language model and its tokenizer. Out: [`TransformersGenerator`], which leaves the model as it found it: in
its training mode, with its own settings, and with the process's random state unchanged.
"""

import copy
import hashlib
import logging
import math
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager

import torch
from peft import PeftModel
from torch.distributed.tensor import DTensor
from transformers import DynamicCache, GenerationConfig, LogitsProcessorList, PreTrainedModel, PreTrainedTokenizerBase
from transformers.cache_utils import DynamicLayer, DynamicSlidingWindowLayer

from .chat import Chat, end_ids_of
from .continuous import generate_continuously
from .prompts import Gathered, Generated, GenerationSettings, Prompt
from .sampling import SeededSampling


logger = logging.getLogger(__name__)

LAYERS_BY_ROW = (DynamicLayer, DynamicSlidingWindowLayer)


class TransformersGenerator:
    """
    Batched `generate` with prompts of like length together, or continuous batching.

    The longest prompts come first, so that a lack of memory shows at once. A sampled answer depends only on its prompt,
    its number and the seed, not on the batch (up to rounding); with `continuous` it also depends on the batch.

    Args:
        model ([`~transformers.PreTrainedModel`] or [`~peft.PeftModel`]): Causal language model, not wrapped for
            distributed training.
        tokenizer ([`~transformers.PreTrainedTokenizerBase`]): Its tokenizer, with a chat template.
        batch_size (`int`, *optional*, defaults to `8`): Answers that are written at a time.
        continuous (`bool`, *optional*, defaults to `False`): A new prompt takes the place of a finished answer at once.
            Faster where answers differ much in length. Do not train the model before the iterator has ended.
    """

    def __init__(
        self,
        model: PreTrainedModel | PeftModel,
        tokenizer: PreTrainedTokenizerBase,
        batch_size: int = 8,
        continuous: bool = False,
    ):
        if batch_size < 1:
            raise ValueError(f"batch_size={batch_size}: give 1 or more")
        self.model = model
        self.tokenizer = tokenizer
        self.batch_size = batch_size
        self.continuous = continuous
        self._chat = Chat(tokenizer)

    @property
    def description(self) -> dict[str, str]:
        """Way, model, its type of numbers, a check sum of some of its weights, and one of its chat template."""
        template = hashlib.sha256(str(self.tokenizer.chat_template).encode()).hexdigest()[:16]
        return {
            "way": "transformers",
            "model": self.model.config.name_or_path,
            "dtype": str(self.model.dtype).removeprefix("torch."),
            "weights": _sum_of_weights(self.model),
            "template": template,
        }

    def generate(self, prompts: Sequence[Prompt], settings: GenerationSettings) -> Generator[Generated, None, None]:
        """
        The answers as they come, those to long prompts first.

        Args:
            prompts (`Sequence[Prompt]`): What to answer.
            settings ([`GenerationSettings`]): How to answer.

        Raises:
            ValueError: A prompt has tools and the template leaves them out; or the model can't batch continuously.
        """
        encoded = [self._chat.encode(prompt) for prompt in prompts]
        _warn_of_long_prompts(encoded, settings, self.model)
        order = sorted(range(len(prompts)), key=lambda index: -len(encoded[index]))
        rows = [(index, number) for index in order for number in range(settings.samples)]
        end_ids = end_ids_of(self.model, self.tokenizer)
        if self.continuous:
            stream = self._continuous_answers(rows, encoded, settings, end_ids)
        else:
            stream = self._batched_answers(rows, encoded, prompts, settings, end_ids)
        gathered = Gathered(settings.samples)
        for index, number, ids in stream:
            sample = self._chat.read(ids, end_ids, self._chat.opening(prompts[index]))
            if (answer := gathered.add(index, number, sample)) is not None:
                yield answer

    def _batched_answers(self, rows, encoded, prompts, settings, end_ids) -> Iterator[tuple[int, int, list[int]]]:
        config = self._config(settings, end_ids)
        for first in range(0, len(rows), self.batch_size):
            batch = rows[first : first + self.batch_size]
            seeds = [settings.answer_seed(prompts[index], number) for index, number in batch]
            sampling = None if settings.greedy else SeededSampling(settings, seeds, self.model.device)
            # Only around a batch, and not around the whole loop, in which the caller may train.
            with _ready_to_answer(self.model, config):
                places = [index for index, _ in batch]
                answers = _generate_batch(self.model, encoded, places, config, sampling)
            for (index, number), ids in zip(batch, answers, strict=True):
                yield index, number, ids

    def _continuous_answers(self, rows, encoded, settings, end_ids) -> Iterator[tuple[int, int, list[int]]]:
        config = self._config(settings, end_ids)
        if not settings.greedy:
            config.update(
                do_sample=True,
                temperature=float(settings.temperature),
                top_p=float(settings.top_p),
                top_k=settings.top_k,
            )
        requests = {f"{index} {number}": encoded[index] for index, number in rows}
        with _ready_to_answer(self.model, config):
            for key, ids in generate_continuously(self.model, requests, config, self.batch_size, settings.seed):
                index, number = map(int, key.split())
                yield index, number, ids

    def _config(self, settings: GenerationSettings, end_ids: frozenset[int]) -> GenerationConfig:
        pad = self.tokenizer.pad_token_id
        return GenerationConfig(
            max_new_tokens=settings.max_new_tokens,
            do_sample=False,
            # `Trainer` switches the cache off in the model's config, and without it every token costs a whole pass.
            use_cache=True,
            eos_token_id=sorted(end_ids) or None,
            pad_token_id=self.tokenizer.eos_token_id if pad is None else pad,
        )


@contextmanager
def _ready_to_answer(model: PreTrainedModel | PeftModel, config: GenerationConfig) -> Iterator[None]:
    """Evaluation mode and our settings alone; each module's mode and the model's own settings are put back."""
    inner = model.get_base_model() if isinstance(model, PeftModel) else model
    own_config = inner.generation_config
    training = [module for module in model.modules() if module.training]
    model.eval()
    # What our settings leave open is taken from the model's, and Qwen2.5's would punish the names that it has to copy.
    inner.generation_config = config
    try:
        yield
    finally:
        inner.generation_config = own_config
        for module in training:
            module.training = True


def _generate_batch(
    model: PreTrainedModel | PeftModel,
    encoded: list[list[int]],
    places: list[int],
    config: GenerationConfig,
    sampling: SeededSampling | None,
) -> list[list[int]]:
    """New tokens of the answers to the prompts at these places, padded on the right."""
    batch = [encoded[place] for place in places]
    longest = max(map(len, batch))
    padding = [longest - len(ids) for ids in batch]
    input_ids = torch.tensor([[config.pad_token_id] * pad + ids for pad, ids in zip(padding, batch, strict=True)])
    attention_mask = torch.tensor([[0] * pad + [1] * (longest - pad) for pad in padding])
    inputs = {"input_ids": input_ids.to(model.device), "attention_mask": attention_mask.to(model.device)}
    if (cache := _read_prompts_once(model, inputs, places, config)) is not None:
        inputs["past_key_values"] = cache
    output = model.generate(
        **inputs,
        generation_config=config,
        logits_processor=LogitsProcessorList([] if sampling is None else [sampling]),
    )
    return output[:, longest:].tolist()


def _read_prompts_once(
    model: PreTrainedModel | PeftModel,
    inputs: dict[str, torch.Tensor],
    places: list[int],
    config: GenerationConfig,
) -> DynamicCache | None:
    """A cache of all but each row's last token, for which a prompt is read once, however many answers it gets."""
    # By place and not by tokens: processes of a sharded model have different prompts, and must call it as often.
    firsts = {place: places.index(place) for place in dict.fromkeys(places)}
    cache = DynamicCache(config=model.config.get_text_config(decoder=True))
    # The states of a recurrent layer can't be chosen from by row.
    if len(firsts) == len(places) or not all(type(layer) in LAYERS_BY_ROW for layer in cache.layers):
        return None
    reading = copy.deepcopy(config)
    reading.max_new_tokens = 1
    rows = list(firsts.values())
    model.generate(
        input_ids=inputs["input_ids"][rows, :-1],
        attention_mask=inputs["attention_mask"][rows, :-1],
        past_key_values=cache,
        generation_config=reading,
    )
    rows_read = {place: row for row, place in enumerate(firsts)}
    # On the CPU, since the layers may be on several devices.
    cache.batch_select_indices(torch.tensor([rows_read[place] for place in places]))
    return cache


def _warn_of_long_prompts(encoded: list[list[int]], settings: GenerationSettings, model) -> None:
    # Recurrent models have no such bound.
    positions = model.config.get_text_config().to_dict().get("max_position_embeddings", math.inf)
    long = [ids for ids in encoded if len(ids) + settings.max_new_tokens > positions]
    if long:
        logger.warning(
            "%d of %d prompts and their longest answers pass the model's %d positions (the longest prompt has %d "
            "tokens, max_new_tokens is %d): what is written beyond is noise.",
            *(len(long), len(encoded), positions, max(map(len, long)), settings.max_new_tokens),
        )


def _sum_of_weights(model: PreTrainedModel | PeftModel) -> str:
    """Tells a model from its trained self: a hash of up to 64 numbers of each weight. Reads no more than these."""
    digest = hashlib.sha256()
    for name, weight in model.named_parameters():
        # Of a sharded one this process's share, which changes with training as well.
        flat = (weight.to_local() if isinstance(weight, DTensor) else weight).detach().flatten()
        numbers = flat[:: max(1, flat.numel() // 64)][:64].float().cpu().numpy()
        digest.update(name.encode() + numbers.tobytes())
    return digest.hexdigest()[:16]
