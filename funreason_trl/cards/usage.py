"""How a model is used, as its card shows it: with transformers, with vLLM, and on BFCL.

In: the model's name, the form of its prompts, what it is an adapter of. Out: Markdown with code that runs as it stands.
"""

import re
from collections.abc import Mapping
from typing import Any


# What vLLM reserves places of an adapter for; it refuses any other number (its option `--max-lora-rank`).
LORA_RANKS = (1, 8, 16, 32, 64, 128, 256, 320, 512)
# Models whose chat template writes calls as Hermes did, which is what vLLM calls its parser for them.
_LIKE_HERMES = re.compile(r"qwen(2\.5-|3-(?!coder))", re.IGNORECASE)

_TOOLS = """\
tools = [
    {
        "name": "get_weather",
        "description": "Weather of a city on a day.",
        "parameters": {
            "type": "object",
            "properties": {"city": {"type": "string"}, "day": {"type": "string"}},
            "required": ["city"],
        },
    }
]
query = "Do I need an umbrella in Oslo tomorrow?"
"""

_FUNCTIONS = '[{"type": "function", "function": tool} for tool in tools]'

_PYTHON_FORM = """\
with open(hf_hub_download(name, "system_prompt.txt"), encoding="utf-8") as file:
    system_prompt = file.read() + json.dumps(tools, ensure_ascii=False, separators=(",", ":"))
messages = [{"role": "system", "content": system_prompt}, {"role": "user", "content": query}]
"""

_ANSWER = """\
answer = model.generate(**prompt.to(model.device), max_new_tokens=1024, do_sample=False)
text = tokenizer.decode(answer[0, prompt["input_ids"].shape[1] :], skip_special_tokens=True)
"""


def transformers_use(repo_id: str, form: str | None, is_adapter: bool = False) -> str:
    """
    With transformers.

    Args:
        repo_id (`str`): Name on the Hub.
        form (`str` or `None`): `"python"`, `"native"`, or not known.
        is_adapter (`bool`, *optional*, defaults to `False`): Loading it takes `peft` too.
    """
    needs = (
        "An adapter is loaded with its base model; this takes `peft` beside transformers.\n\n" if is_adapter else ""
    )
    if form == "python":
        return f"""{needs}The functions stand in the system prompt as JSON, after the text of `system_prompt.txt`:

```python
import json

from huggingface_hub import hf_hub_download
from transformers import AutoModelForCausalLM, AutoTokenizer

name = "{repo_id}"
{_TOOLS}
{_PYTHON_FORM}
tokenizer = AutoTokenizer.from_pretrained(name)
model = AutoModelForCausalLM.from_pretrained(name, dtype="auto", device_map="auto")
prompt = tokenizer.apply_chat_template(messages, add_generation_prompt=True, return_dict=True, return_tensors="pt")
{_ANSWER}thought, _, calls = text.rpartition("</think>")
print(calls)
```

`<think>` and `</think>` are written by the model itself. `funreason_trl.parse_calls(calls)` reads the calls without
running anything, and `funreason_trl.validate_call` tells what is wrong with one."""
    listed = f", tools={_FUNCTIONS}" if form == "native" else ""
    return f"""{needs}```python
from transformers import AutoModelForCausalLM, AutoTokenizer

name = "{repo_id}"
{_TOOLS if form == "native" else 'query = "Hello."' + chr(10)}
messages = [{{"role": "user", "content": query}}]
tokenizer = AutoTokenizer.from_pretrained(name)
model = AutoModelForCausalLM.from_pretrained(name, dtype="auto", device_map="auto")
prompt = tokenizer.apply_chat_template(
    messages{listed}, add_generation_prompt=True, return_dict=True, return_tensors="pt"
)
{_ANSWER}print(text)
```"""


def vllm_use(repo_id: str, base: str | None, adapter: Mapping[str, Any] | None, form: str | None) -> str:
    """
    With vLLM; nothing for an adapter of which the base model is not known, or that vLLM has no way to serve.

    Args:
        repo_id (`str`): Name on the Hub.
        base (`str` or `None`): Name of the base model.
        adapter (`Mapping` or `None`): `type` and `r` of an adapter.
        form (`str` or `None`): `"python"`, `"native"`, or not known.
    """
    command = f"vllm serve {repo_id}"
    if adapter:
        if base is None or adapter.get("type") != "lora":
            return ""
        rank = adapter.get("r", 1)
        ranks = [allowed for allowed in LORA_RANKS if isinstance(rank, int) and rank <= allowed]
        if not ranks:
            return ""
        reserved = f" --max-lora-rank {ranks[0]}" if "r" in adapter else ""
        command = f"vllm serve {base} --enable-lora{reserved} --lora-modules {repo_id}={repo_id}"
    called, shown, parsing = "", ".content", ""
    if form == "native":
        known = _LIKE_HERMES.search(base or "") is not None
        command += f" --enable-auto-tool-choice --tool-call-parser {'hermes' if known else 'PARSER'}"
        parser = "where `PARSER` is vLLM's name for the form in which this chat template writes calls, "
        parsing = "" if known else parser
        called, shown = f"    tools={_FUNCTIONS},\n", ""
    return f"""```bash
{command}
```

{parsing}and then, with the `messages`{" and `tools`" if called else ""} from above:

```python
from openai import OpenAI

client = OpenAI(base_url="http://127.0.0.1:8000/v1", api_key="none")
reply = client.chat.completions.create(
    model="{repo_id}",
    messages=messages,
{called}    max_tokens=1024,
    temperature=0,
)
print(reply.choices[0].message{shown})
```"""


def bfcl_use(repo_id: str, title: str, is_adapter: bool = False) -> str:
    """
    On BFCL, with our own command and as a handler of the official tool, for the python form.

    Args:
        repo_id (`str`): Name on the Hub.
        title (`str`): Name without its owner.
        is_adapter (`bool`, *optional*, defaults to `False`): The official tool can't load it as it is.
    """
    own = f"""`funreason eval --model {repo_id} --benchmarks bfcl` asks the single-turn questions, scores the answers, and
writes them as the official tool does."""
    if is_adapter:
        return f"""{own} The official tool takes whole models only, so merge this one into its base model first:

```bash
funreason download --model {repo_id} --output {title}
funreason push --model {title} --repo {repo_id}-merged --merge
```

The card of that model has a handler for it."""
    return f"""{own} For the official tool itself, a handler:

```python
import json

from bfcl_eval.model_handler.local_inference.base_oss_handler import OSSHandler
from bfcl_eval.model_handler.utils import combine_consecutive_user_prompts
from huggingface_hub import hf_hub_download
from overrides import override

from funreason_trl.tools import normalize_tools


class FunReasonHandler(OSSHandler):
    @override
    def _pre_query_processing_prompting(self, test_entry: dict) -> dict:
        functions = [tool["function"] for tool in normalize_tools(test_entry["function"])]
        with open(hf_hub_download(self.model_name_huggingface, "system_prompt.txt"), encoding="utf-8") as file:
            system = file.read() + json.dumps(functions, ensure_ascii=False, separators=(",", ":"))
        messages = list(test_entry["question"][0])
        if messages[0]["role"] == "system":
            system = messages.pop(0)["content"] + "\\n\\n" + system
        messages = combine_consecutive_user_prompts(messages)
        test_entry["question"][0] = [{{"role": "system", "content": system}}, *messages]
        return {{"message": [], "function": test_entry["function"]}}

    @override
    def _format_prompt(self, messages, function):
        return self.tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True)

    @override
    def _parse_query_response_prompting(self, api_response) -> dict:
        response = super()._parse_query_response_prompting(api_response)
        thought, _, calls = response["model_responses"].rpartition("</think>")
        thought = thought.replace("<think>", "", 1).strip()
        return {{**response, "model_responses": calls.strip(), "reasoning_content": thought}}
```

and its entry in `bfcl_eval/constants/model_config.py`:

```python
MODEL_CONFIG_MAPPING["{repo_id}"] = ModelConfig(
    model_name="{repo_id}",
    display_name="{title}",
    url="https://huggingface.co/{repo_id}",
    org="{repo_id.partition("/")[0] if "/" in repo_id else ""}",
    license="",
    model_handler=FunReasonHandler,
    is_fc_model=False,
)
```"""
