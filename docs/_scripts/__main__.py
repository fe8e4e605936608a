"""Write every generated page and block under the working directory; prints the files that changed."""

from __future__ import annotations

from pathlib import Path

from docs._scripts import write

for path in write.write(Path()):
    print(path)
