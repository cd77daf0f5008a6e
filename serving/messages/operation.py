"""Whether the service is alive and ready, and the one shape of a refusal."""

from pydantic import Field

from serving.messages.parts import Message

__all__ = ["ErrorAnswer", "LiveAnswer", "ReadyAnswer"]


class LiveAnswer(Message):
    """The process is alive."""

    alive: bool


class ReadyAnswer(Message):
    """Everything an answer needs is there; a service that is not ready refuses with NOT_READY and names what lacks."""

    ready: bool
    notes: list[str] = Field(description="what does not stop answers but deserves a look")


class FaultyField(Message):
    """One field of the request and what is wrong with it."""

    field: str
    message: str


class ErrorBody(Message):
    """Why a request was refused."""

    code: str = Field(description="stable, for programs", examples=["UNKNOWN_NODE"])
    message: str = Field(description="for people", examples=["node A9999 is unknown"])
    fields: list[FaultyField] = Field(description="the bad fields, where the fault lies in some")
    request_id: str = Field(description="also in the X-Request-ID header and in the service's log")


class ErrorAnswer(Message):
    """The one shape of every refusal."""

    error: ErrorBody
