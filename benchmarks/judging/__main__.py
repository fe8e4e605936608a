"""`python -m benchmarks.judging > results/reference/judge.json`: the operating characteristics (characteristics.py)."""

import sys

from benchmarks.judging.characteristics import main

sys.exit(main())
