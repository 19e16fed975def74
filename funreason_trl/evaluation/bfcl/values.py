"""Whether one value is right: its type, its items' type, and whether it equals one of the accepted values.

In: a value as decoded (for Java and JavaScript: as converted), the accepted values, Python types. Out:
[`value_mistake`]. All rules are those of bfcl-eval; a schema or an accepted value of a shape for which it has no rule
makes it stop with an error, and makes these functions raise `KeyError`, `TypeError` or `AttributeError`.
"""

from typing import Any


WRONG_TYPE, WRONG_ITEM_TYPE, WRONG_VALUE = "wrong_type", "wrong_item_type", "wrong_value"

_DROPPED = str.maketrans("", "", " ,./-_*^")


def value_mistake(value: Any, accepted: list[Any], expected: type, item_type: type | None) -> str:
    """
    The kind of mistake in an argument, empty if it is right.

    The first accepted value that isn't `""` may be of another type than the schema says. Then that type is right as
    well, and values are compared as they are: for an integer parameter that accepts `["n"]`, `"n"`: right, `"N"`:
    wrong.

    Args:
        value (`Any`): The argument.
        accepted (`list`): Accepted values; `""` says that the parameter may be left out.
        expected (`type`): What the schema's type is in Python.
        item_type (`type`, *optional*): The same for the items of a list; `None` for everything else.
    """
    given, first_type = type(value), _first_type(accepted)
    if given is expected:
        if item_type is not None and not _items_fit(value, accepted, item_type):
            return WRONG_ITEM_TYPE
        other_type = first_type is not None and first_type is not expected
    elif given is first_type:
        other_type = True
    else:
        return WRONG_TYPE
    if other_type:
        right = value in accepted
    elif expected is str:
        right = _is_accepted_string(value, accepted)
    elif expected is dict:
        right = _is_accepted_dict(value, accepted)
    elif expected is list:
        right = _are_accepted_dicts(value, accepted) if item_type is dict else _is_accepted_list(value, accepted)
    else:
        right = value in accepted
    return "" if right else WRONG_VALUE


def normalise_string(text: str) -> str:
    """Case, spaces, `,./-_*^` and the kind of quote don't matter. `"April 1, 2024"` for `"april_1 2024"`: right."""
    return text.translate(_DROPPED).lower().replace("'", '"')


def _first_type(accepted: list[Any]) -> type | None:
    """`["", 5]`: `int`. `[""]`: `None`, and any value of the schema's type goes on to be compared."""
    for option in accepted:
        if option != "":
            return type(option)
    return None


def _items_fit(items: list[Any], accepted: list[Any], item_type: type) -> bool:
    """
    Whether every item has the items' type, or that of the first item of one accepted list.

    One level deep, and exactly: for an array of float that accepts `[[2.0]]`, `[2]`: wrong; for one that accepts
    `[[2]]`, `[2]`: right. An accepted value that is no list, such as `""`, lets items of any type through.
    """
    for option in accepted:
        if type(option) is not list:
            return True
        first_type = _first_type(option)
        if all(type(item) is item_type or type(item) is first_type for item in items):
            return True
    return False


def _is_accepted_string(text: str, accepted: list[Any]) -> bool:
    """`"New York"` for `["new-york"]`: right. `""` where `""` is accepted: right."""
    if text in accepted:
        return True
    normalised = normalise_string(text)
    return any(type(option) is str and normalise_string(option) == normalised for option in accepted)


def _normalise_items(items: Any) -> list[Any]:
    """Strings in a list are normalised, those in its inner lists are not: `["A-b", ["C"]]`: `["ab", ["C"]]`."""
    return [normalise_string(items[i]) if type(items[i]) is str else items[i] for i in range(len(items))]


def _is_accepted_list(items: list[Any], accepted: list[Any]) -> bool:
    """
    `["a", "B"]` for `[["A", "b"]]`: right; `["b", "a"]`: wrong, order counts.

    An accepted `""` is taken for an empty list, so `[]` for an array that may be left out: right.
    """
    options = [_normalise_items(option) for option in accepted]
    return _normalise_items(items) in options


def _is_accepted_dict(given: dict[Any, Any], accepted: list[Any]) -> bool:
    """
    `{"k": "A"}` for `[{"k": ["a", "b"]}]`: right. `{}` for `[{"k": ["a", ""]}]`: right, `""` lets a key be left out.

    A value that is a dict or list itself must equal one of the accepted ones as it is. `{}` for `[""]`: wrong.
    """
    for option in accepted:
        if option == "":
            continue
        keys_right = _has_accepted_keys(given, option)
        if not any(key not in given and "" not in values for key, values in option.items()) and keys_right:
            return True
    return False


def _has_accepted_keys(given: dict[Any, Any], option: dict[str, list[Any]]) -> bool:
    """Every key that was given is one of `option`, and its value one of those listed there."""
    for key, value in given.items():
        if key not in option:
            return False
        compared = normalise_string(value) if type(value) is str else value
        if compared not in _normalise_items(option[key]):
            return False
    return True


def _are_accepted_dicts(given: list[Any], accepted: list[Any]) -> bool:
    """
    `[{"k": 1}]` for `[[{"k": [1, 2]}]]`: right; each dict answers to the one at its place, and their numbers agree.

    `[]` where `""` is accepted: right, since both have no items.
    """
    for option in accepted:
        if len(given) == len(option) and all(_is_accepted_dict(given[i], [option[i]]) for i in range(len(given))):
            return True
    return False
