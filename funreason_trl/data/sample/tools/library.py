"""Tools about library, of the held-out split only."""

from funreason_trl.data.sample.spec import Missing, Tool, array, boolean, enum, string
from funreason_trl.data.sample.values import DATE, TIME, code, numbers, pick


CONTEXT = ("I love reading.", "I'm at the library.", "I have an hour before closing time.")
TITLES = pick("The Salt Road", "Winter Bees", "A House of Maps", "The Last Ferry", "Small Rivers", "Ink and Iron")

HELDOUT = (
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
)
