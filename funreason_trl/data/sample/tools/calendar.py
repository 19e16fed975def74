"""Tools about calendar, of both splits."""

from funreason_trl.data.sample.spec import Missing, Tool, array, boolean, integer, string
from funreason_trl.data.sample.values import COUNTRY, DATE, MINUTES, TIME, first_names, pick, whole


CONTEXT = ("My week is getting busy.", "I'm arranging my schedule.", "I have a lot on at the moment.")
TITLES = pick(
    "Budget review", "Team lunch", "Dentist", "Piano lesson", "Project kickoff", "Parents' evening", "Book club",
    "Design workshop", "Car inspection", "Interview practice",
)  # fmt: skip
CHORES = pick(
    "water the plants", "pay the rent", "renew my passport", "call the plumber", "pick up the cake", "return the books",
    "feed the neighbour's cat", "send the invoice",
)  # fmt: skip

TRAIN = (
    Tool(
        "calendar.create_event",
        "calendar",
        "put a new event in the calendar",
        (
            string("title", TITLES),
            string("date", DATE, "YYYY-MM-DD"),
            string("start", TIME, "HH:MM"),
            integer("minutes", MINUTES, "Length", default=60),
        ),
        asks=(
            "[Put {title} in my calendar] on {date} at {start}.",
            "[Schedule {title}] for {minutes} on {date} at {start}.",
            "[new event] {title}, {date}, {start}",
        ),
        missing=Missing("[Put {title} in my calendar] on {date}.", "At what time does it start?"),
        pairs=("[Put {title} in my calendar] on {date1} and again on {date2}, both at {start}.",),
    ),
    Tool(
        "calendar.list_events",
        "calendar",
        "list the events of a day",
        (string("date", DATE, "YYYY-MM-DD"),),
        asks=(
            "[What is in my calendar] on {date}?",
            "List [my appointments] on {date}.",
            "[What have I got planned] for {date}?",
        ),
        missing=Missing("[What is in my calendar] that day?", "Which day do you mean?"),
        pairs=("[What do I have planned] on {date1} and on {date2}?",),
    ),
    Tool(
        "set_reminder",
        "calendar",
        "remind the user of a task",
        (string("task", CHORES), string("date", DATE, "YYYY-MM-DD"), string("time", TIME, "HH:MM", default="09:00")),
        asks=(
            "[Remind me to {task}] on {date}.",
            "[Remind me to {task}] on {date} at {time}.",
            "I must not forget to {task} on {date}. [Set a reminder] for {time}.",
        ),
        missing=Missing("[Remind me to {task}].", "On which date should I remind you?"),
        pairs=("[Remind me] on {date} to {task1} and to {task2}.",),
    ),
    Tool(
        "calendar.delete_event",
        "calendar",
        "delete an event from the calendar",
        (
            integer("event_id", whole(1000, 9999)),
            boolean("notify", {"without telling the guests": False, "and tell the guests": True}, default=True),
        ),
        asks=(
            "[Delete event {event_id}] {notify}.",
            "[Remove event number {event_id}] from my calendar.",
            "[Cancel event {event_id}].",
        ),
        missing=Missing("[Cancel that event] {notify}.", "What is the number of the event?"),
        pairs=("[Delete events {event_id1} and {event_id2}].",),
    ),
    Tool(
        "find_free_slot",
        "calendar",
        "find a time when several people are free",
        (array("people", "string", first_names), integer("minutes", MINUTES), string("date", DATE, "YYYY-MM-DD")),
        asks=(
            "[When are {people} free] for {minutes} on {date}?",
            "Find [a gap] of {minutes} on {date} for {people}.",
        ),
        missing=Missing("[Find a gap] of {minutes} on {date}.", "Who has to be free?"),
    ),
)

HELDOUT = (
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
)
