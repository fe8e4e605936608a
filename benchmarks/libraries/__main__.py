"""`python -m benchmarks.libraries`: see run.py."""

import sys

from benchmarks.libraries.run import main

sys.exit(main())
