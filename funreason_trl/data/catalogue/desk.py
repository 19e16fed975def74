"""Catalogue: maths, units, files and databases (train split). Out: `TOOLS`, and `CONTEXT`, opening sentences by domain."""

from random import Random

from .spec import Maker, Missing, Tool, Value, array, boolean, enum, integer, number, record, string
from .values import CITY, TIME, code, decimal, either, numbers, pick, scaled, several, whole, with_unit


CONTEXT = {
    "maths": ("I'm checking my homework.", "I've lost my calculator.", "This is for a puzzle."),
    "units": ("I always mix up my units.", "The label is hard to read.", "I'm writing this down for a friend."),
    "files": ("I'm tidying up my laptop.", "My disk is almost full.", "I'm preparing a release."),
    "databases": ("I'm on call today.", "We're cleaning up our data.", "The report is due tonight."),
}
LENGTHS = {"kilometres": "km", "miles": "mi", "metres": "m", "feet": "ft", "inches": "in", "centimetres": "cm"}
WEIGHTS = {"kilograms": "kg", "pounds": "lb", "ounces": "oz", "grams": "g"}
SCALES = {"Celsius": "C", "Fahrenheit": "F"}
REGIONS = {"European": "EU", "British": "UK", "American": "US"}
FOLDERS = pick("/data/archive", "/home/ana/docs", "/srv/reports", "/tmp/export", "/mnt/backup", "/home/lee/photos")
FILE_PATHS = tuple(
    f"/home/{user}/{name}"
    for user in ("ana", "lee")
    for name in ("notes.txt", "budget.xlsx", "plan.pdf", "draft.docx")
)
IMAGES = pick("cover.png", "team.jpg", "logo.png", "beach.jpg", "banner.png", "portrait.jpg")
TABLES = pick("orders", "customers", "invoices", "products", "tickets", "shipments", "payments")
COLUMNS = several("id", "name", "status", "price", "city", "created_at", "email")


def _filter(field: str, *options: str) -> Maker:
    def make(rng: Random) -> Value:
        chosen = rng.choice(options)
        return Value(f"{field} {chosen}", {field: chosen})

    return make


TOOLS = (
    Tool(
        "triangle_area",
        "maths",
        "calculate the area of a triangle",
        (
            number("base", decimal(3, 40)),
            number("height", decimal(3, 40)),
            string("unit", pick("m", "cm", "mm"), default="cm"),
        ),
        asks=(
            "[What is the area of a triangle] with base {base} and height {height}?",
            "Calculate [the area of a triangle], base {base} {unit}, height {height} {unit}.",
        ),
        missing=Missing("[What is the area of a triangle] with base {base}?", "What is its height?"),
        pairs=("A triangle has the base {base}. [What is its area] for the heights {height1} and {height2}?",),
    ),
    Tool(
        "solve_quadratic",
        "maths",
        "solve a quadratic equation from its coefficients",
        (integer("a", whole(2, 9)), integer("b", whole(-20, 20)), integer("c", whole(-30, 30))),
        asks=(
            "[Solve the quadratic equation] with a = {a}, b = {b} and c = {c}.",
            "[Find the roots] of the quadratic with the coefficients {a}, {b} and {c}.",
        ),
        missing=Missing("[Solve the quadratic equation] with a = {a} and b = {b}.", "What is the coefficient c?"),
    ),
    Tool(
        "prime_factors",
        "maths",
        "split a number into its prime factors",
        (integer("number", whole(60, 9000)),),
        asks=(
            "[What are the prime factors] of {number}?",
            "[Factorise {number}].",
            "Split [{number} into primes].",
        ),
        missing=Missing("[What are the prime factors] of my number?", "Which number do you mean?"),
        pairs=(
            "[Factorise {number1} and {number2}].",
            "[What are the prime factors] of {number1}, {number2} and {number3}?",
        ),
    ),
    Tool(
        "statistics.describe",
        "maths",
        "calculate a statistic of a list of values",
        (
            array("values", "number", numbers(2, 99)),
            enum("measure", {"median": "median", "range": "range", "standard deviation": "stdev"}, default="mean"),
        ),
        asks=(
            "[What is the {measure}] of {values}?",
            "[Average these values]: {values}.",
            "Find [the {measure}] of the values {values}.",
        ),
        missing=Missing("[What is the {measure}] of my measurements?", "Which values did you measure?"),
        pairs=("Give me [the {measure1} and the {measure2}] of {values}.",),
    ),
    Tool(
        "percentage_of",
        "maths",
        "calculate a percentage of a number",
        (number("percent", whole(3, 95)), number("base_value", whole(40, 5000, 10))),
        asks=(
            "[How much is {percent}%] of {base_value}?",
            "[Calculate {percent} percent] of {base_value}.",
        ),
        missing=Missing("[How much is {percent} percent] of it?", "Of which number?"),
        pairs=("[How much is {percent1}%] and {percent2}% of {base_value}?",),
    ),
    Tool(
        "greatest_common_divisor",
        "maths",
        "find the greatest common divisor of integers",
        (array("numbers", "integer", numbers(12, 240, 2, 3)),),
        asks=(
            "[What is the greatest common divisor] of {numbers}?",
            "Find [the largest number that divides] {numbers}.",
        ),
        missing=Missing("[What is the greatest common divisor] of these two?", "Which numbers do you mean?"),
    ),
    Tool(
        "roll_dice",
        "maths",
        "roll dice at random",
        (integer("count", whole(2, 8)), integer("sides", whole(8, 20, 4), default=6)),
        asks=("[Roll {count} dice].", "[Throw {count} dice] with {sides} sides each."),
        missing=Missing("[Roll some dice] for me.", "How many dice should I roll?"),
    ),
    Tool(
        "convert_length",
        "units",
        "convert a length into another unit",
        (
            number("value", decimal(2, 400)),
            enum("from_unit", LENGTHS),
            enum("to_unit", LENGTHS),
        ),
        asks=(
            "[Convert {value} {from_unit}] to {to_unit}.",
            "[How many {to_unit}] are {value} {from_unit}?",
            "[{value} {from_unit}] in {to_unit}",
        ),
        missing=Missing("[Convert {value} {from_unit}] for me.", "Into which unit?"),
        pairs=("[Convert {value} {from_unit}] to {to_unit1} and to {to_unit2}.",),
    ),
    Tool(
        "convert_temperature",
        "units",
        "convert a temperature into another scale",
        (number("degrees", whole(10, 110)), enum("from_scale", SCALES), enum("to_scale", SCALES | {"Kelvin": "K"})),
        asks=(
            "[What is {degrees} degrees {from_scale}] in {to_scale}?",
            "[Convert {degrees} degrees {from_scale}] to {to_scale}.",
        ),
        missing=Missing("[What is {degrees} degrees] in {to_scale}?", "On which scale are the degrees given?"),
        pairs=("[Convert {degrees1} and {degrees2} degrees {from_scale}] to {to_scale}.",),
    ),
    Tool(
        "convert_weight",
        "units",
        "convert a weight into another unit",
        (number("weight", decimal(2, 90)), enum("source", WEIGHTS), enum("target", WEIGHTS)),
        asks=(
            "[How many {target} are {weight} {source}]?",
            "[Turn {weight} {source} into {target}].",
            "My sample weighs {weight} {source}. [What is that in {target}]?",
        ),
        missing=Missing("[Convert a weight] of {weight} {source}.", "Into which unit of weight?"),
        pairs=("[Turn {weight1} and {weight2} {source} into {target}].",),
    ),
    Tool(
        "shoe_size",
        "units",
        "convert a shoe size between regions",
        (number("size", whole(5, 12)), enum("from_region", REGIONS), enum("to_region", REGIONS)),
        asks=(
            "[Which {to_region} shoe size] is {from_region} size {size}?",
            "[Convert shoe size {size}] from {from_region} to {to_region}.",
        ),
        missing=Missing("[Which {to_region} shoe size] is size {size}?", "From which region is the size?"),
    ),
    Tool(
        "time_zone.convert",
        "units",
        "convert a clock time between the time zones of two cities",
        (string("time", TIME, "HH:MM"), string("from_city", CITY), string("to_city", CITY)),
        asks=(
            "[What time is it in {to_city}] when it is {time} in {from_city}?",
            "[Convert {time}] in {from_city} to the time in {to_city}.",
        ),
        missing=Missing(
            "[Convert the time] of my call from {from_city} to {to_city} time.", "At what time is your call?"
        ),
        pairs=("When it is {time} in {from_city}, [what time is it] in {to_city1} and in {to_city2}?",),
    ),
    Tool(
        "files.copy",
        "files",
        "copy a file to a folder",
        (
            string("source", pick(*FILE_PATHS)),
            string("target", FOLDERS),
            boolean("overwrite", {"overwriting what is there": True, "but overwrite nothing": False}, default=False),
        ),
        asks=("[Copy {source}] to {target}.", "[Copy {source}] to {target}, {overwrite}."),
        missing=Missing("[Copy {source}] for me.", "To which folder should I copy it?"),
        pairs=("[Copy {source1} and {source2}] to {target}.",),
    ),
    Tool(
        "files.search",
        "files",
        "search a folder for files that match a pattern",
        (
            string("pattern", pick("*.pdf", "*.csv", "*.log", "*.jpg", "report*", "*.md")),
            string("folder", FOLDERS),
            boolean("recursive", {"without its subfolders": False, "and its subfolders": True}, default=True),
        ),
        asks=(
            "[Find files] matching {pattern} in {folder}.",
            "[Look for {pattern}] in {folder} {recursive}.",
        ),
        missing=Missing("[Find a file] in {folder}.", "What is the file called, as a pattern?"),
        pairs=("[Search {folder}] for {pattern1} and for {pattern2}.",),
    ),
    Tool(
        "files.compress",
        "files",
        "pack files into an archive",
        (
            array("paths", "string", several(*FILE_PATHS)),
            string("archive", pick("backup.zip", "handover.zip", "papers.zip")),
        ),
        asks=("[Pack {paths}] into {archive}.", "[Zip {paths}] as {archive}."),
        missing=Missing("[Make an archive] called {archive}.", "Which files should go in it?"),
    ),
    Tool(
        "rename_file",
        "files",
        "give a file a new name",
        (string("path", pick(*FILE_PATHS)), string("new_name", pick("final.txt", "old.bak", "shared.pdf", "v2.docx"))),
        asks=("[Rename {path}] to {new_name}.", "[Call {path} {new_name}] from now on.", "[rename] {path} {new_name}"),
        missing=Missing("[Rename {path}].", "What should the new name be?"),
    ),
    Tool(
        "resize_image",
        "files",
        "resize an image",
        (
            string("image", IMAGES),
            integer("width", whole(200, 1600, 40), "Pixels"),
            integer("height", whole(210, 990, 60), optional=True),
        ),
        asks=(
            "[Make {image} {width} pixels wide].",
            "[Resize {image}] to {width} by {height} pixels.",
            "[Scale {image}] to a width of {width} pixels.",
        ),
        missing=Missing("[Make {image} smaller].", "How many pixels wide should it be?"),
        pairs=("[Resize {image1} and {image2}] to a width of {width}.",),
    ),
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
