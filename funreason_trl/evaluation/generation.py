"""Prompts in, greedy answers out, with the model that is at hand.

In: a causal language model, its tokenizer, and prompts as text. Out: one text for each prompt, in their order.
"""

import torch
from tqdm.auto import tqdm
from transformers import GenerationConfig, PreTrainedModel, PreTrainedTokenizerBase


def chat_prompt(tokenizer: PreTrainedTokenizerBase, messages: list[dict], answer_start: str = "") -> str:
    """The messages in the model's chat template, up to where its answer begins, and the answer's given start."""
    return tokenizer.apply_chat_template(messages, add_generation_prompt=True, tokenize=False) + answer_start


def generate_greedily(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    prompts: list[str],
    max_new_tokens: int,
    batch_size: int = 8,
    description: str = "Answering",
) -> list[str]:
    """
    The most likely answer to each prompt, token by token.

    Prompts go through the model in batches of like length, the longest first, so that little is padded and a lack of
    memory shows at once. The model's training mode is put back.

    Args:
        model ([`~transformers.PreTrainedModel`]): Causal language model, with or without adapter.
        tokenizer ([`~transformers.PreTrainedTokenizerBase`]): Its tokenizer.
        prompts (`list[str]`): Texts with all special tokens in them; none is added.
        max_new_tokens (`int`): Longest answer, in tokens; a longer one is cut off.
        batch_size (`int`, *optional*, defaults to `8`): Prompts at a time.
        description (`str`, *optional*): Words before the progress bar.

    Returns:
        `list[str]`: The answers, without special tokens.
    """
    encoded = [tokenizer(prompt, add_special_tokens=False)["input_ids"] for prompt in prompts]
    order = sorted(range(len(prompts)), key=lambda index: -len(encoded[index]))
    generation = GenerationConfig(
        max_new_tokens=max_new_tokens,
        do_sample=False,
        # What is not set here comes from the model's own config; Qwen2.5's would punish the names that it has to copy.
        repetition_penalty=1.0,
        # `Trainer` switches the cache off in the model's own config, and without it every token costs a whole pass.
        use_cache=True,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.eos_token_id if tokenizer.pad_token_id is None else tokenizer.pad_token_id,
    )
    answers = [""] * len(prompts)
    was_training = model.training
    model.eval()
    with torch.inference_mode(), tqdm(total=len(prompts), desc=description, unit="answer", leave=False) as progress:
        for first in range(0, len(order), batch_size):
            batch = order[first : first + batch_size]
            for index, answer in zip(
                batch, _generate_batch(model, tokenizer, [encoded[index] for index in batch], generation), strict=True
            ):
                answers[index] = answer
            progress.update(len(batch))
    model.train(was_training)
    return answers


def _generate_batch(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    batch: list[list[int]],
    generation: GenerationConfig,
) -> list[str]:
    longest = max(map(len, batch))
    padding = [longest - len(ids) for ids in batch]
    input_ids = torch.tensor([[generation.pad_token_id] * pad + ids for pad, ids in zip(padding, batch, strict=True)])
    attention_mask = torch.tensor([[0] * pad + [1] * (longest - pad) for pad in padding])
    output = model.generate(
        input_ids=input_ids.to(model.device),
        attention_mask=attention_mask.to(model.device),
        generation_config=generation,
    )
    return tokenizer.batch_decode(output[:, longest:], skip_special_tokens=True)
