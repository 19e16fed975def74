"""What a run made, given to other people, and theirs taken: datasets and models, pushed to the Hub and downloaded.

`datasets` and `models` push, `downloads` fetches, `connection` has what they share.
"""

from .connection import HubError
from .datasets import dataset_files, push_dataset
from .downloads import Downloaded, download
from .models import model_files, push_model


__all__ = ["Downloaded", "HubError", "dataset_files", "download", "model_files", "push_dataset", "push_model"]
