"""The official verdict on one answer: the pieces of the official package that its runner calls, in its order.

Runs in the environment of the official package only, under `worker`. In: category, row id, answer. Out: a verdict as a
dict; an exception means that the official runner, which calls the same pieces unguarded, stops there too.

The runner itself can't be imported: it pulls in the handlers of all models. The checker asks a model's configuration
only whether dots in names became underscores, so a stand-in for that module is enough.
"""

import sys
from dataclasses import dataclass
from types import ModuleType


@dataclass(frozen=True)
class NamesOfModel:
    underscore_to_dot: bool


stand_in = ModuleType("bfcl_eval.constants.model_config")
stand_in.MODEL_CONFIG_MAPPING = {"dots": NamesOfModel(False), "underscores": NamesOfModel(True)}
sys.modules[stand_in.__name__] = stand_in

from bfcl_eval import utils  # noqa: E402
from bfcl_eval.constants.enums import Language, ReturnFormat  # noqa: E402
from bfcl_eval.eval_checker.ast_eval.ast_checker import ast_checker  # noqa: E402
from bfcl_eval.model_handler.utils import default_decode_ast_prompting  # noqa: E402


RELEVANCE = ("irrelevance", "live_irrelevance", "live_relevance")
LANGUAGES = {"simple_java": "JAVA", "simple_javascript": "JAVASCRIPT"}


def build_judge(categories: list[str]):
    """A function from an answer (category, id, text, underscored) to a verdict, over the rows of `categories`."""
    rows = {}
    for category in categories:
        entries = utils.load_dataset_entry(category, include_prereq=False, include_language_specific_hint=False)
        truths = [None] * len(entries)
        if category not in RELEVANCE:
            truths = [truth["ground_truth"] for truth in utils.load_ground_truth_entry(category)]
        for entry, truth in zip(entries, truths, strict=True):
            rows[entry["id"]] = (entry["function"], truth)

    def judge(answer: dict) -> dict:
        functions, truth = rows[answer["id"]]
        if answer["category"] in RELEVANCE:
            return _judge_relevance(answer)
        return _judge_calls(answer, functions, truth)

    return judge


def decode(answer: dict) -> list:
    """The calls in an answer, `{name: arguments}` each, or an exception; for relevance always read as python."""
    return default_decode_ast_prompting(answer["text"], ReturnFormat[_language(answer)], False)


def _language(answer: dict) -> str:
    return LANGUAGES.get(answer["category"], "PYTHON")


def _judge_relevance(answer: dict) -> dict:
    try:
        decoded = decode(answer)
        called = not utils.is_empty_output(decoded)
    except Exception:
        called = False
    wanted = answer["category"] == "live_relevance"
    return {"valid": called == wanted, "error": "" if called == wanted else "relevance"}


def _judge_calls(answer: dict, functions: list, truth: list) -> dict:
    try:
        decoded = decode(answer)
    except Exception:
        return {"valid": False, "error": "ast_decoder:decoder_failed"}
    if not utils.is_function_calling_format_output(decoded):
        return {"valid": False, "error": "ast_decoder:decoder_wrong_output_format"}
    names = "underscores" if answer["underscored"] else "dots"
    result = ast_checker(functions, decoded, truth, Language[_language(answer)], answer["category"], names)
    return {"valid": result["valid"], "error": "" if result["valid"] else result["error_type"]}
