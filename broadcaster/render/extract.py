"""Finding the texts that templates ask for, and keeping the catalogues in step with them.

Every part is read, text parts included: a part that is left out of extraction is never
translated, and nobody notices.
"""

import io
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import DEFAULT_KEYWORDS, extract
from babel.messages.pofile import read_po, write_po
from jinja2 import Environment, TemplateError, meta, nodes

from broadcaster.errors import ConfigurationError
from broadcaster.render.catalogues import Key
from broadcaster.render.environment import EXTENSIONS, broken
from broadcaster.render.sources import read_folder

_OPTIONS = {"trimmed": "true", "newstyle_gettext": "true", "silent": "false"}
_WIDTH = 96

_HEADER = """\
msgid ""
msgstr ""
"Content-Type: text/plain; charset=utf-8\\n"
"Content-Transfer-Encoding: 8bit\\n"
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Use:
    """One place where a template asks for a text, and what translators are told there."""

    key: Key
    template: str
    line: int
    comments: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class _Outline:
    """What a template refers to: others that it stands on (None: a computed name), and names."""

    stands_on: tuple[str | None, ...]
    names: frozenset[str]


#: Templates that are kept as read: layouts belong to every kind, and are large.
_KEPT = 2000


@lru_cache(maxsize=_KEPT)
def _outline(name: str, source: str) -> _Outline:
    environment = Environment(extensions=list(EXTENSIONS), autoescape=True)
    try:
        tree = environment.parse(source, name)
    except TemplateError as error:
        raise broken(name, error) from error
    return _Outline(
        stands_on=tuple(meta.find_referenced_templates(tree)),
        names=frozenset(node.name for node in tree.find_all(nodes.Name)),
    )


def uses(templates: Mapping[str, str], name: str) -> tuple[Use, ...]:
    """List the texts that one template asks for, in order; ConfigurationError naming it."""
    return _uses(name, templates[name])


@lru_cache(maxsize=_KEPT)
def _uses(name: str, source: str) -> tuple[Use, ...]:
    try:
        found = list(
            extract(
                "jinja2",
                io.BytesIO(source.encode()),
                DEFAULT_KEYWORDS,
                ["NOTE:"],
                dict(_OPTIONS),
            )
        )
    except TemplateError as error:
        raise broken(name, error) from error
    listed = []
    for line, message, comments, context in found:
        singular, plural = message if isinstance(message, tuple) else (message, None)
        key = Key(context or None, str(singular), plural)
        listed.append(Use(key=key, template=name, line=line, comments=tuple(comments)))
    return tuple(listed)


def closure(templates: Mapping[str, str], name: str) -> tuple[str, ...]:
    """Name a template and all that it extends, includes or imports."""
    seen: list[str] = []
    waiting = [name]
    while waiting:
        current = waiting.pop()
        if current in seen or current not in templates:
            continue
        seen.append(current)
        found = _outline(current, templates[current]).stands_on
        waiting.extend(other for other in found if other)
    return tuple(seen)


def asks_for(templates: Mapping[str, str], name: str, variable: str) -> bool:
    """Tell whether a template, or one that it stands on, uses a variable of its context."""
    return any(
        variable in _outline(found, templates[found]).names for found in closure(templates, name)
    )


def make_pot(templates: Mapping[str, str]) -> str:
    """Write the catalogue of all texts without translations: the same bytes for the same texts."""
    return _write(_template(templates), _HEADER)


def update_po(text: str, templates: Mapping[str, str]) -> str:
    """Bring one `.po` into step: new texts empty, gone ones out, nothing guessed.

    Its own header stays as it is.
    """
    catalog = read_po(io.BytesIO(text.encode()), abort_invalid=True)
    fuzzy = {message.id for message in catalog if message.id and message.fuzzy}
    catalog.update(_template(templates), no_fuzzy_matching=True)
    for message in catalog:
        if message.id and message.id in fuzzy:
            message.flags.add("fuzzy")
    header = text.partition("\n\n")[0].rstrip("\n") + "\n"
    return _write(catalog, header)


def bring_into_step(templates: Path, locales: Path) -> list[Path]:
    """Write the `.pot` of a folder of kinds and update the catalogues; the files that changed."""
    texts = read_folder(templates)
    if not any(name.endswith("kind.toml") for name in texts):
        # With nothing to extract every translation would be thrown away.
        message = f"{templates}: holds no kind. Name the folder above the kinds."
        raise ConfigurationError(message)
    if not locales.is_dir():
        message = f"{locales}: is no folder. Name the folder of locales."
        raise ConfigurationError(message)
    files = {locales / "advisories.pot": make_pot(texts)}
    for path in sorted(locales.glob("*/LC_MESSAGES/advisories.po")):
        files[path] = update_po(path.read_text(encoding="utf-8"), texts)
    changed = []
    for path, text in files.items():
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")
            changed.append(path)
    return changed


def _template(templates: Mapping[str, str]) -> Catalog:
    catalog = Catalog(charset="utf-8", fuzzy=False)
    for name in sorted(templates):
        if not name.endswith((".txt", ".mjml", ".html")):
            continue
        for use in uses(templates, name):
            key = use.key
            identity = key.singular if key.plural is None else (key.singular, key.plural)
            catalog.add(
                identity,
                locations=[(name, use.line)],
                auto_comments=[c.removeprefix("NOTE:").strip() for c in use.comments],
                context=key.context,
            )
    return catalog


def _write(catalog: Catalog, header: str) -> str:
    file = io.BytesIO()
    write_po(
        file,
        catalog,
        width=_WIDTH,
        omit_header=True,
        sort_by_file=True,
        include_lineno=False,
        ignore_obsolete=True,
    )
    body = file.getvalue().decode().strip("\n")
    return f"{header}\n{body}\n" if body else header


def check_known(templates: Mapping[str, str], name: str) -> None:
    """Raise ConfigurationError when a template stands on another that is not there."""
    for found in closure(templates, name):
        for other in _outline(found, templates[found]).stands_on:
            if other is None or other not in templates:
                message = f"{found}: stands on {other or 'a computed name'}, which is not there."
                raise ConfigurationError(f"{message} Name a template that is.")
