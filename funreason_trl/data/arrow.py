"""Records that come out of Arrow: with the numbers that went in, and with no keys but their own.

In: the features of a dataset or a file, and its records. Out: [`exact`] features, [`json_columns`], and records
[`without_absent`] keys; [`refuse_filled`] names those of which nobody can tell any more which keys were there.
"""

from typing import Any

from datasets import Features, Json, LargeList, List

from funreason_trl.data.rows import ExactJson, RowError


# Where objects of a canonical row have keys of their own, which differ from row to row.
_OWN_KEYS = {"messages": ("tool_calls", "function", "arguments"), "tools": ("function", "parameters")}
_MEND = (
    "read the rows with `funreason_trl.data.sources.load_rows`, or put those that this dataset was made of through "
    "`funreason_trl.data.rows.to_dataset`"
)


def exact(features: Features) -> Features:
    """The same features, with numbers in JSON read as they are: see [`~funreason_trl.data.rows.ExactJson`]."""
    return Features({key: _exact(feature) for key, feature in features.items()})


def json_columns(features: Features) -> Features:
    """Those columns that hold JSON, [`exact`]."""
    return Features({key: feature for key, feature in exact(features).items() if _holds_json(feature)})


def _holds_json(feature: Any) -> bool:
    if isinstance(feature, dict):
        return any(map(_holds_json, feature.values()))
    return isinstance(feature, Json) or (isinstance(feature, List | LargeList) and _holds_json(feature.feature))


def _exact(feature: Any) -> Any:
    if isinstance(feature, dict):
        return {key: _exact(inner) for key, inner in feature.items()}
    if isinstance(feature, List):
        return List(_exact(feature.feature), feature.length)
    return ExactJson() if isinstance(feature, Json) else feature


def without_absent(value: Any, feature: Any = None) -> Any:
    """
    The value without the keys that its row does not have.

    Arrow structs hold every key of every row, filled with `None`. JSON text holds the keys of its own row alone, so that
    a `None` in it is a value: an argument that is null, or a default.
    """
    if isinstance(feature, Json):
        return value
    if isinstance(value, dict):
        by_key = feature if isinstance(feature, dict) else {}
        return {key: without_absent(item, by_key.get(key)) for key, item in value.items() if item is not None}
    if isinstance(value, list):
        inner = feature.feature if isinstance(feature, List | LargeList) else None
        return [without_absent(item, inner) for item in value]
    return value


def refuse_other_columns(features: Features) -> None:
    """Refuse a dataset that has no messages or tools: a `ValueError` names its columns and the mend."""
    for column in _OWN_KEYS:
        if column not in features:
            raise ValueError(f"no column `{column}` among {', '.join(features)}; {_MEND}")


def refuse_filled(row: dict[str, Any], features: Features) -> None:
    """
    Refuse a row with a null in arguments or schemas that lie in an Arrow struct.

    Nobody can tell whether it was given, or whether another row has such a key: a model would be trained on arguments
    that nobody wrote.

    Raises:
        `RowError`: Names the column and the mend.
    """
    for column, keys in _OWN_KEYS.items():
        if not _is_json_below(features[column], keys) and _has_null_below(row[column], keys):
            problem = f"`{keys[-1]}` lies in an Arrow struct with a null, which may be the key of another row"
            raise RowError(column, problem, _MEND)


def _is_json_below(feature: Any, keys: tuple[str, ...]) -> bool:
    if isinstance(feature, List | LargeList):
        return _is_json_below(feature.feature, keys)
    if isinstance(feature, dict) and keys:
        return keys[0] not in feature or _is_json_below(feature[keys[0]], keys[1:])
    return isinstance(feature, Json)


def _has_null_below(value: Any, keys: tuple[str, ...]) -> bool:
    if isinstance(value, list):
        return any(_has_null_below(item, keys) for item in value)
    if not isinstance(value, dict):
        return False
    if keys:
        return _has_null_below(value.get(keys[0]), keys[1:])
    # Arrow fills keys, and no items of lists.
    return any(item is None or _has_null_below(item, ()) for item in value.values())
