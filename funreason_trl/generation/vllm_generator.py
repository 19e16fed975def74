"""Answers from vLLM's offline engine, which is the fastest way on a GPU.

In: the name or folder of a model. Out: [`VllmGenerator`]. Needs the extra `vllm`, which only this module imports.
"""

from collections.abc import Generator, Sequence
from typing import Any

from .chat import Chat
from .prompts import Gathered, Generated, GenerationSettings, Prompt


class VllmGenerator:
    """
    vLLM's `LLM`, fed with the same tokens as the other local generators.

    Args:
        model (`str`): Hub name or folder.
        batch_size (`int`, *optional*, defaults to `256`): Prompts that are handed over at a time; their answers come
            when all of them are done. vLLM itself decides how many it computes at once.
        engine (`Any`): Settings of `vllm.LLM`, such as `max_model_len` or `gpu_memory_utilization`.

    Raises:
        ImportError: vLLM is not installed; names the extra.
    """

    def __init__(self, model: str, batch_size: int = 256, **engine: Any):
        if batch_size < 1:
            raise ValueError(f"batch_size={batch_size}: give 1 or more")
        try:
            import vllm
        except ModuleNotFoundError as error:
            if error.name != "vllm":
                raise
            raise ImportError(
                'vLLM is not installed: `pip install "funreason-trl[vllm]"` on a machine with a GPU, or take another '
                "generator"
            ) from None
        self.model = model
        self.batch_size = batch_size
        self.engine = engine
        self._sampling_params = vllm.SamplingParams
        self._llm = vllm.LLM(model=model, **engine)
        self._chat = Chat(self._llm.get_tokenizer())

    @property
    def description(self) -> dict[str, str]:
        """Way, model and the engine's settings."""
        return {"way": "vllm", "model": self.model, **{key: str(value) for key, value in self.engine.items()}}

    def generate(self, prompts: Sequence[Prompt], settings: GenerationSettings) -> Generator[Generated, None, None]:
        """
        The answers, `batch_size` prompts at a time.

        Args:
            prompts (`Sequence[Prompt]`): What to answer.
            settings ([`GenerationSettings`]): How to answer.

        Raises:
            ValueError: A prompt has tools and the template leaves them out.
        """
        for first in range(0, len(prompts), self.batch_size):
            batch = prompts[first : first + self.batch_size]
            outputs = self._llm.generate(
                [{"prompt_token_ids": self._chat.encode(prompt)} for prompt in batch],
                [self._parameters(prompt, settings) for prompt in batch],
                use_tqdm=False,
            )
            for place, (prompt, output) in enumerate(zip(batch, outputs, strict=True)):
                yield self._gather(first + place, prompt, output.outputs)

    def _parameters(self, prompt: Prompt, settings: GenerationSettings):
        return self._sampling_params(
            n=settings.samples,
            temperature=settings.temperature,
            top_p=settings.top_p,
            top_k=settings.top_k,
            seed=None if settings.greedy else settings.answer_seed(prompt, 0),
            max_tokens=settings.max_new_tokens,
            # The tokens are made text here, as for the other local generators.
            detokenize=False,
        )

    def _gather(self, index: int, prompt: Prompt, answers) -> Generated:
        gathered = Gathered(len(answers))
        opening = self._chat.opening(prompt)
        for answer in answers:
            ids = list(answer.token_ids)
            finished = answer.finish_reason == "stop"
            # vLLM knows all end tokens of the model and stops at the first one, which is then the last token.
            end_ids = frozenset(ids[-1:]) if finished else frozenset()
            generated = gathered.add(index, answer.index, self._chat.read(ids, end_ids, opening))
        assert generated is not None
        return generated
