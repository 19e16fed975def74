"""Prompts in, texts out: the one interface by which evaluation and refinement have a model answer.

In: [`Prompt`]s, [`GenerationSettings`], and one of the generators, which all have the same call and attribute.

    TransformersGenerator(model, tokenizer)     `transformers_generator`: a model in this process, batched or continuous
    VllmGenerator(model)                        `vllm_generator`: vLLM's offline engine (extra `vllm`)
    EndpointGenerator(base_url, model)          `endpoint_generator`: any OpenAI-compatible server

    generator.generate(prompts, settings)       yields a [`Generated`] for each prompt, as they come, in any order
    generator.description                       what the answers depend on beside prompt and settings

Out: [`generate_all`] returns the answers in the order of the prompts; [`generate_to_file`] also writes each as it comes
and goes on where a killed run stopped. Both show the progress with tokens a second.

Shared by the generators: `chat` between prompts and tokens, `sampling` and `continuous` for models in this process,
`client` for requests. `trained` has the model that is being trained answer, on all processes together.
"""

from .answers_file import AnswersFileError, generate_to_file
from .prompts import Generated, GenerationSettings, Prompt, PromptError, TextGenerator
from .running import generate_all


__all__ = [
    "AnswersFileError",
    "Generated",
    "GenerationSettings",
    "Prompt",
    "PromptError",
    "TextGenerator",
    "generate_all",
    "generate_to_file",
]
