"""All that can be told at once of a kind that cannot be used."""

from collections.abc import Iterator

from broadcaster.errors import BroadcasterError, ConfigurationError, InvalidInputError
from broadcaster.render.extract import check_syntax
from broadcaster.render.kinds import Broken
from broadcaster.render.structure import Flaw, strays
from broadcaster.render.tables import EntryError
from broadcaster.render.wording import Fault

_TEMPLATES = (".txt", ".mjml", ".html")


def amiss(name: str, broken: Broken) -> Iterator[Flaw]:
    """Tell what is wrong with `kind.toml`, and with each file that could be read."""
    told = dict.fromkeys(map(str, broken.faults))
    for error in {str(error): error for error in broken.faults}.values():
        yield _flaw(name, error)
    for path, text in broken.texts.items():
        try:
            if path.endswith(_TEMPLATES):
                check_syntax(f"{name}/{path}", text)
        except ConfigurationError as error:
            if str(error) not in told:
                yield _flaw(name, error)
    yield from strays(broken.texts)


def _flaw(name: str, error: BroadcasterError) -> Flaw:
    """Take an error apart: the file, the place in it, the problem, the remedy."""
    if isinstance(error, EntryError):
        place, problem, remedy = error.place, error.problem, error.remedy
    elif isinstance(error, InvalidInputError):
        place, problem, remedy = f"{name}/kind.toml, {error.field}", error.problem, error.remedy
    else:
        place, _, rest = str(error).partition(": ")
        problem, _, remedy = rest.removesuffix(".").rpartition(". ")
        remedy = f"{remedy}."
        if not problem:
            problem, remedy = remedy.removesuffix("."), "Mend the file."
    file, _, within = place.removeprefix(f"{name}/").partition(", ")
    within = within.replace(", ", ".")
    return Flaw(file, within, Fault(problem, remedy))
