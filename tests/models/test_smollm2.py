"""Pins that the default model is made once, however many ranks ask for it at the same time."""

from contextlib import suppress
from functools import partial
from threading import Barrier, BrokenBarrierError, Thread

from huggingface_hub import cached_assets_path

from funreason_trl.models import smollm2


def test_ranks_that_start_together_make_the_model_once(monkeypatch, tmp_path):
    both_make, made, found = Barrier(2), [], []

    def make(folder):
        made.append(folder)
        with suppress(BrokenBarrierError):
            both_make.wait(timeout=1)  # until the other one is here as well, which it must not be
        folder.mkdir(exist_ok=True)
        (folder / smollm2.FINISHED).touch()

    monkeypatch.setattr(smollm2, "cached_assets_path", partial(cached_assets_path, assets_dir=tmp_path))
    monkeypatch.setattr(smollm2, "_check_gguf", lambda: None)
    monkeypatch.setattr(smollm2, "_make", make)
    ranks = [Thread(target=lambda: found.append(smollm2.smollm2_path())) for _ in range(2)]
    for rank in ranks:
        rank.start()
    for rank in ranks:
        rank.join(timeout=60)
    assert len(made) == 1
    assert found == made * 2
    assert (found[0] / smollm2.FINISHED).is_file()
