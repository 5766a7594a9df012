"""What the import contracts can't say: that they cover everything, and what no file may hold."""

import ast
import re
import sys
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "broadcaster"
MODULES = {
    path.stem
    for path in PACKAGE.iterdir()
    if path.suffix == ".py" or (path / "__init__.py").is_file()
} - {"__init__", "__main__"}

#: For each library that only some may use, by the first that a contract names: who may.
MAY_USE: Mapping[str, set[str]] = {
    "celery": {"tasks"},
    "babel": {"render", "web"},
    "redis": {"throttle", "tasks", "bootstrap"},
    "alembic": {
        *("access", "ledger", "audience", "planning", "privacy", "reports", "bootstrap"),
        "webhooks",
    },
    "google": {"providers"},
    "aiosmtpd": {"web"},
    "apprise": {"publication"},
    "argon2": {"access"},
    "prometheus_client": {"telemetry"},
}

#: Which files of the providers may use which library of a network.
PROVIDER_FILES: Mapping[str, set[str]] = {
    "twilio": {"_twilio_library.py"},
    "httptools": {"_wire_answer.py"},
    "aiohappyeyeballs": {"_wire.py"},
    "pywebpush": {"webpush.py"},
    "py_vapid": {"webpush.py"},
    "google": {"fcm.py"},
}

_TEXTS = {".py", ".md", ".toml", ".txt", ".html", ".css", ".js", ".svg", ".po", ".pot", ".lua"}
_IGNORED = {".git", ".venv", ".broadcaster", "__pycache__", "build", "dist"}

#: Put together here, so that this file doesn't hold them.
_FORBIDDEN = re.compile(
    "|".join(
        [
            r"(?<![\w.])/" + "work/",
            r"(?<![\w.])/" + "root/",
            r"(?<![\w.])/" + "home/[a-z]",
            "pypi" + r"\.org/simple",
            "files\\.python" + "hosted",
            "registry\\." + "npmjs",
            "--(extra-)?index" + "-url [a-z]",
        ]
    )
)


def _contracts() -> list[dict[str, list[str]]]:
    with (ROOT / "pyproject.toml").open("rb") as stream:
        contracts = tomllib.load(stream)["tool"]["importlinter"]["contracts"]
    return [one for one in contracts if one["type"] == "forbidden"]


def _imports(path: Path) -> Iterator[str]:
    """Name the top-level packages that a file imports, wherever in it."""
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.partition(".")[0]


def test_each_contract_covers_every_package() -> None:
    """A new package is under every rule from its first day."""
    assert {one["forbidden_modules"][0] for one in _contracts()} == set(MAY_USE)
    for contract in _contracts():
        covered = {name.removeprefix("broadcaster.") for name in contract["source_modules"]}
        allowed = MAY_USE[contract["forbidden_modules"][0]]
        assert covered == MODULES - allowed, contract["name"]


@pytest.mark.parametrize("library", PROVIDER_FILES)
def test_each_networks_library_stays_in_its_providers_file(library: str) -> None:
    """Provider words stop at the provider's file."""
    users = {
        path.name for path in (PACKAGE / "providers").glob("*.py") if library in set(_imports(path))
    }
    assert users
    assert users <= PROVIDER_FILES[library]


def test_the_domain_needs_nothing_but_the_standard_library() -> None:
    """Values and rules, without clock, chance and outside."""
    needed = {name for path in (PACKAGE / "domain").glob("*.py") for name in _imports(path)}
    assert needed - {"broadcaster"} <= sys.stdlib_module_names
    assert needed.isdisjoint({"asyncio", "socket", "time", "random", "subprocess", "threading"})


def test_no_file_names_a_machine_or_a_registry() -> None:
    """What is committed holds for every machine."""
    found = []
    for path in sorted(ROOT.rglob("*")):
        parts = path.relative_to(ROOT).parts
        hidden = any(part in _IGNORED or part.startswith(".venv") for part in parts)
        if hidden or path.suffix not in _TEXTS or not path.is_file():
            continue
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
            if _FORBIDDEN.search(line):
                found.append(f"{'/'.join(parts)}:{number}: {line.strip()[:80]}")
    assert found == []


def test_every_test_says_in_a_sentence_what_must_hold() -> None:
    """The sentence is what a failing test tells first."""
    silent = []
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        for node in ast.walk(ast.parse(path.read_bytes())):
            if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                continue
            if node.name.startswith("test_") and not ast.get_docstring(node):
                silent.append(f"{path.name}: {node.name}")
    assert silent == []


def test_every_setting_is_documented() -> None:
    """Whoever operates it finds each name in one table."""
    documented = (ROOT / "docs" / "operating.md").read_text("utf-8")
    texts = [path.read_text("utf-8") for path in (PACKAGE / "settings").glob("*.py")]
    names = {name for text in texts for name in re.findall(r'read\.\w+\(\s*"([A-Z_]+)"', text)}
    for provider in ("twilio", "webpush", "fcm", "smtp"):
        files = ["_dkim.py", "_relay.py", "smtp.py"] if provider == "smtp" else [f"{provider}.py"]
        for file in files:
            text = (PACKAGE / "providers" / file).read_text("utf-8")
            found = re.findall(r'options\.\w+\(\s*"([A-Z_]+)"', text)
            names |= {f"{provider.upper()}_{name}" for name in found}
    missing = {name for name in names if not re.search(rf"`{name}`", documented)}
    assert len(names) > 40
    assert missing == set()


def test_every_test_that_the_documentation_names_is_there() -> None:
    """What is said to be asserted is asserted, under that name."""
    said = (ROOT / "docs" / "bad-input.md").read_text(encoding="utf-8")
    files = list((ROOT / "tests").rglob("test_*.py"))
    there = {path.stem for path in files} | {
        name
        for path in files
        for name in re.findall(r"^def (test_\w+)", path.read_text(encoding="utf-8"), re.MULTILINE)
    }
    named = set(re.findall(r"\btest_\w+", said))
    assert len(named) > 30
    assert named <= there
