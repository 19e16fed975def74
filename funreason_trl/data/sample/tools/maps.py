"""Tools about maps, of the train split only."""

from funreason_trl.data.sample.spec import Missing, Tool, array, enum, integer, string
from funreason_trl.data.sample.values import CITY, TIME, address, either, scaled, several, times, whole, with_unit


CONTEXT = ("I don't know this area well.", "I'm already in the car.", "We're meeting friends in town.")

TRAIN = (
    Tool(
        "route.distance",
        "maps",
        "measure the distance of a route between two addresses",
        (
            string("start", address),
            string("end", address),
            enum("mode", {"on foot": "walking", "by bike": "cycling", "by car": "driving"}, default="driving"),
        ),
        asks=(
            "[How far is it] from {start} to {end} {mode}?",
            "[What's the distance] between {start} and {end}?",
            "Measure [the way from {start} to {end}] {mode}.",
        ),
        missing=Missing("[How far is it] to {end}?", "From which address do you start?"),
        pairs=("[How far is it] from {start} to {end1}, and to {end2}?",),
    ),
    Tool(
        "find_nearby",
        "maps",
        "find places of a kind near an address",
        (
            enum(
                "place", {"pharmacy": "pharmacy", "petrol station": "fuel", "cash machine": "atm", "bakery": "bakery"}
            ),
            string("address", address),
            integer(
                "radius_m",
                either(scaled(2, 6, "km", 1000, "metres"), with_unit(whole(200, 900, 100), "metres")),
                "Radius in metres",
                default=1000,
            ),
        ),
        asks=(
            "Is there a {place} [near {address}]?",
            "[Find a {place}] within {radius_m} of {address}.",
            "Look for [the nearest {place}] around {address}.",
        ),
        missing=Missing("[Where is the nearest {place}]?", "Near which address should I search?"),
        pairs=("Find [a {place1} and a {place2}] near {address}.",),
    ),
    Tool(
        "geocode",
        "maps",
        "turn an address into coordinates",
        (string("address", address), string("city", CITY, optional=True)),
        asks=(
            "What are [the coordinates of {address}] in {city}?",
            "Give me [latitude and longitude] of {address}.",
        ),
        missing=Missing("What are [the coordinates of my new office]?", "What is the address of your office?"),
        pairs=("I need [the coordinates] of {address1} and of {address2}.",),
    ),
    Tool(
        "parking.reserve",
        "maps",
        "reserve a parking space near an address",
        (string("address", address), string("from_time", TIME, "HH:MM"), integer("hours", whole(2, 12))),
        asks=(
            "[Reserve a parking space] near {address} from {from_time} for {hours} hours.",
            "I need to [park] near {address} for {hours} hours, starting at {from_time}.",
        ),
        missing=Missing("[Reserve parking] near {address} from {from_time}.", "For how many hours will you park?"),
    ),
    Tool(
        "plan_tour",
        "maps",
        "order several sights into a walking tour",
        (
            string("city", CITY),
            array(
                "sights",
                "string",
                several(
                    "the cathedral", "the old harbour", "the art museum", "the castle", "the market hall", "the opera"
                ),
            ),
            string("start_time", times(8, 14), "HH:MM", default="10:00"),
        ),
        asks=(
            "Plan [a walking tour] of {city} with {sights}.",
            "Make [a tour] of {city} that starts at {start_time} and takes in {sights}.",
            "We want to see {sights} in {city}. [In what order should we walk]?",
        ),
        missing=Missing("Plan [a walking tour] of {city} for us.", "Which sights do you want to see?"),
    ),
)
