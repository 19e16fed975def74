"""Tools about sports, of both splits."""

from funreason_trl.data.sample.spec import Missing, Tool, array, enum, integer, number, string
from funreason_trl.data.sample.values import CITY, DATE, TIME, person, pick, several, whole, with_unit


CONTEXT = ("I'm a big fan.", "We're talking about sports.", "I missed the news.")
TEAMS = pick(
    "Harbour City", "Northfield United", "River Rovers", "Red Valley", "Eastport FC", "Summit Wolves", "Lakeside"
)
PLAYERS = pick("Luca Ferro", "Emma Strand", "Kofi Mensah", "Ana Prado", "Yuki Mori", "Tom Hale", "Lea Brandt")
LEAGUES = pick("the Northern League", "the City Cup", "the Coastal League", "the Winter Series")

TRAIN = (
    Tool(
        "match_result",
        "sports",
        "get the result of a team's match on a date",
        (string("team", TEAMS), string("date", DATE, "YYYY-MM-DD")),
        asks=(
            "[How did {team} play] on {date}?",
            "Tell me [the score] of the {team} match on {date}.",
        ),
        missing=Missing("[What was the score] when {team} played?", "On which date was the match?"),
        pairs=("[How did {team1} and {team2} play] on {date}?",),
    ),
    Tool(
        "league_table",
        "sports",
        "show the table of a league in a season",
        (string("league", LEAGUES), integer("season", whole(2012, 2024)), integer("top", whole(3, 10), optional=True)),
        asks=(
            "Show me [the table of {league}] in {season}.",
            "[Who were the top {top}] of {league} in {season}?",
        ),
        missing=Missing("Show me [the league table] of {season}.", "Which league do you mean?"),
        pairs=("Show [the table of {league}] in {season1} and in {season2}.",),
    ),
    Tool(
        "book_court",
        "sports",
        "book a court to play on",
        (
            enum("sport", {"tennis": "tennis", "squash": "squash", "badminton": "badminton"}),
            string("date", DATE, "YYYY-MM-DD"),
            string("time", TIME, "HH:MM"),
            string("city", CITY, optional=True),
        ),
        asks=(
            "[Book a {sport} court] on {date} at {time}.",
            "[Get us a {sport} court] in {city} on {date} at {time}.",
        ),
        missing=Missing("[Book a {sport} court] on {date}.", "At what time do you want to play?"),
    ),
    Tool(
        "player_stats",
        "sports",
        "look up the statistics of a player",
        (string("player", PLAYERS), integer("season", whole(2012, 2024), optional=True)),
        asks=(
            "[How many goals] has {player} scored?",
            "Look up [the statistics] of {player} in {season}.",
        ),
        missing=Missing("[How many goals] did he score in {season}?", "Which player do you mean?"),
        pairs=("Compare [the statistics] of {player1} and {player2}.",),
    ),
    Tool(
        "join_race",
        "sports",
        "enter a runner in a race",
        (
            string("runner", person),
            string("race", pick("Harbour Run", "City Marathon", "Hill Sprint", "Forest Ten")),
            number("distance_km", with_unit(whole(5, 42), "km"), optional=True),
        ),
        asks=("[Enter {runner}] in the {race}.", "[Sign {runner} up] for the {race} over {distance_km}."),
        missing=Missing("[Sign someone up] for the {race}.", "Who wants to run?"),
    ),
)

HELDOUT = (
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
)
