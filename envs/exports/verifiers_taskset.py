"""The text tasks as a verifiers taskset and environment (its API v1), which prime-rl trains on.

    vf-eval pg-ladder-tasks --env.taskset.game guessnumber/small -m MODEL -n 64 -r 1

A row is an episode: its seed, the rules as the system prompt, and the words of the prompt. The model answers in turns as
long as the task replies. The reward of a rollout is the episode's return, so its mean is J. The metrics are the normalised
score, and the counts of answers that were illegal or could not be read. All are computed from the conversation alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import verifiers.v1 as vf

from envs.exports.text_game import Episode, TextGame


class TextTaskData(vf.TaskData):
    """A row: whose episode it is, and what is known of the task."""

    game: str
    seed: int
    lowest: float | None = None
    optimal_return: float
    random_return: float


class TextTaskTask(vf.Task[TextTaskData]):
    """Scores a conversation by playing its answers."""

    def replay(self, trace: vf.Trace) -> Episode:
        """The episode with the answers of a conversation; a conversation that broke off has an answer that says nothing."""
        data = self.data
        episode = TextGame(data.game, data.lowest).begin(data.seed)
        for message in trace.assistant_messages:
            if not episode.ended:
                episode.answer(message.content or "")
        if not episode.ended:
            episode.answer("")
        return episode

    @vf.reward  # type: ignore[untyped-decorator, unused-ignore]
    async def episode_return(self, trace: vf.Trace) -> float:
        """The return of the episode."""
        return self.replay(trace).total

    @vf.metric  # type: ignore[untyped-decorator, unused-ignore]
    async def outcome(self, trace: vf.Trace) -> dict[str, float]:
        """Score and counts."""
        episode = self.replay(trace)
        return {
            "score": episode.score,
            "illegal": float(episode.illegal),
            "unreadable": float(episode.unreadable),
            "optimal_return": self.data.optimal_return,
            "random_return": self.data.random_return,
        }


class TextTasksetConfig(vf.TasksetConfig):
    """`--env.taskset.*`: the task, how many episodes, the first seed, the return of an answer that cannot be read."""

    game: str = "lock/small"
    episodes: int = 1_000
    first_seed: int = 0
    lowest: float | None = None


class TextTaskset(vf.Taskset[TextTaskTask, TextTasksetConfig]):
    """The episodes of `episodes` seeds from `first_seed` on."""

    def load(self) -> Iterator[TextTaskTask]:
        config = self.config
        game = TextGame(config.game, config.lowest)
        for seed in range(config.first_seed, config.first_seed + config.episodes):
            data = TextTaskData(
                name=f"{config.game} {seed}",
                system_prompt=game.rules,
                prompt=game.begin(seed).opening,
                game=config.game,
                seed=seed,
                lowest=config.lowest,
                optimal_return=game.optimal_return,
                random_return=game.random_return,
            )
            yield TextTaskTask(data, config.task)


class TextTaskEnvConfig(vf.EnvConfig):
    """`--env.*`: the one agent. It runs on this machine: there is nothing that would need a sandbox."""

    agent: vf.AgentConfig = vf.AgentConfig(runtime=vf.SubprocessConfig())


class TextTaskEnv(vf.Env[TextTaskEnvConfig]):
    """The task is the user: it answers each word of the model until the episode ends."""

    async def run(self, task: Any, agents: Any) -> None:
        episode = TextGame(task.data.game, task.data.lowest).begin(task.data.seed)
        async with agents.agent.interaction(task) as interaction:
            segment = await interaction.turn()
            while not segment.terminated:
                turn = episode.answer(segment.last_reply)
                if turn.ended:
                    return
                segment = await interaction.turn(turn.text)


class ChatHarnessConfig(vf.HarnessConfig):
    """No fields of its own."""


class ChatHarness(vf.Harness[ChatHarnessConfig]):
    """One model call a turn, in this process: no program is started, and nothing is installed."""

    APPENDS_SYSTEM_PROMPT = True
    SUPPORTS_RESUME = True
    EXECUTES_CODE = False
    NEEDS_CONTAINER = False

    async def launch(
        self, ctx: Any, trace: Any, runtime: Any, endpoint: str, secret: str, mcp_urls: Any, data: Any
    ) -> vf.ProgramResult:
        system, prompt = self.resolve_prompt(data)
        messages = [{"role": "system", "content": system}] if system else []
        if isinstance(prompt, str):
            messages.append({"role": "user", "content": prompt})
        else:
            messages += [{"role": one.role, "content": one.content} for one in prompt or () if one.role != "system"]
        async with httpx.AsyncClient(timeout=None) as client:
            answer = await client.post(
                f"{endpoint.rstrip('/')}/chat/completions",
                headers={"Authorization": f"Bearer {secret}"},
                json={"model": ctx.model, "messages": messages},
            )
        return vf.ProgramResult(
            exit_code=int(answer.is_error), stdout="", stderr=answer.text if answer.is_error else ""
        )
