"""How much thinking and result count: from the tokens and losses of a step to alpha and beta.

The loss of one optimizer step is `alpha * L_think + beta * L_result` (FunReason, arXiv 2505.20192, section 3.3), each
`L` a mean over the tokens of its segment on every rank and in every accumulation step (design section 3).
"""

import math
from collections.abc import Sequence

import torch
from torch.nn import functional
from transformers import TrainerCallback
from transformers.trainer_callback import ExportableState

from .config import SRMLConfig


class Balance(TrainerCallback, ExportableState):
    """
    alpha and beta of the current step.

    It is a callback only so that its state, the logit `theta` of a learned alpha, is saved in a checkpoint's
    `trainer_state.json` and read back from it.

    Args:
        config ([`SRMLConfig`]): Names the rule and its numbers.
    """

    def __init__(self, config: SRMLConfig):
        self.config = config
        self.theta = logit(config.alpha_init)

    def weights(self, think_tokens: float, result_tokens: float) -> tuple[float, float]:
        """alpha and beta of a step that trains this many tokens of each segment, on all ranks."""
        if self.config.balance == "token":
            trained_tokens = max(think_tokens + result_tokens, 1)
            return think_tokens / trained_tokens, result_tokens / trained_tokens
        return self.alpha_and_beta()

    def alpha_and_beta(self) -> tuple[float, float]:
        """The weights of the next step, which no rule but `"token"` takes from its tokens."""
        if self.config.balance == "fixed":
            return self.config.think_weight, self.config.result_weight
        alpha = sigmoid(self.theta)
        return alpha, 1 - alpha

    def token_weights(self, counts: torch.Tensor) -> torch.Tensor:
        """
        What one token of each segment counts, relative to plain SFT.

        In: `counts` of think and result tokens in the whole step, shape `(2,)`. Out: weights of none, think and
        result, shape `(3,)`, on the device of `counts` and without waiting for it.

        With these weights the mean over all trained tokens of a step is `alpha * L_think + beta * L_result`, since
        `alpha / think_tokens = token_weight / (think_tokens + result_tokens)`. They are exactly 1 for
        `balance="token"`. A segment without tokens has none to weigh, and the other one does not get its weight.
        """
        if self.config.balance == "token":
            return torch.tensor([0.0, 1.0, 1.0], device=counts.device)
        alpha_and_beta = torch.tensor(self.alpha_and_beta(), device=counts.device)
        return functional.pad(alpha_and_beta * counts.sum() / counts.clamp(min=1), (1, 0))

    def learn(self, think_loss: float | None, result_loss: float | None) -> None:
        """
        One gradient step on theta, with `balance="learned"`, from the losses of one optimizer step over all ranks.

        `dL/dtheta = alpha * (1 - alpha) * (L_think - L_result)`. A step that lacks a segment (`None`), or whose loss
        overflowed, says nothing of the balance and leaves theta as it is.
        """
        if self.config.balance != "learned" or think_loss is None or result_loss is None:
            return
        alpha = sigmoid(self.theta)
        gradient = alpha * (1 - alpha) * (think_loss - result_loss)
        if not math.isfinite(gradient):
            return
        theta = self.theta - self.config.alpha_learning_rate * gradient
        self.theta = min(max(theta, logit(self.config.alpha_min)), logit(self.config.alpha_max))

    def state(self) -> dict:
        return {"args": {}, "attributes": {"theta": self.theta}}

    def on_train_begin(self, args, state, control, **kwargs):
        # `Trainer` gives callbacks their saved state back only if asked to, and by building new ones; on a resume,
        # `state` is the checkpoint's.
        saved = state.stateful_callbacks.get(type(self).__name__)
        if saved is not None:
            self.theta = saved["attributes"]["theta"]


def mean_losses(loss_sums: Sequence[float], tokens: Sequence[float]) -> list[float | None]:
    """Mean loss per segment, from sums and counts; `None` for a segment without tokens."""
    return [loss_sum / count if count else None for loss_sum, count in zip(loss_sums, tokens, strict=True)]


def sigmoid(theta: float) -> float:
    return 1 / (1 + math.exp(-theta))


def logit(alpha: float) -> float:
    return math.log(alpha / (1 - alpha))
