"""Lists the benchmarks and runs them: `python -m benchmarks [NAME …] [--full] [--keep]`.

`--list` lists them; `--document` writes the kept figures into `docs/performance.md`.
"""

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


def understood(words: Sequence[str], text: str) -> list[str]:
    """Keep the options that a script knows: those of the frame, or those that it names itself."""
    if "_frame.wishes(" in text:
        return list(words)
    return [word for word in words if not word.startswith("-") or f'"{word}"' in text]


def run(name: str, words: Sequence[str]) -> bool:
    """Run one in a process of its own; whether it went well.

    What a script prints that does not keep its figures itself is kept, when that is wished.
    """
    path = _FOLDER / f"{name}.py"
    text = path.read_text("utf-8")
    command = [sys.executable, str(path), *understood(words, text)]
    if "_frame.wishes(" in text or not {"--full", "--keep"} & set(words):
        return not subprocess.run(command, cwd=_FOLDER.parent, check=False).returncode  # noqa: S603  (ours)
    with subprocess.Popen(command, cwd=_FOLDER.parent, stdout=subprocess.PIPE, text=True) as child:  # noqa: S603  (ours)
        assert child.stdout is not None
        lines = []
        for line in child.stdout:
            print(line, end="", flush=True)
            lines.append(line)
    if child.returncode == 0:
        kept = _FOLDER / "results" / f"{name}.txt"
        kept.parent.mkdir(exist_ok=True)
        kept.write_text("".join(lines), encoding="utf-8")
    return child.returncode == 0


def main() -> None:
    """Run what was asked for; ends with which failed."""
    known = listed()
    if "--list" in sys.argv[1:] or "--help" in sys.argv[1:]:
        print("\n".join(f"{name:<18} {sentence}" for name, sentence in known.items()))
        return
    if "--document" in sys.argv[1:]:
        from benchmarks import _document  # noqa: PLC0415  (only where wanted)

        _document.write()
        return
    try:
        names, words = chosen(sys.argv[1:], known)
    except ValueError as error:
        sys.exit(str(error))
    failed = []
    for name in names:
        begun = time.monotonic()
        print(f"== {name}", flush=True)
        if not run(name, words):
            failed.append(name)
        print(f"[{name}: {time.monotonic() - begun:.0f} s]", flush=True)
    if failed:
        sys.exit(f"failed: {', '.join(failed)}")


if __name__ == "__main__":
    main()
