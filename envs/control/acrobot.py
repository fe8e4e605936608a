"""Acrobot: Gymnasium's equations, in place for k environments at once."""

from __future__ import annotations

import math

import numpy as np

from envs.api import Array, Bools, Floats
from envs.control.equations import ONE, Real, System, clip, half_tangents, sin_cos


class Acrobot(System):
    """theta1, theta2 (of the second link to the first), theta1', theta2'; a Runge-Kutta step of .2 s; torque -1, 0 or 1.

    In absolute angles, phi = theta1 + theta2, Gymnasium's "book" equations, times 2, are

        [4.5  c  ] [theta1'']   [ s phi'^2    - 29.4 sin(theta1) - 2 torque]       s = sin(theta2)
        [c    2.5] [phi''   ] = [-s theta1'^2 -  9.8 sin(phi)    + 2 torque]       c = cos(theta2)

    Runge-Kutta steps are the same in any linear coordinates. Angles are not wrapped: only sines and cosines are read.
    -1 a step until the end. Derived: sin of theta2, theta1 and phi, then their cos.
    """

    ROWS = 10
    LOW, HIGH = (-0.1,) * 4, (0.1,) * 4

    TORQUE_2 = np.array([-2.0, 0.0, 2.0])
    WEIGHT_1, WEIGHT_2 = np.array(29.4), np.array(9.8)
    INERTIA_1, INERTIA_2, PRODUCT = np.array(4.5), np.array(2.5), np.array(4.5 * 2.5)
    TAU, HALF_TAU, THIRD = np.array(0.2), np.array(0.1), np.array(1 / 3)
    FASTEST_1, FASTEST_2 = np.array(4 * math.pi), np.array(9 * math.pi)

    def __init__(self, state: Real) -> None:
        self.own, self.sin, self.cos = state[:4], state[4:7], state[7:10]
        self.seen = state[8], state[5], state[7], state[4], state[2], state[3]
        # theta2, theta1, phi, theta1', phi', theta1'', phi''
        self.stage: Real = np.empty((7, state.shape[1]))
        self.angles, self.motion, self.speeds, self.change = (
            self.stage[i:j] for i, j in ((0, 3), (1, 5), (3, 5), (3, 7))
        )
        self.stage_sin, self.stage_cos = np.empty((2, 3, state.shape[1]))
        self.start, self.step, self.total = np.empty((3, 4, state.shape[1]))
        self.spare: Real = np.empty((4, state.shape[1]))

    def derive(self) -> None:
        self._to_absolute()
        sin_cos(self.angles, self.sin, self.cos)

    def _to_absolute(self) -> None:
        """The stage's angles and speeds from the state's."""
        (theta_1, theta_2, omega_1, omega_2), stage = self.own, self.stage
        stage[0], stage[1], stage[3] = theta_2, theta_1, omega_1
        np.add(theta_1, theta_2, out=stage[2])
        np.add(omega_1, omega_2, out=stage[4])

    def move(self, action: Array) -> tuple[Floats, Bools]:
        torque_2, start, step, total = self.TORQUE_2[action], self.start, self.step, self.total
        self._to_absolute()
        start[...] = self.motion
        self._accelerate(self.sin, self.cos[0], torque_2)
        np.multiply(self.change, self.HALF_TAU, out=total)
        np.add(start, total, out=self.motion)
        self._accelerate_there(torque_2)
        np.multiply(self.change, self.HALF_TAU, out=step)
        total += step
        total += step
        np.add(start, step, out=self.motion)
        self._accelerate_there(torque_2)
        np.multiply(self.change, self.TAU, out=step)
        total += step
        np.add(start, step, out=self.motion)
        self._accelerate_there(torque_2)
        np.multiply(self.change, self.HALF_TAU, out=step)
        total += step
        total *= self.THIRD
        np.add(start, total, out=self.motion)
        self._to_relative()
        sin_cos(self.angles, self.sin, self.cos)
        height = np.add(self.cos[1], self.cos[2], out=self.spare[0])
        terminated = height < -ONE
        return np.subtract(terminated, 1, dtype=np.float32), terminated

    def _to_relative(self) -> None:
        """The state's angles and speeds, which are clipped, from the stage's."""
        (theta_1, theta_2, omega_1, omega_2), stage = self.own, self.stage
        theta_1[...], omega_1[...] = stage[1], stage[3]
        np.subtract(stage[2], stage[1], out=theta_2)
        np.subtract(stage[4], stage[3], out=omega_2)
        stage[0] = theta_2
        clip(omega_1, -self.FASTEST_1, self.FASTEST_1)
        clip(omega_2, -self.FASTEST_2, self.FASTEST_2)

    def _accelerate_there(self, torque_2: Real) -> None:
        """Accelerations from the stage's angles and speeds."""
        np.subtract(self.stage[2], self.stage[1], out=self.stage[0])
        half_tangents(self.angles, self.stage_sin, self.stage_cos)
        cos = self.stage_cos[0]
        cos -= ONE
        self._accelerate(self.stage_sin, cos, torque_2)

    def _accelerate(self, sin: Real, cos: Real, torque_2: Real) -> None:
        """The same, from the sines of (theta2, theta1, phi) and the cosine of theta2."""
        square, (down, right, product, divisor) = self.spare[:2], self.spare
        np.multiply(self.speeds, self.speeds, out=square)
        down *= sin[0]
        right *= sin[0]
        np.multiply(sin[1], self.WEIGHT_1, out=product)
        product += torque_2
        right -= product  # the first right-hand side
        np.multiply(sin[2], self.WEIGHT_2, out=product)
        product -= torque_2
        down += product  # minus the second one
        np.multiply(cos, cos, out=divisor)
        np.subtract(self.PRODUCT, divisor, out=divisor)
        np.multiply(right, cos, out=product)
        right *= self.INERTIA_2
        down_cos = np.multiply(down, cos, out=self.stage[5])
        right += down_cos
        down *= -self.INERTIA_1
        down -= product
        np.divide(right, divisor, out=self.stage[5])
        np.divide(down, divisor, out=self.stage[6])
