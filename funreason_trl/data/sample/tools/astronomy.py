"""Tools about astronomy, of the held-out split only."""

from funreason_trl.data.sample.spec import Missing, Tool, enum, string
from funreason_trl.data.sample.values import CITY, DATE, times


CONTEXT = ("I've got a new telescope.", "The sky is clear.", "My daughter loves the stars.")

HELDOUT = (
    Tool(
        "moon_phase",
        "astronomy",
        "tell the phase of the moon on a night",
        (string("night_of", DATE, "YYYY-MM-DD"),),
        asks=("[What is the moon like] on {night_of}?", "Is it [full moon] on {night_of}?", "[moon phase] {night_of}"),
        missing=Missing("[Is it full moon] that night?", "Which night do you mean?"),
        pairs=("[What phase is the moon in] on {night_of1} and on {night_of2}?",),
    ),
    Tool(
        "planet_position",
        "astronomy",
        "find where a planet stands in the sky",
        (
            enum("planet", {"Mars": "mars", "Venus": "venus", "Jupiter": "jupiter", "Saturn": "saturn"}),
            string("seen_from", CITY),
            string("at", times(19, 22), "HH:MM", optional=True),
        ),
        asks=(
            "[Where is {planet}] in the sky over {seen_from}?",
            "[Where do I see {planet}] from {seen_from} at {at}?",
        ),
        missing=Missing("[Where do I see {planet}] in the sky at {at}?", "From which city do you look?"),
        pairs=("[Where are {planet1} and {planet2}] in the sky over {seen_from}?",),
    ),
)
