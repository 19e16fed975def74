"""`SRMLConfig`: everything `SFTConfig` has, and how thinking is weighed against the result."""

import copy
import math
import sys
from dataclasses import dataclass, field, fields
from numbers import Real
from typing import Any

from transformers import TrainingArguments
from trl import SFTConfig

from .segments import ThinkTags


BALANCES = ("fixed", "learned", "token")


@dataclass
class SRMLConfig(SFTConfig):
    r"""
    Configuration class for the [`SRMLTrainer`].

    This class includes only the parameters that are specific to the multiscale loss
    `alpha * L_think + beta * L_result`, where each `L` is a mean over its own tokens (FunReason, arXiv 2505.20192).
    For all others see [`~trl.SFTConfig`].

    Parameters:
        balance (`str`, *optional*, defaults to `"fixed"`):
            What sets alpha and beta:

            - `"fixed"`: `think_weight` and `result_weight` (FunReason).
            - `"learned"`: alpha is a sigmoid that follows the gradient of the loss, beta is 1 - alpha (the SSB loss of
              BalanceSFT).
            - `"token"`: every trained token counts the same; this is the loss of [`~trl.SFTTrainer`].
        think_weight (`float`, *optional*, defaults to `0.5`):
            alpha, with `balance="fixed"`.
        result_weight (`float`, *optional*, defaults to `0.5`):
            beta, with `balance="fixed"`.
        alpha_init (`float`, *optional*, defaults to `0.5`):
            alpha at the first step, with `balance="learned"`.
        alpha_learning_rate (`float`, *optional*, defaults to `0.05`):
            Step size of the logit of alpha per optimizer step, with `balance="learned"`.
        alpha_min (`float`, *optional*, defaults to `0.1`):
            Lower bound of alpha, with `balance="learned"`. Bounds are needed: without them the smaller of the two
            losses would win all the weight in time.
        alpha_max (`float`, *optional*, defaults to `0.9`):
            Upper bound of alpha, with `balance="learned"`.
        think_start_tag (`str`, *optional*, defaults to `"<think>"`):
            String that opens the thinking in the training text.
        think_end_tag (`str`, *optional*, defaults to `"</think>"`):
            String that closes it.
    """

    balance: str = field(
        default="fixed",
        metadata={
            "help": "What sets alpha and beta: 'fixed' (`think_weight`, `result_weight`), 'learned' (alpha follows the "
            "gradient of the loss, beta = 1 - alpha) or 'token' (every trained token counts the same: plain SFT).",
            "choices": list(BALANCES),
        },
    )
    think_weight: float = field(
        default=0.5, metadata={"help": "Weight of the mean loss of the thinking, with balance='fixed'."}
    )
    result_weight: float = field(
        default=0.5, metadata={"help": "Weight of the mean loss of the result, with balance='fixed'."}
    )
    alpha_init: float = field(default=0.5, metadata={"help": "alpha at the first step, with balance='learned'."})
    alpha_learning_rate: float = field(
        default=0.05,
        metadata={"help": "Step size of the logit of alpha per optimizer step, with balance='learned'."},
    )
    alpha_min: float = field(default=0.1, metadata={"help": "Lower bound of alpha, with balance='learned'."})
    alpha_max: float = field(default=0.9, metadata={"help": "Upper bound of alpha, with balance='learned'."})
    think_start_tag: str = field(
        default="<think>", metadata={"help": "String that opens the thinking in the training text."}
    )
    think_end_tag: str = field(default="</think>", metadata={"help": "String that closes the thinking."})

    def __post_init__(self):
        # `TrainingArguments` takes only what ends with "loss" for a loss, and would keep the worst model.
        if self.greater_is_better is None and "loss/" in (self.metric_for_best_model or ""):  # type: ignore[has-type]
            self.greater_is_better = False
        super().__post_init__()
        self._check_balance()
        self._check_tags()
        self._check_loss()

    def __getstate__(self) -> dict[str, Any]:
        # `Trainer` writes its arguments into every folder that it saves, and pushes that file with the model.
        return {**vars(self), "hub_token": None}

    def __copy__(self) -> "SRMLConfig":
        """With the token: the copy stays in this process."""
        copied = object.__new__(type(self))
        copied.__dict__.update(vars(self))
        return copied

    def __deepcopy__(self, memo: dict[int, Any]) -> "SRMLConfig":
        copied = memo[id(self)] = object.__new__(type(self))
        copied.__dict__.update(copy.deepcopy(vars(self), memo))
        return copied

    @classmethod
    def of(cls, args: TrainingArguments) -> "SRMLConfig":
        """
        The configuration of a plain one, with our own fields at their defaults.

        Args:
            args ([`~transformers.TrainingArguments`] or [`~trl.SFTConfig`]): Left as it is.
        """
        own = {field.name for field in fields(cls) if field.init}  # a class of the user's may have others
        values = {name: copy.deepcopy(value) for name, value in vars(args).items() if name in own}
        if "loss/" in (args.metric_for_best_model or ""):
            values["greater_is_better"] = None  # which a plain one made True
        return cls(**values)

    @property
    def think_tags(self) -> ThinkTags:
        return ThinkTags(self.think_start_tag, self.think_end_tag)

    def _check_balance(self) -> None:
        if self.balance not in BALANCES:
            raise ValueError(f"`balance` is {self.balance!r}; set it to one of {', '.join(map(repr, BALANCES))}.")
        self._check_numbers()
        for name, weight in (("think_weight", self.think_weight), ("result_weight", self.result_weight)):
            if not (math.isfinite(weight) and weight >= 0):
                raise ValueError(f"`{name}` is {weight}; set it to a finite number that is not negative.")
        if self.think_weight == self.result_weight == 0:
            raise ValueError("`think_weight` and `result_weight` are both 0, so nothing would be learned; raise one.")
        if not 0 < self.alpha_min <= self.alpha_init <= self.alpha_max < 1:
            raise ValueError(
                f"`alpha_min`, `alpha_init`, `alpha_max` are {self.alpha_min}, {self.alpha_init}, {self.alpha_max}; "
                "set them so that 0 < alpha_min <= alpha_init <= alpha_max < 1."
            )
        if not (math.isfinite(self.alpha_learning_rate) and self.alpha_learning_rate >= 0):
            raise ValueError(
                f"`alpha_learning_rate` is {self.alpha_learning_rate}; set it to a finite number that is not negative."
            )

    def _check_numbers(self) -> None:
        names = ("think_weight", "result_weight", "alpha_init", "alpha_min", "alpha_max", "alpha_learning_rate")
        for name in names:
            value = vars(self)[name]
            if not isinstance(value, Real) or isinstance(value, bool):
                raise ValueError(f"`{name}` is {value!r}; set it to a number.")
            if isinstance(value, int) and abs(value) > sys.float_info.max:
                raise ValueError(f"`{name}` is a number of {value.bit_length()} bits; set it to a finite number.")

    def _check_tags(self) -> None:
        for name, tag in (("think_start_tag", self.think_start_tag), ("think_end_tag", self.think_end_tag)):
            if not isinstance(tag, str) or not tag.strip():
                raise ValueError(f"`{name}` is {tag!r}; set it to the tag that the training text uses.")
        if self.think_start_tag == self.think_end_tag:
            raise ValueError(
                f"`think_start_tag` and `think_end_tag` are both {self.think_start_tag!r}; two different tags are "
                "needed to tell where the thinking ends."
            )
        if self.think_start_tag in self.think_end_tag or self.think_end_tag in self.think_start_tag:
            raise ValueError(
                f"`think_start_tag` and `think_end_tag` are {self.think_start_tag!r} and {self.think_end_tag!r}, of which "
                "one holds the other, so each of the one would be taken for the other too; set them to the whole tags, "
                "such as '<think>' and '</think>'."
            )

    def _check_loss(self) -> None:
        if self.use_liger_kernel:
            raise ValueError(
                "`use_liger_kernel` is True, but Liger's loss returns no loss per token to weigh; set it to False. "
                "The trainer's own fused head does not build the logits either."
            )
        if self.label_smoothing_factor != 0:
            raise ValueError(
                f"`label_smoothing_factor` is {self.label_smoothing_factor}, but smoothing has no loss per segment; "
                "set it to 0."
            )
        if self.loss_type != "nll" and self.balance != "token":
            raise ValueError(
                f"`loss_type` is {self.loss_type!r} with balance={self.balance!r}: two weightings of the same tokens. "
                "Set loss_type='nll', or balance='token'."
            )
