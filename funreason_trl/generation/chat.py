"""Between prompts and tokens: the text that a tokenizer's template makes of a prompt, and the text of new tokens.

In: a tokenizer, prompts, and the tokens that a model wrote. Out: token ids, and texts as a person or a parser reads
them. All local generators use this, so that the same tokens are the same text in each of them.
"""

from collections.abc import Sequence

from transformers import PreTrainedModel, PreTrainedTokenizerBase

from funreason_trl.data.rows import THINK_START

from .prompts import Prompt, PromptError, Sample


# The tokens by which well-known templates begin and end turns and texts. They say nothing within an answer, whereas any
# other special token may be part of it: `<tool_call>` is special in some tokenizers, `<escape>` quotes in another.
TURN_MARKS = frozenset(
    {"<|im_start|>", "<|im_end|>", "<|im_sep|>", "<|endoftext|>", "<|begin_of_text|>", "<|end_of_text|>"}
    | {"<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>", "<|eom_id|>", "<start_of_turn>", "<end_of_turn>"}
    | {"<|turn>", "<turn|>", "<|end|>", "<|user|>", "<|assistant|>", "<|system|>", "<bos>", "<eos>", "<pad>"}
    | {"<s>", "</s>"}
)


class Chat:
    """
    A tokenizer's way from prompts to tokens, and from tokens to texts.

    Args:
        tokenizer ([`~transformers.PreTrainedTokenizerBase`]): With a chat template.
    """

    def __init__(self, tokenizer: PreTrainedTokenizerBase):
        self.tokenizer = tokenizer
        named = (
            tokenizer.bos_token_id,
            tokenizer.eos_token_id,
            tokenizer.pad_token_id,
            tokenizer.unk_token_id,
        )
        marks = (id for text, id in tokenizer.get_added_vocab().items() if text in TURN_MARKS)
        self._unspoken = frozenset(marks) | (frozenset(named) - {None})
        self._tools_shown = False

    def text(self, prompt: Prompt) -> str:
        """
        The prompt in the model's template, up to where the answer begins, and the answer's given start.

        Raises:
            ValueError: The prompt has tools, and the template leaves them out.
        """
        return self._rendered(prompt) + prompt.answer_start

    def encode(self, prompt: Prompt) -> list[int]:
        """Token ids of [`Chat.text`]; all special tokens are in the text, and none is added."""
        return self.tokenizer(self.text(prompt), add_special_tokens=False)["input_ids"]

    def opening(self, prompt: Prompt) -> str:
        """
        The think tag, with the space after it, where the template has already opened the thought.

        The model then writes only the end tag. The opening belongs before its text, so that a text shows by itself what
        is thought in it, finished or not.
        """
        if prompt.answer_start:
            return ""
        rendered = self._rendered(prompt)
        stripped = rendered.rstrip()
        return THINK_START + rendered[len(stripped) :] if stripped.endswith(THINK_START) else ""

    def read(self, ids: Sequence[int], end_ids: frozenset[int], opening: str = "") -> Sample:
        """
        What a model wrote.

        Args:
            ids (`Sequence[int]`): New tokens; padding may stand after an end token.
            end_ids (`frozenset[int]`): Tokens of which the first one ends the answer.
            opening (`str`, *optional*): Stands before the text.

        Returns:
            [`Sample`]: Its text is without the tokens of turns and padding; other special tokens are kept.
        """
        end = next((place for place, id in enumerate(ids) if id in end_ids), None)
        spoken = [id for id in ids[:end] if id not in self._unspoken]
        # Cleaning up spaces would join `a = ' b'` differently from how it was written.
        text = self.tokenizer.decode(spoken, skip_special_tokens=False, clean_up_tokenization_spaces=False)
        return Sample(opening + text, len(ids) if end is None else end + 1, end is not None)

    def _rendered(self, prompt: Prompt) -> str:
        text = self._apply_template(prompt.messages, prompt.tools)
        if prompt.tools and not self._tools_shown:
            if text == self._apply_template(prompt.messages, None):
                raise PromptError(
                    "the chat template of this tokenizer leaves out tools: write them into a system message (the "
                    "python form does), or take a model whose template has them"
                )
            self._tools_shown = True
        return text

    def _apply_template(self, messages: list[dict], tools: list[dict] | None) -> str:
        return self.tokenizer.apply_chat_template(messages, tools=tools, add_generation_prompt=True, tokenize=False)


def end_ids_of(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase) -> frozenset[int]:
    """The end tokens of the tokenizer and of the model's own generation settings, which can be several."""
    own = model.generation_config.eos_token_id
    several = own if isinstance(own, list) else [own]
    return frozenset({tokenizer.eos_token_id, *several} - {None})
