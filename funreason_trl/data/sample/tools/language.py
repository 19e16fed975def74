"""Tools about language, of the held-out split only."""

from funreason_trl.data.sample.spec import Missing, Tool, array, string, words_for
from funreason_trl.data.sample.values import pick, several


CONTEXT = ("I'm learning languages.", "My grammar is rusty.", "I'm polishing a text.")
LANGUAGES = {"Spanish": "es", "German": "de", "French": "fr", "Japanese": "ja", "Italian": "it", "Dutch": "nl"}
PHRASES = pick("Where is the station?", "See you tomorrow", "The soup is cold", "Happy birthday", "I lost my keys")

HELDOUT = (
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
