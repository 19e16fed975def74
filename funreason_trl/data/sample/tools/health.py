"""Tools about health, of both splits."""

from funreason_trl.data.sample.spec import Missing, Tool, boolean, enum, integer, number, string, words_for
from funreason_trl.data.sample.values import CITY, DATE, MINUTES, TIME, decimal, either, pick, scaled, whole, with_unit


CONTEXT = ("I'm trying to live healthier.", "My doctor told me to take care.", "I've been feeling tired lately.")

TRAIN = (
    Tool(
        "body_mass_index",
        "health",
        "calculate the body mass index of a person",
        (number("weight_kg", whole(48, 120)), number("height_cm", whole(150, 200))),
        asks=(
            "[What is my BMI]? My weight is {weight_kg} kg and my height is {height_cm} cm.",
            "Work out [the body mass index] for {height_cm} cm and {weight_kg} kg.",
        ),
        missing=Missing("[What is my BMI] at a weight of {weight_kg} kg?", "How tall are you?"),
        pairs=("Work out [the BMI] at a height of {height_cm} cm for {weight_kg1} kg and for {weight_kg2} kg.",),
    ),
    Tool(
        "log_water",
        "health",
        "record how much water the user drank",
        (
            integer(
                "millilitres",
                either(
                    with_unit(whole(150, 900, 50), "ml"),
                    scaled(2, 4, "litres", 1000, "ml"),
                    words_for({"half a litre": 500, "a quarter of a litre": 250}),
                ),
            ),
            string("time", TIME, "HH:MM", optional=True),
        ),
        asks=(
            "[I drank {millilitres} of water].",
            "[Record {millilitres} of water] at {time}.",
            "[Log {millilitres} of water] for me.",
        ),
        missing=Missing("[Record the water] I drank at {time}.", "How much water did you drink?"),
    ),
    Tool(
        "book_doctor",
        "health",
        "book an appointment with a doctor",
        (
            enum(
                "field",
                {"an eye doctor": "ophthalmology", "a skin doctor": "dermatology", "a heart doctor": "cardiology"},
            ),
            string("city", CITY),
            string("date", DATE, "YYYY-MM-DD"),
        ),
        asks=(
            "[Book an appointment] with {field} in {city} on {date}.",
            "I need to [see {field}] in {city} on {date}.",
        ),
        missing=Missing("[Book an appointment] with {field} on {date}.", "In which city?"),
    ),
    Tool(
        "pill_plan",
        "health",
        "plan when to take a medicine",
        (
            string(
                "medicine", pick("ibuprofen", "iron tablets", "vitamin D", "antibiotics", "allergy pills", "magnesium")
            ),
            integer("times_per_day", words_for({"twice": 2, "three times": 3, "four times": 4})),
            boolean("with_food", {"with meals": True, "on an empty stomach": False}, default=False),
        ),
        asks=(
            "I have to [take {medicine}] {times_per_day} a day {with_food}.",
            "[Plan my {medicine}], {times_per_day} a day.",
            "[Make a plan for taking {medicine}] {times_per_day} a day {with_food}.",
        ),
        missing=Missing("[Plan my {medicine}] for me.", "How many times a day do you take it?"),
    ),
    Tool(
        "calories_burned",
        "health",
        "estimate the calories that an exercise burns",
        (
            enum("exercise", {"running": "run", "swimming": "swim", "cycling": "cycle", "hiking": "hike"}),
            integer("minutes", MINUTES),
            number("weight_kg", with_unit(whole(50, 110), "kg"), optional=True),
        ),
        asks=(
            "[How many calories] does {minutes} of {exercise} burn at {weight_kg}?",
            "Estimate [the calories burned] by {exercise} for {minutes}.",
        ),
        missing=Missing("[How many calories] does {exercise} burn?", "For how many minutes?"),
        pairs=("Compare [the calories burned] by {minutes} of {exercise1} and of {exercise2}.",),
    ),
)

HELDOUT = (
    Tool(
        "sleep_score",
        "health",
        "rate how well the user slept",
        (
            string("night", DATE, "YYYY-MM-DD"),
            number("hours_slept", decimal(4, 10)),
            integer("wake_ups", words_for({"once": 1, "twice": 2, "three times": 3}), default=0),
        ),
        asks=(
            "[How well did I sleep]? It was {hours_slept} hours on {night}.",
            "[Rate my sleep] on {night}: {hours_slept} hours, and I woke up {wake_ups}.",
        ),
        missing=Missing("[Rate my sleep] on {night}.", "How many hours did you sleep?"),
    ),
)
