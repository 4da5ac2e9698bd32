"""Runs the command line as ``python -m tolls``."""

import sys

from tolls.cli import main

sys.exit(main())
