"""Catalogue: tools of the held-out split from domains that the train split never shows.

Out: `TOOLS`, and `CONTEXT`, opening sentences by domain.
"""

from .spec import Missing, Tool, array, boolean, enum, integer, number, string, words_for
from .values import (
    CITY,
    DATE,
    TIME,
    code,
    decimal,
    either,
    numbers,
    pick,
    scaled,
    several,
    times,
    whole,
    with_unit,
)  # fmt: skip


CONTEXT = {
    "geology": ("I'm on a field trip.", "We're studying rocks.", "I collect stones."),
    "library": ("I love reading.", "I'm at the library.", "I have an hour before closing time."),
    "chemistry": ("I'm in the lab.", "We have an experiment tomorrow.", "I'm revising for an exam."),
    "education": ("I teach a small class.", "The term has just started.", "I'm helping a student."),
    "astronomy": ("I've got a new telescope.", "The sky is clear.", "My daughter loves the stars."),
    "garden": ("I've just planted a few things.", "Our balcony needs care.", "I'm new to gardening."),
    "language": ("I'm learning languages.", "My grammar is rusty.", "I'm polishing a text."),
}
LANGUAGES = {"Spanish": "es", "German": "de", "French": "fr", "Japanese": "ja", "Italian": "it", "Dutch": "nl"}
PHRASES = pick("Where is the station?", "See you tomorrow", "The soup is cold", "Happy birthday", "I lost my keys")
TOPICS = pick("fractions", "the Roman Empire", "photosynthesis", "magnetism", "the water cycle", "world capitals")
PLANTS = pick("tomatoes", "lavender", "basil", "roses", "strawberries", "mint")
TITLES = pick("The Salt Road", "Winter Bees", "A House of Maps", "The Last Ferry", "Small Rivers", "Ink and Iron")

TOOLS = (
    Tool(
        "earthquakes.recent",
        "geology",
        "list recent earthquakes in a region",
        (
            string("area", pick("Iceland", "Chile", "Japan", "Greece", "Alaska", "Sumatra")),
            number("min_magnitude", decimal(2, 6), default=2.5),
            integer("last_days", either(with_unit(whole(3, 28), "days"), scaled(2, 4, "weeks", 7, "days")), default=7),
        ),
        asks=(
            "Were there [any earthquakes] in {area} lately?",
            "List [the quakes] in {area} above magnitude {min_magnitude}.",
            "[Which earthquakes] did {area} have in the last {last_days}?",
        ),
        missing=Missing("Were there [any earthquakes] above {min_magnitude}?", "In which region?"),
        pairs=("List [the earthquakes] in {area1} and in {area2} above {min_magnitude}.",),
    ),
    Tool(
        "mineral_lookup",
        "geology",
        "look up the properties of a mineral",
        (
            string("mineral", pick("quartz", "feldspar", "calcite", "pyrite", "topaz", "fluorite", "gypsum")),
            enum("property", {"hardness": "hardness", "colour": "colour", "crystal form": "crystal"}, optional=True),
        ),
        asks=(
            "[What is the {property} of {mineral}]?",
            "Tell me [what {mineral} is like].",
            "Look up [the mineral {mineral}].",
        ),
        missing=Missing("[What is the {property}] of this mineral?", "Which mineral is it?"),
        pairs=("Compare [the {property}] of {mineral1} and {mineral2}.",),
    ),
    Tool(
        "date_rock",
        "geology",
        "estimate the age of a rock sample",
        (
            string("sample_id", code("R-###")),
            enum("method", {"uranium": "U-Pb", "argon": "Ar-Ar", "carbon": "C-14"}),
        ),
        asks=(
            "[How old is rock sample {sample_id}] by the {method} method?",
            "[Date the sample {sample_id}] with {method}.",
        ),
        missing=Missing("[How old is rock sample {sample_id}]?", "By which method: uranium, argon or carbon?"),
        pairs=("[Date the samples {sample_id1} and {sample_id2}] with {method}.",),
    ),
    Tool(
        "library.find_book",
        "library",
        "check whether the library has a book",
        (
            string("book_title", TITLES),
            enum("edition", {"large print": "large_print", "audio": "audio"}, default="print"),
        ),
        asks=(
            "Does the library [have {book_title}]?",
            "Is there [a copy of {book_title}] in {edition}?",
            "[Check if {book_title} is there].",
        ),
        missing=Missing("Does the library [have my book]?", "What is the title of the book?"),
        pairs=("Does the library [have {book_title1} and {book_title2}]?",),
    ),
    Tool(
        "library.renew",
        "library",
        "extend the loan of library items",
        (string("card", code("L-#####")), array("barcodes", "integer", numbers(10000, 99999, 2, 3))),
        asks=("[Extend the loan] of {barcodes} on card {card}.", "[Renew {barcodes}] on my card {card}."),
        missing=Missing("[Renew {barcodes}].", "What is the number of your library card?"),
    ),
    Tool(
        "reading_room.reserve",
        "library",
        "reserve a seat in the reading room",
        (
            string("day", DATE, "YYYY-MM-DD"),
            string("arrival", TIME, "HH:MM"),
            boolean("window_seat", {"at the window": True}, default=False),
        ),
        asks=(
            "[Reserve a seat] in the reading room on {day} at {arrival}.",
            "[Keep me a seat] {window_seat} in the reading room on {day}, {arrival}.",
        ),
        missing=Missing("[Reserve a seat] in the reading room on {day}.", "At what time will you arrive?"),
    ),
    Tool(
        "molar_mass",
        "chemistry",
        "calculate the molar mass of a compound",
        (string("formula", pick("H2O", "NaCl", "C6H12O6", "CaCO3", "H2SO4", "NH3", "KMnO4", "C2H5OH")),),
        asks=(
            "[What is the molar mass] of {formula}?",
            "[How heavy is a mole] of {formula}?",
            "Work out [the molar mass] of {formula}.",
        ),
        missing=Missing("[What is the molar mass] of my compound?", "What is the formula of the compound?"),
        pairs=(
            "[What is the molar mass] of {formula1} and of {formula2}?",
            "Work out [the molar masses] of {formula1}, {formula2} and {formula3}.",
        ),
    ),
    Tool(
        "dilute",
        "chemistry",
        "calculate how to dilute a stock solution",
        (
            number("stock_molarity", whole(4, 12)),
            number("target_molarity", decimal(1, 3)),
            number("volume_ml", either(with_unit(whole(50, 900, 50), "ml"), scaled(2, 5, "litres", 1000, "ml"))),
        ),
        asks=(
            "[Dilute a stock] that is {stock_molarity} molar to {target_molarity} molar, {volume_ml} in all.",
            "[How do I make {volume_ml}] of a {target_molarity} molar solution from a stock that is {stock_molarity} molar?",
        ),
        missing=Missing(
            "[Dilute a stock] that is {stock_molarity} molar to {target_molarity} molar.",
            "How much of the solution do you need?",
        ),
    ),
    Tool(
        "element_info",
        "chemistry",
        "look up facts about a chemical element",
        (
            string(
                "symbol",
                words_for({"iron": "Fe", "gold": "Au", "sodium": "Na", "tin": "Sn", "helium": "He"}),
                "Such as Fe",
            ),
            array(
                "facts", "string", several("boiling point", "density", "atomic number", "discoverer"), optional=True
            ),
        ),
        asks=("[Look up {facts}] of {symbol}.", "[What do we know about the element] {symbol}?"),
        missing=Missing("[Look up {facts}] of the element.", "Which element do you mean?"),
        pairs=("[Look up {facts}] of {symbol1} and of {symbol2}.",),
    ),
    Tool(
        "quiz.generate",
        "education",
        "write a quiz on a topic",
        (
            string("topic", TOPICS),
            integer("questions", whole(5, 20)),
            enum("level", {"easy": "easy", "hard": "hard"}, default="medium"),
        ),
        asks=(
            "[Write a quiz] on {topic} with {questions} questions.",
            "[Make {questions} {level} questions] about {topic}.",
        ),
        missing=Missing("[Write a quiz] on {topic}.", "How many questions should it have?"),
        pairs=("[Write a quiz] with {questions} questions on {topic1} and one on {topic2}.",),
    ),
    Tool(
        "enrol_student",
        "education",
        "enrol a student in a course",
        (integer("student_number", whole(2000, 9999)), string("course_code", code("@@###"))),
        asks=(
            "[Enrol student {student_number}] in {course_code}.",
            "[Put student number {student_number} in course {course_code}].",
        ),
        missing=Missing("[Enrol student {student_number}].", "In which course?"),
        pairs=("[Enrol student {student_number}] in {course_code1} and in {course_code2}.",),
    ),
    Tool(
        "grade_average",
        "education",
        "average the grades of a pupil",
        (
            array("grades", "integer", numbers(1, 15, 3, 5)),
            boolean("drop_lowest", {"without the worst one": True}, default=False),
        ),
        asks=(
            "[Average the grades] {grades}.",
            "[What is the average grade] of {grades} {drop_lowest}?",
        ),
        missing=Missing("[What is my average grade] {drop_lowest}?", "What are your grades?"),
    ),
    Tool(
        "moon_phase",
        "astronomy",
        "tell the phase of the moon on a night",
        (string("night_of", DATE, "YYYY-MM-DD"),),
        asks=("[What is the moon like] on {night_of}?", "Is it [full moon] on {night_of}?", "[moon phase] {night_of}"),
        missing=Missing("[Is it full moon] that night?", "Which night do you mean?"),
        pairs=("[What phase is the moon in] on {night_of1} and on {night_of2}?",),
    ),
    Tool(
        "planet_position",
        "astronomy",
        "find where a planet stands in the sky",
        (
            enum("planet", {"Mars": "mars", "Venus": "venus", "Jupiter": "jupiter", "Saturn": "saturn"}),
            string("seen_from", CITY),
            string("at", times(19, 22), "HH:MM", optional=True),
        ),
        asks=(
            "[Where is {planet}] in the sky over {seen_from}?",
            "[Where do I see {planet}] from {seen_from} at {at}?",
        ),
        missing=Missing("[Where do I see {planet}] in the sky at {at}?", "From which city do you look?"),
        pairs=("[Where are {planet1} and {planet2}] in the sky over {seen_from}?",),
    ),
    Tool(
        "watering_plan",
        "garden",
        "plan how often to water a plant",
        (
            string("plant", PLANTS),
            number("pot_litres", with_unit(whole(3, 40), "litres")),
            boolean("indoors", {"in the living room": True, "on the balcony": False}, default=False),
        ),
        asks=(
            "[How often should I water] {plant} in a pot of {pot_litres}?",
            "[Plan the watering] of {plant} {indoors} in a pot of {pot_litres}.",
        ),
        missing=Missing("[How often should I water] {plant}?", "How many litres does the pot hold?"),
        pairs=("[How often should I water] {plant1} and {plant2} in a pot of {pot_litres}?",),
    ),
    Tool(
        "translate_text",
        "language",
        "translate a text into another language",
        (string("text", PHRASES), string("language", words_for(LANGUAGES), "Two-letter code")),
        asks=(
            '[Translate] "{text}" into {language}.',
            'What is "{text}" [in {language}]?',
            '[How do you say] "{text}" in {language}?',
        ),
        missing=Missing('[Translate] "{text}" for me.', "Into which language?"),
        pairs=('[Translate] "{text}" into {language1} and {language2}.',),
    ),
    Tool(
        "count_syllables",
        "language",
        "count the syllables of words",
        (array("words", "string", several("banana", "river", "chocolate", "umbrella", "yesterday", "piano")),),
        asks=("[How many syllables] do {words} have?", "[Count the syllables] of {words}."),
        missing=Missing("[How many syllables] does it have?", "Which word do you mean?"),
    ),
)
