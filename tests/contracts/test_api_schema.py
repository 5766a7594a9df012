"""What the API says of itself holds: asked anything, it answers as it is described."""

import os
from collections.abc import Mapping, Sequence
from typing import Any

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import CHECKS, load_all_checks
from schemathesis.core.result import Ok

from tests.api_scene import ApiSite, api, campaigns

__all__ = ["api"]

#: Examples of each call and way; docs/api.md tells of the long form.
_EXAMPLES = int(os.environ.get("BROADCASTER_TEST_API_EXAMPLES", "1"))

#: What is there, by the name of the part of an address: else nearly every answer would be 404.
_THERE: Mapping[str, Sequence[object]] = {
    "campaign": (1, 2, 3),
    "kind": ("remote_services", "restoration"),
    "number": ("C000001", "C000002"),
    "import_id": (1,),
    "webhook": (1,),
    "delivery": ("1-1",),
    # Not who has the key that asks.
    "operator": (2,),
    "session": (1,),
    "version": (1,),
    "locale": ("fr",),
}
#: What takes away the key that asks, or what all others ask about, comes last.
_LAST = ("erase_customer", "delete_webhook", "revoke_api_key")
_CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
)


def _strategy(operation: Any, mode: GenerationMode) -> st.SearchStrategy[Any]:  # noqa: ANN401  (schemathesis)
    """Give cases of a call; half of them are about things that are there."""
    names = [one.name for one in operation.path_parameters]
    made: st.SearchStrategy[Any] = operation.as_strategy(generation_mode=mode)
    known = {name: list(_THERE[name]) for name in names if name in _THERE}
    if mode is GenerationMode.NEGATIVE:
        return made
    there = st.fixed_dictionaries({name: st.sampled_from(some) for name, some in known.items()})

    def put(case: Any, values: Mapping[str, object]) -> Any:  # noqa: ANN401  (as above)
        case.path_parameters = {**(case.path_parameters or {}), **values}
        if case.query:
            # The sign of a page is ours: nobody can guess one.
            case.query = {name: one for name, one in case.query.items() if name != "after"}
        return case

    known_things = st.builds(put, made, there)
    return known_things if _EXAMPLES == 1 else st.one_of(made, known_things)


# With many examples, the library that makes them stumbles over one of its own when it is let go.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_every_call_answers_as_it_is_described(api: ApiSite) -> None:
    """No fault inside, and no status, no header and no form that the description does not have."""
    campaigns(api)
    load_all_checks()
    document = requests.get(f"{api.url}/openapi.json", timeout=10).json()
    operations = [
        one.ok()
        for one in schemathesis.openapi.from_dict(document).get_all_operations()
        if isinstance(one, Ok)
    ]
    assert len(operations) > 100
    operations.sort(key=_turn)
    failed: list[str] = []
    good = set()
    with requests.Session() as session:
        session.headers["Authorization"] = f"Bearer {api.key()}"
        for operation in operations:
            name = str(operation.definition.raw["operationId"])
            for mode in GenerationMode:
                if mode is GenerationMode.NEGATIVE and not _takes_something(operation):
                    continue
                seen, faults = _asked(api, session, operation, mode)
                failed += [f"{name}, {mode.value}: {one}" for one in faults]
                good |= {name for status in seen if status < 300}
    assert not failed, "\n".join(failed)
    # Most must have been asked something that they do, not only what they refuse.
    assert len(good) > 50


def _turn(operation: Any) -> int:  # noqa: ANN401  (schemathesis)
    name = operation.definition.raw["operationId"]
    return _LAST.index(name) + 1 if name in _LAST else 0


def _takes_something(operation: Any) -> bool:  # noqa: ANN401  (as above)
    return bool(operation.path_parameters or operation.query or operation.body)


def _asked(
    api: ApiSite,
    session: requests.Session,
    operation: Any,  # noqa: ANN401  (as above)
    mode: GenerationMode,
) -> tuple[list[int], list[str]]:
    """Ask a call some examples; the statuses, and what was not as it is described."""
    seen: list[int] = []
    faults: list[str] = []
    checks: Any = CHECKS.get_by_names(list(_CHECKS))

    @seed(7)
    @settings(
        max_examples=_EXAMPLES,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=_strategy(operation, mode))
    def ask(case: Any) -> None:  # noqa: ANN401  (as above)
        answer = case.call(base_url=api.url, session=session)
        if not str(answer.request.url).startswith(f"{api.url}/"):
            # What has .. in it is another address before it is sent.
            return
        seen.append(answer.status_code)
        try:
            case.validate_response(answer, checks=checks)
        except BaseExceptionGroup as group:
            faults.extend(f"{answer.status_code}: {one}" for one in group.exceptions)

    ask()
    return seen, faults
