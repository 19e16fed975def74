"""Pins the batches: each label with its segment, padded and without padding."""

import pytest

from funreason_trl.srml import SegmentCollator
from funreason_trl.srml.segments import NONE, RESULT, THINK
from tests.srml.training import build_trainer


@pytest.mark.parametrize("padding_free", [False, True])
@pytest.mark.parametrize("multiple", [None, 8])
def test_a_batch_has_the_segment_of_each_label(padding_free, multiple):
    rows = [
        {"input_ids": [7, 8, 9], "labels": [7, 8, -100], "segments": [RESULT, THINK, NONE]},
        {"input_ids": [5, 6], "labels": [5, 6], "segments": [THINK, RESULT]},
    ]
    collator = SegmentCollator(pad_token_id=0, padding_free=padding_free, pad_to_multiple_of=multiple)
    batch = collator(rows)
    # Without padding, the first token of a sequence is not predicted.
    expected = [[0, 1, 0, 0, 2]] if padding_free else [[2, 1, 0], [1, 2, 0]]
    width = multiple or len(expected[0])
    assert batch["segments"].tolist() == [row + [0] * (width - len(row)) for row in expected]
    assert batch["segments"].shape == batch["input_ids"].shape == batch["labels"].shape
    assert ((batch["labels"] != -100) == (batch["segments"] != NONE)).all()
    assert ("rows" in batch) == padding_free
    if padding_free:
        assert batch["rows"].tolist() == [[0, 0, 0, 1, 1] + [0] * (width - 5)]


def test_a_row_without_segments_is_refused_by_its_columns():
    with pytest.raises(ValueError, match="no `segments`, only input_ids, labels"):
        SegmentCollator(pad_token_id=0)([{"input_ids": [7, 8], "labels": [7, 8]}])


def test_a_collator_of_ones_own_is_kept():
    collator = SegmentCollator(pad_token_id=0, pad_to_multiple_of=64)
    trainer = build_trainer(arguments={"data_collator": collator})
    assert trainer.data_collator is collator
