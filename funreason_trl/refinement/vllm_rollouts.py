"""Rollouts by vLLM with the weights of the model that is being trained: TRL's `VLLMGeneration`, met in this file only.

In: a trainer and how vLLM is to run. Out: [`TrainedVllm`], a generator that lives as long as the run, since in the mode
`colocate` it holds an engine. Needs a GPU and the extra `vllm`; in the mode `server` also a server that takes weights:

    VLLM_SERVER_DEV_MODE=1 vllm serve MODEL --weight-transfer-config '{"backend": "nccl"}'
"""

from collections.abc import Generator, Sequence

from transformers import Trainer, TrainerState
from trl.generation.vllm_generation import VLLMGeneration
from trl.import_utils import is_vllm_available

from funreason_trl.generation.chat import Chat, end_ids_of
from funreason_trl.generation.prompts import Gathered, Generated, GenerationSettings, Prompt
from funreason_trl.generation.transformers_generator import TransformersGenerator


class TrainedVllm:
    """
    vLLM, which gets the trained weights before it answers for the first time after a training step.

    All processes call it together, each with the same number of prompts. Samples depend on what is asked together: vLLM
    takes one seed for a call, which here follows from the settings and the first prompt.

    Args:
        trainer ([`~transformers.Trainer`]): Whose model answers; sharded weights are gathered as TRL does it.
        mode (`str`, *optional*, defaults to `"colocate"`): An engine in each process, on the GPUs that train, or one
            `"server"` for all of them, on GPUs of its own.
        server_base_url (`str`, *optional*): Of the server; by default port 8000 of this machine.
        gpu_memory_utilization (`float`, *optional*, defaults to `0.3`): Share of a GPU's memory that an engine takes.
        max_model_length (`int`, *optional*): Longest prompt and answer together; by default what the model allows.

    Raises:
        ImportError: vLLM is not installed; names the extra.
    """

    def __init__(
        self,
        trainer: Trainer,
        mode: str = "colocate",
        server_base_url: str | None = None,
        gpu_memory_utilization: float = 0.3,
        max_model_length: int | None = None,
    ):
        if not is_vllm_available():
            raise ImportError(
                "`engine` is 'vllm', which is not installed: `pip install \"funreason-trl[vllm]\"` on a machine with a GPU, "
                "or take another engine"
            )
        self.trainer = trainer
        self.mode = mode
        self.model = trainer.accelerator.unwrap_model(trainer.model_wrapped)
        self._chat = Chat(trainer.processing_class)
        # A second training has a state of its own, and counts its steps anew.
        self._sent: tuple[TrainerState | None, int] = (None, 0)
        self._vllm = VLLMGeneration(
            model=self.model,
            accelerator=trainer.accelerator,
            processing_class=trainer.processing_class,
            mode=mode,
            server_base_url=server_base_url,
            gpu_memory_utilization=gpu_memory_utilization,
            max_model_length=max_model_length,
            trust_remote_code=trainer.args.trust_remote_code,
            logprobs=None,
        )

    @property
    def description(self) -> dict[str, str]:
        """Way, training step, and what [`TransformersGenerator`] says of the model."""
        own = TransformersGenerator(self.model, self._chat.tokenizer).description
        # A process sees only its share of sharded weights, so the step tells them apart too.
        return {**own, "way": f"vllm {self.mode}", "step": str(self.trainer.state.global_step)}

    def generate(self, prompts: Sequence[Prompt], settings: GenerationSettings) -> Generator[Generated, None, None]:
        """
        The answers, when all of them are there.

        Args:
            prompts (`Sequence[Prompt]`): What to answer: as many on every process.
            settings ([`GenerationSettings`]): How to answer.

        Raises:
            ValueError: A prompt has tools and the template leaves them out.
        """
        if not prompts:
            return
        sent_state, sent_step = self._sent
        if sent_step != self.trainer.state.global_step or sent_state is not self.trainer.state:
            self._vllm.sync_weights()
            self._sent = (self.trainer.state, self.trainer.state.global_step)
        end_ids = end_ids_of(self.model, self._chat.tokenizer)
        answers = iter(self._answers(prompts, settings))
        for index, prompt in enumerate(prompts):
            gathered = Gathered(settings.samples)
            opening = self._chat.opening(prompt)
            for number in range(settings.samples):
                generated = gathered.add(index, number, self._chat.read(next(answers), end_ids, opening))
            assert generated is not None
            yield generated

    def _answers(self, prompts: Sequence[Prompt], settings: GenerationSettings) -> list[list[int]]:
        """New tokens of all samples of the first prompt, then of the second, and so on."""
        vllm = self._vllm
        vllm.temperature, vllm.top_p, vllm.top_k = settings.temperature, settings.top_p, settings.top_k
        vllm.max_completion_length = settings.max_new_tokens
        vllm.generation_kwargs = {} if settings.greedy else {"seed": settings.answer_seed(prompts[0], 0)}
        encoded = [self._chat.encode(prompt) for prompt in prompts]
        if self.mode == "server":
            # The server is asked once for the copies of a prompt, for as many answers.
            encoded = [ids for ids in encoded for _ in range(settings.samples)]
        else:
            # An engine would answer copies one by one, and with one seed all alike.
            vllm.generation_kwargs["n"] = settings.samples
        _, completions, _, _ = vllm.generate(prompts=encoded, images=None, num_generations=settings.samples)
        return [list(ids) for ids in completions]
