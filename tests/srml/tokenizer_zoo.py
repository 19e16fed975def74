"""Tokenizers that cut think tags in every way that we know of, built here and never downloaded.

In: the think tags. Out: fast tokenizers by name, all with the end token `<|im_end|>`.
"""

from tokenizers import AddedToken, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers
from transformers import PreTrainedTokenizerFast
from transformers.convert_slow_tokenizer import bytes_to_unicode

from funreason_trl.srml.segments import ThinkTags


SPECIAL_TOKENS = ["<pad>", "<|im_start|>", "<|im_end|>"]
ASCII_TAGS = ThinkTags()
TRIANGLE_TAGS = ThinkTags("◁think▷", "◁/think▷")
SENTENCES = ["Oslo is a city, so f fits.", "No call.", "[f(a=1)]", "naïve 漢字 🙂 text", "think/think", "< think >"]


def bytes_only(tags: ThinkTags) -> Tokenizer:
    """Each UTF-8 byte is a token, so a character of a tag can be three of them."""
    return _byte_level(tags, vocabulary=259)


def words(tags: ThinkTags) -> Tokenizer:
    """Byte-level BPE with the usual split into words: tags are several tokens, `>` and a line feed one."""
    return _byte_level(tags, vocabulary=400)


def tags_are_tokens(tags: ThinkTags) -> Tokenizer:
    """Both tags are added tokens, as in Qwen3."""
    tokenizer = _byte_level(tags, vocabulary=400)
    tokenizer.add_tokens([tags.start, tags.end])
    return tokenizer


def tags_are_special_tokens(tags: ThinkTags) -> Tokenizer:
    """Both tags are special tokens, which decoding may skip."""
    tokenizer = _byte_level(tags, vocabulary=400)
    tokenizer.add_special_tokens([tags.start, tags.end])
    return tokenizer


def tags_swallow_spaces(tags: ThinkTags) -> Tokenizer:
    """The tags are added tokens that take the white space behind them along, as in Phi-3."""
    tokenizer = _byte_level(tags, vocabulary=400)
    tokenizer.add_tokens([AddedToken(tag, rstrip=True) for tag in (tags.start, tags.end)])
    return tokenizer


def straddling(tags: ThinkTags) -> Tokenizer:
    """Tokens reach over every border, also inside a character: `so<`, `k>\\n\\n`, half of `▷` with a line feed."""
    start, end = tags.start.encode(), tags.end.encode()
    over_borders = [
        *(b"so" + start[:length] for length in (1, 2)),
        *("é".encode()[1:] + tag[:length] for tag in (start, end) for length in (1, 2)),
        *(tag[-length:] + after for tag in (start, end) for length in (1, 2) for after in (b"\n\n", b"[f", b"so")),
        *(" 漢".encode()[:length] for length in (2, 3)),
    ]
    to_characters = bytes_to_unicode()
    vocabulary = [(token, 0.0) for token in SPECIAL_TOKENS]
    vocabulary += [(to_characters[byte], -10.0) for byte in range(256)]
    vocabulary += [("".join(to_characters[byte] for byte in token), -1.0) for token in sorted(set(over_borders))]
    tokenizer = Tokenizer(models.Unigram(vocabulary))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    tokenizer.decoder = decoders.ByteLevel()
    return tokenizer


def characters(tags: ThinkTags) -> Tokenizer:
    """Each character is a token, and one that is not in the vocabulary is unknown."""
    alphabet = sorted(set("".join([*_texts(tags), "abcdefghijklmnopqrstuvwxyz"])))
    tokens = [*SPECIAL_TOKENS, "<unk>", *alphabet]
    tokenizer = Tokenizer(models.WordLevel({token: index for index, token in enumerate(tokens)}, unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.Split("", "isolated")
    tokenizer.decoder = decoders.Fuse()
    return tokenizer


def metaspace_unigram(tags: ThinkTags) -> Tokenizer:
    """A SentencePiece unigram model, as in T5 or Gemma: spaces are part of the next token."""
    tokenizer = Tokenizer(models.Unigram())
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="first")
    tokenizer.decoder = decoders.Metaspace(prepend_scheme="first")
    trainer = trainers.UnigramTrainer(
        vocab_size=150, special_tokens=[*SPECIAL_TOKENS, "<unk>"], unk_token="<unk>", show_progress=False
    )
    tokenizer.train_from_iterator([*_texts(tags), *"abcdefghijklmnopqrstuvwxyz\n"], trainer)
    return tokenizer


def byte_fallback(tags: ThinkTags) -> Tokenizer:
    """A SentencePiece BPE model, as in Llama 2 and Mistral: characters that it lacks are byte tokens such as <0xE2>."""
    tokenizer = Tokenizer(models.BPE(byte_fallback=True, unk_token="<unk>", fuse_unk=True))
    tokenizer.normalizer = normalizers.Replace(" ", "▁")
    tokenizer.decoder = decoders.Sequence([decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse()])
    trainer = trainers.BpeTrainer(
        vocab_size=600,
        special_tokens=[*SPECIAL_TOKENS, "<unk>", *(f"<0x{byte:02X}>" for byte in range(256))],
        show_progress=False,
    )
    ascii_texts = [text for text in _texts(tags) if text.isascii()] + [*"abcdefghijklmnopqrstuvwxyz\n/[]"]
    tokenizer.train_from_iterator(ascii_texts, trainer)
    return tokenizer


TOKENIZERS = {
    build.__name__: build
    for build in (
        bytes_only,
        words,
        tags_are_tokens,
        tags_are_special_tokens,
        tags_swallow_spaces,
        straddling,
        characters,
        metaspace_unigram,
        byte_fallback,
    )
}


def build_tokenizer(name: str, tags: ThinkTags) -> PreTrainedTokenizerFast:
    tokenizer = TOKENIZERS[name](tags)
    tokenizer.add_special_tokens(SPECIAL_TOKENS)
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, pad_token="<pad>", eos_token="<|im_end|>")


def _byte_level(tags: ThinkTags, vocabulary: int) -> Tokenizer:
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary,
        special_tokens=SPECIAL_TOKENS,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(_texts(tags), trainer)
    return tokenizer


def _texts(tags: ThinkTags) -> list[str]:
    thoughts = [f"so{tags.start}{tags.end}\n\n[f()]", f"{tags.start}so{tags.end}[f()]", f"é{tags.start} é{tags.end}é"]
    return SENTENCES + thoughts * 3
