"""Small logs of others, for tests of importing."""

from __future__ import annotations

from pathlib import Path

CSV = "variant,task,seed,env_steps,score\n"


def log(folder: Path, *returns: float) -> Path:
    """A run of one Monitor whose episodes take a step each."""
    folder.mkdir()
    rows = "".join(f"{r},1,{t}\n" for t, r in enumerate(returns))
    (folder / "monitor.csv").write_text(f'#{{"t_start": 0}}\nr,l,t\n{rows}')
    return folder
