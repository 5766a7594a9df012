"""The links of messages: whose message it was, by the token in the address."""

from starlette.exceptions import HTTPException
from starlette.requests import Request

from broadcaster.domain.delivery import DeliveryId
from broadcaster.domain.tokens import verify


def delivery_of(request: Request, key: bytes) -> DeliveryId:
    """Read the token of a link to end messages or to choose them; HTTPException 404."""
    delivery = verify(key, "unsubscribe", request.path_params["token"])
    if delivery is None:
        raise HTTPException(404)
    return delivery
