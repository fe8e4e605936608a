"""A report as blocks under headings, written as report.html (one self-contained page) and as report.md (Markdown)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import groupby
from pathlib import Path

from benchmarks.design.report_blocks import Block, FigureBlock, Group, Section, Table
from benchmarks.figures.rendering import file_kinds, output, text_fitting
from benchmarks.reports import markup, render, table_formats
from envs.files.writing import write_text


@dataclass(frozen=True)
class Document:
    """A question, the answer in a sentence, and the sections that show it.

    finding  the answer of the experiment's own tests, shown before the verdict; may be empty
    warnings what the reader should act on, before the answer      notes  what else is to be known, after it
    names    of tasks and variants: those that Markdown would interpret are shown exactly as they are
    """

    name: str
    question: str
    verdict: str
    sections: tuple[Section, ...]
    warnings: tuple[str, ...] = ()
    finding: str = ""
    names: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def said_first(self) -> list[str]:
        """The texts that the page begins with: the answers, then the notes."""
        return [text for text in (self.finding, self.verdict, *self.notes) if text]

    @staticmethod
    def split(text: str) -> tuple[str, str, int]:
        """An answer, the list below it, and how many entries that has."""
        answer, _, details = text.partition("\n\n- ")
        return answer, f"- {details}" if details else "", details.count("\n- ") + 1 if details else 0

    @cached_property
    def groups(self) -> list[tuple[Group, list[Section]]]:
        """The sections by group, in order."""
        return [(group, list(sections)) for group, sections in groupby(self.sections, lambda section: section.group)]

    @cached_property
    def tables(self) -> dict[str, table_formats.Prepared]:
        """The tables as they are shown, by the name of their block."""
        tables = [block for block in self._blocks if isinstance(block, Table)]
        return {table.name: table_formats.prepare_table(table.frame, table.bold) for table in tables}

    def write(self, out: Path, kinds: Sequence[str] = file_kinds.SUFFIXES) -> Path:
        """Write tables, figures (in files of these kinds), report.html and report.md under `out`.

        Returns the path of report.md.
        """
        escaped = markup.need_escaping(self.names)
        written: set[Path] = set()
        with output.collected_after_saving(), text_fitting.without_glyph_warnings():
            for block in self._blocks:
                if isinstance(block, Table):
                    path = out / "tables" / block.name
                    written |= {*table_formats.save_table(block.frame, self.tables[block.name], path, escaped)}
                elif isinstance(block, FigureBlock):
                    written |= {*output.save(block.draw(), out / "figures" / block.name, kinds)}
        _remove_old(out, written)
        write_text(out / "report.html", render.as_html(self, self.tables, escaped, out / "figures", kinds))
        write_text(out / "report.md", self.as_markdown())
        return out / "report.md"

    def as_text(self) -> str:
        """For a terminal: the Markdown without its figures."""
        kept = tuple(
            replace(s, blocks=tuple(b for b in s.blocks if not isinstance(b, FigureBlock))) for s in self.sections
        )
        return replace(self, sections=kept).as_markdown()

    def as_markdown(self) -> str:
        """The same words and tables as the page, figures as links."""
        return render.as_markdown(self, self.tables, markup.need_escaping(self.names))

    @property
    def _blocks(self) -> list[Block]:
        return [block for section in self.sections for block in section.blocks]


def _remove_old(out: Path, written: set[Path]) -> None:
    """Remove tables and figures of an earlier report: readers would take them for this report's."""
    for path in [*(out / "tables").rglob("*.*"), *(out / "figures").rglob("*.*")]:
        if path.suffix in (*table_formats.SUFFIXES, *file_kinds.KINDS) and path not in written:
            path.unlink(missing_ok=True)  # another report of the same folder may remove it too
