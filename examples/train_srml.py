"""Train a model to call functions with the multiscale loss: plain Python, no recipe.

    python examples/train_srml.py --model Qwen/Qwen2.5-Coder-7B-Instruct --rows my_rows.jsonl
    accelerate launch examples/train_srml.py --model ... --rows ...

`--rows` is a file or a Hub dataset in xLAM, OpenAI, ShareGPT or BFCL form, or `sample` for the embedded rows.
"""

import argparse

import torch
from peft import LoraConfig

from funreason_trl import SRMLConfig, SRMLTrainer
from funreason_trl.data.rendering import render_dataset
from funreason_trl.data.rows import to_dataset
from funreason_trl.data.sample import sample_rows
from funreason_trl.data.sources import load_rows


parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--model", required=True)
parser.add_argument("--rows", default="sample")
parser.add_argument("--output", default="runs/train_srml")
parser.add_argument("--max-steps", type=int, default=-1)
options = parser.parse_args()

rows = to_dataset(sample_rows(2000)) if options.rows == "sample" else load_rows(options.rows, on_error="count")
# Before they are rendered, since a conversation of several turns becomes several examples.
rows = rows.train_test_split(test_size=0.05, seed=0)
dataset = {name: render_dataset(part, form="python", on_error="count") for name, part in rows.items()}

trainer = SRMLTrainer(
    model=options.model,
    args=SRMLConfig(
        output_dir=options.output,
        balance="fixed",
        think_weight=0.5,
        result_weight=0.5,
        learning_rate=2e-4,
        max_length=2048,
        max_steps=options.max_steps,
        bf16=torch.cuda.is_available(),
        eval_strategy="epoch",
        report_to="none",
    ),
    train_dataset=dataset["train"],
    eval_dataset=dataset["test"],
    peft_config=LoraConfig(r=16, lora_alpha=32, target_modules="all-linear"),
)
trainer.train()
trainer.save_model()
