"""`python -m polymarket_realtime`."""

import sys

from polymarket_realtime.cli import main

if __name__ == "__main__":
    sys.exit(main())
