"""One HTML file that shows what a run did: files of a run in ([`reading`], [`scores`]), pictures and a page out.

files     a JSON file                 -> what is in it, of the right shape
reading   a run's folder              -> `Run`
scores    folders of `funreason eval` -> `Model`s, `Comparison`s and the answers that changed
text      anything                    -> text that is safe in HTML
drawing, pictures, flow               -> SVG
sections, page                        -> HTML
"""

from .files import ReportError
from .page import write_report


__all__ = ["ReportError", "write_report"]
