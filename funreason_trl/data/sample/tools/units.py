"""Tools about units, of both splits."""

from funreason_trl.data.sample.spec import Missing, Tool, enum, number, string
from funreason_trl.data.sample.values import CITY, TIME, decimal, whole


CONTEXT = ("I always mix up my units.", "The label is hard to read.", "I'm writing this down for a friend.")
LENGTHS = {"kilometres": "km", "miles": "mi", "metres": "m", "feet": "ft", "inches": "in", "centimetres": "cm"}
WEIGHTS = {"kilograms": "kg", "pounds": "lb", "ounces": "oz", "grams": "g"}
SCALES = {"Celsius": "C", "Fahrenheit": "F"}
REGIONS = {"European": "EU", "British": "UK", "American": "US"}

TRAIN = (
    Tool(
        "convert_length",
        "units",
        "convert a length into another unit",
        (
            number("value", decimal(2, 400)),
            enum("from_unit", LENGTHS),
            enum("to_unit", LENGTHS),
        ),
        asks=(
            "[Convert {value} {from_unit}] to {to_unit}.",
            "[How many {to_unit}] are {value} {from_unit}?",
            "[{value} {from_unit}] in {to_unit}",
        ),
        missing=Missing("[Convert {value} {from_unit}] for me.", "Into which unit?"),
        pairs=("[Convert {value} {from_unit}] to {to_unit1} and to {to_unit2}.",),
    ),
    Tool(
        "convert_temperature",
        "units",
        "convert a temperature into another scale",
        (number("degrees", whole(10, 110)), enum("from_scale", SCALES), enum("to_scale", SCALES | {"Kelvin": "K"})),
        asks=(
            "[What is {degrees} degrees {from_scale}] in {to_scale}?",
            "[Convert {degrees} degrees {from_scale}] to {to_scale}.",
        ),
        missing=Missing("[What is {degrees} degrees] in {to_scale}?", "On which scale are the degrees given?"),
        pairs=("[Convert {degrees1} and {degrees2} degrees {from_scale}] to {to_scale}.",),
    ),
    Tool(
        "convert_weight",
        "units",
        "convert a weight into another unit",
        (number("weight", decimal(2, 90)), enum("source", WEIGHTS), enum("target", WEIGHTS)),
        asks=(
            "[How many {target} are {weight} {source}]?",
            "[Turn {weight} {source} into {target}].",
            "My sample weighs {weight} {source}. [What is that in {target}]?",
        ),
        missing=Missing("[Convert a weight] of {weight} {source}.", "Into which unit of weight?"),
        pairs=("[Turn {weight1} and {weight2} {source} into {target}].",),
    ),
    Tool(
        "shoe_size",
        "units",
        "convert a shoe size between regions",
        (number("size", whole(5, 12)), enum("from_region", REGIONS), enum("to_region", REGIONS)),
        asks=(
            "[Which {to_region} shoe size] is {from_region} size {size}?",
            "[Convert shoe size {size}] from {from_region} to {to_region}.",
        ),
        missing=Missing("[Which {to_region} shoe size] is size {size}?", "From which region is the size?"),
    ),
    Tool(
        "time_zone.convert",
        "units",
        "convert a clock time between the time zones of two cities",
        (string("time", TIME, "HH:MM"), string("from_city", CITY), string("to_city", CITY)),
        asks=(
            "[What time is it in {to_city}] when it is {time} in {from_city}?",
            "[Convert {time}] in {from_city} to the time in {to_city}.",
        ),
        missing=Missing(
            "[Convert the time] of my call from {from_city} to {to_city} time.", "At what time is your call?"
        ),
        pairs=("When it is {time} in {from_city}, [what time is it] in {to_city1} and in {to_city2}?",),
    ),
)

HELDOUT = (
    Tool(
        "convert_data_size",
        "units",
        "convert an amount of data into another unit",
        (
            number("quantity", whole(2, 900)),
            enum("have", {"megabytes": "MB", "gigabytes": "GB", "terabytes": "TB"}),
            enum("want", {"megabytes": "MB", "gigabytes": "GB", "terabytes": "TB"}),
        ),
        asks=("[How many {want}] are {quantity} {have}?", "[Express {quantity} {have}] in {want}."),
        missing=Missing("[Convert {quantity} {have}] for me.", "Into which unit should I convert it?"),
    ),
)
