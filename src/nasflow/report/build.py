"""`write_report`: from a folder of results to one HTML file.

Results of another kind bring a reader and sections of their own: `page` takes sections, wherever
they come from.
"""

from __future__ import annotations

from pathlib import Path

from nasflow.report.contents import Contents, contents_of_results
from nasflow.report.kept_pages import KeptPages
from nasflow.report.overview import contents_of_page, contents_of_pages
from nasflow.report.page import figures_of, megabytes, page, plotly_js
from nasflow.report.results import read_results
from nasflow.running.files import PathLike, check_writable, write_text


def write_report(folder: PathLike, out: PathLike, name: str | None = None) -> str:
    """Write the report on the results in `folder` to the HTML file `out`, atomically.

    Args:
        folder: what `nasflow evaluate` or `nasflow reproduce` wrote.
        out: the file.
        name: of what `nasflow reproduce` wrote, the page to show, or `PAGE: PART` for one part of
            it with all there is; None shows the tables of all pages.

    Returns:
        A line on what was written, and one for each section that had to be left out.

    Raises:
        MissingDataError, DataError: `folder` is none of results; something in it is malformed.
        UnknownNameError: there is no page or part of that name.
        MissingExtraError: plotly is not installed.
    """
    check_writable(out)
    contents = _read(Path(folder), name)
    text = page(contents.title, contents.about, contents.sections, contents.made)
    write_text(out, text)
    weight = megabytes(text)
    if figures_of(contents.sections):
        weight += f", {megabytes(plotly_js())} of it plotly.js, which draws the figures"
    left_out = "".join(f"\nleft out: {words}" for words in contents.left_out)
    return f"{out}: {contents.runs}, {weight}; open it in a browser{left_out}"


def _read(folder: Path, name: str | None) -> Contents:
    if name is not None:
        page_name, _, part = name.partition(": ")
        kept = KeptPages(folder).read(page_name)
        if part:
            return contents_of_results(kept.part(part), f"{kept.name}: {part}")
        return contents_of_page(kept)
    # a folder with neither kind of manifest is told what both are
    if (folder / "manifest.json").is_file() or not any(folder.glob("?*-manifest.json")):
        return contents_of_results(read_results(folder))
    return contents_of_pages(KeptPages(folder))
