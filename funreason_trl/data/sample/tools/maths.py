"""Tools about maths, of both splits."""

from funreason_trl.data.sample.spec import Missing, Tool, array, enum, integer, number, string
from funreason_trl.data.sample.values import decimal, numbers, pick, whole


CONTEXT = ("I'm checking my homework.", "I've lost my calculator.", "This is for a puzzle.")

TRAIN = (
    Tool(
        "triangle_area",
        "maths",
        "calculate the area of a triangle",
        (
            number("base", decimal(3, 40)),
            number("height", decimal(3, 40)),
            string("unit", pick("m", "cm", "mm"), default="cm"),
        ),
        asks=(
            "[What is the area of a triangle] with base {base} and height {height}?",
            "Calculate [the area of a triangle], base {base} {unit}, height {height} {unit}.",
        ),
        missing=Missing("[What is the area of a triangle] with base {base}?", "What is its height?"),
        pairs=("A triangle has the base {base}. [What is its area] for the heights {height1} and {height2}?",),
    ),
    Tool(
        "solve_quadratic",
        "maths",
        "solve a quadratic equation from its coefficients",
        (integer("a", whole(2, 9)), integer("b", whole(-20, 20)), integer("c", whole(-30, 30))),
        asks=(
            "[Solve the quadratic equation] with a = {a}, b = {b} and c = {c}.",
            "[Find the roots] of the quadratic with the coefficients {a}, {b} and {c}.",
        ),
        missing=Missing("[Solve the quadratic equation] with a = {a} and b = {b}.", "What is the coefficient c?"),
    ),
    Tool(
        "prime_factors",
        "maths",
        "split a number into its prime factors",
        (integer("number", whole(60, 9000)),),
        asks=(
            "[What are the prime factors] of {number}?",
            "[Factorise {number}].",
            "Split [{number} into primes].",
        ),
        missing=Missing("[What are the prime factors] of my number?", "Which number do you mean?"),
        pairs=(
            "[Factorise {number1} and {number2}].",
            "[What are the prime factors] of {number1}, {number2} and {number3}?",
        ),
    ),
    Tool(
        "statistics.describe",
        "maths",
        "calculate a statistic of a list of values",
        (
            array("values", "number", numbers(2, 99)),
            enum("measure", {"median": "median", "range": "range", "standard deviation": "stdev"}, default="mean"),
        ),
        asks=(
            "[What is the {measure}] of {values}?",
            "[Average these values]: {values}.",
            "Find [the {measure}] of the values {values}.",
        ),
        missing=Missing("[What is the {measure}] of my measurements?", "Which values did you measure?"),
        pairs=("Give me [the {measure1} and the {measure2}] of {values}.",),
    ),
    Tool(
        "percentage_of",
        "maths",
        "calculate a percentage of a number",
        (number("percent", whole(3, 95)), number("base_value", whole(40, 5000, 10))),
        asks=(
            "[How much is {percent}%] of {base_value}?",
            "[Calculate {percent} percent] of {base_value}.",
        ),
        missing=Missing("[How much is {percent} percent] of it?", "Of which number?"),
        pairs=("[How much is {percent1}%] and {percent2}% of {base_value}?",),
    ),
    Tool(
        "greatest_common_divisor",
        "maths",
        "find the greatest common divisor of integers",
        (array("numbers", "integer", numbers(12, 240, 2, 3)),),
        asks=(
            "[What is the greatest common divisor] of {numbers}?",
            "Find [the largest number that divides] {numbers}.",
        ),
        missing=Missing("[What is the greatest common divisor] of these two?", "Which numbers do you mean?"),
    ),
    Tool(
        "roll_dice",
        "maths",
        "roll dice at random",
        (integer("count", whole(2, 8)), integer("sides", whole(8, 20, 4), default=6)),
        asks=("[Roll {count} dice].", "[Throw {count} dice] with {sides} sides each."),
        missing=Missing("[Roll some dice] for me.", "How many dice should I roll?"),
    ),
)

HELDOUT = (
    Tool(
        "circle_circumference",
        "maths",
        "calculate the circumference of a circle",
        (number("radius", decimal(2, 90)), integer("decimals", whole(3, 6), default=2)),
        asks=(
            "[What is the circumference] of a circle with a radius of {radius}?",
            "[How long is the edge of a circle] of radius {radius}, to {decimals} decimals?",
        ),
        missing=Missing("[What is the circumference] of my circle?", "What is its radius?"),
        pairs=("[What is the circumference] of circles with the radius {radius1} and {radius2}?",),
    ),
)
