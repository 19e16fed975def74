"""Pushes a dataset and a model, fails to push elsewhere, and loads both: a process that knows the Hub by its environment alone.

In: the folders of the dataset, of the model, and for a download. Out: the number of rows that loaded, as the last line; all that the libraries log.
"""

import logging
import sys
from pathlib import Path

from datasets import load_dataset

from funreason_trl.hub import HubError, push_dataset
from funreason_trl.scripts.download import main as download
from funreason_trl.scripts.push import main as push


logging.basicConfig(level=logging.DEBUG)
push(["--model", sys.argv[2], "--repo", "alice/caller", "--private", "--tag", "v1"])
download(["--model", "alice/caller", "--revision", "v1", "--output", sys.argv[3]])
print(push_dataset(Path(sys.argv[1]), "alice/calls", private=True))
try:
    push_dataset(Path(sys.argv[1]), "bob/calls")
except HubError:
    logging.exception("as it should be")
streamed = list(load_dataset("alice/calls", split="train", streaming=True))
loaded = load_dataset("alice/calls", split="train")
assert list(loaded) == streamed
print(len(loaded))
