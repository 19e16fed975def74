"""Tools about weather, of both splits."""

from funreason_trl.data.sample.spec import Missing, Tool, enum, integer, number, string
from funreason_trl.data.sample.values import CITY, DATE, decimal, pick, whole


CONTEXT = ("I'm wondering what to wear.", "We want to eat outside.", "I have a long walk ahead of me.")

TRAIN = (
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
)

HELDOUT = (
    Tool(
        "storm_warnings",
        "weather",
        "list storm warnings for a region",
        (
            string(
                "region", pick("the Baltic coast", "the Highlands", "the Black Forest", "the Azores", "the Po valley")
            ),
            enum("severity", {"severe": "severe", "extreme": "extreme"}, default="any"),
        ),
        asks=(
            "Are there [storm warnings] for {region}?",
            "List [the {severity} storm warnings] for {region}.",
        ),
        missing=Missing("Are there any [{severity} storm warnings]?", "For which region?"),
        pairs=("Check [the storm warnings] for {region1} and {region2}.",),
    ),
    Tool(
        "snow_depth",
        "weather",
        "report how deep the snow is at a ski resort",
        (string("resort", pick("Alta Cima", "Weisshorn", "Pine Ridge", "Fjellheim", "Monte Corvo", "Blue Peak")),),
        asks=(
            "[How deep is the snow] at {resort}?",
            "Tell me [how much snow] there is at {resort}.",
            "[snow depth] {resort}",
        ),
        missing=Missing("[How much snow] is there for skiing?", "At which ski resort?"),
        pairs=(
            "[How deep is the snow] at {resort1} and at {resort2}?",
            "Tell me [how much snow] there is at {resort1}, {resort2} and {resort3}.",
        ),
    ),
)
