"""Which numbers this machine computes fast. In: nothing. Out: yes or no."""

import torch


def has_fast_bf16() -> bool:
    """Whether bfloat16 is computed by the hardware; emulated, it is many times slower than float32."""
    if torch.cuda.is_available():
        return torch.cuda.is_bf16_supported(including_emulation=False)
    return bool(torch.cpu.get_capabilities().get("avx512_bf16"))
