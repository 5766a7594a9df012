"""`broadcaster worker` with profiles: each child writes its own into the folder BENCH_PROFILE."""

import cProfile
import os
from pathlib import Path

from celery.signals import task_postrun, task_prerun

from broadcaster.cli import main

_profile = cProfile.Profile()


@task_prerun.connect
def _begin(**_: object) -> None:
    _profile.enable()


@task_postrun.connect
def _end(**_: object) -> None:
    _profile.disable()
    _profile.dump_stats(Path(os.environ["BENCH_PROFILE"]) / f"{os.getpid()}.prof")


if __name__ == "__main__":
    main()
