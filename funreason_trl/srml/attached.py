"""Callbacks that work on the trainer itself, which `Trainer` does not hand to callbacks.

In: a trainer that is ready. Out: nothing; [`AttachedCallback`] says what such a callback offers.
"""

from abc import abstractmethod
from typing import ClassVar

from transformers import Trainer, TrainerCallback
from transformers.trainer_callback import ExportableState


class AttachedCallback(TrainerCallback, ExportableState):
    """
    A callback that `SRMLTrainer` hands itself to, whether it comes with `callbacks=[...]` or by `add_callback`.

    Its state is saved in the checkpoint's `trainer_state.json`; on a resume it reads it from `state.stateful_callbacks`
    in `on_train_begin`, since `Trainer` would build a new callback from it.

    Attributes:
        plays_rounds (`bool`): Whether what lies in `refinement/` of the output folder is of its runs.
    """

    plays_rounds: ClassVar[bool] = False

    @abstractmethod
    def attach(self, trainer: Trainer) -> None:
        """
        Take the trainer, whose model and datasets are prepared and which has not trained yet.

        Raises:
            ValueError: The callback can't be right with this trainer.
        """
