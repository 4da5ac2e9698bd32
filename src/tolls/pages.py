"""How a document looks: one self-contained page of HTML, and a PDF.

Templates stand in ``templates/``. Everything from a case reaches them as data: escaped by Jinja in
HTML, read as JSON by typst, so that no name in an input can become markup or code.
"""

import base64
import json
from collections.abc import Mapping
from dataclasses import asdict
from importlib.resources import files

from tolls.documents import Document

__all__ = ["as_html", "as_pdf"]

_TEMPLATES = files("tolls") / "templates"


def _template(name: str) -> str:
    return (_TEMPLATES / name).read_text(encoding="utf-8")


def as_html(document: Document, figures: Mapping[str, bytes]) -> bytes:
    """Return a document as a page that asks for nothing from anywhere.

    Parameters
    ----------
    document : Document
    figures : mapping of str to bytes
        SVG by name.

    Returns
    -------
    bytes
        HTML in UTF-8.
    """
    from jinja2 import Environment, StrictUndefined

    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    pictures = {
        name: "data:image/svg+xml;base64," + base64.b64encode(svg).decode()
        for name, svg in figures.items()
    }
    page = environment.from_string(_template("page.html")).render(
        document=document,
        pictures=pictures,
        style=_template("page.css"),
        script=_template("page.js"),
    )
    return page.encode()


def as_pdf(document: Document, figures: Mapping[str, bytes]) -> bytes:
    """Return a document as PDF; its figures stay vectors.

    Parameters
    ----------
    document : Document
    figures : mapping of str to bytes
        SVG by name.

    Returns
    -------
    bytes
    """
    import typst

    # in memory: a process that is killed leaves nothing behind
    contents = {f"{name}.svg": svg for name, svg in figures.items()}
    contents["document.json"] = json.dumps(asdict(document)).encode()
    contents["main.typ"] = _template("document.typ").encode()
    # fonts of the machine would make another document of the same inputs
    return typst.compile(contents, ignore_system_fonts=True)  # type: ignore[call-overload, no-any-return]
