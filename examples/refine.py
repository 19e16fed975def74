"""Train a model to call functions, and let it learn from its own inspected answers between epochs: one callback.

    python examples/refine.py --model Qwen/Qwen2.5-Coder-7B-Instruct --rows my_rows.jsonl
    accelerate launch --config_file examples/accelerate/ddp.yaml examples/refine.py --model ... --rows ...

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
from funreason_trl.refinement import RefinementCallback, RefinementConfig


parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--model", required=True)
parser.add_argument("--rows", default="sample")
parser.add_argument("--sample-size", type=int, default=2000, help="rows of the embedded sample")
parser.add_argument("--rounds", type=int, default=2)
parser.add_argument("--rows-per-round", type=int, default=1000)
parser.add_argument("--max-new-tokens", type=int, default=1024)
parser.add_argument("--output", default="runs/refine")
options = parser.parse_args()

sampled = options.rows == "sample"
rows = to_dataset(sample_rows(options.sample_size)) if sampled else load_rows(options.rows, on_error="count")

trainer = SRMLTrainer(
    model=options.model,
    args=SRMLConfig(
        output_dir=options.output,
        num_train_epochs=1 + options.rounds,  # the cold start, and an epoch after each round
        learning_rate=2e-4,
        max_length=2048,
        bf16=torch.cuda.is_available(),
        use_cpu=not torch.cuda.is_available(),
        save_strategy="epoch",
        report_to="none",
    ),
    train_dataset=render_dataset(rows, form="python", on_error="count"),
    peft_config=LoraConfig(r=16, lora_alpha=32, target_modules="all-linear"),
    callbacks=[
        RefinementCallback(
            RefinementConfig(
                rows_per_round=options.rows_per_round,
                answers_per_row=4,
                max_new_tokens=options.max_new_tokens,
                refined_share=0.8,  # a fifth of the rows stays original, against drift
            )
        )
    ],
)
trainer.train()
trainer.save_model()
trainer.accelerator.print(f"{trainer.accelerator.num_processes} processes; model saved to {options.output}")
