"""Tools about databases, of both splits."""

from random import Random

from funreason_trl.data.sample.spec import Maker, Missing, Tool, Value, array, enum, integer, record, string, words_for
from funreason_trl.data.sample.values import MONTHS, code, either, pick, scaled, several, whole, with_unit


CONTEXT = ("I'm on call today.", "We're cleaning up our data.", "The report is due tonight.")
TABLES = pick("orders", "customers", "invoices", "products", "tickets", "shipments", "payments")
COLUMNS = several("id", "name", "status", "price", "city", "created_at", "email")


def _filter(field: str, *options: str) -> Maker:
    def make(rng: Random) -> Value:
        chosen = rng.choice(options)
        return Value(f"{field} {chosen}", {field: chosen})

    return make


TRAIN = (
    Tool(
        "db.select",
        "databases",
        "read columns of a database table",
        (string("table", TABLES), array("columns", "string", COLUMNS), integer("limit", whole(5, 50, 5), default=100)),
        asks=(
            "[Show {columns}] from the table {table}.",
            "[Read the first {limit} rows] of {table}, with {columns}.",
        ),
        missing=Missing("[Show {columns}] of the first {limit} rows.", "From which table?"),
        pairs=("[Read {columns}] from both {table1} and {table2}.",),
    ),
    Tool(
        "count_rows",
        "databases",
        "count the rows of a table that match a condition",
        (
            string("table", TABLES),
            record(
                "where",
                {"status": "string"},
                _filter("status", "open", "closed", "late", "new"),
                "Column and value",
            ),
        ),
        asks=("[How many rows] of {table} have the {where}?", "[Count the {table}] with {where}."),
        missing=Missing("[How many rows] have the {where}?", "In which table should I count?"),
        pairs=("[Count the rows] with {where} in {table1} and in {table2}.",),
    ),
    Tool(
        "db.delete_row",
        "databases",
        "delete a row of a table",
        (string("table", TABLES), integer("row_id", whole(10, 9999))),
        asks=("[Delete row {row_id}] from {table}.", "[Remove the row with number {row_id}] in the table {table}."),
        missing=Missing("[Delete a row] from {table}.", "Which row should I delete?"),
        pairs=("[Delete rows {row_id1}, {row_id2} and {row_id3}] from {table}.",),
    ),
    Tool(
        "db.backup",
        "databases",
        "back up a database",
        (
            string("database", pick("shop", "billing", "crm", "warehouse", "analytics", "forum")),
            integer(
                "keep_days", either(scaled(2, 8, "weeks", 7, "days"), with_unit(whole(10, 90, 5), "days")), default=30
            ),
        ),
        asks=(
            "[Back up] the {database} database.",
            "[Make a backup] of {database} and keep it for {keep_days}.",
        ),
        missing=Missing("[Make a backup] and keep it for {keep_days}.", "Which database should I back up?"),
        pairs=("[Back up] the databases {database1} and {database2}.",),
    ),
    Tool(
        "db.add_user",
        "databases",
        "create a database user",
        (
            string("username", code("user##")),
            enum("role", {"read-only": "reader", "write": "writer", "full": "admin"}),
        ),
        asks=("[Create the user {username}] with {role} access.", "[Give a new user {username}] {role} rights."),
        missing=Missing("[Create the user {username}].", "Which rights should the user have?"),
        pairs=("[Create the users {username1} and {username2}] with {role} access.",),
    ),
)

HELDOUT = (
    Tool(
        "report.monthly",
        "databases",
        "build the monthly sales report of a shop",
        (
            integer("month_number", words_for({name: at + 1 for at, name in enumerate(MONTHS)}), "1 to 12"),
            array("departments", "string", several("toys", "garden", "kitchen", "sports", "shoes")),
            enum("format", {"a PDF": "pdf", "a spreadsheet": "xlsx"}, default="html"),
        ),
        asks=(
            "[Build the sales report] of {month_number} for {departments}.",
            "[Make a sales report] for {month_number} as {format}, with {departments}.",
        ),
        missing=Missing("[Build the sales report] for {departments}.", "For which month?"),
    ),
)
