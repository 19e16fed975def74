"""Self-refinement: between epochs the model answers queries itself, and trains on those answers that pass inspection.

config      how often and how much
callback    a trainer               -> rounds within one training; `driver` plays them between trainings
prompts     a source, or the rows   -> what is asked in a round
engines     the configuration       -> what generates; `vllm_rollouts` is vLLM with the trained weights
rollouts    queries                 -> answers, on file as soon as they are there
rounds      queries                 -> accepted answers, inspected by FCDR
preparing   accepted answers        -> training rows
pool        training rows           -> what the next epoch is drawn from
figures     a round                 -> what happened in it, for people and files
checkpoint  rounds and pool         -> what a resumed run needs of them
"""

from .callback import RefinementCallback
from .config import RefinementConfig


__all__ = ["RefinementCallback", "RefinementConfig"]
