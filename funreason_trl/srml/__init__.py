"""The loss: `SFTTrainer` with thinking weighed against the result.

config        what the user sets
checks        datasets and settings  -> refused, or trained with a warning
turns         conversations          -> which tokens are the assistant's, where a template doesn't tell
segments      trained tokens         -> thinking or result
preparation   tokenized rows         -> batches that carry segments
balance       tokens and losses      -> alpha and beta
trainer       all of these           -> the loss

Beside the loss: `recording` and `pushing` write what lies beside the model, `quantization` keeps 4-bit models whole, and
`attached` is what a callback must be to work on the trainer.
"""

from .config import SRMLConfig
from .preparation import SegmentCollator
from .trainer import SRMLTrainer


__all__ = ["SRMLConfig", "SRMLTrainer", "SegmentCollator"]
