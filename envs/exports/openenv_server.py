"""The text tasks as OpenEnv environments: in this process, or served over HTTP and WebSocket.

    environment = TextTaskEnvironment("guessnumber/small")
    PG_LADDER_TASK=guessnumber/small uvicorn --factory envs.exports.openenv_server:app

An action is {"text": ...}. An observation has the text, the reward of the last answer and whether the episode is over; its
metadata have what is known of the task (J*, J0, the lowest return), and after the end the episode's return and score.
"""

from __future__ import annotations

import os
from typing import Any
from uuid import uuid4

from openenv.core.env_server.http_server import create_app
from openenv.core.env_server.interfaces import Environment
from openenv.core.env_server.types import Action, EnvironmentMetadata, Observation, State
from pydantic import Field

from envs.exports.text_game import Episode, TextGame

VARIABLE = "PG_LADDER_TASK"  # the task that `app` serves
LOWEST = "PG_LADDER_LOWEST"  # the return of an answer that cannot be read, of a task whose own is not known
LARGEST_SEED = 2**31


class TextAction(Action):
    """An answer."""

    text: str = Field(description="the words of the answer")


class TextObservation(Observation):
    """The rules and the prompt at first, then what the environment replies."""

    text: str


class TextTaskEnvironment(Environment[TextAction, TextObservation, State]):
    """A text task; see envs.exports.text_game. Sessions share nothing, so that many may run at once."""

    SUPPORTS_CONCURRENT_SESSIONS = True

    def __init__(self, task: str, lowest: float | None = None) -> None:
        super().__init__()
        self.game = TextGame(task, lowest)
        self._episode: Episode | None = None
        self._state = State()

    def reset(
        self, seed: int | None = None, episode_id: str | None = None, start: int | None = None, **_: Any
    ) -> TextObservation:
        """Begin the episode of a seed (a random one where none is given); `start` is the index of a prompt."""
        chosen = uuid4().int % LARGEST_SEED if seed is None else seed
        self._episode = self.game.begin(chosen, start)
        self._state = State(episode_id=episode_id or str(uuid4()), step_count=0)
        text = f"{self.game.rules}\n\n{self._episode.opening}"
        return TextObservation(text=text, metadata={**self.game.metadata, "seed": chosen})

    def step(self, action: TextAction, timeout_s: float | None = None, **_: Any) -> TextObservation:
        if self._episode is None:
            raise RuntimeError("no episode is running: call reset() first")
        turn = self._episode.answer(action.text)
        self._state.step_count += 1
        metadata: dict[str, Any] = dict(self.game.metadata)
        if turn.ended:
            one = self._episode
            metadata |= {"return": one.total, "score": one.score, "illegal": one.illegal, "unreadable": one.unreadable}
        return TextObservation(text=turn.text, reward=turn.reward, done=turn.ended, metadata=metadata)

    @property
    def state(self) -> State:
        return self._state

    def get_metadata(self) -> EnvironmentMetadata:
        return EnvironmentMetadata(name=f"pg-ladder {self.game.name}", description=self.game.rules, version="1")


def app() -> Any:
    """The server of the task that PG_LADDER_TASK names."""
    task, lowest = os.environ[VARIABLE], os.environ.get(LOWEST)

    def make() -> TextTaskEnvironment:
        return TextTaskEnvironment(task, None if lowest is None else float(lowest))

    make()  # an unknown task is said now
    return create_app(make, TextAction, TextObservation, env_name="pg_ladder", max_concurrent_envs=64)
