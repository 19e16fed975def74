"""Catalogue: health, food, home and music (train split). Out: `TOOLS`, and `CONTEXT`, opening sentences by domain."""

from .spec import Missing, Tool, array, boolean, enum, integer, number, string, words_for
from .values import CITY, DATE, MINUTES, TIME, code, either, pick, scaled, several, times, whole, with_unit


CONTEXT = {
    "health": ("I'm trying to live healthier.", "My doctor told me to take care.", "I've been feeling tired lately."),
    "food": ("I'm hungry.", "We have guests this week.", "I don't feel like shopping."),
    "home": ("I've just come home.", "I'm going to bed soon.", "My hands are full."),
    "music": ("I'm in the mood for music.", "We're having a party.", "It is too quiet in here."),
}
ROOMS = ("kitchen", "bedroom", "hallway", "bathroom", "office", "living room", "cellar", "nursery")
ROOM = pick(*ROOMS)
SONGS = ("Paper Boats", "Midnight Tram", "Golden Hour", "Slow River", "Glass Garden", "Northern Wind", "Second Summer")
ARTISTS = pick(
    "The Lanterns", "Maya Lund", "Copper Street", "Tomas Vale", "The Quiet Foxes", "Ada Moon", "Red Harbour"
)
FOODS = pick(
    "lentils", "brown rice", "salmon", "almonds", "oats", "tofu", "chickpeas", "cheddar", "avocado", "spinach"
)
INGREDIENTS = several(
    "rice", "eggs", "tomatoes", "mushrooms", "chicken", "beans", "potatoes", "leeks", "feta", "basil"
)
TOPPINGS = several("olives", "ham", "peppers", "onions", "pineapple", "mushrooms", "salami", "artichokes")

TOOLS = (
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
    Tool(
        "find_recipe",
        "food",
        "find a recipe that uses given ingredients",
        (
            array("ingredients", "string", INGREDIENTS),
            enum("diet", {"vegan": "vegan", "gluten-free": "gluten_free", "low-carb": "low_carb"}, optional=True),
        ),
        asks=(
            "[What can I cook] with {ingredients}?",
            "Find [a {diet} recipe] with {ingredients}.",
            "I have {ingredients} at home. [Suggest a dish].",
        ),
        missing=Missing("Find [a {diet} recipe] for tonight.", "Which ingredients do you want to use?"),
    ),
    Tool(
        "nutrition_facts",
        "food",
        "look up the nutrients of a food",
        (string("food", FOODS), number("grams", with_unit(whole(50, 400, 25), "grams"), default=100)),
        asks=(
            "[How much protein] is in {food}?",
            "Look up [the nutrients] of {grams} of {food}.",
            "[nutrition] {food}, {grams}",
        ),
        missing=Missing("Look up [the nutrients] of my lunch.", "What did you have for lunch?"),
        pairs=(
            "Compare [the nutrients] of {food1} and {food2}.",
            "[How many calories] are in {grams} of {food1} and of {food2}?",
        ),
    ),
    Tool(
        "order_pizza",
        "food",
        "order a pizza for delivery",
        (
            enum("size", {"small": "S", "medium": "M", "large": "L"}),
            array("toppings", "string", TOPPINGS),
            integer("quantity", words_for({"two": 2, "three": 3, "four": 4}), default=1),
        ),
        asks=(
            "[Order a {size} pizza] with {toppings}.",
            "[Get us {quantity} {size} pizzas] with {toppings}.",
            "I'd like [a {size} pizza] with {toppings}, please.",
        ),
        missing=Missing("[Order a pizza] with {toppings}.", "Which size: small, medium or large?"),
        pairs=("[Order a {size1} pizza and a {size2} one], both with {toppings}.",),
    ),
    Tool(
        "reserve_table",
        "food",
        "reserve a table at a restaurant",
        (
            string(
                "restaurant", pick("Blue Olive", "Casa Verde", "The Old Mill", "Golden Wok", "Chez Lucie", "Saffron")
            ),
            integer("guests", whole(2, 10)),
            string("date", DATE, "YYYY-MM-DD"),
            string("time", times(18, 21), "HH:MM"),
        ),
        asks=(
            "[Reserve a table] for {guests} at {restaurant} on {date} at {time}.",
            "We'd like to [eat at {restaurant}] on {date}, {time}, {guests} people.",
        ),
        missing=Missing("[Reserve a table] at {restaurant} on {date} at {time}.", "For how many people?"),
    ),
    Tool(
        "shopping_list.add",
        "food",
        "add items to the shopping list",
        (
            array(
                "items", "string", several("milk", "flour", "soap", "coffee", "apples", "butter", "candles", "yeast")
            ),
        ),
        asks=("[Add {items}] to my shopping list.", "We're out of {items}. [Put them on the shopping list]."),
        missing=Missing("[Add something] to my shopping list.", "What should I add to the list?"),
    ),
    Tool(
        "lights.set",
        "home",
        "switch the lights of a room on or off",
        (
            string("room", ROOM),
            boolean("on", {"on": True, "off": False}),
            integer("brightness", whole(10, 90, 5), "Percent", optional=True),
        ),
        asks=(
            "[Turn {on} the lights] in the {room}.",
            "[Switch the {room} lights {on}].",
            "[Turn the {room} light {on}] at {brightness} percent.",
        ),
        missing=Missing("[Turn {on} the lights].", "In which room?"),
        pairs=("[Turn the lights {on}] in the {room1} and the {room2}.",),
    ),
    Tool(
        "thermostat.set",
        "home",
        "set the temperature of a room",
        (string("room", ROOM), number("degrees", whole(16, 25), "Celsius")),
        asks=(
            "[Heat the {room}] to {degrees} degrees.",
            "[Set the {room} to {degrees}] degrees.",
            "[Make it {degrees} degrees] in the {room}.",
        ),
        missing=Missing("[Make the {room} warmer].", "To how many degrees should I heat it?"),
        pairs=("[Set the temperature] to {degrees1} degrees in the {room1} and {degrees2} in the {room2}.",),
    ),
    Tool(
        "lock_door",
        "home",
        "lock or unlock a door",
        (
            enum("door", {"front door": "front", "back door": "back", "garage door": "garage"}),
            boolean("locked", {"lock": True, "unlock": False}),
        ),
        asks=(
            "Please [{locked} the {door}].",
            "Can you [{locked} the {door}] now?",
            "I forgot to [{locked} the {door}].",
        ),
        missing=Missing("Please [{locked} the door].", "Which door: front, back or garage?"),
        pairs=("Please [{locked} the {door1} and the {door2}].",),
    ),
    Tool(
        "start_vacuum",
        "home",
        "send the robot vacuum to clean rooms",
        (array("rooms", "string", several(*ROOMS)), boolean("mop", {"and mop": True}, default=False)),
        asks=(
            "[Vacuum these rooms]: {rooms}.",
            "[Vacuum {mop}] these rooms: {rooms}.",
            "Have [the robot clean] the {rooms}.",
        ),
        missing=Missing("[Send the robot vacuum] out.", "Which rooms should it clean?"),
    ),
    Tool(
        "run_washer",
        "home",
        "start the washing machine",
        (
            enum("program", {"cotton": "cotton", "wool": "wool", "quick": "quick_30"}),
            integer("spin_rpm", whole(600, 1400, 200), default=1200),
            string("start_at", TIME, "HH:MM", optional=True),
        ),
        asks=(
            "[Start the washing machine] on the {program} program.",
            "[Run the {program} wash] with {spin_rpm} spins a minute.",
            "[Wash] on the {program} program, starting at {start_at}.",
        ),
        missing=Missing("[Start the washing machine].", "Which program: cotton, wool or quick?"),
    ),
    Tool(
        "play_song",
        "music",
        "play a song",
        (string("title", pick(*SONGS)), string("artist", ARTISTS, optional=True)),
        asks=("[Play {title}] by {artist}.", "[Play the song {title}].", "I want to [hear {title}] by {artist}."),
        missing=Missing("[Play that song] by {artist} again.", "Which song do you mean?"),
    ),
    Tool(
        "playlist.create",
        "music",
        "create a playlist of songs",
        (
            string(
                "name", pick("Road Trip", "Rainy Sunday", "Deep Focus", "Kitchen Dance", "Late Night", "Morning Run")
            ),
            array("songs", "string", several(*SONGS)),
            boolean("public", {"public": True, "private": False}, default=False),
        ),
        asks=(
            "[Create a playlist] called {name} with {songs}.",
            "[Make a {public} playlist] named {name} from {songs}.",
        ),
        missing=Missing("[Create a playlist] called {name}.", "Which songs should go in it?"),
    ),
    Tool(
        "set_volume",
        "music",
        "set the volume of a speaker",
        (
            integer("percent", whole(5, 95, 5)),
            enum("speaker", {"the kitchen speaker": "kitchen", "the bedroom speaker": "bedroom"}, default="all"),
        ),
        asks=(
            "[Set the volume] to {percent} percent.",
            "[Turn {speaker} to {percent}] percent.",
            "[volume] {percent}%",
        ),
        missing=Missing("[Change the volume] of {speaker}.", "What volume in percent do you want?"),
    ),
    Tool(
        "find_concerts",
        "music",
        "find concerts of an artist in a city",
        (string("artist", ARTISTS), string("city", CITY)),
        asks=("[When can I see {artist} live] in {city}?", "Are there [concerts] of {artist} in {city}?"),
        missing=Missing("Are there [any concerts] of {artist} soon?", "In which city?"),
        pairs=("Look for [concerts] of {artist} in {city1} and in {city2}.",),
    ),
    Tool(
        "buy_ticket",
        "music",
        "buy tickets for a concert",
        (
            string("concert_id", code("C-###")),
            integer("seats", whole(2, 8)),
            enum("area", {"standing": "standing", "seated": "seated", "balcony": "balcony"}, default="standing"),
        ),
        asks=(
            "[Buy {seats} tickets] for concert {concert_id}.",
            "[Get {seats} {area} tickets] for concert {concert_id}.",
        ),
        missing=Missing("[Buy {seats} tickets] for the concert.", "What is the number of the concert?"),
    ),
)
