"""Tools about HR, of both splits."""

from funreason_trl.data.sample.spec import Missing, Tool, array, boolean, enum, integer, number, string, words_for
from funreason_trl.data.sample.values import CITIES, DATE, MONTHS, code, decimal, first_names, person, pick, whole


CONTEXT = ("I'm filling in my forms.", "My manager is waiting for this.", "It is the end of the month.")
MONTH = words_for({name: number + 1 for number, name in enumerate(MONTHS)})
PROJECTS = pick("Lighthouse", "Harvest", "Bluebird", "Cobalt", "Riverside", "Atlas", "Meadow", "Northstar")

TRAIN = (
    Tool(
        "request_leave",
        "hr",
        "ask for days off for an employee",
        (
            string("employee_id", code("E###")),
            string("first_day", DATE, "YYYY-MM-DD"),
            integer("days", whole(2, 15)),
            enum("kind", {"sick": "sick", "parental": "parental", "unpaid": "unpaid"}, default="vacation"),
        ),
        asks=(
            "[Request {days} days off] for {employee_id} from {first_day}.",
            "Enter [{kind} leave] for employee {employee_id}: {days} days from {first_day}.",
        ),
        missing=Missing("[Request leave] for {employee_id} from {first_day}.", "For how many days?"),
    ),
    Tool(
        "payslip.get",
        "hr",
        "fetch the payslip of an employee for a month",
        (string("employee_id", code("E###")), integer("month", MONTH, "1 to 12"), integer("year", whole(2021, 2025))),
        asks=(
            "Fetch [the payslip] of {employee_id} for {month} {year}.",
            "[What did employee {employee_id} earn] in {month} {year}?",
        ),
        missing=Missing("Get [the payslip] for {month} {year}.", "What is the employee number?"),
        pairs=("Get [the payslips] of {employee_id} for {month1} and {month2} {year}.",),
    ),
    Tool(
        "log_hours",
        "hr",
        "book working hours on a project",
        (string("project", PROJECTS), number("hours", decimal(2, 9)), string("date", DATE, "YYYY-MM-DD")),
        asks=(
            "[Book {hours} hours] on project {project} for {date}.",
            "I worked {hours} hours on {project} on {date}. [Log that].",
        ),
        missing=Missing("[Book my hours] on project {project} for {date}.", "How many hours did you work?"),
        pairs=("[Log {hours1} hours] on {project1} and {hours2} hours on {project2}, both for {date}.",),
    ),
    Tool(
        "org_chart.manager",
        "hr",
        "find the manager of an employee",
        (string("employee", person),),
        asks=(
            "[Who is the manager] of {employee}?",
            "Tell me [who {employee} reports to].",
            "[Who is {employee}'s boss]?",
        ),
        missing=Missing("[Who is the manager] of our new colleague?", "What is your colleague's name?"),
        pairs=("[Who are the managers] of {employee1} and {employee2}?",),
    ),
    Tool(
        "book_training",
        "hr",
        "sign several employees up for a training course",
        (
            string(
                "course", pick("First Aid", "Fire Safety", "Public Speaking", "Data Protection", "Forklift Driving")
            ),
            array("attendees", "string", first_names),
            string("site", pick(*CITIES[:12]), optional=True),
        ),
        asks=(
            "[Sign {attendees} up] for the {course} course.",
            "[Book the {course} training] in {site} for {attendees}.",
        ),
        missing=Missing("[Book the {course} training] in {site}.", "Who should attend the course?"),
    ),
)

HELDOUT = (
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
)
