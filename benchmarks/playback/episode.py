"""One episode of a saved policy, as a table of its steps, on random streams that training and evaluation do not use."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from algorithms.references.scripted import play_optimally
from algorithms.training.actor import Actor
from algorithms.training.returns.sampled_return import transcript_text
from benchmarks.playback.saved_policy import SavedPolicy
from envs.api import Array, Doubles, Task, VecEnv
from envs.custom.faults import CheckedVecEnv
from envs.seeding import Purpose, Role, generator, stream
from envs.text_mdp import PAD, TextMDP

ROWS = 12  # steps of a control episode that its table shows


class Episode(NamedTuple):
    """T steps: obs [T+1, ...] raw, action [T, ...], reward [T], logp [T] of the actions; `cut`: by a time limit."""

    obs: Array
    action: Array
    reward: Doubles
    logp: Doubles
    cut: bool

    @property
    def total(self) -> float:
        """The sum of its rewards."""
        return float(self.reward.sum())


def environment_seed(seed: int, episode: int) -> np.random.SeedSequence:
    """The seed of an episode's environment."""
    return stream(seed, Role.EVALUATION_ENVIRONMENT, episode, purpose=Purpose.TEST)


def play(
    saved: SavedPolicy,
    env: VecEnv,
    seed: int,
    episode: int,
    greedy: bool,
    made_with: np.random.SeedSequence | None = None,
) -> Episode:
    """One episode in a batch of one environment; the same (seed, episode) is the same episode.

    made_with  the seed of the environment, if it is not environment_seed(seed, episode)
    """
    acting = [generator(seed, Role.EVALUATION_ACTION, episode, purpose=Purpose.TEST)]
    device = str(saved.policy.flat.values.device)
    env = CheckedVecEnv(env, saved.task.name, [made_with or environment_seed(seed, episode)], 1)
    tape = Actor(env, saved.policy, saved.normaliser, None if greedy else acting, device).play(np.ones(1, np.bool_))
    action, last = tape.stack("action"), tape.rows[-1]
    logp, _ = tape.density(saved.policy.head, "cpu")
    return Episode(
        obs=np.stack(tape.obs)[:, 0, 0],
        action=action[:, 0, 0],
        reward=tape.stack("reward").astype(np.float64)[:, 0, 0],
        logp=logp.double().numpy()[:, 0, 0],
        cut=bool((last.ended & ~last.terminated)[0, 0]),
    )


def episode_title(saved: SavedPolicy) -> str:
    """The task, the algorithm, and its score."""
    scores, task = saved.scores, saved.task
    return (
        f"{task.name} x {saved.algorithm.name}, seed {saved.seed}: {scores['env_steps']:,} steps of training, evaluated at "
        f"{scores['eval_return']:.4g}{_ends(task)}"
    )


def _ends(task: Task) -> str:
    """The returns between which the task's are read, as far as they are known."""
    low = "reference policy" if task.field == "language" else "uniform policy"
    high = "optimum" if task.field in ("language", "text") else "reference"
    ends = {low: task.floor, high: task.ceiling}
    known = [f"{name} {round(value, 12):.4g}" for name, value in ends.items() if value is not None]
    return f" ({', '.join(known)})" if known else ""


def outcome_line(task: Task, episode: Episode) -> str:
    """Return and length in one line."""
    steps = len(episode.reward)
    line = f"return {episode.total:.6g} in {steps} {'step' if steps == 1 else 'steps'}"
    if task.gamma < 1:
        line += (
            f", discounted {float((task.gamma ** np.arange(steps) * episode.reward).sum()):.6g} (gamma {task.gamma:g})"
        )
    return line + (", cut by the time limit" if episode.cut else "")


def text_lines(task: Task, mdp: TextMDP, episode: Episode, seed: np.random.SeedSequence) -> list[str]:
    """The transcript step by step, its return, and an optimal answer to the same start."""
    written = episode.obs[-1]
    rows = [("", f"prompt: {mdp.decode(written[: mdp.prompt_length])}", "", "")]
    for t, action in enumerate(episode.action.tolist()):
        place = mdp.position(t)
        reply = written[place + 1 : place + mdp.stride]
        text = mdp.tokens[mdp.first_action + action] + (f"  -> {mdp.decode(reply)}" if (reply != PAD).any() else "")
        rows.append((str(t + 1), text, f"{np.exp(episode.logp[t]):.3f}", f"{episode.reward[t]:g}"))
    lines = [*align_columns([("step", "written", "probability", "reward"), *rows]), outcome_line(task, episode)]
    if task.beta:
        lines.append(f"(J also takes {task.beta:g} times the KL to the reference policy; the return above does not)")
    return [*lines, optimal_line(mdp, seed)]


def optimal_line(mdp: TextMDP, seed: np.random.SeedSequence) -> str:
    """What an optimal policy writes after the same start, and what it is paid."""
    try:
        env, total = play_optimally(mdp, [seed], 1)
    except ValueError as error:
        return f"optimal: unknown in a short form ({error})"
    return f"optimal: {transcript_text(mdp, env.rows.transcript[0])}  (return {float(total[0, 0]):.6g})"


def control_lines(task: Task, episode: Episode) -> list[str]:
    """Some steps of the episode, its first and last among them, and its return."""
    steps = len(episode.reward)
    chosen = np.unique(np.linspace(0, steps - 1, min(ROWS, steps)).round().astype(int)).tolist()
    rows = [
        (str(t + 1), format_numbers(episode.obs[t]), format_numbers(episode.action[t]), f"{episode.reward[t]:.4g}")
        for t in chosen
    ]
    return [*align_columns([("step", "observation", "action", "reward"), *rows]), outcome_line(task, episode)]


def format_numbers(values: Array) -> str:
    """A few numbers of an array."""
    flat = np.ravel(values)
    return " ".join(f"{x:.4g}" for x in flat[:8].tolist()) + (f" ... ({flat.size})" if flat.size > 8 else "")


def align_columns(rows: list[tuple[str, str, str, str]]) -> list[str]:
    """Columns side by side; all but the second end at the right."""
    widths = [max(len(row[i]) for row in rows) for i in range(4)]
    return [
        "  ".join(x.ljust(w) if i == 1 else x.rjust(w) for i, (x, w) in enumerate(zip(row, widths, strict=True)))
        for row in rows
    ]
