"""How a question of BFCL is put to a model: in our wording, in the official one, or in the model's own template.

In: [`~funreason_trl.evaluation.bfcl.rows.BfclRow`] and, for the official wording, the files of the official package,
whose sentences are read from there as data and not kept here. Out:
[`~funreason_trl.generation.Prompt`]s, with tools or without.

| style      | system message                                                     | answer                           |
|------------|--------------------------------------------------------------------|----------------------------------|
| `python`   | that of the trainer's python form; what the package's models learn | `<think>…</think>`, python calls |
| `official` | the official tool's, character by character                        | python calls                     |
| `native`   | none; the functions go to the chat template as tools               | the template's own calls         |
"""

import ast
import json
import re
from collections.abc import Iterator
from copy import deepcopy
from functools import cached_property
from typing import Any

from funreason_trl.data.rendering import prompt_messages
from funreason_trl.evaluation.bfcl.data import BfclDataError, BfclFiles
from funreason_trl.evaluation.bfcl.rows import JAVA, JAVASCRIPT, PYTHON, BfclRow
from funreason_trl.generation import Prompt
from funreason_trl.tools import normalize_tools


PROMPT_STYLES = ("python", "official", "native")


def bfcl_prompts(rows: list[BfclRow], style: str, files: BfclFiles | None = None) -> list[Prompt]:
    """
    The prompt of each row.

    Args:
        rows (`list[BfclRow]`): Questions.
        style (`str`): One of [`PROMPT_STYLES`].
        files (`BfclFiles`, *optional*): Where the official wording is read; needed for `"official"` alone.

    Returns:
        `list[Prompt]`

    Raises:
        ValueError: Another style.
        BfclDataError: The official wording is asked for, and `files` do not hold it, or hold it in another shape.
    """
    if style == "python":
        return [Prompt(prompt_messages(row.messages, normalize_tools(_described_values(row)))) for row in rows]
    if style == "native":
        return [Prompt(row.messages, normalize_tools(_underscored(_described_values(row)))) for row in rows]
    if style == "official":
        wording = OfficialWording(files)
        return [Prompt(wording.messages(row)) for row in rows]
    raise ValueError(f"style={style!r}: use one of {PROMPT_STYLES}")


# ------------------------------------------------------------------------------------------------- in our own wording


def _described_values(row: BfclRow) -> list[dict[str, Any]]:
    """Java and JavaScript values are given as source text, so their parameters are strings that say of what."""
    if row.language == PYTHON:
        return row.functions
    language = {JAVA: "Java", JAVASCRIPT: "JavaScript"}[row.language]
    functions = deepcopy(row.functions)
    for function in functions:
        properties = function["parameters"]["properties"]
        for name, schema in properties.items():
            words = f"{schema.get('description', '')} Write it as a string that holds {language} source text".strip()
            kind = "" if schema["type"] == "any" else f" of a value of type {schema['type']}"
            items = f" of {schema['items']['type']}" if "type" in schema.get("items", {}) else ""
            fields = f" with the fields {json.dumps(schema['properties'])}" if "properties" in schema else ""
            properties[name] = {"type": "string", "description": f"{words}{kind}{items}{fields}."}
    return functions


def _underscored(functions: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Many native formats allow no dots in names; the official tool asks and judges with underscores there."""
    return [{**function, "name": function["name"].replace(".", "_")} for function in functions]


# ------------------------------------------------------------------------------------------------ in the official one


class OfficialWording:
    """
    The official tool's system prompt for models that are prompted, put together from its own source.

    `constants/default_prompts.py` holds the template and its parts, `utils.py` the notes about the language of the
    functions and the types of their parameters. Both are parsed, and only string literals are taken from them.

    Args:
        files (`BfclFiles` or `None`): The official package.

    Raises:
        BfclDataError: Those two files are missing, or do not hold the strings where they are looked for.
    """

    def __init__(self, files: BfclFiles | None):
        if files is None or files.package is None:
            name = "no files" if files is None else files.name
            raise BfclDataError(
                f"{name}: the official prompt is part of the package bfcl-eval, and data files alone do not hold it; "
                "give a wheel of bfcl-eval, or use the prompt style 'python'"
            )
        self._package = files.package

    def messages(self, row: BfclRow) -> list[dict[str, str]]:
        """The system prompt and the row's messages; system text of the row's own comes after it, as officially."""
        system = self.system_prompt(row)
        if row.messages[0]["role"] != "system":
            return [{"role": "system", "content": system}, *row.messages]
        own = {"role": "system", "content": f"{system}\n\n{row.messages[0]['content']}"}
        return [own, *row.messages[1:]]

    def system_prompt(self, row: BfclRow) -> str:
        """The template filled with its parts, and with the row's functions as JSON, four spaces to a level."""
        constants = self._constants
        # "ret_fmt=python&tool_call_tag=False&func_doc_fmt=json&prompt_fmt=plaintext&style=classic" in v4
        chosen = dict(pair.split("=") for pair in constants["DEFAULT_SYSTEM_PROMPT_FORMAT"].split("&"))
        parts = dict(constants["PROMPT_STYLE_TEMPLATES"][chosen["style"]])
        parts["tool_call_format"] = parts["tool_call_no_tag"].format(
            output_format=constants["OUTPUT_FORMAT_MAPPING"][chosen["ret_fmt"]],
            param_types=constants["PARAM_TYPE_MAPPING"][chosen["ret_fmt"]],
        )
        parts["available_tools"] = parts["available_tools"].format(
            format=chosen["func_doc_fmt"], functions=json.dumps(self._with_notes(row), indent=4)
        )
        return constants[f"_{chosen['prompt_fmt'].upper()}_SYSTEM_PROMPT_TEMPLATE"].format(**parts)

    def _with_notes(self, row: BfclRow) -> list[dict[str, Any]]:
        functions = deepcopy(row.functions)
        for function in functions:
            function["description"] += self._notes["language", row.language]
            if row.language == PYTHON:
                continue
            for schema in function["parameters"]["properties"].values():
                schema["description"] += self._parameter_note(row.language, schema)
                if schema["type"] in ("ArrayList", "Array", "array"):
                    del schema["items"]
                if schema["type"] == "dict":
                    schema.pop("properties", None)
                schema["type"] = "string"
        return functions

    def _parameter_note(self, language: str, schema: dict[str, Any]) -> str:
        notes, kind = self._notes, schema["type"]
        note = notes[language, "any"] if kind == "any" else notes[language, "type"].replace("{}", kind)
        if kind in ("ArrayList", "Array", "array"):
            return note + notes[language, "items"].replace("{}", schema["items"]["type"])
        if kind == "dict" and language == JAVASCRIPT and "properties" in schema:
            return note + notes[language, "fields"].replace("{}", json.dumps(schema["properties"]))
        return note

    @cached_property
    def _constants(self) -> dict[str, Any]:
        """The literals that the module of prompts assigns, by name."""
        constants = {}
        for statement in self._parsed("constants/default_prompts.py").body:
            if isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name):
                try:
                    constants[statement.targets[0].id] = ast.literal_eval(statement.value)
                except ValueError:
                    continue  # put together from other constants, and not needed
        needed = {
            "DEFAULT_SYSTEM_PROMPT_FORMAT",
            "PROMPT_STYLE_TEMPLATES",
            "OUTPUT_FORMAT_MAPPING",
            "PARAM_TYPE_MAPPING",
        }
        if missing := needed - constants.keys():
            raise self._other_shape("constants/default_prompts.py", f"{sorted(missing)} is not there")
        return constants

    @cached_property
    def _notes(self) -> dict[tuple[str, str], str]:
        """The notes by language and kind, with `{}` where a type or schema is named."""
        functions = {node.name: node for node in self._parsed("utils.py").body if isinstance(node, ast.FunctionDef)}
        try:
            by_language = _prose(functions["_get_language_specific_hint"])
            by_kind = _prose(functions["_func_doc_language_specific_pre_processing"])
            java, javascript, python = by_language
            java_any, java_type, java_items, js_any, js_type, js_items, js_fields = by_kind
        except (KeyError, ValueError):
            raise self._other_shape("utils.py", "the notes about languages are not where they were") from None
        return {
            ("language", JAVA): java,
            ("language", JAVASCRIPT): javascript,
            ("language", PYTHON): python,
            (JAVA, "any"): java_any,
            (JAVA, "type"): java_type,
            (JAVA, "items"): java_items,
            (JAVASCRIPT, "any"): js_any,
            (JAVASCRIPT, "type"): js_type,
            (JAVASCRIPT, "items"): js_items,
            (JAVASCRIPT, "fields"): js_fields,
        }

    def _parsed(self, path: str) -> ast.Module:
        assert self._package is not None
        file = self._package.joinpath(*path.split("/"))
        if not file.is_file():
            raise self._other_shape(path, "the file is missing")
        return ast.parse(file.read_text(encoding="utf-8"))

    def _other_shape(self, path: str, problem: str) -> BfclDataError:
        return BfclDataError(
            f"bfcl_eval/{path}: {problem}; give a wheel of the version that this package was checked with "
            "(funreason_trl.evaluation.bfcl.data.WHEEL), or use the prompt style 'python'"
        )


def _prose(node: ast.AST) -> list[str]:
    """The sentences among the string literals below `node`, in the order of the source; `{}` stands for a value."""
    return [text for text in _strings(node) if re.match(r" [A-Z]", text)]


def _strings(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.JoinedStr):
        yield "".join(part.value if isinstance(part, ast.Constant) else "{}" for part in node.values)  # type: ignore[misc]
    elif isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    else:
        for child in ast.iter_child_nodes(node):
            yield from _strings(child)
