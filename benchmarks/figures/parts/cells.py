"""Tables of coloured cells with numbers in them."""

from __future__ import annotations

from collections.abc import Sequence

import matplotlib as mpl
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes

from benchmarks.figures.layout import longest_inches
from benchmarks.figures.rendering.text_fitting import broken
from benchmarks.figures.rendering.width import figure_width
from benchmarks.figures.style import SMALL
from envs.api import Doubles

CELL = 0.23  # inches of a row
AIR = 0.06  # inches beside a number


def columns_of_cells(names: Sequence[str], texts: Sequence[str]) -> int:
    """Columns for which the figure has room beside the rows' names, at the width of the widest text."""
    names_take = min(longest_inches(names), 0.4 * figure_width()) + 0.3
    return max(1, int((figure_width() - names_take) / (longest_inches(texts) + AIR)))


def number_text(value: float, normalised: bool, lost: int = 0) -> str:
    """A cell's text: `.87`, `-` where there is no value, ` x2` where two members diverged."""
    if value != value:
        text = "-"
    elif normalised:
        text = f"{round(value, 2) + 0.0:.2f}".replace("0.", ".", 1) if abs(value) < 0.995 else f"{value:.2f}"
    else:
        text = f"{value:.4g}"
    return text + (f" x{lost}" if lost else "")


def draw_cells(axis: Axes, values: Doubles, names: tuple[Sequence[str], Sequence[str]], texts: Sequence[Sequence[str]],
               colours: tuple[str, float, float]) -> None:  # fmt: skip
    """Cells [rows, columns] with their texts.

    names    of rows and of columns      colours  a colour map of Matplotlib and the values of its two ends
    """
    cmap, low, high = colours
    axis.grid(visible=False)
    axis.set_facecolor("0.93")
    sns.heatmap(
        pd.DataFrame(values), cmap=cmap, vmin=low, vmax=high, ax=axis, cbar=False, linewidths=0.6, linecolor="white"
    )
    axis.set(xlabel="", ylabel="")
    axis.set_xticks(np.arange(values.shape[1]) + 0.5, list(names[1]), rotation=40, ha="right", rotation_mode="anchor")
    rows = [broken(name, 0.4 * figure_width(), SMALL) for name in names[0]]
    axis.set_yticks(np.arange(values.shape[0]) + 0.5, rows, rotation=0)
    axis.tick_params(length=0)
    shades = mpl.colormaps[cmap]((values - low) / (high - low))[..., :3] @ (0.299, 0.587, 0.114)  # brightness
    for (i, j), value in np.ndenumerate(values):
        colour = "0.4" if value != value else "white" if shades[i, j] < 0.5 else "black"
        axis.annotate(texts[i][j], (j + 0.5, i + 0.5), ha="center", va="center", color=colour, fontsize=SMALL)
