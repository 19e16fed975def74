"""What can go wrong between an answer's text and its judgement; both are verdicts, not crashes.

In: nothing of ours. Out: [`DecodingError`] and [`UnreadableType`].
"""


class DecodingError(ValueError):
    """The answer's text is not a list of calls that BFCL would accept; the message says where or why."""


class UnreadableType(ValueError):
    """The parameter's declared type, or a value for it, is one on which the official converter stops with an error."""
