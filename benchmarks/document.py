"""A report as blocks under headings, written twice: report.html (one self-contained page) and report.md (its plain twin)."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import cache, cached_property, partial
from pathlib import Path

import jinja2
import pandas as pd
from markdown_it import MarkdownIt
from markupsafe import Markup, escape
from matplotlib.figure import Figure

from benchmarks import figures, formats, lettering, markup
from benchmarks.formats import Bold
from benchmarks.phrases import counted
from benchmarks.store import files

TEMPLATES = Path(__file__).parent / "templates"
LONGEST = 60  # rows of a table that a page shows; longer ones are in their files


@dataclass(frozen=True)
class Prose:
    """Paragraphs and lists of Markdown."""

    text: str


@dataclass(frozen=True)
class Warned:
    """A paragraph of Markdown that must not be overlooked."""

    text: str


@dataclass(frozen=True)
class Samples:
    """Lines that keep their spaces."""

    title: str
    lines: tuple[str, ...]


@dataclass(frozen=True)
class Table:
    """tables/<name>.csv, .md and .tex; the page shows it unless it is long."""

    name: str
    frame: pd.DataFrame
    caption: str = ""
    bold: Bold = field(default_factory=dict)
    title: str = ""

    @cached_property
    def prepared(self) -> formats.Prepared:
        return formats.prepared(self.frame, self.bold)

    @property
    def long(self) -> bool:
        return len(self.frame) > LONGEST


@dataclass(frozen=True)
class Drawn:
    """figures/<name>.svg, .pdf and .png; the caption is also what those read who cannot see it."""

    name: str
    draw: Callable[[], Figure]
    caption: str


Block = Prose | Warned | Samples | Table | Drawn


@dataclass(frozen=True)
class Section:
    title: str
    blocks: tuple[Block, ...]

    @property
    def anchor(self) -> str:
        return re.sub(r"[^a-z0-9]+", "-", self.title.lower()).strip("-")


@dataclass(frozen=True)
class Document:
    """What a report says: its question, the answer in a sentence, and the sections that show it.

    finding  what the experiment's own tests answer, before the verdict that every report has; may be empty
    names    of tasks and variants: those that Markdown would interpret are shown exactly as they are
    """

    name: str
    question: str
    verdict: str
    sections: tuple[Section, ...]
    warnings: tuple[str, ...] = ()
    finding: str = ""
    names: tuple[str, ...] = ()

    @cached_property
    def strange(self) -> tuple[str, ...]:
        return markup.strange(self.names)

    def write(self, out: Path, kinds: Sequence[str] = figures.SUFFIXES) -> Path:
        """Tables, figures (in files of these kinds), report.html and report.md under `out`; returns report.md's path."""
        written: set[Path] = set()
        with figures.uncollected(), lettering.quiet():
            for block in (b for s in self.sections for b in s.blocks):
                if isinstance(block, Table):
                    written |= {
                        *formats.save_table(block.frame, block.prepared, out / "tables" / block.name, self.strange)
                    }
                elif isinstance(block, Drawn):
                    written |= {*figures.save(block.draw(), out / "figures" / block.name, kinds)}
        _sweep(out, written)
        page = (
            _environment()
            .get_template("report.html.j2")
            .render(
                document=self,
                show=partial(_show, folder=out / "figures", kinds=kinds, names=self.strange),
                rendered=lambda text: Markup(rendered(text, names=self.strange)),
            )
        )
        files.write_text(out / "report.html", page)
        files.write_text(out / "report.md", self.as_markdown())
        return out / "report.md"

    def as_text(self) -> str:
        """For a terminal: the plain twin without its figures."""
        kept = tuple(Section(s.title, tuple(b for b in s.blocks if not isinstance(b, Drawn))) for s in self.sections)
        return replace(self, sections=kept).as_markdown()

    def as_markdown(self) -> str:
        """The plain twin: the same words and tables, figures as links."""

        def worded(text: str) -> str:
            return markup.worded(text, self.strange)

        parts = [f"# {markup.plain(self.name)}", f"**{worded(self.question)}**"]
        parts += [f"> **{worded(w)}**" for w in self.warnings]
        parts += [worded(text) for text in (self.finding, self.verdict) if text]
        for section in self.sections:
            parts.append(f"## {markup.plain(section.title)}")
            parts += [_plain(block, self.strange) for block in section.blocks]
        return "\n\n".join(parts) + "\n"


def _sweep(out: Path, written: set[Path]) -> None:
    """Remove what an earlier report drew there and this one does not: it would be taken for this one's."""
    for path in [*(out / "tables").rglob("*.*"), *(out / "figures").rglob("*.*")]:
        if path.suffix in (*formats.SUFFIXES, *figures.SUFFIXES) and path not in written:
            path.unlink(missing_ok=True)  # another report of the same folder may sweep too


def _plain(block: Block, names: Sequence[str]) -> str:
    """A block as Markdown."""
    if isinstance(block, Prose):
        return markup.worded(block.text, names)
    if isinstance(block, Warned):
        return f"> **{markup.worded(block.text, names)}**"
    if isinstance(block, Samples):
        return f"### {markup.plain(block.title)}\n\n{markup.fenced(block.lines)}"
    if isinstance(block, Drawn):
        caption = markup.worded(block.caption, names)
        return f"![{caption}](figures/{block.name}.svg)\n\n*{caption}*"
    title = f"### {markup.plain(block.title)}\n\n" if block.title else ""
    if block.long:
        return f"{title}{counted(len(block.frame), 'row')}, in [tables/{block.name}.md](tables/{block.name}.md)"
    caption = f"\n\n{markup.worded(block.caption, names)}" if block.caption else ""
    return title + formats.as_markdown(block.prepared, names) + caption


def _show(block: Block, folder: Path, kinds: Sequence[str], names: Sequence[str]) -> Markup:
    """A block as HTML."""
    if isinstance(block, Prose):
        return Markup(rendered(block.text, names=names))
    if isinstance(block, Warned):
        return Markup(f'<div class="warning">{rendered(block.text, names=names)}</div>')
    if isinstance(block, Samples):
        return Markup("<h3>{}</h3><pre tabindex=0>{}</pre>").format(block.title, "\n".join(block.lines))
    if isinstance(block, Drawn):
        svg = inlined((folder / f"{block.name}.svg").read_text(), block.name, block.caption)
        caption = rendered(block.caption, inline=True, names=names)
        files = ", ".join(f'<a href="figures/{block.name}{kind}">{kind[1:].upper()}</a>' for kind in kinds)
        return Markup(f'<figure id="figure-{block.name}"><div class="wide">{svg}</div>') + Markup(
            f'<figcaption>{caption} <span class="files">{files}</span></figcaption></figure>'
        )
    title = f"<h3>{escape(block.title)}</h3>" if block.title else ""
    files = ", ".join(
        f'<a href="tables/{block.name}.{kind}">{word}</a>'
        for kind, word in (("csv", "CSV"), ("md", "Markdown"), ("tex", "LaTeX"))
    )
    if block.frame.empty or block.long:
        said = "No rows." if block.frame.empty else f"{counted(len(block.frame), 'row')}, too many to show here."
        return Markup(f'{title}<p>{said} <span class="files">{files}</span></p>')
    caption = f'{rendered(block.caption, inline=True, names=names)} <span class="files">{files}</span>'
    return Markup(f'{title}<div class="wide" tabindex="0">{formats.as_html(block.prepared, caption)}</div>')


@cache
def _markdown() -> MarkdownIt:
    """Our prose has no images, links or HTML; where they come in with a text of the user's, they stay text."""
    foreign = ["image", "link", "autolink", "html_inline", "html_block", "reference"]
    return MarkdownIt("commonmark", {"html": False}).enable("table").disable(foreign)


def rendered(text: str, inline: bool = False, names: Sequence[str] = ()) -> str:
    """Markdown as HTML; `inline` without paragraphs; `names` are shown exactly (markup.worded)."""
    words = markup.worded(text, names)
    return _markdown().renderInline(words) if inline else _markdown().render(words)


def inlined(svg: str, name: str, caption: str) -> str:
    """An SVG file as an element of a page: its ids are its own, and it says in words what it shows."""
    head, body = re.match(r".*?(<svg[^>]*>)(.*)", svg, re.DOTALL).groups()  # type: ignore[union-attr]
    box = re.search(r'viewBox="[\d.]+ [\d.]+ ([\d.]+) ([\d.]+)"', head)
    assert box is not None
    width = float(box[1])
    body = re.sub(r"<metadata>.*?</metadata>|<style.*?</style>", "", body, flags=re.DOTALL)
    body = re.sub(r'(\bid="|url\(#|href="#)', rf"\g<1>{name}-", body)
    sizes = f"width:100%;max-width:{width:.0f}pt;min-width:{min(width, 400):.0f}pt"
    label = escape(" ".join(caption.replace("`", "").split()))
    return f'<svg role="img" aria-label="{label}" viewBox="0 0 {box[1]} {box[2]}" style="{sizes}">{body}'


def joined(sentences: Sequence[str]) -> str:
    """A Markdown list."""
    return "\n".join(f"- {s}" for s in sentences)


def _environment() -> jinja2.Environment:
    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        undefined=jinja2.StrictUndefined,
    )
