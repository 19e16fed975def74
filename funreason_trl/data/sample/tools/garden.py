"""Tools about garden, of the held-out split only."""

from funreason_trl.data.sample.spec import Missing, Tool, boolean, number, string
from funreason_trl.data.sample.values import pick, whole, with_unit


CONTEXT = ("I've just planted a few things.", "Our balcony needs care.", "I'm new to gardening.")
PLANTS = pick("tomatoes", "lavender", "basil", "roses", "strawberries", "mint")

HELDOUT = (
    Tool(
        "watering_plan",
        "garden",
        "plan how often to water a plant",
        (
            string("plant", PLANTS),
            number("pot_litres", with_unit(whole(3, 40), "litres")),
            boolean("indoors", {"in the living room": True, "on the balcony": False}, default=False),
        ),
        asks=(
            "[How often should I water] {plant} in a pot of {pot_litres}?",
            "[Plan the watering] of {plant} {indoors} in a pot of {pot_litres}.",
        ),
        missing=Missing("[How often should I water] {plant}?", "How many litres does the pot hold?"),
        pairs=("[How often should I water] {plant1} and {plant2} in a pot of {pot_litres}?",),
    ),
)
