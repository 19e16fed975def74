"""Tools about chemistry, of the held-out split only."""

from funreason_trl.data.sample.spec import Missing, Tool, array, number, string, words_for
from funreason_trl.data.sample.values import decimal, either, pick, scaled, several, whole, with_unit


CONTEXT = ("I'm in the lab.", "We have an experiment tomorrow.", "I'm revising for an exam.")

HELDOUT = (
    Tool(
        "molar_mass",
        "chemistry",
        "calculate the molar mass of a compound",
        (string("formula", pick("H2O", "NaCl", "C6H12O6", "CaCO3", "H2SO4", "NH3", "KMnO4", "C2H5OH")),),
        asks=(
            "[What is the molar mass] of {formula}?",
            "[How heavy is a mole] of {formula}?",
            "Work out [the molar mass] of {formula}.",
        ),
        missing=Missing("[What is the molar mass] of my compound?", "What is the formula of the compound?"),
        pairs=(
            "[What is the molar mass] of {formula1} and of {formula2}?",
            "Work out [the molar masses] of {formula1}, {formula2} and {formula3}.",
        ),
    ),
    Tool(
        "dilute",
        "chemistry",
        "calculate how to dilute a stock solution",
        (
            number("stock_molarity", whole(4, 12)),
            number("target_molarity", decimal(1, 3)),
            number("volume_ml", either(with_unit(whole(50, 900, 50), "ml"), scaled(2, 5, "litres", 1000, "ml"))),
        ),
        asks=(
            "[Dilute a stock] that is {stock_molarity} molar to {target_molarity} molar, {volume_ml} in all.",
            "[How do I make {volume_ml}] of a {target_molarity} molar solution from a stock that is {stock_molarity} molar?",
        ),
        missing=Missing(
            "[Dilute a stock] that is {stock_molarity} molar to {target_molarity} molar.",
            "How much of the solution do you need?",
        ),
    ),
    Tool(
        "element_info",
        "chemistry",
        "look up facts about a chemical element",
        (
            string(
                "symbol",
                words_for({"iron": "Fe", "gold": "Au", "sodium": "Na", "tin": "Sn", "helium": "He"}),
                "Such as Fe",
            ),
            array(
                "facts", "string", several("boiling point", "density", "atomic number", "discoverer"), optional=True
            ),
        ),
        asks=("[Look up {facts}] of {symbol}.", "[What do we know about the element] {symbol}?"),
        missing=Missing("[Look up {facts}] of the element.", "Which element do you mean?"),
        pairs=("[Look up {facts}] of {symbol1} and of {symbol2}.",),
    ),
)
