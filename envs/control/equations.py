"""Gymnasium's equations of classic control (Acrobot's: envs.control.acrobot), in place for k environments at once.

Each class is bound to a state [ROWS, k], one row a variable: first Gymnasium's own, then those derived from them.
`move` advances the state by one step; `seen` are the rows that are observed. LOW and HIGH are the ranges of the first
variables at the start of an episode; the other variables start at 0.

sin and cos of an angle a follow from t = tan(a/2): sin = 2t/(1+t^2), cos = 2/(1+t^2) - 1, both to 4e-16. NumPy has a
SIMD tan in float64, and none of sin and cos: on AVX-512 this takes a fifth of their time.
"""

from __future__ import annotations

import math
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from envs.api import Array, Bools, Floats

Real = NDArray[np.floating]  # the dtype of a system
# constants are arrays without axes, which a ufunc reads without a conversion
HALF, ONE, TWO = np.array(0.5), np.array(1.0), np.array(2.0)


class System:
    """Equations of motion, bound to the state of k environments."""

    ROWS: ClassVar[int]
    LOW: ClassVar[tuple[float, ...]]
    HIGH: ClassVar[tuple[float, ...]]
    DTYPE: ClassVar[type[np.floating]] = np.float64
    seen: tuple[Real, ...]

    def __init__(self, state: Real) -> None:
        raise NotImplementedError

    def derive(self) -> None:
        """Compute the derived variables from the others."""

    def move(self, action: Array) -> tuple[Floats, Bools]:
        """Advance by one step; returns (reward [k], terminated [k]), which are new arrays. action: [k]"""
        raise NotImplementedError


def sin_cos(angle: Real, sin: Real, cos: Real) -> None:
    """sin = sin(angle), cos = cos(angle); `sin` may be `angle`."""
    half_tangents(angle, sin, cos)
    cos -= ONE


def half_tangents(angle: Real, sin: Real, cos_plus_1: Real) -> None:
    """sin = sin(angle), cos_plus_1 = 1 + cos(angle)."""
    np.multiply(angle, HALF, out=sin)
    np.tan(sin, out=sin)
    np.multiply(sin, sin, out=cos_plus_1)
    cos_plus_1 += ONE
    np.divide(TWO, cos_plus_1, out=cos_plus_1)
    sin *= cos_plus_1


def clip(values: Real, low: Real, high: Real) -> None:
    """Clip in place; NaN stays NaN."""
    np.maximum(values, low, out=values)
    np.minimum(values, high, out=values)


class CartPole(System):
    """x, theta, x', theta'; Euler steps of .02 s; pushed by 10 N to the left (0) or right (1); 1 a step."""

    ROWS = 4
    LOW, HIGH = (-0.05,) * 4, (0.05,) * 4

    PUSH = np.array([-10.0, 10.0]) / 1.1  # force / mass of cart and pole
    GRAVITY, TAU = np.array(9.8), np.array(0.02)
    SHARE = np.array(0.05 / 1.1)  # m l / M: mass of the pole x half its length / mass of both
    INERTIA = np.array(0.5 * 4 / 3)
    FARTHEST, STEEPEST = np.array(2.4), np.array(12 * 2 * math.pi / 360)

    def __init__(self, state: Real) -> None:
        self.position, self.speed, self.theta, self.omega = state[0:2], state[2:4], state[1], state[3]
        self.seen = state[0], state[2], state[1], state[3]
        self.spare, self.acceleration = np.empty((2, 2, state.shape[1]))

    def move(self, action: Array) -> tuple[Floats, Bools]:
        (cos, product), (push, sin) = self.spare, self.acceleration
        sin_cos(self.theta, sin, cos)
        # push = (force + m l theta'^2 sin) / M
        np.multiply(self.omega, self.omega, out=push)
        push *= sin
        push *= self.SHARE
        push += self.PUSH[action]
        # theta'' = (g sin - cos push) / (l (4/3 - m cos^2 / M)), in the row of sin
        np.multiply(cos, push, out=product)
        sin *= self.GRAVITY
        sin -= product
        np.multiply(cos, cos, out=product)
        product *= self.SHARE
        np.subtract(self.INERTIA, product, out=product)
        sin /= product
        # x'' = push - m l theta'' cos / M
        cos *= sin
        cos *= self.SHARE
        push -= cos
        np.multiply(self.speed, self.TAU, out=self.spare)
        self.position += self.spare
        self.acceleration *= self.TAU
        self.speed += self.acceleration
        np.abs(self.position, out=self.spare)
        terminated = self.spare[0] > self.FARTHEST
        terminated |= self.spare[1] > self.STEEPEST
        return np.ones(len(terminated), np.float32), terminated


class Pendulum(System):
    """theta, theta'; Euler steps of .05 s; torque in [-2, 2]. Derived: cos and sin of theta, which is kept in [-pi, pi]."""

    ROWS = 4
    LOW, HIGH = (-math.pi, -1.0), (math.pi, 1.0)

    TORQUE = np.array(2.0, np.float32)
    WEIGHT, LEVER, TAU = np.array(15.0), np.array(3.0, np.float32), np.array(0.05)
    FASTEST, TURN, TURNS = np.array(8.0), np.array(2 * math.pi), np.array(0.5 / math.pi)
    COST_OF_SPEED, COST_OF_TORQUE = np.array(0.1), np.array(0.001, np.float32)

    def __init__(self, state: Real) -> None:
        self.theta, self.omega, self.cos, self.sin = state[:4]
        self.seen = self.cos, self.sin, self.omega
        self.cost, self.spare = np.empty((2, state.shape[1]))

    def derive(self) -> None:
        sin_cos(self.theta, self.sin, self.cos)

    def move(self, action: Array) -> tuple[Floats, Bools]:
        cost, spare = self.cost, self.spare
        torque = action.astype(np.float32)
        clip(torque, -self.TORQUE, self.TORQUE)
        np.multiply(self.omega, self.omega, out=spare)
        spare *= self.COST_OF_SPEED
        np.multiply(self.theta, self.theta, out=cost)
        cost += spare
        pushed = torque * self.LEVER
        torque *= torque
        torque *= self.COST_OF_TORQUE
        cost += torque
        reward = np.negative(cost, dtype=np.float32, casting="same_kind")

        np.multiply(self.sin, self.WEIGHT, out=spare)
        spare += pushed
        spare *= self.TAU
        self.omega += spare
        clip(self.omega, -self.FASTEST, self.FASTEST)
        np.multiply(self.omega, self.TAU, out=spare)
        self.theta += spare
        np.multiply(self.theta, self.TURNS, out=spare)
        np.rint(spare, out=spare)
        spare *= self.TURN
        self.theta -= spare
        self.derive()
        return reward, np.zeros(len(cost), np.bool_)


class MountainCar(System):
    """Position and velocity; force -1, 0 or 1 thousandth; -1 a step until the flag at .5."""

    ROWS = 2
    LOW, HIGH = (-0.6,), (-0.4,)

    FORCE = np.array([-0.001, 0.0, 0.001])
    THREE, SLOPE = np.array(3.0), np.array(0.0025)
    LEFT, RIGHT, FASTEST, FLAG, REST = np.array(-1.2), np.array(0.6), np.array(0.07), np.array(0.5), np.array(0.0)

    def __init__(self, state: Real) -> None:
        self.seen = self.position, self.velocity = state[0], state[1]
        self.spare, self.cos = np.empty((2, state.shape[1]), self.DTYPE)

    def move(self, action: Array) -> tuple[Floats, Bools]:
        np.multiply(self.position, self.THREE, out=self.spare)
        sin_cos(self.spare, self.spare, self.cos)
        terminated = self._roll(self.FORCE[action])
        return np.full(len(terminated), -1.0, np.float32), terminated

    def _roll(self, force: Real) -> Bools:
        """Velocity and position after a step; cos: cos(3 position). Returns which cars are at the flag."""
        self.cos *= self.SLOPE
        self.velocity += force
        self.velocity -= self.cos
        clip(self.velocity, -self.FASTEST, self.FASTEST)
        self.position += self.velocity
        clip(self.position, self.LEFT, self.RIGHT)
        # the wall at the left stops a car
        np.maximum(self.velocity, self.REST, out=self.velocity, where=self.position == self.LEFT)
        there: Bools = self.position >= self.FLAG
        there &= self.velocity >= self.REST
        return there


class MountainCarContinuous(MountainCar):
    """The same in float32, as in Gymnasium; force in [-1, 1] x .0015; 100 at the flag at .45, less .1 force^2 a step."""

    DTYPE = np.float32

    THREE, SLOPE = np.array(3.0, np.float32), np.array(0.0025, np.float32)
    LEFT, RIGHT = np.array(-1.2, np.float32), np.array(0.6, np.float32)
    FASTEST, FLAG, REST = np.array(0.07, np.float32), np.array(0.45, np.float32), np.array(0.0, np.float32)
    STRONGEST, POWER = np.array(1.0, np.float32), np.array(0.0015, np.float32)
    COST, PRIZE = np.array(-0.1, np.float32), np.array(100.0, np.float32)

    def move(self, action: Array) -> tuple[Floats, Bools]:
        force = action.astype(np.float32)
        clip(force, -self.STRONGEST, self.STRONGEST)
        np.multiply(self.position, self.THREE, out=self.spare)
        np.cos(self.spare, out=self.cos)  # fast in float32
        terminated = self._roll(force * self.POWER)
        force *= force
        force *= self.COST
        np.add(force, self.PRIZE, out=force, where=terminated)
        return force, terminated
