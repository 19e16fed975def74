"""A tiny tokenizer, model and dataset for tests: built in a moment, the same on every machine."""

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast


CHATML = (
    "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\\n' }}"
    "{% if message['role'] == 'assistant' %}{% generation %}{{ message['content'] + '<|im_end|>' }}{% endgeneration %}"
    "{{ '\\n' }}{% else %}{{ message['content'] + '<|im_end|>\\n' }}{% endif %}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}"
)

QUERIES = [
    ("What is the weather in Oslo?", "Oslo is a city, so get_weather fits.", "[get_weather(city='Oslo')]"),
    ("Convert 5 miles to km", "A length, so convert(5).", "[convert(value=5, to='km')]"),
    ("Hello there, how are you doing today?", "No tool is needed for this greeting at all.", "I am fine."),
    ("Weather in Rome and Paris", "Two cities, two calls.", "[get_weather(city='Rome'), get_weather(city='Paris')]"),
]


def build_tiny_tokenizer(added_tags: bool = False) -> PreTrainedTokenizerFast:
    """A byte-level BPE of 320 tokens in ChatML; the think tags are single tokens only with `added_tags`."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    texts = [" ".join(query) for query in QUERIES] + ["<think> reasoning </think>\n\n"] * 3
    trainer = trainers.BpeTrainer(
        vocab_size=320,
        special_tokens=["<pad>", "<|im_start|>", "<|im_end|>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
    )
    tokenizer.train_from_iterator(texts, trainer)
    fast = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, pad_token="<pad>", eos_token="<|im_end|>", chat_template=CHATML
    )
    if added_tags:
        fast.add_tokens(["<think>", "</think>"])
    return fast


def build_tiny_model(vocabulary: int, dropout: float = 0.0) -> LlamaForCausalLM:
    """A Llama of two layers and 32 dimensions, always with the same weights."""
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=vocabulary,
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=512,
        pad_token_id=0,
        eos_token_id=2,
        bos_token_id=None,
        attention_dropout=dropout,
    )
    return LlamaForCausalLM(config)


def tiny_rows(count: int = 16) -> list[dict]:
    """Prompt-completion rows of unlike lengths, thinking and result, some of them without thinking."""
    rows = []
    for index in range(count):
        query, thought, answer = QUERIES[index % len(QUERIES)]
        thought = " ".join([thought] * (1 + index % 3))
        content = answer if index % 7 == 6 else f"<think>{thought}</think>\n\n{answer}"
        rows.append(
            {
                "prompt": [{"role": "user", "content": query}],
                "completion": [{"role": "assistant", "content": content}],
            }
        )
    return rows
