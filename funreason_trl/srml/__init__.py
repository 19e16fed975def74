"""The loss: `SFTTrainer` with thinking weighed against the result.

`config` says how, `segments` finds which token is which, `preparation` carries that to the batch, `balance` sets the
weights and `trainer` puts them into the loss.
"""

from .config import SRMLConfig
from .preparation import SegmentCollator
from .trainer import SRMLTrainer


__all__ = ["SRMLConfig", "SRMLTrainer", "SegmentCollator"]
