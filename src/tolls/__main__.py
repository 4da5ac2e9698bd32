"""Runs the command line, as ``tolls`` or ``python -m tolls``."""

import sys

__all__ = ["run"]


def run() -> None:
    """Run the command line of this process, and end it with the exit code."""
    try:
        from tolls.cli import main  # takes a second, in which somebody may think better of it
    except KeyboardInterrupt:
        print("interrupted; nothing was done", file=sys.stderr)
        sys.exit(3)
    sys.exit(main())


if __name__ == "__main__":
    run()
