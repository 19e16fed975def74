"""funreason_trl: teach open models to call functions, with TRL.

`SRMLTrainer` in place of `SFTTrainer` is the method; the rest brings rows in and results out. Names are imported on
first use, so that `funreason --help` does not wait for torch.
"""

from importlib import import_module
from typing import TYPE_CHECKING


if TYPE_CHECKING:
    from .calls import Call, CallSyntaxError, parse_calls, render_calls
    from .srml import SRMLConfig, SRMLTrainer
    from .tools import validate_call

__version__ = "0.1.0.dev0"

_HOME = {
    "Call": ".calls",
    "CallSyntaxError": ".calls",
    "parse_calls": ".calls",
    "render_calls": ".calls",
    "validate_call": ".tools",
    "SRMLConfig": ".srml",
    "SRMLTrainer": ".srml",
}

__all__ = [
    "Call",
    "CallSyntaxError",
    "SRMLConfig",
    "SRMLTrainer",
    "parse_calls",
    "render_calls",
    "validate_call",
]


def __getattr__(name: str):
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOME[name], __name__), name)
