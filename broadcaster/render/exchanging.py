"""Two folders change places in one step, so that whoever reads finds one of them at any moment."""

import ctypes
import errno
import os
from pathlib import Path

#: `renameat2` of Linux (renameat2(2)): paths from the working folder, and change places.
_AT_FDCWD, _RENAME_EXCHANGE = -100, 2
#: `renamex_np` of macOS (renamex_np(2)).
_RENAME_SWAP = 2
#: What a system or a file system says that has no such step.
_UNABLE = frozenset({errno.ENOSYS, errno.EINVAL, errno.ENOTSUP, errno.EOPNOTSUPP, errno.EPERM})


def exchange(one: Path, other: Path) -> bool:
    """Let two that are on one disk change places; False where that cannot be done in one step.

    OSError when it could, and failed; both are where they were then.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    first, second = os.fsencode(one), os.fsencode(other)
    if hasattr(libc, "renameat2"):
        failed = libc.renameat2(_AT_FDCWD, first, _AT_FDCWD, second, _RENAME_EXCHANGE)
    elif hasattr(libc, "renamex_np"):
        failed = libc.renamex_np(first, second, _RENAME_SWAP)
    else:
        return False
    code = ctypes.get_errno() if failed else 0
    if code in _UNABLE:
        return False
    if code:
        raise OSError(code, os.strerror(code), str(other))
    return True
