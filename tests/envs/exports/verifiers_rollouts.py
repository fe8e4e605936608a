"""Rollouts of the verifiers environment against a local server that answers by a policy: the optimal one, or nonsense.

Run by test_verifiers.py in the environment of verifiers: task, policy, seeds -> a JSON list of rewards and metrics.
"""

from __future__ import annotations

import asyncio
import json
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import numpy as np
import verifiers.v1 as vf
from verifiers.v1.utils.loaders import load_environment, resolve_env_config

from envs.exports.text_game import NOTHING, TextGame
from envs.text_mdp import Rows

GAME, POLICY = TextGame(sys.argv[1]), sys.argv[2]
SEEDS = [int(seed) for seed in sys.argv[3:]]


def optimal_answer(messages: list[dict[str, str]]) -> str:
    """What an optimal policy writes next, read from the words of the conversation alone."""
    mdp = GAME.mdp
    tokens = {word: i for i, word in enumerate(mdp.tokens)}
    transcript = np.zeros((1, mdp.transcript_length), np.int64)
    opening = messages[1]["content"]
    place, t = 0, 0
    for word in ("<bos>" if opening == NOTHING else opening).split():
        transcript[0, place], place = tokens[word], place + 1
    for message in messages[2:]:
        for word in message["content"].split():
            transcript[0, place], place = tokens[word], place + 1
        t += message["role"] == "user"
    words: list[str] = []
    while t < mdp.horizon and not (words and GAME.replies):
        action = int(mdp.optimal_policy(Rows(transcript, np.zeros((1, 0), np.int64)), t)[0].argmax())
        words.append(GAME.words[action])
        transcript[0, place], place, t = action + mdp.first_action, place + 1, t + 1
    return " ".join(words)


class Model(BaseHTTPRequestHandler):
    """Chat completions."""

    def log_message(self, *_: Any) -> None:
        """Say nothing."""

    def do_POST(self) -> None:
        messages = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["messages"]
        text = optimal_answer(messages) if POLICY == "optimal" else "no idea"
        choice = {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": text}}
        usage = {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}
        answer = {
            "id": "a",
            "object": "chat.completion",
            "created": 1,
            "model": "m",
            "choices": [choice],
            "usage": usage,
        }
        content = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


async def main(port: int) -> None:
    """Play the episodes."""
    taskset = {"id": "pg-ladder-tasks", "game": GAME.name, "episodes": max(SEEDS) + 1}
    environment = load_environment(resolve_env_config({"taskset": taskset}))
    client = vf.EvalClientConfig(base_url=f"http://127.0.0.1:{port}/v1", api_key_var="NONE")
    rewards = []
    async with environment.serving():
        for task in environment.taskset:
            if task.data.seed in SEEDS:
                episode = await environment.run_episode(task, vf.ModelContext(model="m", client=client))
                assert episode.ok, episode.errors
                (trace,) = episode.traces
                rewards.append((trace.reward, trace.metrics))
    print(json.dumps(rewards))


if __name__ == "__main__":
    server = ThreadingHTTPServer(("127.0.0.1", 0), Model)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    asyncio.run(main(server.server_port))
