"""Tools about files, of the train split only."""

from funreason_trl.data.sample.spec import Missing, Tool, array, boolean, integer, string
from funreason_trl.data.sample.values import pick, several, whole


CONTEXT = ("I'm tidying up my laptop.", "My disk is almost full.", "I'm preparing a release.")
FOLDERS = pick("/data/archive", "/home/ana/docs", "/srv/reports", "/tmp/export", "/mnt/backup", "/home/lee/photos")
FILE_PATHS = tuple(
    f"/home/{user}/{name}"
    for user in ("ana", "lee")
    for name in ("notes.txt", "budget.xlsx", "plan.pdf", "draft.docx")
)
IMAGES = pick("cover.png", "team.jpg", "logo.png", "beach.jpg", "banner.png", "portrait.jpg")

TRAIN = (
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
)
