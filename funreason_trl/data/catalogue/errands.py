"""Catalogue: shipping and sports (train split). Out: `TOOLS`, and `CONTEXT`, opening sentences by domain."""

from random import Random

from .spec import Missing, Tool, Value, boolean, enum, integer, number, record, string
from .values import CITY, COUNTRY, DATE, TIME, address, code, either, person, pick, whole, with_unit


CONTEXT = {
    "shipping": ("I'm sending a present.", "My shop is busy today.", "I'm waiting for the post."),
    "sports": ("I'm a big fan.", "We're talking about sports.", "I missed the news."),
}
TEAMS = pick(
    "Harbour City", "Northfield United", "River Rovers", "Red Valley", "Eastport FC", "Summit Wolves", "Lakeside"
)
PLAYERS = pick("Luca Ferro", "Emma Strand", "Kofi Mensah", "Ana Prado", "Yuki Mori", "Tom Hale", "Lea Brandt")
LEAGUES = pick("the Northern League", "the City Cup", "the Coastal League", "the Winter Series")


def _grams(rng: Random) -> Value:
    grams = rng.randrange(200, 950, 50)
    kilograms = grams // 10 / 100
    return Value(f"{grams} g", kilograms, f"{grams} / 1000 kg")


def _box(rng: Random) -> Value:
    length, width, height = rng.randrange(40, 80, 5), rng.randrange(20, 40, 5), rng.randrange(5, 20, 5)
    sizes = {"length": length, "width": width, "height": height}
    return Value(f"{length} x {width} x {height} cm", sizes)


TOOLS = (
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
    Tool(
        "match_result",
        "sports",
        "get the result of a team's match on a date",
        (string("team", TEAMS), string("date", DATE, "YYYY-MM-DD")),
        asks=(
            "[How did {team} play] on {date}?",
            "Tell me [the score] of the {team} match on {date}.",
        ),
        missing=Missing("[What was the score] when {team} played?", "On which date was the match?"),
        pairs=("[How did {team1} and {team2} play] on {date}?",),
    ),
    Tool(
        "league_table",
        "sports",
        "show the table of a league in a season",
        (string("league", LEAGUES), integer("season", whole(2012, 2024)), integer("top", whole(3, 10), optional=True)),
        asks=(
            "Show me [the table of {league}] in {season}.",
            "[Who were the top {top}] of {league} in {season}?",
        ),
        missing=Missing("Show me [the league table] of {season}.", "Which league do you mean?"),
        pairs=("Show [the table of {league}] in {season1} and in {season2}.",),
    ),
    Tool(
        "book_court",
        "sports",
        "book a court to play on",
        (
            enum("sport", {"tennis": "tennis", "squash": "squash", "badminton": "badminton"}),
            string("date", DATE, "YYYY-MM-DD"),
            string("time", TIME, "HH:MM"),
            string("city", CITY, optional=True),
        ),
        asks=(
            "[Book a {sport} court] on {date} at {time}.",
            "[Get us a {sport} court] in {city} on {date} at {time}.",
        ),
        missing=Missing("[Book a {sport} court] on {date}.", "At what time do you want to play?"),
    ),
    Tool(
        "player_stats",
        "sports",
        "look up the statistics of a player",
        (string("player", PLAYERS), integer("season", whole(2012, 2024), optional=True)),
        asks=(
            "[How many goals] has {player} scored?",
            "Look up [the statistics] of {player} in {season}.",
        ),
        missing=Missing("[How many goals] did he score in {season}?", "Which player do you mean?"),
        pairs=("Compare [the statistics] of {player1} and {player2}.",),
    ),
    Tool(
        "join_race",
        "sports",
        "enter a runner in a race",
        (
            string("runner", person),
            string("race", pick("Harbour Run", "City Marathon", "Hill Sprint", "Forest Ten")),
            number("distance_km", with_unit(whole(5, 42), "km"), optional=True),
        ),
        asks=("[Enter {runner}] in the {race}.", "[Sign {runner} up] for the {race} over {distance_km}."),
        missing=Missing("[Sign someone up] for the {race}.", "Who wants to run?"),
    ),
)
