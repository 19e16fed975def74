"""Pages that are made while the site is built: the reference, and files outside docs/ that pages link to.

In: the files of docs/, the code, and the repository. Out: pages below `reference/`, and what is linked below
`repository/`. Called by ProperDocs (properdocs.yml); nothing of it is committed.
"""

import posixpath
import re

from properdocs.config.defaults import ProperDocsConfig
from properdocs.structure.files import File, Files
from properdocs.structure.pages import Page
from reference import ROOT, reference_list, reference_pages


INDEX = "reference/README.md"
LINK = re.compile(r"(?<=\]\()(?!\w+:|#|/)([^)\s#]+)")


def on_files(files: Files, config: ProperDocsConfig) -> Files:
    """Adds the pages of the reference, and the files outside docs/ that pages link to, and those that these link to."""
    pages = reference_pages()
    index = files.src_uris[INDEX]
    files.remove(index)
    files.append(File.generated(config, INDEX, content=f"{index.content_string}\n{reference_list(pages)}\n"))
    for place, text in pages.items():
        files.append(File.generated(config, place, content=text))

    waiting = [(file.src_uri, file.content_string) for file in files.documentation_pages()]
    while waiting:
        folder, text = posixpath.dirname(waiting[-1][0]), waiting.pop()[1]
        for link in LINK.findall(text):
            place = place_of(link, folder)
            path = ROOT / place.removeprefix("repository/")
            if not place.startswith("repository/") or place in files.src_uris or not path.is_file():
                continue
            files.append(File.generated(config, place, abs_src_path=str(path)))
            if place.endswith(".md"):
                waiting.append((place, path.read_text(encoding="utf-8")))
    return files


def on_page_markdown(markdown: str, page: Page, config: ProperDocsConfig, files: Files) -> str:
    """Leads links to where the files are in the site; what is nowhere stays as it is, and stops the build."""
    folder = posixpath.dirname(page.file.src_uri)
    return LINK.sub(lambda link: posixpath.relpath(place_of(link[1], folder), folder or "."), markdown)


def place_of(link: str, folder: str) -> str:
    """The place in the site of what a page in this folder of the site links to."""
    place = posixpath.normpath(posixpath.join(folder, link))
    if place.startswith("repository/docs/"):
        return place.removeprefix("repository/docs/")
    return f"repository/{place.removeprefix('../')}" if place.startswith("../") else place
