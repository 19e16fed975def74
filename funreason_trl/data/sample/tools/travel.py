"""Tools about travel, of both splits."""

from funreason_trl.data.sample.spec import Missing, Tool, boolean, enum, integer, number, string
from funreason_trl.data.sample.values import CITY, COUNTRY, DATE, TIME, code, pick, whole, with_unit


CONTEXT = ("We're planning our holiday.", "I have to travel for work.", "My sister and I are going away.")
# Cities between which a train really runs.
RAIL = pick("Prague", "Krakow", "Zurich", "Bologna", "Vienna", "Munich", "Milan", "Berlin", "Warsaw", "Budapest")

TRAIN = (
    Tool(
        "find_flights",
        "travel",
        "find flights between two cities on a date",
        (
            string("origin", CITY),
            string("destination", CITY),
            string("date", DATE, "YYYY-MM-DD"),
            boolean("direct_only", {"non-stop": True, "direct": True}, default=False),
        ),
        asks=(
            "[Find a flight] from {origin} to {destination} on {date}.",
            "Are there {direct_only} [flights] from {origin} to {destination} on {date}?",
            "I want to [fly to {destination}] from {origin} on {date}.",
        ),
        missing=Missing("Find me [a flight from {origin} to {destination}].", "On which date do you want to fly?"),
        pairs=("Search [flights] from {origin} on {date} to {destination1} and to {destination2}.",),
    ),
    Tool(
        "book_hotel",
        "travel",
        "book a hotel room in a city",
        (
            string("city", CITY),
            string("check_in", DATE, "First night, YYYY-MM-DD"),
            integer("nights", whole(2, 9)),
            integer("guests", whole(3, 6), default=2),
        ),
        asks=(
            "[Book a hotel] in {city} for {nights} nights from {check_in}.",
            "Reserve [a hotel room] in {city} for {guests} people, {nights} nights, arriving {check_in}.",
            "We need [a place to sleep] in {city}, {nights} nights, from {check_in}.",
        ),
        missing=Missing("Book me [a hotel] in {city} from {check_in}.", "How many nights do you want to stay?"),
    ),
    Tool(
        "rent_car",
        "travel",
        "rent a car in a city",
        (
            string("city", CITY),
            string("pickup_date", DATE, "YYYY-MM-DD"),
            integer("days", whole(2, 14)),
            enum("size", {"small": "compact", "family": "estate", "big": "van"}, default="compact"),
        ),
        asks=(
            "[Rent a car] in {city} for {days} days from {pickup_date}.",
            "Get me a {size} [rental car] in {city} on {pickup_date} for {days} days.",
        ),
        missing=Missing(
            "I want to [rent a car] in {city} on {pickup_date}.", "For how many days do you need the car?"
        ),
    ),
    Tool(
        "visa_check",
        "travel",
        "tell whether a traveller needs a visa",
        (string("passport", COUNTRY, "Country of the passport"), string("destination", COUNTRY, "Country to visit")),
        asks=(
            "[Do I need a visa] for {destination} with a passport from {passport}?",
            "Check [the visa rules] for {destination}; my passport is from {passport}.",
        ),
        missing=Missing("[Do I need a visa] for {destination}?", "Which country issued your passport?"),
        pairs=("My passport is from {passport}. [Do I need a visa] for {destination1} and for {destination2}?",),
    ),
    Tool(
        "train_timetable",
        "travel",
        "list trains between two cities",
        (
            string("origin", RAIL),
            string("destination", RAIL),
            string("after", TIME, "Earliest departure, HH:MM", optional=True),
        ),
        asks=(
            "[Which trains] go from {origin} to {destination} after {after}?",
            "Show me [the trains] from {origin} to {destination}.",
            "[trains] {origin} to {destination}, after {after}",
        ),
        missing=Missing("[Which trains] go to {destination}?", "From which city do you want to leave?"),
    ),
)

HELDOUT = (
    Tool(
        "booking.cancel",
        "travel",
        "cancel a travel booking",
        (
            string("reference", code("@@@##@")),
            boolean("refund", {"and ask for my money back": True, "without a refund": False}, default=False),
        ),
        asks=(
            "[Cancel my booking] {reference}.",
            "[Cancel booking {reference}] {refund}.",
            "I can't travel any more; [please cancel {reference}].",
        ),
        missing=Missing("[Cancel my booking] {refund}.", "What is the reference of the booking?"),
        pairs=("[Cancel my bookings] {reference1} and {reference2}.",),
    ),
    Tool(
        "baggage_fee",
        "travel",
        "look up what an airline charges for baggage",
        (
            string("airline", pick("Skylark Air", "Nordwind", "Pacific Wings", "Air Meridian", "Solano Jet")),
            integer("bags", whole(2, 6)),
            number("weight", with_unit(whole(15, 32), "kg"), "kg for each bag", default=20),
        ),
        asks=(
            "[What does {airline} charge] for {bags} bags?",
            "[How much are {bags} bags] of {weight} each with {airline}?",
        ),
        missing=Missing("[What does {airline} charge] for baggage?", "How many bags do you have?"),
        pairs=("Compare [the baggage fees] of {airline1} and {airline2} for {bags} bags.",),
    ),
)
