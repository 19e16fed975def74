"""Catalogue: weather, travel and maps (train split). Out: `TOOLS`, and `CONTEXT`, opening sentences by domain."""

from .spec import Missing, Tool, array, boolean, enum, integer, number, string
from .values import CITY, COUNTRY, DATE, TIME, address, decimal, either, pick, scaled, several, times, whole, with_unit


CONTEXT = {
    "weather": ("I'm wondering what to wear.", "We want to eat outside.", "I have a long walk ahead of me."),
    "travel": ("We're planning our holiday.", "I have to travel for work.", "My sister and I are going away."),
    "maps": ("I don't know this area well.", "I'm already in the car.", "We're meeting friends in town."),
}

# Cities between which a train really runs.
RAIL = pick("Prague", "Krakow", "Zurich", "Bologna", "Vienna", "Munich", "Milan", "Berlin", "Warsaw", "Budapest")

TOOLS = (
    Tool(
        "weather.current",
        "weather",
        "get the current weather of a city",
        (
            string("city", CITY, "City name"),
            enum("unit", {"in Celsius": "celsius", "in Fahrenheit": "fahrenheit"}, default="celsius"),
        ),
        asks=(
            "[How warm is it] in {city} right now?",
            "Show me [the current weather] in {city} {unit}.",
            "Is it [raining at the moment] in {city}?",
            "[weather now] {city}",
        ),
        missing=Missing("What's [the weather like right now]?", "Which city should I look up?"),
        pairs=(
            "What's [the weather right now] in {city1} and in {city2}?",
            "[Current weather] {unit} for {city1} and {city2}, please.",
        ),
    ),
    Tool(
        "get_forecast",
        "weather",
        "forecast the weather of a city for the coming days",
        (string("city", CITY, "City name"), integer("days", whole(2, 10), "Number of days", default=3)),
        asks=(
            "Give me [the forecast for the next {days} days] in {city}.",
            "[What will the weather be like] in {city} over the next {days} days?",
            "How does [the weather forecast] for {city} look?",
        ),
        missing=Missing("Will it [rain over the next few days]?", "For which city do you want the forecast?"),
        pairs=("I need [the {days}-day forecast] for {city1} and for {city2}.",),
    ),
    Tool(
        "air_quality",
        "weather",
        "measure the air quality of a city",
        (
            string("city", CITY),
            enum("pollutant", {"ozone": "ozone", "fine dust": "pm25", "nitrogen dioxide": "no2"}, optional=True),
        ),
        asks=(
            "[How clean is the air] in {city} today?",
            "Check [the air in {city} for {pollutant}].",
            "What is [the {pollutant} level] in the air of {city}?",
        ),
        missing=Missing("[Is the air clean] enough to go running?", "In which city do you want to run?"),
        pairs=(
            "Compare [the air quality] of {city1}, {city2} and {city3}.",
            "[How clean is the air] in {city1} and in {city2}?",
        ),
    ),
    Tool(
        "uv_index",
        "weather",
        "get the UV index at a pair of coordinates",
        (number("latitude", decimal(-60, 60)), number("longitude", decimal(-170, 170))),
        asks=(
            "[How strong is the UV] at latitude {latitude}, longitude {longitude}?",
            "Look up [the UV index] at {latitude}, {longitude}.",
        ),
        missing=Missing("[How high is the UV index] where I am?", "Please give me your latitude and longitude."),
    ),
    Tool(
        "sunrise_time",
        "weather",
        "tell the time of sunrise in a city on a date",
        (string("city", CITY), string("date", DATE, "YYYY-MM-DD")),
        asks=(
            "[When does the sun rise] in {city} on {date}?",
            "Tell me [the time of sunrise] in {city} on {date}.",
        ),
        missing=Missing("[When does the sun come up] in {city}?", "On which date do you want the sunrise?"),
        pairs=("[When is sunrise] on {date} in {city1} and in {city2}?",),
    ),
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
