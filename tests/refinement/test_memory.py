"""Ten rounds leave behind what one leaves: the pool, a line, and nothing that grows."""

import gc
import os
import threading
from collections import Counter

from transformers import TrainerCallback

from funreason_trl.fcdr.pipeline import Inspected
from funreason_trl.refinement import RefinementCallback
from funreason_trl.refinement.pool import RefinedRow
from funreason_trl.refinement.rollouts import Answered
from funreason_trl.refinement.rounds import Round

from .scripted import ScriptedGenerator, gold_text, small_config
from .short import ROWS, short_trainer, use_generator


class Census(TrainerCallback):
    """Counts, before each epoch, live objects by type, open files and threads."""

    def __init__(self):
        self.counts: list[Counter] = []

    def on_epoch_begin(self, args, state, control, **kwargs):
        gc.collect()
        found = Counter(
            type(thing).__name__ for thing in gc.get_objects() if str(type(thing).__module__).split(".")[0] in OURS
        )
        found["open files"] = len(os.listdir("/proc/self/fd"))
        found["threads"] = threading.active_count()
        self.counts.append(found)


OURS = ("funreason_trl", "datasets", "concurrent", "sqlite3", "tqdm", "asyncio")


def test_ten_rounds_keep_no_more_than_one(tmp_path, monkeypatch):
    use_generator(monkeypatch.setattr, lambda model: ScriptedGenerator(lambda messages, _: gold_text(messages, ROWS)))
    callback, census = RefinementCallback(small_config()), Census()
    short_trainer(tmp_path, callback, rows=ROWS[:4], callbacks=[census], num_train_epochs=11).train()
    assert len(callback.rounds) == 10
    after_two, after_ten = census.counts[2], census.counts[10]
    for kind in (Inspected, Answered, Round, RefinedRow):
        assert after_ten[kind.__name__] == after_two[kind.__name__]  # other tests may hold some
    grown = {name: (after_two[name], count) for name, count in after_ten.items() if count > after_two[name]}
    assert not grown
