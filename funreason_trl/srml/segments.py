"""Which trained tokens are thinking and which are the result, found in the tokens' own text.

In: the token ids and labels of one row, and the think tags. Out: one segment per token, 0 (`NONE`, not trained),
1 (`THINK`) or 2 (`RESULT`).

The tags are looked for in text, not in ids, so that it does not matter whether a tokenizer holds `</think>` as one
token, as five, or as the tail of a token that begins before it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise

from transformers import PreTrainedTokenizerBase
from trl.data_utils import common_prefix_length


NONE, THINK, RESULT = 0, 1, 2
IGNORED_LABEL = -100

UNFINISHED_CHARACTER = "\ufffd"
# A character has at most four UTF-8 bytes, so eight tokens that still end inside one hold a literal U+FFFD.
LONGEST_CHARACTER_RUN = 8


@dataclass(frozen=True)
class ThinkTags:
    """
    The two strings between which a model thinks.

    Args:
        start (`str`): Tag that opens the thinking.
        end (`str`): Tag that closes it.
    """

    start: str = "<think>"
    end: str = "</think>"


class TokenTexts:
    """
    The text that each token adds to what stands before it, remembered per token.

    Tokenizers drop a leading space from the first token that they decode, so a token is decoded behind an anchor
    token, whose text is then cut off. Tokens that hold part of a character only are decoded together with those that
    finish it; the last of them gets the character, so that all of them begin where it begins.

    Args:
        tokenizer ([`~transformers.PreTrainedTokenizerBase`]): Tokenizer that made the ids.
    """

    def __init__(self, tokenizer: PreTrainedTokenizerBase):
        self.tokenizer = tokenizer
        self._anchor = tokenizer.encode("a", add_special_tokens=False)[-1:]
        self._anchor_length = len(self._decode([]))
        self._text_of_token: dict[int, str] = {}

    def __reduce__(self):
        # What was remembered must not change the fingerprint under which `datasets` caches a map.
        return TokenTexts, (self.tokenizer,)

    def __call__(self, input_ids: Sequence[int]) -> list[str]:
        """Text of each token; joined, they are the text of the row."""
        for token in set(input_ids):
            if token not in self._text_of_token:
                self._text_of_token[token] = self._after_anchor([token])
        texts = [self._text_of_token[token] for token in input_ids]
        for index, text in enumerate(texts):
            if UNFINISHED_CHARACTER in text:
                self._join_unfinished(input_ids, texts, index)
        return texts

    def _join_unfinished(self, input_ids: Sequence[int], texts: list[str], first: int) -> None:
        decoded = [""]
        for end in range(first + 1, min(first + LONGEST_CHARACTER_RUN, len(input_ids)) + 1):
            decoded.append(self._after_anchor(list(input_ids[first:end])))
            if not decoded[-1].endswith(UNFINISHED_CHARACTER):
                texts[first:end] = _split(decoded)
                return

    def _after_anchor(self, token_ids: list[int]) -> str:
        return self._decode(token_ids)[self._anchor_length :]

    def _decode(self, token_ids: list[int]) -> str:
        return self.tokenizer.decode(
            self._anchor + token_ids, skip_special_tokens=False, clean_up_tokenization_spaces=False
        )


def _split(decoded: list[str]) -> list[str]:
    """
    Text that each token of a run adds, from the texts of its first none, one, two ... tokens.

    Two tokens that hold two bytes of `é` each half: `["", "\ufffd", "é"]` gives `["", "é"]`.
    """
    joined, begin = decoded[-1], len(decoded[-1])
    texts: list[str] = []
    for before, after in reversed(list(pairwise(decoded))):
        # A token begins behind what stays as it is when the token comes, or in the character that it goes on with.
        end, begin = begin, min(begin, common_prefix_length(before, after), len(after) - 1)
        texts.insert(0, joined[begin:end])
    return texts


def find_segments(
    input_ids: Sequence[int],
    labels: Sequence[int],
    token_texts: TokenTexts,
    tags: ThinkTags,
) -> list[int]:
    """
    Segment of every token of one row.

    Args:
        input_ids (`Sequence[int]`): Token ids, shape `(length,)`.
        labels (`Sequence[int]`): Labels, shape `(length,)`; -100 where a token is not trained.
        token_texts ([`TokenTexts`]): Text of each token.
        tags ([`ThinkTags`]): The think tags.

    Returns:
        `list[int]`: Segments, shape `(length,)`, aligned with `labels` (not yet shifted).

    The rules, per assistant turn (design section 2; a turn is a run of trained tokens, and ends with the end token):

    - think goes from the first start tag up to and including the *last* end tag, as real thoughts quote tags;
    - an end tag without a start tag before it closes a think that the prompt opened, so think begins with the turn;
    - without any end tag all is think where the turn, or the end of the prompt, opens it with a start tag; words that
      mention the tag further on are words, as [`~funreason_trl.data.rows.split_reasoning`] reads them;
    - everything else is result;
    - white space that the template writes behind the end token goes on with the segment before it;
    - a token that straddles a border belongs to the segment of its first character.
    """
    texts = token_texts(input_ids)
    starts = list(accumulate(map(len, texts), initial=0))
    text = "".join(texts)

    segments = [NONE] * len(input_ids)
    previous_end = 0
    for first, end in trained_turns(input_ids, labels, token_texts.tokenizer.eos_token_id):
        prompt, turn = text[starts[previous_end] : starts[first]], text[starts[first] : starts[end]]
        if turn.isspace():
            segments[first:end] = [segments[first - 1] or RESULT] * (end - first)
            continue
        opened_by_prompt = prompt.rstrip().endswith(tags.start.rstrip())
        think_from, think_to = find_think(turn, tags, opened_by_prompt)
        for index in range(first, end):
            offset = starts[index] - starts[first]
            segments[index] = THINK if think_from <= offset < think_to else RESULT
        previous_end = end
    return segments


def trained_turns(
    input_ids: Sequence[int], labels: Sequence[int], eos_token_id: int | None
) -> Iterator[tuple[int, int]]:
    """Runs `[first, end)` of trained tokens, cut after each end token."""
    first = None
    for index, (token, label) in enumerate(zip(input_ids, labels, strict=True)):
        if label == IGNORED_LABEL:
            if first is not None:
                yield first, index
            first = None
            continue
        if first is None:
            first = index
        if token == eos_token_id:
            yield first, index + 1
            first = None
    if first is not None:
        yield first, len(input_ids)


def find_think(turn: str, tags: ThinkTags, opened_by_prompt: bool = False) -> tuple[int, int]:
    """
    Characters `[from, to)` of a turn that are thinking; `(0, 0)` if none are.

    >>> find_think("<think>a</think>\\n\\n[f()]", ThinkTags())
    (0, 16)
    """
    last_end = turn.rfind(tags.end)
    think_to = len(turn) if last_end < 0 else last_end + len(tags.end)
    if opened_by_prompt:
        return 0, think_to
    start = turn.find(tags.start, 0, think_to)
    if last_end < 0:
        return (start, think_to) if start >= 0 and not turn[:start].strip() else (0, 0)
    return max(start, 0), think_to
