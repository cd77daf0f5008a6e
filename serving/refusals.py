"""Everything the service refuses on purpose: a stable code, an HTTP status, a sentence for a person, the bad fields."""

from collections.abc import Sequence
from dataclasses import dataclass

from features.errors import HeadroomError

__all__ = [
    "BadBodyError",
    "BadExpressionError",
    "BadFieldError",
    "BusyError",
    "DuplicateError",
    "FieldFault",
    "ForbiddenError",
    "HeldAlreadyError",
    "KeyReusedError",
    "NoConsentError",
    "NoRoomError",
    "NotHeldError",
    "NotReadyError",
    "OutOfScopeError",
    "ReadOnlyError",
    "RefusalError",
    "TooLargeError",
    "TooSlowError",
    "UnauthenticatedError",
    "UnknownApplicationError",
    "UnknownCampaignError",
    "UnknownColumnError",
    "UnknownCustomerError",
    "UnknownNodeError",
    "UnknownPublicationError",
    "UnknownPushError",
    "UnknownServiceError",
    "UnknownTableError",
    "UnknownUnitError",
    "UnsupportedMediaTypeError",
]


@dataclass(frozen=True)
class FieldFault:
    """One field of the request (dotted path, such as `node_ids.3`) and what is wrong with it."""

    field: str
    message: str


class RefusalError(HeadroomError):
    """Base of all refusals. `code` is stable and for programs, the text is for people."""

    code = "REFUSED"
    status = 400

    def __init__(self, message: str, faults: Sequence[FieldFault] = ()) -> None:
        super().__init__(message)
        self.faults = tuple(faults)


class BadFieldError(RefusalError):
    """A field that parses but cannot be used as asked."""

    code, status = "INVALID_FIELD", 422

    @classmethod
    def of(cls, field: str, message: str) -> "BadFieldError":
        """About one field, named in the text, too."""
        return cls(f"{field}: {message}", [FieldFault(field, message)])


class BadBodyError(RefusalError):
    """A body of rows that cannot be read, or has columns the table has not; nothing of it was taken."""

    code, status = "INVALID_BODY", 422


class BadExpressionError(RefusalError):
    """An expression that cannot be judged; tells the place and, of an unknown name, those near it."""

    code, status = "INVALID_EXPRESSION", 422


class UnauthenticatedError(RefusalError):
    """No key, an unknown key, or a revoked one; which of them is not told."""

    code, status = "UNAUTHENTICATED", 401


class ForbiddenError(RefusalError):
    """The key's role does not allow the operation."""

    code, status = "FORBIDDEN_ROLE", 403


class OutOfScopeError(RefusalError):
    """The key's org unit does not cover what was asked for."""

    code, status = "OUT_OF_SCOPE", 403


class NoConsentError(RefusalError):
    """The customer forbids what the key's role would use him for."""

    code, status = "NO_CONSENT", 403


class ReadOnlyError(RefusalError):
    """The service has nothing it could write to."""

    code, status = "READ_ONLY", 403


class KeyReusedError(RefusalError):
    """Other rows came under the same idempotency key before."""

    code, status = "IDEMPOTENCY_KEY_REUSED", 409


class NoRoomError(RefusalError):
    """A promise that does not fit: names the node, the block of the day, and what is left."""

    code, status = "NO_ROOM", 409


class DuplicateError(RefusalError):
    """Something is given twice that may be given once; names it."""

    code, status = "DUPLICATE", 409


class HeldAlreadyError(RefusalError):
    """Capacity is held for an application already: free that first."""

    code, status = "HELD_ALREADY", 409


class NotHeldError(RefusalError):
    """A promise that holds no more, or an application that waits no more: what was asked cannot come of it."""

    code, status = "NOT_HELD", 409


class UnknownTableError(RefusalError):
    """A table no contract describes; names it."""

    code, status = "UNKNOWN_TABLE", 404


class UnknownApplicationError(RefusalError):
    """An application that was never checked; names it."""

    code, status = "UNKNOWN_APPLICATION", 404


class UnknownCustomerError(RefusalError):
    """A customer nobody knows; names it."""

    code, status = "UNKNOWN_CUSTOMER", 404


class UnknownColumnError(RefusalError):
    """A column of customers that does not exist or is not for the key's role; names it."""

    code, status = "UNKNOWN_COLUMN", 404


class UnknownPushError(RefusalError):
    """An offer nobody knows, or nobody may know; names it."""

    code, status = "UNKNOWN_PUSH", 404


class UnknownServiceError(RefusalError):
    """A service the catalogue does not have; names it."""

    code, status = "UNKNOWN_SERVICE", 404


class UnknownCampaignError(RefusalError):
    """A campaign the catalogue does not have and nobody was ever contacted in; names it."""

    code, status = "UNKNOWN_CAMPAIGN", 404


class UnknownNodeError(RefusalError):
    """A node id nobody knows; names it."""

    code, status = "UNKNOWN_NODE", 404


class UnknownUnitError(RefusalError):
    """An org unit nobody knows; names it."""

    code, status = "UNKNOWN_ORG_UNIT", 404


class UnknownPublicationError(RefusalError):
    """A publication id nobody knows; names it."""

    code, status = "UNKNOWN_PUBLICATION", 404


class TooLargeError(RefusalError):
    """A request body above the limit."""

    code, status = "BODY_TOO_LARGE", 413


class UnsupportedMediaTypeError(RefusalError):
    """A request body that does not say it is what the path takes."""

    code, status = "UNSUPPORTED_MEDIA_TYPE", 415


class NotReadyError(RefusalError):
    """What the answer needs is not there yet: data, a promoted model, a publication."""

    code, status = "NOT_READY", 503


class BusyError(RefusalError):
    """More requests are waiting than may wait."""

    code, status = "BUSY", 503


class TooSlowError(RefusalError):
    """The answer took longer than a request may take."""

    code, status = "TIMEOUT", 504
