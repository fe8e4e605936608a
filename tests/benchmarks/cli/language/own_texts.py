"""A user's folder: a corpus, files of all formats, and a module of rewards."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

from benchmarks.cli.main import main

NOUNS, WORDS = ("film", "plot", "story", "cast", "music"), ("good", "great", "bad", "dull", "fine", "poor")
MODULE = """
def praise(texts): return [t.count("good") + t.count("great") - t.count("bad") for t in texts]
def constant(texts): return [1.0] * len(texts)
def word(texts): return ["much"] * len(texts)
def short(texts): return [1.0]
"""
TINY = [
    "--width",
    "16",
    "--layers",
    "1",
    "--heads",
    "2",
    "--vocabulary",
    "64",
    "--passes",
    "4",
    "--batch",
    "256",
    "--rate",
    ".02",
]
FITTING = ["--seeds", "2", "--rank", "2", "--passes", "1"]


def corpus() -> str:
    """Nine hundred sentences, some of them short enough for demonstrations."""
    return "\n\n".join(
        f"The {NOUNS[i % 5]} was {WORDS[i % 6]} and the {NOUNS[i // 5 % 5]} was {WORDS[i // 3 % 6]} but the "
        f"{NOUNS[i // 7 % 5]} is {WORDS[i // 2 % 6]} and {WORDS[i // 11 % 6]}."
        if i % 2
        else f"{NOUNS[i % 5]} and {NOUNS[i // 5 % 5]} {('was', 'is')[i // 2 % 2]} {WORDS[i % 6]} but "
        f"{WORDS[i // 4 % 6]} so it is fine."
        for i in range(900)
    )


def write_lines(path: Path, *rows: object) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def write_files(folder: Path) -> None:
    """corpus.txt, demonstrations.jsonl, texts.jsonl, prompts.jsonl, preferences.jsonl and own_rewards_here.py."""
    (folder / "corpus.txt").write_text(corpus(), encoding="utf-8")
    (folder / "own_rewards_here.py").write_text(MODULE)
    openings = [f"the {noun} {verb}" for noun in NOUNS for verb in ("was", "is")]
    write_lines(folder / "prompts.jsonl", *({"prompt": text} for text in openings))
    answers = [(text, f" {word} and it is {word}.") for text in openings for word in WORDS]
    write_lines(folder / "demonstrations.jsonl", *({"prompt": p, "completion": c} for p, c in answers))
    write_lines(folder / "texts.jsonl", *({"text": p + c} for p, c in answers))
    pairs = [{"prompt": p, "chosen": f" {a}.", "rejected": f" {b}."} for p in openings for a, b in (("good", "bad"),
             ("great", "dull"))]  # fmt: skip
    write_lines(folder / "preferences.jsonl", *pairs)


@cache
def made() -> tuple[Path, Path]:
    """(a user's folder, the base that `language pretrain` has left in it)."""
    folder = Path(mkdtemp())
    write_files(folder)
    words = [
        "language",
        "pretrain",
        "--corpus",
        str(folder / "corpus.txt"),
        *TINY,
        "--results",
        str(folder / "results"),
    ]
    assert main(words) == 0
    (base,) = (folder / "results" / "models").glob("base-*")
    return folder, base
