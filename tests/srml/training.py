"""Short training runs on tiny models that are the same wherever they run.

In: rows and what differs from the defaults here (plain SGD with a large rate on 16 rows in their order). Out: a trainer.
"""

import tempfile
from collections.abc import Sequence

import torch
from datasets import Dataset
from transformers import PreTrainedTokenizerFast
from trl import SFTConfig, SFTTrainer

from funreason_trl.srml import SRMLConfig, SRMLTrainer
from tests.tiny import build_tiny_model, build_tiny_tokenizer, tiny_rows


TOKENIZER = build_tiny_tokenizer()
OUTPUTS = tempfile.TemporaryDirectory(prefix="srml")  # removed when the tests end

# A large rate, so that theta moves plainly in a few steps.
BALANCES = {
    "fixed": {"balance": "fixed", "think_weight": 0.3, "result_weight": 0.8},
    "learned": {"balance": "learned", "alpha_init": 0.4, "alpha_learning_rate": 2.0},
    "token": {"balance": "token"},
}

DEFAULTS = {
    "use_cpu": True,
    "bf16": False,
    "report_to": [],
    "save_strategy": "no",
    "disable_tqdm": True,
    "logging_steps": 1,
    "optim": "sgd",
    "learning_rate": 0.5,
    "lr_scheduler_type": "constant",
    "max_grad_norm": 0.0,
    "train_sampling_strategy": "sequential",
    "max_length": None,
    "activation_checkpointing": False,
    "per_device_train_batch_size": 16,
    "num_train_epochs": 2,
}


def config(config_class: type[SFTConfig] = SRMLConfig, **changes) -> SFTConfig:
    return config_class(**{"output_dir": tempfile.mkdtemp(dir=OUTPUTS.name), **DEFAULTS, **changes})


def build_trainer(
    rows: Sequence[dict] | Dataset | None = None,
    *,
    model=None,
    tokenizer: PreTrainedTokenizerFast = TOKENIZER,
    trainer_class: type[SFTTrainer] = SRMLTrainer,
    arguments: dict | None = None,
    **changes,
) -> SFTTrainer:
    """A trainer over `rows` (16 tiny ones), with `arguments` of its own and `changes` to its configuration."""
    rows = tiny_rows() if rows is None else rows
    return trainer_class(
        model=build_tiny_model(len(tokenizer)) if model is None else model,
        args=config(SRMLConfig if issubclass(trainer_class, SRMLTrainer) else SFTConfig, **changes),
        train_dataset=Dataset.from_list(rows) if isinstance(rows, list) else rows,
        processing_class=tokenizer,
        **(arguments or {}),
    )


def train(rows: Sequence[dict] | Dataset | None = None, **kwargs) -> SFTTrainer:
    trainer = build_trainer(rows, **kwargs)
    trainer.train()
    return trainer


def parameters(model: torch.nn.Module) -> torch.Tensor:
    """All trainable parameters in one vector of float64."""
    trainable = [parameter for parameter in model.parameters() if parameter.requires_grad]
    return torch.cat([parameter.detach().double().flatten() for parameter in trainable])


def update_difference(found: torch.Tensor, expected: torch.Tensor, start: torch.Tensor) -> float:
    """Largest difference between two trained vectors of parameters, relative to the largest change that training made."""
    return ((found - expected).abs().max() / (expected - start).abs().max()).item()


def step_logs(trainer: SFTTrainer) -> list[dict]:
    """The log of each optimizer step."""
    return [log for log in trainer.state.log_history if "loss" in log]


def eval_logs(trainer: SFTTrainer) -> list[dict]:
    return [log for log in trainer.state.log_history if "eval_loss" in log]
