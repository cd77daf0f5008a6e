"""Rows brought in: what became of them."""

from pydantic import Field

from serving.messages.parts import Message

__all__ = ["IngestAnswer"]


class RefusedRow(Message):
    """One row that went to quarantine; what it says is not repeated."""

    line: int = Field(description="its line in the body; the first is 1")
    reason: str = Field(description="reason code; the documentation of sources lists them", examples=["BAD_NUMBER"])
    column: str = Field(description="where the fault was found; empty where it is the whole line")


class IngestAnswer(Message):
    """Every row is accounted for: `rows_in` = `accepted` + `superseded` + the sum of `quarantined`."""

    table: str
    batch: str = Field(description="the batch of the lake that the key stands for")
    rows_in: int = Field(description="rows, and lines that are none")
    accepted: int = Field(description="rows that are in the lake now")
    superseded: int = Field(description="rows replaced by a later one of the same key and moment of knowledge")
    quarantined: dict[str, int] = Field(description="refused rows by reason code")
    refused: list[RefusedRow] = Field(description="the first ten of them, in the order of their lines")
    balanced: bool = Field(description="whether the counts add up")
    repeated: bool = Field(description="true where the same had come before: nothing was changed now")
