"""Catalogue: money, calendar, mail and HR (train split). Out: `TOOLS`, and `CONTEXT`, opening sentences by domain."""

from .spec import Missing, Tool, array, boolean, enum, integer, number, string, words_for
from .values import (
    CITIES,
    CURRENCIES,
    DATE,
    FIRST_NAME,
    MINUTES,
    MONTHS,
    TIME,
    code,
    decimal,
    email,
    first_names,
    person,
    pick,
    whole,
)  # fmt: skip


CONTEXT = {
    "money": ("I'm sorting out my finances.", "I have to plan our budget.", "This is for my accounts."),
    "calendar": ("My week is getting busy.", "I'm arranging my schedule.", "I have a lot on at the moment."),
    "mail": ("I'm working through my inbox.", "I'm away from my desk.", "My phone is nearly empty, so be quick."),
    "hr": ("I'm filling in my forms.", "My manager is waiting for this.", "It is the end of the month."),
}
MONTH = words_for({name: number + 1 for number, name in enumerate(MONTHS)})
TITLES = pick(
    "Budget review", "Team lunch", "Dentist", "Piano lesson", "Project kickoff", "Parents' evening", "Book club",
    "Design workshop", "Car inspection", "Interview practice",
)  # fmt: skip
CHORES = pick(
    "water the plants", "pay the rent", "renew my passport", "call the plumber", "pick up the cake", "return the books",
    "feed the neighbour's cat", "send the invoice",
)  # fmt: skip
MESSAGES = pick(
    "I will be ten minutes late", "The keys are under the mat", "Dinner is at eight", "The meeting has moved upstairs",
    "Thanks for the lovely evening", "Please bring your laptop", "The parcel has arrived",
)  # fmt: skip
HANDLE = pick(
    "blue.heron@example.com", "hello.studio@example.org", "north.office@example.com", "team.lead@mail.example.net",
    "garden.shop@example.org", "night.desk@example.com", "first.floor@example.org", "book.corner@mail.example.net",
)  # fmt: skip
PROJECTS = pick("Lighthouse", "Harvest", "Bluebird", "Cobalt", "Riverside", "Atlas", "Meadow", "Northstar")

TOOLS = (
    Tool(
        "convert_currency",
        "money",
        "convert an amount of money into another currency",
        (
            number("amount", whole(20, 900, 5)),
            string("from_currency", words_for(CURRENCIES), "ISO code"),
            string("to_currency", words_for(CURRENCIES), "ISO code"),
        ),
        asks=(
            "[Convert {amount} {from_currency}] to {to_currency}.",
            "[How much is {amount} {from_currency}] in {to_currency}?",
            "[What are {amount} {from_currency} worth] in {to_currency}?",
        ),
        missing=Missing("[Convert {amount} {from_currency}] for me.", "Into which currency should I convert it?"),
        pairs=("[How much is {amount} {from_currency}] in {to_currency1} and in {to_currency2}?",),
    ),
    Tool(
        "loan_payment",
        "money",
        "calculate the monthly payment of a loan",
        (
            number("principal", whole(5000, 90000, 500), "Amount borrowed"),
            number("rate", decimal(2, 9), "Yearly interest in percent"),
            integer("years", whole(3, 30)),
        ),
        asks=(
            "[What would I pay each month] for a loan of {principal} at {rate}% over {years} years?",
            "Work out [the monthly payment] on {principal} borrowed for {years} years at {rate} percent.",
        ),
        missing=Missing(
            "[What would I pay each month] for a loan of {principal} over {years} years?",
            "What is the yearly interest rate of the loan?",
        ),
        pairs=("Compare [the monthly payment] on {principal} at {rate}% over {years1} and over {years2} years.",),
    ),
    Tool(
        "stock_price",
        "money",
        "get the latest share price of a company",
        (
            string(
                "ticker",
                pick("AAPL", "MSFT", "NVDA", "TSLA", "SAP", "KO", "NKE", "IBM", "DIS", "SONY"),
                "Ticker symbol",
            ),
        ),
        asks=(
            "[What does a share of {ticker} cost]?",
            "Get me [the latest price of {ticker}].",
            "[{ticker} price]",
            "[How is {ticker} trading]?",
        ),
        missing=Missing("[What is the share price] today?", "Which company's share do you mean?"),
        pairs=(
            "[What are shares of {ticker1} and {ticker2} trading at]?",
            "Get me [the prices of {ticker1}, {ticker2} and {ticker3}].",
        ),
    ),
    Tool(
        "bank.transfer",
        "money",
        "send money to a person",
        (
            string("recipient", person),
            number("amount", whole(10, 500)),
            string("currency", words_for(CURRENCIES), "ISO code", default="EUR"),
        ),
        asks=(
            "[Send {amount}] {currency} to {recipient}.",
            "[Transfer {amount}] to {recipient}.",
            "I want to [pay {recipient}] {amount} {currency}.",
        ),
        missing=Missing("[Send money] to {recipient}.", "How much do you want to send?"),
        pairs=("[Transfer {amount} {currency}] to {recipient1} and the same to {recipient2}.",),
    ),
    Tool(
        "split_bill",
        "money",
        "split a bill between several people",
        (
            number("total", whole(30, 300)),
            integer("people", whole(3, 9)),
            number("tip_percent", whole(5, 20, 5), default=0),
        ),
        asks=(
            "[Split a bill] of {total} between {people} people.",
            "There are {people} of us and the bill is {total}; [what does each pay] with a {tip_percent}% tip?",
            "[Divide {total} between {people}] friends and add a tip of {tip_percent} percent.",
        ),
        missing=Missing("[Split the bill] of {total} between us.", "Between how many people?"),
    ),
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
    Tool(
        "mail.send",
        "mail",
        "send an email",
        (string("to", email), string("subject", TITLES), string("body", MESSAGES)),
        asks=(
            '[Email {to}] about "{subject}": {body}.',
            '[Send a mail] to {to} with the subject "{subject}" and the text "{body}".',
        ),
        missing=Missing('[Email {to}] with the subject "{subject}".', "What should the email say?"),
        pairs=('[Mail {to1} and {to2}] the text "{body}" under the subject "{subject}".',),
    ),
    Tool(
        "mail.search",
        "mail",
        "search the inbox for mails of a sender",
        (
            string("sender", FIRST_NAME),
            boolean("unread_only", {"unread": True}, default=False),
            integer("limit", whole(3, 30), default=10),
        ),
        asks=(
            "[Find mails from {sender}].",
            "[Show me the {unread_only} mails] from {sender}.",
            "[Search for the last {limit} mails] that {sender} sent me.",
        ),
        missing=Missing("[Find that mail] in my inbox.", "Who sent it?"),
        pairs=("[Look for mails] from {sender1} and from {sender2}.",),
    ),
    Tool(
        "mail.move",
        "mail",
        "move an email to a folder",
        (
            string("message_id", code("M-####")),
            enum("folder", {"the archive": "archive", "spam": "spam", "the bin": "trash"}),
        ),
        asks=("[Move message {message_id}] to {folder}.", "[Put mail {message_id} in {folder}]."),
        missing=Missing("[Move this mail] to {folder}.", "Which message should I move?"),
        pairs=("[Move messages {message_id1} and {message_id2}] to {folder}.",),
    ),
    Tool(
        "send_sms",
        "mail",
        "send a text message to a phone number",
        (string("phone", code("07## ### ###")), string("message", MESSAGES)),
        asks=(
            "[Text {phone}]: {message}.",
            '[Send an SMS] to {phone} that says "{message}".',
        ),
        missing=Missing('[Send an SMS] that says "{message}".', "To which phone number?"),
        pairs=('[Text] "{message}" to {phone1} and {phone2}.',),
    ),
    Tool(
        "create_contact",
        "mail",
        "save a new contact in the address book",
        (string("name", person), string("email", HANDLE), string("phone", code("07## ### ###"), optional=True)),
        asks=(
            "[Save {name}] with the address {email}.",
            "[Add a contact]: {name}, {email}, phone {phone}.",
            "[Add {name} to my contacts], the mail address is {email}.",
        ),
        missing=Missing("[Add {name} to my contacts].", "What is the email address of the contact?"),
    ),
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
