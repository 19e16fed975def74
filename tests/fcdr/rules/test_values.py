"""Where a value can come from: generous, but not endlessly so."""

import pytest

from funreason_trl.fcdr.rules.values import SourceText, leaves, literal_kind, occurs


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1500000, "1.5 million"),
        (1500, "1,500 crowns"),
        (0.05, "five per cent, 5%"),
        (3, "three"),
        (12.5, "12.50"),
        (123, "1,123,4"),
        (46.603354, "at 46.603354,1.888334"),
        ("24.12", "on Christmas Eve"),
        ("AAPL", "shares of Apple"),
        ("Beijing, China", "请问北京的当前天气状况如何"),
        ("weekly", "раз в неделю"),
        (True, ""),
        (None, ""),
        ("", ""),
        ("drop_off", "Drop-off at the station"),
        ("New York", "in new  york"),
        ("NYC", "New York"),
        ("en", "English"),
        ("cancelled", "Cancel it"),
        ("2025-03-14", "tomorrow"),
        ("14:30", "half past two"),
        ("PT30M", "half an hour"),
        ("20250314T0930Z", "soon"),
        (20250314, "soon"),
        ("100", "100"),
        (10**40, ""),
    ],
)
def test_what_may_have_been_derived_occurs(value, text):
    assert occurs(value, SourceText(text))


@pytest.mark.parametrize(
    "value",
    [
        48211,
        0.98531,
        675.5,
        "48211",
        "675.0",
        "Lima",
        "Ouagadougou",
        "p4yktl9a",
        "anna@example.org",
        "https://nowhere.example",
        "host123",
    ],
)
def test_what_is_nowhere_does_not(value):
    assert not occurs(value, SourceText("Please book the hotel in Rome for 2 nights, room 12."))


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        ("a.b@c.example", "email"),
        ("www.example.org/x", "link"),
        ("CA7527U", "identifier"),
        ("98765432101", "long_number"),
        (98765432101, "long_number"),
        ("10000000000", ""),
        ("2025-03-14", ""),
        ("1920x1080", ""),
        ("Oslo", ""),
        (True, ""),
        (3.25, ""),
        (None, ""),
    ],
)
def test_kinds_of_literals(value, kind):
    assert literal_kind(value) == kind


def test_leaves_are_found_at_every_depth_and_bounded():
    assert sorted(leaves({"a": [1, {"b": 2}], "c": 3})) == [("a", 1), ("a", 2), ("c", 3)]
    assert len(list(leaves({"a": list(range(10_000)), "b": 1}))) == 200
