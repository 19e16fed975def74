"""Settings of the trainer's tests, which make them ten times as fast."""

import gc
import os


os.environ["OMP_NUM_THREADS"] = "1"  # for the processes that tests start

import pytest
import torch


@pytest.fixture(autouse=True, scope="session")
def fast_short_runs():
    # Threads that wait for each other on shared cores cost far more than tiny tensors.
    torch.set_num_threads(1)
    # `Trainer.train` collects garbage first; what the imports left need not be searched each time.
    gc.collect()
    gc.freeze()
