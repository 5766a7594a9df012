"""Lists the benchmarks and runs them: `python -m benchmarks [--list] [NAME …] [--full] …`."""

import ast
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

_FOLDER = Path(__file__).parent


def listed(folder: Path = _FOLDER) -> dict[str, str]:
    """Give every benchmark with the first line of what it says about itself."""
    return {
        path.stem: _sentence(path)
        for path in sorted(folder.glob("*.py"))
        if not path.stem.startswith("_")
    }


def _sentence(path: Path) -> str:
    said = ast.get_docstring(ast.parse(path.read_text("utf-8"))) or ""
    return said.partition("\n")[0]


def chosen(words: Sequence[str], known: Mapping[str, str]) -> tuple[list[str], list[str]]:
    """Part names of benchmarks from words for them; no name means all. ValueError for no name."""
    names: list[str] = []
    rest = list(words)
    while rest and not rest[0].startswith("-"):
        name = rest.pop(0).removesuffix(".py").rpartition("/")[2]
        if name not in known:
            raise ValueError(f"{name}: there is no such benchmark. --list lists them.")
        names.append(name)
    return names or list(known), rest


def main() -> None:
    """Run what was asked for, each in a process of its own; ends with how many failed."""
    known = listed()
    if "--list" in sys.argv[1:] or "--help" in sys.argv[1:]:
        print("\n".join(f"{name:<18} {sentence}" for name, sentence in known.items()))
        return
    try:
        names, words = chosen(sys.argv[1:], known)
    except ValueError as error:
        sys.exit(str(error))
    failed = []
    for name in names:
        begun = time.monotonic()
        command = [sys.executable, str(_FOLDER / f"{name}.py"), *words]
        if subprocess.run(command, cwd=_FOLDER.parent, check=False).returncode:  # noqa: S603  (ours)
            failed.append(name)
        print(f"[{name}: {time.monotonic() - begun:.0f} s]", flush=True)
    if failed:
        sys.exit(f"failed: {', '.join(failed)}")


if __name__ == "__main__":
    main()
