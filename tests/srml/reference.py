"""The multiscale loss in float64, written from its formula and nothing of the package.

In: rows as text with the segment of every character. Out: losses, weights and parameters after each step.
"""

import copy
import math
from dataclasses import dataclass

import torch
from torch import nn
from transformers import PreTrainedModel, PreTrainedTokenizerFast


NONE, THINK, RESULT = 0, 1, 2


@dataclass
class ReferenceRow:
    input_ids: list[int]
    segments: list[int]


@dataclass
class ReferenceStep:
    """What one optimizer step logs; a loss is `None` where the step has no token of its segment."""

    loss: float
    think_loss: float | None
    result_loss: float | None
    think_share: float
    alpha: float
    beta: float

    def differences(self, log: dict, prefix: str = "") -> dict[str, float]:
        """Relative difference of each value from a log's."""
        pairs = {
            "loss": self.loss,
            "loss/think": self.think_loss,
            "loss/result": self.result_loss,
            "tokens/think_share": self.think_share,
            "alpha": self.alpha,
            "beta": self.beta,
        }
        missing = {name for name, value in pairs.items() if value is None}
        assert missing.isdisjoint(name.removeprefix(prefix) for name in log)
        return {
            name: abs(log[prefix + name] - value) / max(abs(value), 1e-9)
            for name, value in pairs.items()
            if value is not None
        }


def reference_rows(rows: list[dict], tokenizer: PreTrainedTokenizerFast) -> list[ReferenceRow]:
    """Rows of `tests.tiny.tiny_rows`: a prompt, and a completion of which what stands before `</think>` is thought."""
    converted = []
    for row in rows:
        prompt = tokenizer.apply_chat_template(row["prompt"], tokenize=False, add_generation_prompt=True)
        answer = row["completion"][0]["content"]
        text = prompt + answer + "<|im_end|>\n"
        thought_end = len(prompt) + (answer.rindex("</think>") + len("</think>") if "</think>" in answer else 0)
        encoded = tokenizer(text, return_offsets_mapping=True)
        segments = []
        for first, _ in encoded["offset_mapping"]:
            segments.append(NONE if first < len(prompt) else THINK if first < thought_end else RESULT)
        converted.append(ReferenceRow(encoded["input_ids"], segments))
    return converted


class RMSNorm64(nn.Module):
    """Llama's norm, without its detour over float32."""

    def __init__(self, norm: nn.Module):
        super().__init__()
        self.weight, self.epsilon = norm.weight, norm.variance_epsilon

    def forward(self, hidden: torch.Tensor) -> torch.Tensor:
        return self.weight * hidden / (hidden.pow(2).mean(-1, keepdim=True) + self.epsilon).sqrt()


class ReferenceTraining:
    """Plain SGD on the multiscale loss, with a float64 copy of `model`."""

    def __init__(self, model: PreTrainedModel, balance: dict, learning_rate: float):
        self.model = copy.deepcopy(model).double().train()
        for name, module in list(self.model.named_modules()):
            if type(module).__name__ == "LlamaRMSNorm":
                parent, _, child = name.rpartition(".")
                setattr(self.model.get_submodule(parent), child, RMSNorm64(module))
        self.balance = balance
        self.learning_rate = learning_rate
        alpha = balance.get("alpha_init", 0.5)
        self.theta = math.log(alpha / (1 - alpha))

    def token_losses(self, rows: list[ReferenceRow]) -> tuple[torch.Tensor, torch.Tensor]:
        """`-log p` of each think and of each result token, from the full logits of one row at a time."""
        losses: dict[int, list[torch.Tensor]] = {NONE: [], THINK: [], RESULT: []}
        for row in rows:
            log_probs = self.model(torch.tensor([row.input_ids])).logits[0].log_softmax(-1)
            for position in range(1, len(row.input_ids)):
                token_loss = -log_probs[position - 1, row.input_ids[position]]
                losses[row.segments[position]].append(token_loss)
        return tuple(torch.stack(losses[s]) if losses[s] else torch.zeros(0) for s in (THINK, RESULT))

    def measure(self, rows: list[ReferenceRow]) -> tuple[torch.Tensor, ReferenceStep]:
        think, result = self.token_losses(rows)
        if self.balance["balance"] == "fixed":
            alpha, beta = self.balance["think_weight"], self.balance["result_weight"]
        elif self.balance["balance"] == "learned":
            alpha = 1 / (1 + math.exp(-self.theta))
            beta = 1 - alpha
        else:
            alpha, beta = (len(part) / (len(think) + len(result)) for part in (think, result))
        parts = [(weight, part) for weight, part in ((alpha, think), (beta, result)) if len(part)]
        loss = sum(weight * part.mean() for weight, part in parts)
        think_loss, result_loss = (part.mean().item() if len(part) else None for part in (think, result))
        share = len(think) / (len(think) + len(result))
        return loss, ReferenceStep(loss.item(), think_loss, result_loss, share, alpha, beta)

    def step(self, rows: list[ReferenceRow]) -> ReferenceStep:
        loss, measured = self.measure(rows)
        self.model.zero_grad()
        loss.backward()
        with torch.no_grad():
            for parameter in self.model.parameters():
                if parameter.grad is not None:
                    parameter -= self.learning_rate * parameter.grad
        if self.balance["balance"] == "learned" and None not in (measured.think_loss, measured.result_loss):
            # d/dtheta of sigmoid(theta) * L_think + (1 - sigmoid(theta)) * L_result
            slope = measured.alpha * (1 - measured.alpha) * (measured.think_loss - measured.result_loss)
            moved = self.theta - self.balance["alpha_learning_rate"] * slope
            low, high = (math.log(bound / (1 - bound)) for bound in (0.1, 0.9))
            self.theta = min(max(moved, low), high)
        return measured
