"""`broadcaster worker` with providers of another folder, BENCH_PROVIDERS, in place of ours.

For races alone, which want a contender in the very same system: the product has no setting for it.
"""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from broadcaster.cli import main
from broadcaster.providers import base

_discover = base.discover


def _found(folders: Sequence[Path] = ()) -> Mapping[str, base.Source]:
    return _discover([*folders, Path(os.environ["BENCH_PROVIDERS"])])


if __name__ == "__main__":
    base.discover = _found
    main()
