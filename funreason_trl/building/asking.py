"""The judges and the teacher that the options name.

In: [`~funreason_trl.building.options.BuildArguments`]. Out: [`make_judges_and_teacher`]. Each model is there once, however
many stages it judges, so that its bound on requests and its usage are its own and its weights are loaded once.
"""

from collections.abc import Callable, Sequence
from functools import cache

from funreason_trl.building.options import BuildArguments
from funreason_trl.fcdr.judges import EndpointJudge, EnsembleJudge, Judge, ModelJudge
from funreason_trl.fcdr.models import Endpoint, LocalModel, Price
from funreason_trl.fcdr.teacher import Teacher
from funreason_trl.fcdr.verdicts import Stage
from funreason_trl.generation.transformers_generator import TransformersGenerator
from funreason_trl.models.loading import load_for_answers


def make_judges_and_teacher(arguments: BuildArguments) -> tuple[dict[Stage, Judge], Teacher | None]:
    """
    Make whatever is asked, and load what is asked in this process.

    Args:
        arguments ([`BuildArguments`]): Who judges which stage, and who teaches.

    Returns:
        `tuple[dict[Stage, Judge], Teacher | None]`: The judge part of the stages that have one; the teacher.

    Raises:
        OSError: A model can't be loaded.
    """
    model = cache(lambda name: _model(name, arguments))
    judges = {
        stage: _judge(names, model, arguments.threshold, arguments.judge_max_new_tokens)
        for stage, names in arguments.judges().items()
        if names
    }
    if arguments.teacher is None:
        return judges, None
    settings = arguments.teacher_settings()
    return judges, Teacher(model(arguments.teacher), settings, rationalise=arguments.rationalise)


def _judge(
    names: Sequence[str], model: Callable[[str], Endpoint | LocalModel], threshold: float | None, max_new_tokens: int
) -> Judge:
    members: list[Judge] = []
    for asked in map(model, names):
        judge = (
            EndpointJudge(asked, max_new_tokens) if isinstance(asked, Endpoint) else ModelJudge(asked, max_new_tokens)
        )
        members.append(judge)
    return members[0] if len(members) == 1 else EnsembleJudge(members, threshold)


def _model(spelling: str, arguments: BuildArguments) -> Endpoint | LocalModel:
    name, url = arguments.address(spelling)
    if url is None:
        return LocalModel(TransformersGenerator(*load_for_answers(name), batch_size=16))
    price = None
    if arguments.prompt_price is not None and arguments.answer_price is not None:
        price = Price(arguments.prompt_price, arguments.answer_price)
    return Endpoint(url, name, concurrency=arguments.concurrency, price=price)
