"""A small BFCL of our own: files of the official shape, and the parts of the official package that prompts need."""

import json
from pathlib import Path


def question(row_id: str, text: str = "How far is it?", functions: list[dict] | None = None) -> dict:
    return {"id": row_id, "question": [[{"role": "user", "content": text}]], "function": functions or [DISTANCE]}


DISTANCE = {
    "name": "geo.distance",
    "description": "Distance of two towns.",
    "parameters": {
        "type": "dict",
        "properties": {
            "start": {"type": "string", "description": "First town."},
            "end": {"type": "string", "description": "Second town."},
            "unit": {"type": "string", "description": "Unit.", "default": "km"},
        },
        "required": ["start", "end"],
    },
}
DISTANCE_ANSWER = {"geo.distance": {"start": ["Oslo"], "end": ["Bergen", "Bergen, Norway"], "unit": ["km", ""]}}

PROMPTS = """
DEFAULT_SYSTEM_PROMPT_FORMAT = "ret_fmt=python&tool_call_tag=False&func_doc_fmt=json&prompt_fmt=plaintext&style=classic"
OUTPUT_FORMAT_MAPPING = {"python": "[call(...)]", "json": "[{}]"}
PARAM_TYPE_MAPPING = {"python": "", "json": ""}
PROMPT_STYLE_TEMPLATES = {
    "classic": {
        "persona": "Be exact.",
        "task": "Call.",
        "tool_call_no_tag": "Write {output_format}. {param_types} No more.",
        "multiturn_behavior": "Go on.",
        "available_tools": "In {format}:\\n{functions}\\n",
    }
}
_PLAINTEXT_SYSTEM_PROMPT_TEMPLATE = "{persona}{task}\\n\\n{tool_call_format}\\n\\n{multiturn_behavior}\\n\\n{available_tools}"
BOMB = open("executed", "w")
"""
NOTES = """
open("executed", "w")

def _get_language_specific_hint(category):
    if is_java(category):
        return " Java here."
    elif is_js(category):
        return " JavaScript here."
    else:
        return " Python here."

def _func_doc_language_specific_pre_processing(function, category):
    assert type(function) == list
    if is_java(category):
        a["description"] += " Any Java."
        a["description"] += f" A Java {value['type']} as text."
        a["description"] += f" Items are {value['items']['type']}; not text."
        value["type"] = "string"
    elif is_js(category):
        a["description"] += " Any JavaScript."
        a["description"] += f" A JavaScript {value['type']} as text."
        a["description"] += f" Items are {value['items']['type']}; not text."
        a["description"] += f" Fields are {json.dumps(value['properties'])}"
    return function
"""


def write_lines(path: Path, records: list[dict]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")


def write_data(folder: Path, prefix: str = "BFCL_v4_") -> Path:
    """Two rows of `multiple`, one of `irrelevance`."""
    write_lines(folder / f"{prefix}multiple.json", [question("multiple_0"), question("multiple_1", "And back?")])
    answers = [{"id": f"multiple_{number}", "ground_truth": [DISTANCE_ANSWER]} for number in (1, 0)]
    write_lines(folder / "possible_answer" / f"{prefix}multiple.json", answers)
    write_lines(folder / f"{prefix}irrelevance.json", [question("irrelevance_0", "Sing!")])
    return folder


def write_package(folder: Path) -> Path:
    """`folder/bfcl_eval` as in the wheel; whoever runs a line of its code leaves a file named `executed`."""
    package = folder / "bfcl_eval"
    write_data(package / "data")
    (package / "constants").mkdir()
    (package / "constants" / "default_prompts.py").write_text(PROMPTS)
    (package / "utils.py").write_text(NOTES)
    (package / "__init__.py").write_text('open("executed", "w")\n')
    return folder
