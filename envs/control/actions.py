"""Conversion of real-valued actions for an environment, and the supported action spaces."""

from __future__ import annotations

from typing import Any

import numpy as np
from gymnasium import spaces
from numpy.typing import DTypeLike

from envs.api import Array, Box, Discrete

COUNTED = 2**24  # float32 represents all whole numbers up to this one


def clip_to_box(action: Array, box: Box, dtype: DTypeLike) -> Array:
    """Actions [..., size] clipped to the box; for whole numbers, rounded to the nearest (halves to the even one).

    NaN stays NaN, or becomes the lower bound if the dtype has only whole numbers.
    """
    clipped = np.clip(action, box.low, box.high)
    if np.dtype(dtype).kind in "iu":
        clipped = np.rint(np.where(np.isnan(clipped), box.low, clipped))
    given: Array = clipped.astype(dtype)
    return given


def reason_unbounded(box: Box) -> str:
    """Why no action can be drawn uniformly from a box, as a clause whose subject are its bounds; empty if one can."""
    width = np.asarray(box.high, np.float64) - np.asarray(box.low, np.float64)
    if not np.isfinite([box.low, box.high]).all():
        return "are not all finite"
    if (far := float(width.max(initial=0.0))) > (most := float(np.finfo(np.float32).max)):
        return f"are {far:.2g} apart, more than float32 holds ({most:.2g})"
    return ""


def read_action(space: spaces.Space[Any]) -> Discrete | Box:
    """The actions of a Gymnasium space; ValueError with advice for unsupported spaces."""
    if isinstance(space, spaces.Discrete):
        if space.start != 0:
            raise ValueError(f"counts its actions from {space.start}; only 0 is supported")
        return Discrete(int(space.n))
    if not isinstance(space, spaces.Box) or len(space.shape) != 1 or not space.shape[0]:
        raise ValueError(f"acts in {space}; only Discrete and one-axis Box are supported")
    box = Box(tuple(space.low.tolist()), tuple(space.high.tolist()))
    if why := reason_unbounded(box):
        raise ValueError(
            f"acts in {space}, whose bounds {why}; give those of the actions that make sense, such as -1 and 1"
        )
    if space.dtype.kind in "iu" and max(abs(int(space.low.min())), abs(int(space.high.max()))) > COUNTED:
        raise ValueError(f"acts in {space}; whole numbers beyond {COUNTED:,} are not supported")
    return box
