"""Settings of the trainer's tests: one thread, as tiny tensors on shared cores are a hundred times slower on two."""

import os


os.environ["OMP_NUM_THREADS"] = "1"  # for the processes that tests start

import pytest
import torch


@pytest.fixture(autouse=True, scope="session")
def one_thread():
    torch.set_num_threads(1)
