"""What is released of the judge: `python -m benchmarks.judging` makes its operating characteristics (characteristics.py),
`python -m benchmarks.judging open NAME,...` the runs of registered variants on the open tasks (open_runs.py)."""

import sys

from benchmarks.judging import characteristics, open_runs

sys.exit(open_runs.main(sys.argv[2:]) if sys.argv[1:2] == ["open"] else characteristics.main())
