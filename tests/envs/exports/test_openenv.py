"""The true OpenEnv, in an environment that PG_LADDER_OPENENV names: in process every episode, and one over a server."""

from __future__ import annotations

from pathlib import Path

import pytest

from envs.enumeration import enumerate_episodes
from envs.tasks import PRESETS
from tests.other_python import run_there

PLAY = """
import json, sys
from envs.enumeration import enumerate_episodes
from envs.exports.openenv_server import TextAction, TextTaskEnvironment
environment = TextTaskEnvironment(sys.argv[1])
game = environment.game
episodes = enumerate_episodes(game.mdp)
found = []
for s in range(len(episodes.start)):
    environment.reset(seed=s, start=int(episodes.start[s]))
    words = [game.words[a] for a in episodes.action[episodes.valid[:, s], s]]
    seen = [environment.step(TextAction(text=t)) for t in (words if game.replies else [" ".join(words)])]
    assert [one.done for one in seen] == [False] * (len(seen) - 1) + [True]
    assert seen[-1].metadata["return"] == sum(one.reward for one in seen)
    found.append(seen[-1].metadata["return"])
print(json.dumps({"returns": found, "known": game.metadata, "state": environment.state.step_count}))
"""
SERVE = """
import json, os, socket, threading, time
os.environ["PG_LADDER_TASK"] = "guessnumber/small"
import uvicorn
from openenv.core.generic_client import GenericEnvClient
from envs.exports.openenv_server import app
with socket.socket() as probe:
    probe.bind(("127.0.0.1", 0))
    port = probe.getsockname()[1]
server = uvicorn.Server(uvicorn.Config(app, factory=True, port=port, log_level="error"))
threading.Thread(target=server.run, daemon=True).start()
while not server.started:
    time.sleep(0.05)
seen = []
with GenericEnvClient(base_url=f"http://127.0.0.1:{port}").sync() as client:
    result = client.reset(seed=1, start=3)
    seen.append((result.observation["text"].splitlines()[-1], result.reward, result.done))
    for word in ("1", "4", "three"):
        result = client.step({"text": word})
        seen.append((result.observation["text"], result.reward, result.done))
server.should_exit = True
print(json.dumps(seen))
"""


@pytest.mark.slow
@pytest.mark.parametrize("name", ["guessnumber/small", "lock/small"])
def test_every_episode_pays_what_the_mdp_pays(name: str, tmp_path: Path) -> None:
    found, _ = run_there("PG_LADDER_OPENENV", "openenv", PLAY, tmp_path, name)
    mdp = PRESETS[name].mdp
    assert found["returns"] == pytest.approx(enumerate_episodes(mdp).reward.sum(0).tolist())
    known = {"optimal_return": mdp.optimal_return(), "random_return": mdp.random_return()}
    assert {key: found["known"][key] for key in known} == pytest.approx(known)


@pytest.mark.slow
def test_a_dialogue_over_a_server(tmp_path: Path) -> None:
    """The number is 3 of 0 to 4; the third answer cannot be read, so the return is -5."""
    found, _ = run_there("PG_LADDER_OPENENV", "openenv", SERVE, tmp_path)
    assert found == [["(begin)", None, False], ["higher", -1, False], ["lower", -1, False], ["", -3, True]]
