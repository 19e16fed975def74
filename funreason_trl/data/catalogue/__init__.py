"""The tools that the embedded sample draws on, by split.

In: the catalogue modules of this folder, each a few domains with their tools, query templates and value makers.
Out: `TOOLS`, the tools of each split (no name is in both), `CONTEXT`, opening sentences by domain, and `CLASHES`, pairs
of tools that could both serve one wish and are therefore never listed together.
"""

from . import desk, errands, heldout_known, heldout_new, living, office, outdoors
from .spec import Tool


TRAIN = (outdoors, office, living, desk, errands)
HELDOUT = (heldout_known, heldout_new)
TOOLS: dict[str, tuple[Tool, ...]] = {
    "train": tuple(tool for module in TRAIN for tool in module.TOOLS),
    "heldout": tuple(tool for module in HELDOUT for tool in module.TOOLS),
}
CONTEXT: dict[str, tuple[str, ...]] = {
    domain: sentences for module in (*TRAIN, heldout_new) for domain, sentences in module.CONTEXT.items()
}
CLASHES: tuple[set[str], ...] = ({"set_reminder", "calendar.create_event"},)
