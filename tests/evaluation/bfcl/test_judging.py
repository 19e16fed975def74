"""Whole runs: results of both kinds become judgements, and nothing goes unjudged in silence."""

import pytest

from funreason_trl.evaluation.bfcl.data import BfclDataError
from funreason_trl.evaluation.bfcl.judging import judge_results, verdicts_of
from funreason_trl.evaluation.bfcl.results import BfclResult
from funreason_trl.evaluation.bfcl.rows import BfclRow
from tests.evaluation.bfcl.files import DISTANCE, DISTANCE_ANSWER


ASK = [{"role": "user", "content": "How far?"}]
CALL = BfclRow("multiple_0", "multiple", ASK, [DISTANCE], [DISTANCE_ANSWER])
SILENT = BfclRow("irrelevance_0", "irrelevance", ASK, [DISTANCE])
CALLING = BfclRow("live_relevance_0", "live_relevance", ASK, [DISTANCE])
RIGHT = '{"start": "oslo", "end": "Bergen, Norway"}'


def right(row: BfclRow, result) -> bool:
    judgements = judge_results([row], {row.category: {row.id: BfclResult(row.id, result)}})
    return verdicts_of(judgements)[row.category][row.id]


@pytest.mark.parametrize(
    ("row", "result", "expected"),
    [
        (CALL, "[geo.distance(start='Oslo', end='Bergen')]", True),
        (CALL, "geo_distance(start='Oslo', end='Bergen')", False),  # underscores are for native names
        (CALL, [{"geo_distance": RIGHT}], True),
        (CALL, [{"geo_distance": {"start": "Oslo", "end": "Bergen", "unit": "km"}}], True),
        (CALL, [{"geo.distance": RIGHT}], False),
        (CALL, [{"geo_distance": '{"start": "Oslo"}'}], False),
        (CALL, [{"geo_distance": "{"}], False),
        (CALL, [{"geo_distance": "[]"}], False),
        (CALL, [{"geo_distance": "[" * 100_000}], False),
        (CALL, [{}], False),
        (CALL, ["geo_distance"], False),
        (CALL, [], False),
        (CALL, "", False),
        (SILENT, "", True),
        (SILENT, "I can't sing.", True),
        (SILENT, "[]", True),
        (SILENT, [], True),
        (SILENT, "[geo.distance(start='Oslo')]", False),
        (SILENT, [{"geo_distance": RIGHT}], False),
        (SILENT, [{"geo_distance": "{"}], True),  # the official tool can't decode it, so nothing was called
        (CALLING, "[anything()]", True),
        (CALLING, [{"geo_distance": RIGHT}], True),
        (CALLING, "Hm.", False),
        (CALLING, [], False),
    ],
)
def test_results_of_both_kinds(row, result, expected):
    assert right(row, result) is expected


def test_rows_without_a_result_are_left_out_and_results_without_a_row_refused():
    other = BfclRow("multiple_1", "multiple", ASK, [DISTANCE], [DISTANCE_ANSWER])
    results = {"multiple": {"multiple_1": BfclResult("multiple_1", "[]")}}
    assert verdicts_of(judge_results([CALL, other, SILENT], results)) == {"multiple": {"multiple_1": False}}
    with pytest.raises(BfclDataError, match="no question has the id 'multiple_1'"):
        judge_results([CALL], results)
