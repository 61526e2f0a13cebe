"""`python -m samrules` is the command line."""

from __future__ import annotations

from samrules.cli.main import main

if __name__ == "__main__":
    main()
