"""Tools about music, of both splits."""

from funreason_trl.data.sample.spec import Missing, Tool, array, boolean, enum, integer, string, words_for
from funreason_trl.data.sample.values import CITY, code, pick, several, whole


CONTEXT = ("I'm in the mood for music.", "We're having a party.", "It is too quiet in here.")
SONGS = ("Paper Boats", "Midnight Tram", "Golden Hour", "Slow River", "Glass Garden", "Northern Wind", "Second Summer")
ARTISTS = pick(
    "The Lanterns", "Maya Lund", "Copper Street", "Tomas Vale", "The Quiet Foxes", "Ada Moon", "Red Harbour"
)

TRAIN = (
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

HELDOUT = (
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
)
