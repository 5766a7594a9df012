"""Runs the simulated networks of a home folder, reached through links.

python -m tests.chaos.networks <home> <port of the push link>
"""

import sys
from dataclasses import replace
from pathlib import Path

import typer

from broadcaster.cli.sandbox import configure
from broadcaster.sandbox.process import run
from broadcaster.settings import load


def main(home: str, push_port: str) -> None:
    """Run until told to stop."""
    settings = load({"BROADCASTER_HOME": str(Path(home))})
    config = replace(configure(settings), push_origin=f"http://127.0.0.1:{push_port}")
    run(config, typer.echo)


if __name__ == "__main__":
    main(*sys.argv[1:])
