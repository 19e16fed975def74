"""Tools about geology, of the held-out split only."""

from funreason_trl.data.sample.spec import Missing, Tool, enum, integer, number, string
from funreason_trl.data.sample.values import code, decimal, either, pick, scaled, whole, with_unit


CONTEXT = ("I'm on a field trip.", "We're studying rocks.", "I collect stones.")

HELDOUT = (
    Tool(
        "earthquakes.recent",
        "geology",
        "list recent earthquakes in a region",
        (
            string("area", pick("Iceland", "Chile", "Japan", "Greece", "Alaska", "Sumatra")),
            number("min_magnitude", decimal(2, 6), default=2.5),
            integer("last_days", either(with_unit(whole(3, 28), "days"), scaled(2, 4, "weeks", 7, "days")), default=7),
        ),
        asks=(
            "Were there [any earthquakes] in {area} lately?",
            "List [the quakes] in {area} above magnitude {min_magnitude}.",
            "[Which earthquakes] did {area} have in the last {last_days}?",
        ),
        missing=Missing("Were there [any earthquakes] above {min_magnitude}?", "In which region?"),
        pairs=("List [the earthquakes] in {area1} and in {area2} above {min_magnitude}.",),
    ),
    Tool(
        "mineral_lookup",
        "geology",
        "look up the properties of a mineral",
        (
            string("mineral", pick("quartz", "feldspar", "calcite", "pyrite", "topaz", "fluorite", "gypsum")),
            enum("property", {"hardness": "hardness", "colour": "colour", "crystal form": "crystal"}, optional=True),
        ),
        asks=(
            "[What is the {property} of {mineral}]?",
            "Tell me [what {mineral} is like].",
            "Look up [the mineral {mineral}].",
        ),
        missing=Missing("[What is the {property}] of this mineral?", "Which mineral is it?"),
        pairs=("Compare [the {property}] of {mineral1} and {mineral2}.",),
    ),
    Tool(
        "date_rock",
        "geology",
        "estimate the age of a rock sample",
        (
            string("sample_id", code("R-###")),
            enum("method", {"uranium": "U-Pb", "argon": "Ar-Ar", "carbon": "C-14"}),
        ),
        asks=(
            "[How old is rock sample {sample_id}] by the {method} method?",
            "[Date the sample {sample_id}] with {method}.",
        ),
        missing=Missing("[How old is rock sample {sample_id}]?", "By which method: uranium, argon or carbon?"),
        pairs=("[Date the samples {sample_id1} and {sample_id2}] with {method}.",),
    ),
)
