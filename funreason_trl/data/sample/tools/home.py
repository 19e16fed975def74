"""Tools about home, of both splits."""

from funreason_trl.data.sample.spec import Missing, Tool, array, boolean, enum, integer, number, string, words_for
from funreason_trl.data.sample.values import TIME, pick, several, whole


CONTEXT = ("I've just come home.", "I'm going to bed soon.", "My hands are full.")
ROOMS = ("kitchen", "bedroom", "hallway", "bathroom", "office", "living room", "cellar", "nursery")
ROOM = pick(*ROOMS)

TRAIN = (
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
)

HELDOUT = (
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
)
