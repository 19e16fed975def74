"""Tools about shipping, of both splits."""

from random import Random

from funreason_trl.data.sample.spec import Missing, Tool, Value, boolean, enum, integer, number, record, string
from funreason_trl.data.sample.values import COUNTRY, DATE, address, code, either, person, whole, with_unit


CONTEXT = ("I'm sending a present.", "My shop is busy today.", "I'm waiting for the post.")


def _grams(rng: Random) -> Value:
    grams = rng.randrange(200, 950, 50)
    kilograms = grams // 10 / 100
    return Value(f"{grams} g", kilograms, f"{grams} / 1000 kg")


def _box(rng: Random) -> Value:
    length, width, height = rng.randrange(40, 80, 5), rng.randrange(20, 40, 5), rng.randrange(5, 20, 5)
    sizes = {"length": length, "width": width, "height": height}
    return Value(f"{length} x {width} x {height} cm", sizes)


TRAIN = (
    Tool(
        "track_parcel",
        "shipping",
        "find out where a parcel is",
        (string("tracking_number", code("@@####@")),),
        asks=(
            "[Where is my parcel] {tracking_number}?",
            "[Track {tracking_number}].",
            "Has [the parcel {tracking_number} arrived]?",
        ),
        missing=Missing("[Where is my parcel]?", "What is the tracking number?"),
        pairs=(
            "[Where are my parcels] {tracking_number1} and {tracking_number2}?",
            "[Track {tracking_number1}, {tracking_number2} and {tracking_number3}].",
        ),
    ),
    Tool(
        "shipping_cost",
        "shipping",
        "calculate the price of sending a parcel abroad",
        (
            number("weight_kg", either(with_unit(whole(2, 20), "kg"), _grams), "Weight in kg"),
            string("country", COUNTRY),
            boolean("express", {"by express": True, "by normal post": False}, default=False),
        ),
        asks=(
            "[What does it cost to send] {weight_kg} to {country}?",
            "[How much is it to ship] a parcel of {weight_kg} to {country} {express}?",
        ),
        missing=Missing("[What does it cost to send] a parcel to {country}?", "How heavy is the parcel?"),
        pairs=("[What does it cost to send] {weight_kg} to {country1} and to {country2}?",),
    ),
    Tool(
        "schedule_pickup",
        "shipping",
        "have parcels picked up at an address",
        (string("address", address), string("date", DATE, "YYYY-MM-DD"), integer("parcels", whole(2, 12), default=1)),
        asks=(
            "[Pick up a parcel] at {address} on {date}.",
            "Send someone to [collect {parcels} parcels] from {address} on {date}.",
        ),
        missing=Missing("[Pick up {parcels} parcels] on {date}.", "At which address should we pick them up?"),
    ),
    Tool(
        "print_label",
        "shipping",
        "print an address label",
        (
            string("recipient", person),
            string("address", address),
            enum("paper", {"A5": "A5", "A4": "A4"}, default="A6"),
        ),
        asks=(
            "[Print a label] for {recipient}, {address}.",
            "[Make an address label] on {paper} paper for {recipient} at {address}.",
        ),
        missing=Missing("[Print a label] for {recipient}.", "What is the address of the recipient?"),
    ),
    Tool(
        "choose_box",
        "shipping",
        "choose the smallest box that an item fits in",
        (record("size_cm", {"length": "integer", "width": "integer", "height": "integer"}, _box),),
        asks=("[Which box] fits an item of {size_cm}?", "My item measures {size_cm}. [What box do I need]?"),
        missing=Missing("[Which box] do I need for my vase?", "How long, wide and high is the vase in cm?"),
    ),
)

HELDOUT = (
    Tool(
        "customs_duty",
        "shipping",
        "calculate the customs duty on imported goods",
        (
            enum("goods", {"clothes": "textiles", "phones": "electronics", "books": "books"}),
            number("worth", whole(50, 2000, 10)),
            string("origin_country", COUNTRY),
        ),
        asks=(
            "[How much duty] is there on {goods} worth {worth} from {origin_country}?",
            "[Calculate the customs duty]: {goods} from {origin_country} for {worth}.",
        ),
        missing=Missing("[How much duty] is there on {goods} from {origin_country}?", "What are the goods worth?"),
    ),
)
