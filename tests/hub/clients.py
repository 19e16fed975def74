"""Points huggingface_hub, datasets and transformers at the local Hub, with an empty home of their own.

In: the Hub's URL and a folder. Out: [`environment`] for a process that is to be started, [`point_here`] for this one.

Those libraries read the environment when they are imported, which in a test process was long ago, so this process is
pointed by the names that they look up at each call. A new process costs seconds of imports, but proves that the
environment alone is enough; one test does that.
"""

import os
from pathlib import Path

import datasets
import huggingface_hub
import transformers.utils.hub
from huggingface_hub import HfFileSystem, constants
from pytest import MonkeyPatch


TOKEN_VARIABLES = ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN", "HF_TOKEN_PATH")


def environment(url: str, home: Path, **more: str) -> dict[str, str]:
    """For a new process: this one's environment, but no token, no cache and no Hub other than the local one."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("HF_", "HUGGING_FACE_"))}
    return {
        **kept,
        "HF_ENDPOINT": url,
        "HF_HOME": str(home),
        "HF_HUB_OFFLINE": "0",
        "TRANSFORMERS_OFFLINE": "0",
        "HF_HUB_DISABLE_XET": "1",
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "HF_HUB_ETAG_TIMEOUT": "300",
        "HF_HUB_DOWNLOAD_TIMEOUT": "300",
        "HF_UPDATE_DOWNLOAD_COUNTS": "0",  # else `load_dataset` calls a host on the internet
        **more,
    }


def point_here(monkeypatch: MonkeyPatch, url: str, home: Path) -> None:
    """For this process, until the test ends."""
    for name in TOKEN_VARIABLES:
        monkeypatch.delenv(name, raising=False)
    for name, value in {
        "ENDPOINT": url,
        "HUGGINGFACE_CO_URL_TEMPLATE": url + "/{repo_id}/resolve/{revision}/{filename}",
        "HF_HUB_OFFLINE": False,
        "HF_HUB_DISABLE_XET": True,
        "HF_HOME": str(home),
        "HF_HUB_CACHE": str(home / "hub"),
        "HF_ASSETS_CACHE": str(home / "assets"),
        "HF_TOKEN_PATH": str(home / "token"),
        "HF_STORED_TOKENS_PATH": str(home / "stored_tokens"),
        "AGENT_HARNESSES_PATH": str(home / ".agent_harnesses.json"),
    }.items():
        monkeypatch.setattr(constants, name, value)
    # `huggingface_hub.create_repo` and its like are methods of one object, made at import.
    monkeypatch.setattr(huggingface_hub.hf_api.api, "endpoint", url)
    monkeypatch.setattr(
        transformers.utils.hub, "_hf_api", None
    )  # made at its first use, which may have been another Hub
    for name, value in {
        "HF_ENDPOINT": url,
        "HUB_DATASETS_URL": url + "/datasets/{repo_id}/resolve/{revision}/{path}",
        "HF_HUB_OFFLINE": False,
        "HF_UPDATE_DOWNLOAD_COUNTS": False,
        "HF_DATASETS_CACHE": home / "datasets",
        "DOWNLOADED_DATASETS_PATH": home / "datasets" / "downloads",
        "HF_MODULES_CACHE": str(home / "modules"),
    }.items():
        monkeypatch.setattr(datasets.config, name, value)
    HfFileSystem.clear_instance_cache()  # another test's Hub may have had this port
