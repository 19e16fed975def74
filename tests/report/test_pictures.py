"""Pins that pictures are sound SVG which needs nothing from outside, and the numbers of the funnel's flow."""

import math
import re
from xml.etree import ElementTree

import pytest

from funreason_trl.report.drawing import _NAMES
from funreason_trl.report.flow import flow_picture, read_flow
from funreason_trl.report.lengths import Lengths, spread
from funreason_trl.report.pictures import (
    POINTS,
    Curve,
    Points,
    accuracies_picture,
    curves_picture,
    lengths_picture,
    thinned,
)
from funreason_trl.report.scores import Score

from .files import FUNNEL


HOSTILE = "$\\frac{1}{0}$ <script>alert(1)</script> \x00 ]]> \u202e & 東京"
SCORE = Score(0.5, 0.4, 0.6, 100)
PICTURES = {
    "curves": lambda: curves_picture(HOSTILE, [Curve(0, HOSTILE, [1, 2], [3.0, 2.0]), Curve(1, "b", [2], [1.0])], [1]),
    "shares": lambda: curves_picture("t", [Curve(0, "a", [1, 2], [0.5, 0.6])], share=True),
    "one point": lambda: curves_picture("t", [Curve(7, "a", [1], [0.0], dots=True)]),
    "lengths": lambda: lengths_picture(
        "t", [Lengths(HOSTILE, [0, 1, 2], [5, 5, 5]), Lengths("one", [7], [7], 9)], "think"
    ),
    "accuracies": lambda: accuracies_picture(
        "t",
        ["multiple", HOSTILE],
        [Points(0, HOSTILE, {"multiple": SCORE}), Points(0, "p", {HOSTILE: SCORE}, True)],
    ),
    "flow": lambda: flow_picture("t", read_flow({HOSTILE: FUNNEL["response"], **FUNNEL}, 96)),
    "nothing flows": lambda: flow_picture("t", read_flow({"response": {"verdicts": {}, "reasons": {}}}, 0)),
}


# Other tests' garbage may warn of itself at any time.
@pytest.mark.filterwarnings("error", "ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("name", PICTURES)
def test_a_picture_is_sound(name):
    text = PICTURES[name]()
    root = ElementTree.fromstring(text.replace("xlink:", ""))  # HTML needs no declaration of the prefix
    assert root.attrib["role"] == "img" and root.attrib["aria-label"]
    assert root[0].tag == "title" and root[0].text
    ids = re.findall(r'\bid="([^"]*)"', text)
    assert len(ids) == len(set(ids))
    used = re.findall(r'href="([^"]*)"|url\(([^)]*)\)', text)
    assert all((one or two).removeprefix("#") in ids for one, two in used)
    assert "<script" not in text and "http" not in text and "\x00" not in text
    assert not any(color in text for color in _NAMES)
    assert "DejaVu" not in text


def test_ids_of_two_pictures_differ():
    first, second = (set(re.findall(r'\bid="([^"]*)"', PICTURES["shares"]())) for _ in range(2))
    assert first and not first & second


def test_what_is_seen_is_said():
    text = PICTURES["accuracies"]()
    assert "multiple 50.0%" in re.search('aria-label="([^"]*)"', text)[1]


def test_where_nobody_thinks_the_axis_is_still_one_of_characters():
    text = lengths_picture("t", [Lengths("a", [0, 0], [5, 5])], "think")
    assert ">10<" in text


def test_a_long_run_is_thinned_and_smoothed():
    steps = [float(step) for step in range(10_000)]
    values = [1.0 + (-1) ** step for step in range(10_000)]
    values[17] = math.nan
    few, means, smooth = thinned(steps, values)
    assert len(few) == len(means) == len(smooth) <= POINTS
    assert few[-1] == 9_999
    assert smooth[100] == pytest.approx(1.0, abs=0.05)


def test_a_short_run_is_drawn_as_it_is():
    assert thinned([1, 2, 3], [3, 1, 2]) == ([1, 2, 3], [3, 1, 2], [3, 1, 2])


def test_spread():
    found = spread(list(range(101)))
    assert (found.median, found.mean, found.low, found.lower, found.upper, found.high) == (50, 50, 5, 25, 75, 95)
    assert spread([7]).low == spread([7]).high == 7


def test_answers_without_calls_flow_past_the_stages_that_look_at_calls():
    steps = read_flow(FUNNEL, 80)
    assert [(step.came, step.stayed) for step in steps] == [(80, 64), (64, 64), (64, 54), (54, 46), (46, 46)]
    assert steps[3].left == {"regenerate": 7, "error": 1}
    text = flow_picture("Funnel", steps)
    assert "46 accepted (57%)" in text and "7 hard" in text and "1 not judged" in text
