"""The part of each stage that needs no model: free, fast, and run before any judge is asked.

In: a [`~funreason_trl.fcdr.verdicts.Candidate`] whose row is canonical; nothing in it makes a rule raise. Out: `RULES`,
for each [`~funreason_trl.fcdr.verdicts.Stage`] the function from a candidate to a verdict.

Rules reject what is certain and leave the rest to a judge. `reasons` lists the words for what they find; `reading` and
`values` are what the stages share; each stage is a module of its own.
"""

from collections.abc import Callable

from funreason_trl.fcdr.rules.format import check_format
from funreason_trl.fcdr.rules.function_and_parameter import check_function_and_parameter
from funreason_trl.fcdr.rules.query_and_tool import check_query_and_tool
from funreason_trl.fcdr.rules.reasoning import check_reasoning
from funreason_trl.fcdr.rules.response import check_response
from funreason_trl.fcdr.verdicts import Candidate, Stage, Verdict


RULES: dict[Stage, Callable[[Candidate], Verdict]] = {
    Stage.RESPONSE: check_response,
    Stage.QUERY_AND_TOOL: check_query_and_tool,
    Stage.REASONING: check_reasoning,
    Stage.FUNCTION_AND_PARAMETER: check_function_and_parameter,
    Stage.FORMAT: check_format,
}
