"""Keeps 4-bit models whole that are evaluated and saved on a processor.

In: the model that is trained. Out: the same model, whose 4-bit layers keep the layout that they are saved in.
"""

import bitsandbytes
from torch import nn


def keep_4bit_weights_savable(model: nn.Module) -> None:
    """
    Stops bitsandbytes from repacking 4-bit weights for inference on processors with AVX512-BF16.

    On such processors a forward pass in evaluation mode repacks the weights, and `state_dict()` then fails to undo it:
    after an evaluation and a save the model in memory is corrupt (seen in bitsandbytes 0.50: a loss of 0.83 became
    17.4). Unpacked weights run a little slower and stay right. A model that is repacked already is refused by a
    `ValueError`.
    """
    for name, module in model.named_modules():
        if isinstance(module, bitsandbytes.nn.Linear4bit):
            module.support_avx512bf16_for_cpu = False
            state = module.weight.quant_state
            # bitsandbytes sets this attribute only where it has repacked.
            if state is not None and vars(state).get("packing_format_for_cpu"):
                raise ValueError(
                    f"The 4-bit model was evaluated before it came to the trainer, and bitsandbytes has repacked {name!r}"
                    " in a way that saving corrupts. Load it anew, and give it to the trainer first."
                )
