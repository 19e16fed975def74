"""Self-refinement: between epochs the model answers queries itself, and trains on those answers that pass inspection.

`config` says how often and how much, `prompts` what is asked, `rollouts` has the model answer, `rounds` has FCDR inspect
the answers, `pool` is what the next epoch is drawn from, `record` writes down what happened, and `callback` does it all
within a trainer.
"""

from .callback import RefinementCallback
from .config import RefinementConfig


__all__ = ["RefinementCallback", "RefinementConfig"]
