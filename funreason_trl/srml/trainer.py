"""`SRMLTrainer`: TRL's `SFTTrainer` with the multiscale loss.

In: what `SFTTrainer` takes. Out: a model trained on `alpha * L_think + beta * L_result`, and both losses in the log.

How it stays exact and free: `SFTTrainer.compute_loss` divides the sum of the token losses by their number over the
whole optimizer step. Here each token's log-probability is multiplied by `alpha * N / N_think` or `beta * N /
N_result` on its way out of the model, with counts over the whole step and all ranks, so that the same division gives
the weighted sum of the two means. Everything else is TRL's own code.
"""

import copy
from pathlib import Path
from typing import Any, ClassVar

import torch
from accelerate.logging import get_logger
from datasets import Dataset, IterableDataset
from torch import nn
from torch.nn import functional
from transformers import PreTrainedModel, PreTrainedTokenizerBase, ProcessorMixin, TrainingArguments
from transformers.trainer_callback import ExportableState
from trl import SFTTrainer
from trl.data_utils import get_dataset_column_names
from trl.trainer.utils import get_config_model_id, global_then_local_main_first

from funreason_trl.record import public_name

from .attached import AttachedCallback
from .balance import Balance, mean_losses
from .checks import (
    refuse_lost_calls,
    refuse_replacements,
    refuse_sharded_sequences,
    refuse_stream_below_a_step,
    refuse_untrainable_rows,
    refuse_without_rows,
    search_segments,
    train_assistant_turns_only,
)
from .config import SRMLConfig
from .preparation import (
    SegmentCollator,
    add_segments,
    as_chatml,
    check_segments,
    count_segments,
    drop_untrained,
    kept_part,
    map_arguments,
    pack,
    sum_by_segment,
    without_format,
)
from .pushing import ADAPTER, base_names, name_base
from .quantization import keep_4bit_weights_savable
from .recording import RunRecorder
from .turns import find_turns


logger = get_logger(__name__)


class SRMLTrainer(SFTTrainer):
    """
    Trainer for the multiscale loss (MSL) of FunReason, a drop-in replacement of [`~trl.SFTTrainer`].

    Over everything that one optimizer step sees, on every rank and in every accumulation step, the loss is
    `alpha * L_think + beta * L_result`, each a mean over its own tokens. A segment without tokens contributes 0.

    Conversational rows (`messages`, or any with `completion_only_loss=False`) are trained on the assistant's turns
    only, as only these have segments: unless `balance="token"`, `assistant_only_loss` is switched on for them.

    Logged beside what TRL logs: `loss/think`, `loss/result`, `tokens/think_share`, `alpha`, `beta`; with `eval_`
    before it in an evaluation, where they, and `eval_loss` unless `balance="token"`, are over the whole evaluation set
    rather than means of batch means. With a learned balance `eval_loss` moves with alpha: choose checkpoints by
    `eval_loss/result`.

    Args:
        model (`str` or [`~transformers.PreTrainedModel`] or [`~peft.PeftModel`]):
            See [`~trl.SFTTrainer`].
        args ([`SRMLConfig`], *optional*):
            Configuration; [`SRMLConfig`] with its defaults if not given. Of a bare `SFTConfig` or `TrainingArguments`
            one is made, as [`~trl.SFTTrainer`] does it.
        train_dataset ([`~datasets.Dataset`] or [`~datasets.IterableDataset`]):
            Rows of any type that [`~trl.SFTTrainer`] takes, or tokenized ones with the columns `input_ids` and
            `segments` (0 none, 1 think, 2 result).
        arguments, keywords:
            All other arguments of [`~trl.SFTTrainer`], in its order.

    Raises:
        `ValueError`: Before training starts, if the loss can't be right: vision rows, sequence or context parallelism,
            a `compute_loss_func`, a foreign data collator, no row with a result token, calls that the template leaves out.
    """

    _tag_names: ClassVar = ["trl", "srml", "function-calling"]
    _name = "SRML"
    _paper: ClassVar = {
        "title": "FunReason: Enhancing Large Language Models' Function Calling via Self-Refinement Multiscale Loss and "
        "Automated Data Refinement",
        "id": "2505.20192",
    }
    # The counts are those of the whole optimizer step, so `Trainer` must not divide by the accumulation steps again.
    loss_is_scaled_for_ga = True

    data_collator: SegmentCollator
    chat_template: str | None

    def __init__(
        self,
        model: str | PreTrainedModel,
        args: SRMLConfig | TrainingArguments | None = None,
        data_collator: SegmentCollator | None = None,
        train_dataset: Dataset | IterableDataset | None = None,
        eval_dataset: Dataset | IterableDataset | dict[str, Dataset | IterableDataset] | None = None,
        processing_class: PreTrainedTokenizerBase | ProcessorMixin | None = None,
        compute_loss_func: None = None,
        *arguments,
        **keywords,
    ):
        if args is None:
            model_name = model if isinstance(model, str) else get_config_model_id(model.config)
            args = SRMLConfig(f"{model_name.split('/')[-1]}-SRML")
        elif not isinstance(args, SRMLConfig):
            args = SRMLConfig.of(args)
        refuse_replacements(compute_loss_func, data_collator)
        if isinstance(train_dataset, Dataset | IterableDataset):  # TRL refuses anything else
            refuse_untrainable_rows(train_dataset, args, "train_dataset")
            train_dataset = as_chatml(without_format(train_dataset))
        for dataset in eval_dataset.values() if isinstance(eval_dataset, dict) else [eval_dataset]:
            if dataset is not None:
                refuse_untrainable_rows(dataset, args, "eval_dataset")

        self.balance = Balance(args)
        super().__init__(
            model, args, data_collator, train_dataset, eval_dataset, processing_class, None, *arguments, **keywords
        )
        refuse_sharded_sequences(self.accelerator, args)
        if data_collator is None:
            self.data_collator = SegmentCollator(**vars(self.data_collator))
        search_segments(self.train_dataset, args, train_dataset)
        self.add_callback(self.balance)
        self.recorder = RunRecorder(train_dataset, eval_dataset)
        self.add_callback(self.recorder)
        # The checkpoint that this run goes on from, which callbacks are not told.
        self.resumed_from: str | None = None
        keep_4bit_weights_savable(self.model)
        # Sums of the token losses of think and result, shape (2,) in training and one (batch, 4) with their counts
        # for each batch in evaluation.
        self._train_loss_sums = torch.zeros(2)
        self._eval_loss_sums_and_counts: list[torch.Tensor] = []
        for callback in self._attached_callbacks():
            callback.attach(self)
        # What an adapter calls its base model while it is pushed.
        self._pushed_base: str | None = None
        if args.push_to_hub:
            base_names(self)  # refuses before the training what could not be pushed after it

    def add_callback(self, callback):
        super().add_callback(callback)
        if isinstance(callback, AttachedCallback):
            callback.attach(self)

    def _attached_callbacks(self) -> list[AttachedCallback]:
        return [callback for callback in self.callback_handler.callbacks if isinstance(callback, AttachedCallback)]

    # Preparation

    def _prepare_dataset(self, dataset, processing_class, args, packing, formatting_func, dataset_name):
        """
        Tokenized rows with `input_ids`, `labels` and `segments`, cut or packed to `max_length`.

        TRL's preparation runs without cutting, packing and shuffling, as these would lose the segments or their tags,
        and the three follow here in its order.
        """
        refuse_without_rows(dataset, f"The {dataset_name} dataset")
        dataset, kept = without_format(dataset), kept_part(args, packing)
        if {"input_ids", "segments"} <= set(get_dataset_column_names(dataset)):
            with global_then_local_main_first():
                map_kwargs = map_arguments(dataset, args, f"Checking {dataset_name} segments")
                dataset = check_segments(dataset, kept, map_kwargs)
        else:
            uncut = copy.copy(args)
            uncut.max_length, uncut.shuffle_dataset = None, False
            dataset = as_chatml(dataset)
            uncut = train_assistant_turns_only(dataset, uncut)
            chat_template, raw = self.chat_template, dataset
            if uncut.assistant_only_loss and not args.assistant_only_loss:
                map_kwargs = map_arguments(dataset, args, f"Tokenizing {dataset_name} dataset")
                self.chat_template, dataset = find_turns(
                    dataset, processing_class, self._tokenizer, self.completion_only_loss, map_kwargs
                )
            refuse_lost_calls(raw, processing_class, self.chat_template, args)
            dataset = super()._prepare_dataset(dataset, processing_class, uncut, False, formatting_func, dataset_name)
            self.chat_template = chat_template
            with global_then_local_main_first():
                map_kwargs = map_arguments(dataset, args, f"Finding segments of {dataset_name} dataset")
                dataset = add_segments(dataset, self._tokenizer, args.think_tags, kept, map_kwargs)

        with global_then_local_main_first():
            if packing:
                dataset = pack(dataset, args, map_arguments(dataset, args, f"Packing {dataset_name} dataset"))
            elif args.max_length is not None:
                map_kwargs = map_arguments(dataset, args, f"Truncating {dataset_name} dataset")
                dataset = drop_untrained(dataset, map_kwargs)
        return dataset.shuffle(seed=args.seed) if args.shuffle_dataset else dataset

    def _set_signature_columns_if_needed(self):
        super()._set_signature_columns_if_needed()
        if "segments" not in self._signature_columns:
            self._signature_columns.append("segments")

    def _load_callback_state(self) -> None:
        # A hook of transformers 5: `Trainer` would put new objects in place of those that the trainer works with, which
        # read their state back themselves.
        callbacks: list[ExportableState] = [self.balance, *self._attached_callbacks()]
        own = {type(callback).__name__: callback for callback in callbacks}
        states = self.state.stateful_callbacks
        self.state.stateful_callbacks = {name: state for name, state in states.items() if name not in own}
        super()._load_callback_state()
        # Those of callbacks that the earlier run did not have are looked for at the next checkpoint.
        self.state.stateful_callbacks = {**{name: callback.state() for name, callback in own.items()}, **states}

    def _load_optimizer_and_scheduler(self, checkpoint: str | None) -> None:
        super()._load_optimizer_and_scheduler(checkpoint)
        self.resumed_from = checkpoint

    # What is written beside the model

    def _save(self, output_dir: str | None = None, state_dict: dict | None = None) -> None:
        super()._save(output_dir, state_dict)
        if self.args.should_save:
            folder = Path(output_dir or self.args.output_dir)
            self.recorder.describe(folder)
            if self._pushed_base is not None:
                name_base(folder, self._pushed_base)

    def push_to_hub(self, commit_message="End of training", blocking=True, *arguments, **keywords):
        """
        Push the output folder, as [`~transformers.Trainer.push_to_hub`] does it.

        The adapter of a model that lies in a folder is pushed with that model's name on the Hub, and refused where it has
        none. While such a push lasts the call does not return, whatever `blocking` says.
        """
        names = base_names(self)
        if names is None:
            return super().push_to_hub(commit_message, blocking, *arguments, **keywords)
        here, self._pushed_base = names
        try:
            return super().push_to_hub(commit_message, True, *arguments, **keywords)
        finally:
            self._pushed_base = None
            if self.is_world_process_zero() and Path(self.args.output_dir, ADAPTER).is_file():
                name_base(Path(self.args.output_dir), here)

    def _push_from_checkpoint(self, checkpoint_folder: str) -> None:
        # It goes on in the background, where the folder can't be given another name meanwhile.
        if base_names(self) is None:
            super()._push_from_checkpoint(checkpoint_folder)
            return
        logger.warning_once(
            "The base model of this adapter is a folder, so it is pushed at the end of training alone."
        )

    def create_model_card(
        self,
        model_name: str | None = None,
        dataset_name: str | None = None,
        tags: str | list[str] | None = None,
    ) -> None:
        """
        Write the project's own card, and the record of the run, to the output folder.

        Args:
            model_name (`str`, *optional*): By default the name on the Hub, or of the output folder.
            dataset_name (`str`, *optional*): Of the rows, where the trainer was not told before.
            tags (`str` or `list[str]`, *optional*): More tags.
        """
        if self.is_world_process_zero():
            if dataset_name is not None:
                self.recorder.dataset.setdefault("name", public_name(dataset_name))
            self.recorder.describe(Path(self.args.output_dir), model_name, [tags] if isinstance(tags, str) else tags)

    # Loss

    def get_batch_samples(self, epoch_iterator, num_batches, device):
        """
        The micro-batches of one optimizer step.

        Where a stream ends in the middle of a step, `Trainer` runs what is there without an optimizer step, and its
        gradient would be added to the next one. These last rows are left out.
        """
        batch_samples, counts = super().get_batch_samples(epoch_iterator, num_batches, device)
        if 0 < len(batch_samples) < num_batches:
            refuse_stream_below_a_step(len(batch_samples), num_batches, self.state.global_step)
            return [], None
        return batch_samples, counts

    def _get_num_items_in_batch(self, batch_samples: list, device: torch.device) -> torch.Tensor | None:
        """Tokens of think and of result in an optimizer step, over all ranks and micro-batches, shape `(2,)`."""
        if not batch_samples:
            return None
        self._train_loss_sums = torch.zeros(2, device=device)
        counts = torch.zeros(2, dtype=torch.long, device=device)
        for batch in batch_samples:
            counts += count_segments(batch["segments"]).to(device)
        return self._sum_over_ranks(counts)

    def compute_loss(self, model, inputs, return_outputs=False, num_items_in_batch=None):
        """
        The multiscale loss of one micro-batch, scaled for the optimizer step that it is part of.

        `inputs` holds tensors of shape `(batch, length)`, of which `segments` (and `rows`, if padding-free) are taken
        out; `num_items_in_batch` holds the tokens of think and result in the step, shape `(2,)`. The model is wrapped
        rather than TRL's code repeated, so that its metrics, its scaling over ranks and its MoE loss stay its own.
        """
        segments, rows = inputs.pop("segments"), inputs.pop("rows", None)
        counts = count_segments(segments) if num_items_in_batch is None else num_items_in_batch
        token_weights = self.balance.token_weights(counts)

        def weigh_tokens(**model_inputs):
            outputs = model(**model_inputs)
            if not model_inputs.get("fused_lm_head"):
                return outputs
            predicted = segments_of_predictions(segments, outputs.log_probs)
            self._record_losses(-outputs.log_probs.detach(), predicted, rows)
            outputs.log_probs = outputs.log_probs * token_weights.to(predicted.device)[predicted]
            return outputs

        trained_tokens = None if num_items_in_batch is None else counts.sum()
        return super().compute_loss(weigh_tokens, inputs, return_outputs, trained_tokens)

    def training_step(self, model: nn.Module, inputs: dict[str, Any], num_items_in_batch=None) -> torch.Tensor:
        loss = super().training_step(model, inputs, num_items_in_batch)
        if self.accelerator.sync_gradients:
            self._end_optimizer_step(num_items_in_batch)
        return loss

    def _record_losses(self, token_losses: torch.Tensor, segments: torch.Tensor, rows: torch.Tensor | None) -> None:
        """Adds to the sums of the step or, gathered over ranks by row, to those of the evaluation: `(rows, 4)`."""
        if self.model.training:
            self._train_loss_sums += sum_by_segment(token_losses, segments).sum(0).to(self._train_loss_sums.device)
            return
        # By row, so that rows which a sampler repeated to fill the last batch are left out.
        loss_sums = sum_by_segment(token_losses, segments, rows)
        counts = sum_by_segment(torch.ones_like(token_losses), segments, rows)
        sums_and_counts = torch.cat([loss_sums, counts], 1).to(self.args.device)
        self._eval_loss_sums_and_counts.append(self.accelerator.gather_for_metrics(sums_and_counts))

    def _end_optimizer_step(self, counts: torch.Tensor) -> None:
        """Logs the losses of the step over all ranks, and lets a learned balance learn from them."""
        loss_sums = self._sum_over_ranks(self._train_loss_sums).tolist()
        for name, value in self._segment_metrics(loss_sums, counts.tolist()).items():
            self._metrics["train"][name].append(value)
        self.balance.learn(*mean_losses(loss_sums, counts.tolist()))

    def evaluation_loop(
        self, dataloader, description, prediction_loss_only=None, ignore_keys=None, metric_key_prefix="eval"
    ):
        self._eval_loss_sums_and_counts = [torch.zeros(1, 4, device=self.args.device)]
        output = super().evaluation_loop(dataloader, description, prediction_loss_only, ignore_keys, metric_key_prefix)
        sums_and_counts = torch.cat(self._eval_loss_sums_and_counts).double().sum(0).tolist()
        metrics = self._segment_metrics(sums_and_counts[:2], sums_and_counts[2:])
        if self.args.balance != "token" and f"{metric_key_prefix}_loss" in output.metrics:
            metrics["loss"] = metrics["alpha"] * metrics.get("loss/think", 0.0)
            metrics["loss"] += metrics["beta"] * metrics.get("loss/result", 0.0)
        output.metrics.update({f"{metric_key_prefix}_{name}": value for name, value in metrics.items()})
        return output

    def _segment_metrics(self, loss_sums: list[float], counts: list[float]) -> dict[str, float]:
        """What is logged of a step or an evaluation; a segment without tokens has no loss."""
        think_loss, result_loss = mean_losses(loss_sums, counts)
        alpha, beta = self.balance.weights(*counts)
        metrics = {
            "loss/think": think_loss,
            "loss/result": result_loss,
            "tokens/think_share": counts[0] / max(sum(counts), 1),
            "alpha": alpha,
            "beta": beta,
        }
        return {name: value for name, value in metrics.items() if value is not None}

    def _sum_over_ranks(self, values: torch.Tensor) -> torch.Tensor:
        # Gathered and then summed, so that every rank adds the same numbers in the same order.
        summed = self.accelerator.gather(values[None]).sum(0)
        # The ranks of a tensor-parallel group see the same tokens.
        tensor_parallel_ranks = self.get_tp_size()
        return summed if tensor_parallel_ranks == 1 else summed / tensor_parallel_ranks


def segments_of_predictions(segments: torch.Tensor, log_probs: torch.Tensor) -> torch.Tensor:
    """
    Segments `(batch, length)` shifted like the labels, to the shape and the device of the log-probabilities.

    Prompt-learning adapters put virtual tokens in front, which have no segment. A model that `device_map` spreads over
    devices has its head, and so the log-probabilities, on another one than its input.
    """
    virtual_tokens = log_probs.size(1) + 1 - segments.size(1)
    return functional.pad(segments, (virtual_tokens, 0))[:, 1:].to(log_probs.device)
