"""Tools about mail, of both splits."""

from funreason_trl.data.sample.spec import Missing, Tool, boolean, enum, integer, string
from funreason_trl.data.sample.tools.calendar import TITLES
from funreason_trl.data.sample.values import FIRST_NAME, code, email, person, pick, whole


CONTEXT = ("I'm working through my inbox.", "I'm away from my desk.", "My phone is nearly empty, so be quick.")
MESSAGES = pick(
    "I will be ten minutes late", "The keys are under the mat", "Dinner is at eight", "The meeting has moved upstairs",
    "Thanks for the lovely evening", "Please bring your laptop", "The parcel has arrived",
)  # fmt: skip
HANDLE = pick(
    "blue.heron@example.com", "hello.studio@example.org", "north.office@example.com", "team.lead@mail.example.net",
    "garden.shop@example.org", "night.desk@example.com", "first.floor@example.org", "book.corner@mail.example.net",
)  # fmt: skip

TRAIN = (
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
)

HELDOUT = (
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
)
