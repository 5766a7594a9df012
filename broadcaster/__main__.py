"""`python -m broadcaster` is the command `broadcaster`."""

from broadcaster.cli import main

main()
