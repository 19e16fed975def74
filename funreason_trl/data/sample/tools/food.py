"""Tools about food, of both splits."""

from funreason_trl.data.sample.spec import Missing, Tool, array, enum, integer, number, string, words_for
from funreason_trl.data.sample.values import DATE, pick, several, times, whole, with_unit


CONTEXT = ("I'm hungry.", "We have guests this week.", "I don't feel like shopping.")
FOODS = pick(
    "lentils", "brown rice", "salmon", "almonds", "oats", "tofu", "chickpeas", "cheddar", "avocado", "spinach"
)
INGREDIENTS = several(
    "rice", "eggs", "tomatoes", "mushrooms", "chicken", "beans", "potatoes", "leeks", "feta", "basil"
)
TOPPINGS = several("olives", "ham", "peppers", "onions", "pineapple", "mushrooms", "salami", "artichokes")

TRAIN = (
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
)

HELDOUT = (
    Tool(
        "wine_pairing",
        "food",
        "suggest a wine that goes with a dish",
        (
            string("dish", pick("roast duck", "mushroom risotto", "grilled trout", "lamb stew", "goat cheese tart")),
            number("max_price", whole(12, 60), optional=True),
            enum("colour", {"red": "red", "white": "white"}, optional=True),
        ),
        asks=(
            "[Which wine] goes with {dish}?",
            "Suggest [a {colour} wine] for {dish} that costs at most {max_price}.",
            "[What should we drink] with {dish}?",
        ),
        missing=Missing("[Which wine] should I open tonight?", "What will you eat with it?"),
        pairs=("[Which wine] goes with {dish1}, and which with {dish2}?",),
    ),
)
