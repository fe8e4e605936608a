"""What identifies an environment of the user's: its source as far as it is local, arguments, wrappers, versions."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
import pytest
from gymnasium.envs.registration import EnvSpec
from gymnasium.wrappers import TransformReward

from envs.control.factory import gymnasium_task
from envs.custom.identity import Identity, identity_of
from envs.custom.sources import describe_class, distribution_of, source_of

ENV = """
import gymnasium
import numpy as np
from . import physics
from .deep.base import Base

class Env(Base):
    observation_space = gymnasium.spaces.Box(-1, 1, (2,))
    action_space = gymnasium.spaces.Discrete(2)

    def __init__(self, gravity=1.0, **more):
        self.gravity = gravity

class Wrapper(gymnasium.Wrapper):
    pass
"""
FILES = {
    "__init__.py": "",
    "env.py": ENV,
    "physics.py": "def late():\n    import garden.constants\n",
    "constants.py": "G = 9.81\n",
    "deep/__init__.py": "",
    "deep/base.py": "import gymnasium\n\nclass Base(gymnasium.Env):\n    pass\n",
    "stranger.py": "X = 1\n",
}


@pytest.fixture
def garden(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A package of the user's on the path; its modules are forgotten afterwards."""
    for name, text in FILES.items():
        (tmp_path / "garden" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "garden" / name).write_text(text)
    monkeypatch.syspath_prepend(str(tmp_path))
    importlib.invalidate_caches()
    yield tmp_path / "garden"
    for name in [n for n in sys.modules if n.partition(".")[0] == "garden"]:
        del sys.modules[name]


def source() -> str:
    return source_of([importlib.import_module("garden.env").Env])


@pytest.mark.parametrize("edited", ["env.py", "physics.py", "constants.py", "deep/base.py", "deep/__init__.py"])
def test_an_edit_of_any_file_that_it_is_made_of_changes_the_source(garden: Path, edited: str) -> None:
    """Bases and what is imported, inside functions too, relative or by name."""
    before = source()
    assert len(before) == 16
    assert source() == before
    with (garden / edited).open("a") as file:
        file.write("\nEDITED = 1\n")
    assert source() != before


def test_what_it_does_not_import_does_not_matter(garden: Path) -> None:
    before = source()
    (garden / "stranger.py").write_text("X = 2\n")
    assert source() == before


def test_sources_of_ours_and_of_nobody_are_empty() -> None:
    assert source_of([Identity]) == ""  # the results version stands for it
    assert source_of([dict]) == ""  # no file
    assert describe_class(Identity) == {"class": "Identity"}
    here = describe_class(Listed)
    assert here["class"] == f"{__name__}.Listed"
    assert len(here["class.source"]) == 16


def test_a_compiled_module_is_known_by_its_bytes_and_its_package_by_its_version() -> None:
    kind = np.random.Generator  # numpy/random/_generator.*.so
    assert len(source_of([kind])) == 16
    assert distribution_of("numpy.random") == f"numpy {np.__version__}"
    assert distribution_of("garden") == ""


class Listed:
    """An argument that is no JSON."""

    def __init__(self, n: int) -> None:
        self.n, self.me = n, None


def of(**changes: Any) -> Identity:
    kind = importlib.import_module("garden.env").Env
    given: dict[str, Any] = {"id": "Garden-v0", "entry_point": "garden.env:Env", "max_episode_steps": 5} | changes
    gymnasium.register(**given, disable_env_checker=True)
    try:
        env = gymnasium.make("Garden-v0")
        assert type(env.unwrapped) is kind
        return identity_of(env)
    finally:
        del gymnasium.registry["Garden-v0"]


def test_arguments_and_entry_points_are_told_apart(garden: Path) -> None:
    plain = of()
    assert plain == of()
    assert (plain.entry_point, plain.kwargs, plain.distribution) == ("garden.env:Env", "{}", "")
    kind = importlib.import_module("garden.env").Env
    others = [
        of(kwargs={"gravity": 2.0}),
        of(kwargs={"gravity": np.float64(3.0)}),
        of(kwargs={"gravity": np.arange(3)}),
        of(kwargs={"gravity": np.arange(4)}),
        of(kwargs={"gravity": Listed(1)}),
        of(kwargs={"gravity": Listed(2)}),
        of(kwargs={"gravity": {"a", "b"}}),
        of(entry_point=kind),
        of(entry_point=lambda: kind()),
        of(entry_point=partial(kind, gravity=4.0)),
        of(entry_point=partial(kind, gravity=5.0)),
        of(entry_point=lambda: importlib.import_module("garden.env").Wrapper(kind())),
    ]
    assert len({plain, *others}) == len(others) + 1
    assert not any("0x" in str(identity) for identity in others)  # an address differs from process to process
    assert of(entry_point=partial(kind, gravity=5.0)) == others[10]
    assert plain.differences(others[0]) == ["the arguments that the environment is registered with changed"]


def test_wrappers_of_the_registration_count(garden: Path) -> None:
    kind = importlib.import_module("garden.env").Env

    def wrapped(factor: float) -> Identity:
        env = TransformReward(kind(), partial(np.multiply, factor))
        env.unwrapped.spec = EnvSpec("Garden-v0", entry_point="garden.env:Env", max_episode_steps=5)
        return identity_of(env)

    assert wrapped(2.0).wrappers != wrapped(3.0).wrappers
    assert wrapped(2.0) == wrapped(2.0)


def test_a_task_of_a_gymnasium_id_holds_its_identity() -> None:
    identity = gymnasium_task("CartPole-v1").factory.identity  # type: ignore[attr-defined]
    assert identity.entry_point == "gymnasium.envs.classic_control.cartpole:CartPoleEnv"
    assert identity.distribution == f"gymnasium {gymnasium.__version__}"
    assert len(identity.source) == 16
