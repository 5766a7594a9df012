"""The page of attributes: what is known of customers, in every language, added and changed."""

from collections.abc import Mapping
from dataclasses import replace

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from broadcaster.audience.attributes import Attribute, Kind, Labels
from broadcaster.audience.defining import LANGUAGES
from broadcaster.bootstrap import Runtime
from broadcaster.domain.access import Action
from broadcaster.domain.saying import said
from broadcaster.errors import BroadcasterError, ConflictError, InvalidInputError, NotFoundError
from broadcaster.web.console.desk import Desk, Visit, see_other
from broadcaster.web.console.fields import Fields
from broadcaster.web.console.people import words
from broadcaster.web.languages import Language

_ROOT = "/attributes"
#: The most choices that are changed on the page; more are changed by the command.
_CHOICES, _EMPTY = 60, 3
_REFUSED = 422


class AttributePages:
    """Shows and changes the attributes."""

    def __init__(self, runtime: Runtime, desk: Desk) -> None:
        """Use everything that is inside."""
        self._runtime = runtime
        self._desk = desk

    def routes(self) -> list[Route]:
        """List what is answered."""
        return [
            Route(_ROOT, self.all),
            Route(f"{_ROOT}/{{name}}", self.one),
            Route(f"{_ROOT}/{{name}}", self.change, methods=["POST"]),
        ]

    async def all(self, request: Request) -> Response:
        """List them."""
        visit = await self._desk.enter(request, Action.LOOK)
        catalogue = await run_in_threadpool(self._runtime.definitions.catalogue)
        values = {"attributes": catalogue.attributes, **_common(visit.language)}
        return self._desk.page(visit, "console/people/attributes.html", values)

    async def one(self, request: Request) -> Response:
        """Show the form of one; that of a new one under `new-attribute`."""
        visit = await self._desk.enter(request, Action.EDIT_AUDIENCE)
        name = request.path_params["name"]
        return await run_in_threadpool(self._form, visit, name, None, None)

    def _form(
        self, visit: Visit, name: str, fields: Fields | None, error: BroadcasterError | None
    ) -> Response:
        known = None if name == _NEW else self._runtime.definitions.get(name)
        choices = [
            (choice, [labels.get(one, "") for one in LANGUAGES])
            for choice, labels in (known.choices if known else {}).items()
        ]
        if fields is not None:
            choices = [(one, list(labels)) for one, labels, _ in _rows(fields) if one]
        values = {
            "name": "" if known is None else name,
            "path": f"{_ROOT}/{name}",
            "attribute": known,
            "given": fields or Fields(),
            "fresh": fields is None,
            "choices": choices[:_CHOICES],
            "rest": max(0, len(choices) - _CHOICES),
            "empty": range(_EMPTY),
            "kinds": tuple(Kind),
            "error": error,
            **_common(visit.language),
        }
        status = 200 if error is None else _REFUSED
        return self._desk.page(visit, "console/people/attribute.html", values, status=status)

    async def change(self, request: Request) -> Response:
        """Add, change, retire or remove one."""
        visit, fields = await self._desk.submitted(request, Action.EDIT_AUDIENCE)
        name = request.path_params["name"]
        return await run_in_threadpool(self._change, visit, name, fields)

    def _change(self, visit: Visit, name: str, fields: Fields) -> Response:
        definitions, by = self._runtime.definitions, visit.operator.name
        try:
            if name == _NEW:
                kind = _kind(fields)
                made = Attribute(kind=kind, labels=_labels(fields), choices=_choices(fields, {}))
                definitions.add(fields.text("name").strip(), made, by)
            elif fields.text("act") == "remove":
                definitions.remove(name, by, with_values=False)
            else:
                definitions.change(name, by, lambda before: _changed(before, fields))
        except NotFoundError:
            raise
        except (InvalidInputError, ConflictError) as error:
            return self._form(visit, name, fields, error)
        return see_other(_ROOT)


#: No attribute is called so: names have no hyphen.
_NEW = "new-attribute"


def _common(language: Language) -> Mapping[str, object]:
    return {"words": words, "languages_of_labels": LANGUAGES, "own": language.locale.language}


def _kind(fields: Fields) -> Kind:
    try:
        return Kind(fields.text("kind"))
    except ValueError as error:
        raise InvalidInputError("kind", said("is missing"), said("Choose one.")) from error


def _labels(fields: Fields) -> Labels:
    return {one: fields.text(f"label-{one}").strip() for one in LANGUAGES}


def _rows(fields: Fields) -> list[tuple[str, tuple[str, ...], bool]]:
    """Give the choices of a form: the name, labels, and whether it is to go."""
    names = fields.every("choice")
    gone = set(fields.every("gone"))
    columns = [fields.every(f"choice-{one}") for one in LANGUAGES]
    if any(len(column) != len(names) for column in columns):
        raise InvalidInputError("choice", said("is incomplete"), said("Send the form again."))
    rows = zip(names, *columns, strict=True)
    return [
        (name.strip(), tuple(label.strip() for label in labels), name in gone)
        for name, *labels in rows
    ]


def _choices(fields: Fields, before: Mapping[str, Labels]) -> Mapping[str, Labels]:
    """Join the choices of the form with those that it does not show."""
    found = dict(before)
    for name, labels, gone in _rows(fields):
        if not name:
            continue
        if gone:
            found.pop(name, None)
        else:
            given = dict(zip(LANGUAGES, labels, strict=True))
            found[name] = {**found.get(name, {}), **given}
    return found


def _changed(before: Attribute, fields: Fields) -> Attribute:
    return replace(
        before,
        labels={**before.labels, **_labels(fields)},
        choices=_choices(fields, before.choices),
        retired=fields.ticked("retired"),
    )
