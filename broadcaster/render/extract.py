"""Finding the texts that templates ask for.

Every part is read, text parts included: a part that is left out of extraction is never
translated, and nobody notices.
"""

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from babel.messages.extract import DEFAULT_KEYWORDS, extract
from jinja2 import Environment, TemplateError, meta, nodes

from broadcaster.errors import ConfigurationError
from broadcaster.render.catalogues import Key
from broadcaster.render.environment import EXTENSIONS, broken

#: How Jinja's texts are read, wherever they stand.
OPTIONS = {"trimmed": "true", "newstyle_gettext": "true", "silent": "false"}
#: What a comment for translators begins with.
NOTE = "NOTE:"


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


def check_syntax(name: str, source: str) -> None:
    """Raise ConfigurationError where a template cannot be read."""
    _outline(name, source)


def uses(templates: Mapping[str, str], name: str) -> tuple[Use, ...]:
    """List the texts that one template asks for, in order; ConfigurationError naming it."""
    return _uses(name, templates[name])


@lru_cache(maxsize=_KEPT)
def _uses(name: str, source: str) -> tuple[Use, ...]:
    stream = io.BytesIO(source.encode())
    try:
        found = list(extract("jinja2", stream, DEFAULT_KEYWORDS, [NOTE], dict(OPTIONS)))
    except TemplateError as error:
        raise broken(name, error) from error
    return tuple(use_of(name, *one) for one in found)


def use_of(
    place: str,
    line: int,
    message: str | tuple[str, ...],
    comments: Sequence[str],
    context: str | None,
) -> Use:
    """Make a use of what Babel's extraction gives."""
    singular, plural = message if isinstance(message, tuple) else (message, None)
    told = " ".join(comment.strip() for comment in comments)
    notes = (note for part in told.split(NOTE) if (note := part.strip()))
    key = Key(context or None, str(singular), plural)
    return Use(key=key, template=place, line=line, comments=tuple(dict.fromkeys(notes)))


def all_uses(templates: Mapping[str, str]) -> list[Use]:
    """List the texts of all templates, by name and line; ConfigurationError naming a broken one."""
    names = (name for name in sorted(templates) if name.endswith((".txt", ".mjml", ".html")))
    return [use for name in names for use in uses(templates, name)]


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


def check_known(templates: Mapping[str, str], name: str) -> None:
    """Raise ConfigurationError when a template stands on another that is not there."""
    for found in closure(templates, name):
        for other in _outline(found, templates[found]).stands_on:
            if other is None or other not in templates:
                message = f"{found}: stands on {other or 'a computed name'}, which is not there."
                raise ConfigurationError(f"{message} Name a template that is.")
