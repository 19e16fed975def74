"""Catalogue: tools of the held-out split from domains that the train split knows too. Out: `TOOLS`."""

from .spec import Missing, Tool, array, boolean, enum, integer, number, string, words_for
from .values import COUNTRY, DATE, MONTHS, code, decimal, either, email, pick, scaled, several, whole, with_unit


TOOLS = (
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
    Tool(
        "savings_growth",
        "money",
        "calculate how savings grow with interest",
        (
            number("deposit", whole(500, 20000, 100)),
            number("annual_rate", decimal(1, 6), "Percent"),
            integer("months", either(with_unit(whole(6, 30), "months"), scaled(2, 9, "years", 12, "months"))),
        ),
        asks=(
            "[What will {deposit} grow to] at {annual_rate}% in {months}?",
            "Work out [what my savings of {deposit} will be] after {months} at {annual_rate} percent.",
        ),
        missing=Missing("[What will {deposit} grow to] at {annual_rate} percent?", "For how long will you save?"),
        pairs=("[What will {deposit} grow to] at {annual_rate}% in {months1} and in {months2}?",),
    ),
    Tool(
        "invoice.create",
        "money",
        "write an invoice for a client",
        (
            string("client", pick("Baker & Sons", "Studio Lark", "Delta Foods", "Green Roofs", "Hotel Astoria")),
            number("net_sum", whole(80, 4000, 20)),
            string("due", DATE, "YYYY-MM-DD", optional=True),
        ),
        asks=(
            "[Write an invoice] for {client} over {net_sum}.",
            "[Bill {client}] {net_sum}, due on {due}.",
        ),
        missing=Missing("[Write an invoice] for {client}.", "What is the sum of the invoice?"),
    ),
    Tool(
        "public_holidays",
        "calendar",
        "list the public holidays of a country in a year",
        (string("nation", COUNTRY), integer("year", whole(2024, 2032))),
        asks=(
            "[Which days are public holidays] in {nation} in {year}?",
            "List [the public holidays] of {nation} for {year}.",
        ),
        missing=Missing("[Which days are public holidays] in {year}?", "In which country?"),
        pairs=("List [the public holidays] of {nation1} and {nation2} in {year}.",),
    ),
    Tool(
        "mailing_list.subscribe",
        "mail",
        "subscribe an email address to a mailing list",
        (
            string("subscriber", email),
            string("list_name", pick("garden-news", "jobs-weekly", "club-members", "release-notes")),
            enum("frequency", {"every day": "daily", "once a month": "monthly"}, default="weekly"),
        ),
        asks=(
            "[Subscribe {subscriber}] to {list_name}.",
            "[Put {subscriber} on the list] {list_name}, with mails {frequency}.",
        ),
        missing=Missing("[Subscribe {subscriber}] to the mailing list.", "To which list?"),
        pairs=("[Subscribe {subscriber1} and {subscriber2}] to {list_name}.",),
    ),
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
    Tool(
        "blinds.move",
        "home",
        "move the blinds of a window",
        (
            enum("side", {"south": "south", "west": "west", "east": "east", "north": "north"}),
            integer(
                "position", words_for({"all the way up": 100, "halfway": 50, "all the way down": 0}), "Percent open"
            ),
        ),
        asks=("[Move the {side} blinds] {position}.", "[Put the blinds] on the {side} side {position}."),
        missing=Missing("[Move the blinds] on the {side} side.", "How far should I open them?"),
        pairs=("[Move the blinds] on the {side1} and the {side2} side {position}.",),
    ),
    Tool(
        "circle_circumference",
        "maths",
        "calculate the circumference of a circle",
        (number("radius", decimal(2, 90)), integer("decimals", whole(3, 6), default=2)),
        asks=(
            "[What is the circumference] of a circle with a radius of {radius}?",
            "[How long is the edge of a circle] of radius {radius}, to {decimals} decimals?",
        ),
        missing=Missing("[What is the circumference] of my circle?", "What is its radius?"),
        pairs=("[What is the circumference] of circles with the radius {radius1} and {radius2}?",),
    ),
    Tool(
        "convert_data_size",
        "units",
        "convert an amount of data into another unit",
        (
            number("quantity", whole(2, 900)),
            enum("have", {"megabytes": "MB", "gigabytes": "GB", "terabytes": "TB"}),
            enum("want", {"megabytes": "MB", "gigabytes": "GB", "terabytes": "TB"}),
        ),
        asks=("[How many {want}] are {quantity} {have}?", "[Express {quantity} {have}] in {want}."),
        missing=Missing("[Convert {quantity} {have}] for me.", "Into which unit should I convert it?"),
    ),
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
    Tool(
        "metronome.start",
        "music",
        "start a metronome",
        (integer("bpm", whole(50, 180, 2)), integer("beats", words_for({"3/4": 3, "6/8": 6}), default=4)),
        asks=(
            "[Start the metronome] at {bpm} beats per minute.",
            "[Give me a beat] of {bpm} in {beats} time.",
        ),
        missing=Missing("[Start the metronome] in {beats} time.", "How many beats per minute?"),
    ),
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
    Tool(
        "team_roster",
        "sports",
        "list the members of a sports club by position",
        (
            string("club", pick("Seagulls", "Iron Bears", "Valley Hawks", "Silver Sharks", "Old Town Lions")),
            array("positions", "string", several("goalkeeper", "defender", "midfielder", "striker"), optional=True),
        ),
        asks=(
            "[Who plays] for the {club}?",
            "List [the {club} players] in these positions: {positions}.",
        ),
        missing=Missing("[Who plays] as {positions}?", "Which club do you mean?"),
        pairs=("[Who plays] for the {club1} and for the {club2}?",),
    ),
    Tool(
        "contract_end",
        "hr",
        "tell when the contract of a worker ends",
        (
            string("badge", code("B-####")),
            boolean("with_notice", {"including the notice period": True}, default=False),
        ),
        asks=("[When does the contract] of {badge} end?", "[When is the last day] of worker {badge}, {with_notice}?"),
        missing=Missing("[When does my contract] end?", "What is your badge number?"),
        pairs=("[When do the contracts] of {badge1} and {badge2} end?",),
    ),
    Tool(
        "report.monthly",
        "databases",
        "build the monthly sales report of a shop",
        (
            integer("month_number", words_for({name: at + 1 for at, name in enumerate(MONTHS)}), "1 to 12"),
            array("departments", "string", several("toys", "garden", "kitchen", "sports", "shoes")),
            enum("format", {"a PDF": "pdf", "a spreadsheet": "xlsx"}, default="html"),
        ),
        asks=(
            "[Build the sales report] of {month_number} for {departments}.",
            "[Make a sales report] for {month_number} as {format}, with {departments}.",
        ),
        missing=Missing("[Build the sales report] for {departments}.", "For which month?"),
    ),
)
