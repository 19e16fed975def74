"""What generates the rollouts: the engine that the configuration names, on the model that is being trained.

In: the trainer and its unwrapped model. Out: [`make_generator`], a generator of [`funreason_trl.generation`].
"""

from transformers import Trainer

from funreason_trl.generation import TextGenerator
from funreason_trl.generation.endpoint_generator import EndpointGenerator
from funreason_trl.generation.transformers_generator import TransformersGenerator

from .config import RefinementConfig


def make_generator(config: RefinementConfig, trainer: Trainer, model) -> TextGenerator:
    """
    The generator of this process for one round.

    Args:
        config ([`RefinementConfig`]): Names the engine.
        trainer ([`~transformers.Trainer`]): Whose model it is.
        model ([`~transformers.PreTrainedModel`] or [`~peft.PeftModel`]): Unwrapped.
    """
    if config.engine == "endpoint":
        assert config.base_url is not None and config.endpoint_model is not None
        return EndpointGenerator(config.base_url, config.endpoint_model, concurrency=config.batch_size)
    if config.engine == "vllm":
        from .vllm_rollouts import TrainedVllm

        return TrainedVllm(
            trainer,
            config.vllm_mode,
            config.vllm_server_base_url,
            config.vllm_gpu_memory_utilization,
            config.vllm_max_model_length,
        )
    return TransformersGenerator(
        model, trainer.processing_class, config.batch_size, continuous=config.engine == "continuous"
    )
