"""A document as HTML and as Markdown: the templates, and the functions that they call."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import cache, partial
from pathlib import Path

import jinja2
from markdown_it import MarkdownIt
from markupsafe import Markup, escape

from benchmarks.design.report_blocks import FOLDED
from benchmarks.reports import markup, table_formats
from benchmarks.statistics.wording.phrases import count_noun

TEMPLATES = Path(__file__).parent / "templates"
TABLE_FILES = ((".csv", "CSV"), (".md", "Markdown"), (".tex", "LaTeX"))
Tables = Mapping[str, table_formats.Prepared]  # by the name of their block


def as_html(document: object, tables: Tables, names: Sequence[str], figures: Path, kinds: Sequence[str]) -> str:
    """The page of a document whose figures lie in the folder `figures` as files of these kinds.

    names  of tasks and variants that Markdown would interpret: they are shown exactly as they are
    """
    return _render(
        "report.html.j2",
        document,
        tables,
        markdown=lambda text: Markup(markdown_to_html(text, names=names)),
        inline=lambda text: Markup(markdown_to_html(text, inline=True, names=names)),
        svg=lambda name, caption: Markup(inline_svg((figures / f"{name}.svg").read_text(), name, caption)),
        words=lambda text: Markup(markdown_to_html(text, inline=True, names=names)) if _has_code(text, names) else text,
        figure_files=[(kind, kind[1:].upper()) for kind in kinds],
        table_files=TABLE_FILES,
    )


def as_markdown(document: object, tables: Tables, names: Sequence[str]) -> str:
    """The same words and tables, figures as links; `names` as in as_html."""
    return _render(
        "report.md.j2",
        document,
        tables,
        plain=markup.escaped,
        fenced=markup.code_block,
        with_exact_names=partial(markup.with_exact_names, names=names),
        markdown_table=partial(table_formats.as_markdown, names=names),
    )


def markdown_to_html(text: str, inline: bool = False, names: Sequence[str] = ()) -> str:
    """Markdown as HTML; `inline` without paragraphs; `names` are shown exactly (markup.with_exact_names)."""
    words = markup.with_exact_names(text, names)
    return _markdown().renderInline(words) if inline else _markdown().render(words)


def _has_code(text: str, names: Sequence[str]) -> bool:
    """Whether a table's cell is a sentence with names in backticks, and no user's name itself."""
    return "`" in text and text not in names


def inline_svg(svg: str, name: str, caption: str) -> str:
    """An SVG file as an element of a page: its ids are its own, and its label is the caption."""
    head, body = re.match(r".*?(<svg[^>]*>)(.*)", svg, re.DOTALL).groups()  # type: ignore[union-attr]
    box = re.search(r'viewBox="[\d.]+ [\d.]+ ([\d.]+) ([\d.]+)"', head)
    assert box is not None
    width = float(box[1])
    body = re.sub(r"<metadata>.*?</metadata>|<style.*?</style>", "", body, flags=re.DOTALL)
    body = re.sub(r'(\bid="|url\(#|href="#)', rf"\g<1>{name}-", body)
    sizes = f"width:100%;max-width:{width:.0f}pt;min-width:{min(width, 400):.0f}pt"
    label = escape(" ".join(caption.replace("`", "").split()))
    return f'<svg role="img" aria-label="{label}" viewBox="0 0 {box[1]} {box[2]}" style="{sizes}">{body}'


def _render(template: str, document: object, tables: Tables, **functions: object) -> str:
    shared = {"folded": FOLDED, "kind": lambda block: type(block).__name__.lower(), "counted": count_noun, "zip": zip}
    text: str = _environment().get_template(template).render(document=document, tables=tables, **shared, **functions)
    return text


@cache
def _markdown() -> MarkdownIt:
    """Generated prose has no images, links or HTML; those in a user's text are shown as text."""
    foreign = ["image", "link", "autolink", "html_inline", "html_block", "reference"]
    return MarkdownIt("commonmark", {"html": False}).enable("table").disable(foreign)


@cache
def _environment() -> jinja2.Environment:
    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=lambda name: name is not None and name.endswith(".html.j2"),
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        undefined=jinja2.StrictUndefined,
    )
