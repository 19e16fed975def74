"""The README of a dataset: what is in it, how it was made, and what the checks threw out.

In: the counts, the lengths, and the settings of the run. Out: [`write_card`]: `README.md` with the metadata that the Hub
reads, and `funnel.png`.
"""

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from huggingface_hub import DatasetCard, DatasetCardData

from funreason_trl.building.funnel import draw_funnel, funnel_table
from funreason_trl.evaluation.table import markdown_table
from funreason_trl.fcdr.tally import Tally


PICTURE = "funnel.png"


def write_card(
    folder: Path,
    name: str,
    splits: Mapping[str, int],
    tally: Tally,
    left_out: Counter[str],
    lengths: Mapping[str, Any],
    made: Mapping[str, str],
) -> None:
    """
    Write `README.md` and its picture into a dataset's folder.

    Args:
        folder (`Path`): Dataset folder, with its shards in `data/`.
        name (`str`): Title.
        splits (`Mapping[str, int]`): Rows by split.
        tally (`Tally`): What became of the rows that were inspected.
        left_out (`Counter[str]`): Rows that were not, by reason.
        lengths (`Mapping[str, Any]`): Summary of the lengths in the split `train`.
        made (`Mapping[str, str]`): How: source, teacher, judges, versions; what is not known is left out.
    """
    draw_funnel(folder / PICTURE, tally)
    metadata = DatasetCardData(
        pretty_name=name,
        task_categories=["text-generation"],
        tags=["function-calling", "tool-use", "reasoning", "fcdr", "trl"],
        configs=[
            {
                "config_name": "default",
                # `load_dataset` of all splits fails where one has no rows (datasets 5.2).
                "data_files": [
                    {"split": split, "path": f"data/{split}-*.parquet"} for split in splits if splits[split]
                ],
            }
        ],
    )
    paper = {
        "think_mean": "350.74",
        "think_median": "248",
        "call_mean": "31.07",
        "call_median": "27",
        "unit": "tokens",
    }
    text = f"""# {name}

Queries with tools, the reasoning and the calls that answer them, each row inspected in five stages (FCDR,
[FunReason](https://arxiv.org/abs/2505.20192), section 3.2). Rows are in TRL's conversational form
(`messages`, `tools`). `funreason train` renders them; in a script use `funreason_trl.data.rendering.render_dataset`.

| split | what is in it |
| --- | --- |
| `train` | rows that passed every stage, or rightly call nothing ({splits["train"]}) |
| `rejected` | rows that did not, with the reason ({splits["rejected"]}) |
| `hard` | rows whose answer was no call, or wrong in function, parameter or form, to be sampled again ({splits["hard"]}) |

Columns: `messages` (the last one is the answer: `reasoning_content`, `tool_calls` or `content`), `tools` (OpenAI form),
`id`, `source`, and `provenance`: every verdict with stage, outcome, reason, evidence and judge.

## How it was made

{markdown_table(["", ""], list(made.items()))}

## What became of the rows

{funnel_table(tally, left_out)}
![Rows that came to each stage, and what became of them]({PICTURE})

## Length of thinking and calls

{markdown_table(["", "this dataset", "FunReason's"], [[key, str(value), paper.get(key, "")] for key, value in lengths.items()])}
"""
    card = DatasetCard(f"---\n{metadata.to_yaml()}\n---\n\n{text}")
    card.save(folder / "README.md")
