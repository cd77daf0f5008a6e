"""What messages are made of: the strict base, identifiers and numbers, what a question is about."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

__all__ = ["AboutNodes", "AboutUnit", "Identifier", "Kind", "Message", "ModelStamp", "Quantile", "Whole", "by_subject"]

Kind = Literal["substation", "feeder", "area"]
# Any printable identifier; control characters could forge log lines and no database takes NUL.
Identifier = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$")]
Quantile = Annotated[float, Field(strict=True, ge=0.01, le=0.99)]


def _number(value: Any) -> Any:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError("Input should be a number")
    return value


# JSON knows one kind of number: 24.0 is a whole number there, "24" is none.
Whole = Annotated[int, BeforeValidator(_number)]


class Message(BaseModel):
    """A message rejects unknown keys, so that a misspelt option is never silently ignored."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


def by_subject(body: Any) -> str:
    named = body if isinstance(body, dict) else getattr(body, "__dict__", {})
    return "unit" if "org_unit" in named else "nodes"


class AboutNodes(Message):
    node_ids: list[Identifier] = Field(
        min_length=1, max_length=1000, description="the nodes asked about", examples=[["A0001", "A0002"]]
    )


class AboutUnit(Message):
    org_unit: Identifier = Field(description="every node of this org unit and the units below it", examples=["D1"])
    kinds: list[Kind] = Field(["area"], min_length=1, max_length=3, description="which kinds of node")


class ModelStamp(Message):
    """Which model answered."""

    name: str
    version: int = Field(description="version in the registry")
    sha256: str = Field(description="hash of the artifact")
