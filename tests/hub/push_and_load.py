"""Pushes a dataset, fails to push it elsewhere, and loads it: a process that knows the Hub by its environment alone.

In: the dataset's folder as argument. Out: the number of rows that loaded, as the last line; all that the libraries log.
"""

import logging
import sys
from pathlib import Path

from datasets import load_dataset

from funreason_trl.hub import HubError, push_dataset


logging.basicConfig(level=logging.DEBUG)
print(push_dataset(Path(sys.argv[1]), "alice/calls", private=True))
try:
    push_dataset(Path(sys.argv[1]), "bob/calls")
except HubError:
    logging.exception("as it should be")
streamed = list(load_dataset("alice/calls", split="train", streaming=True))
loaded = load_dataset("alice/calls", split="train")
assert list(loaded) == streamed
print(len(loaded))
