"""Nodes and publications, page by page."""

from pydantic import AwareDatetime, Field

from serving.messages.parts import Identifier, Kind, Message, ModelStamp

__all__ = ["NodesAnswer", "NodesQuery", "PublicationsAnswer", "PublicationsQuery"]


class NodesQuery(Message):
    """Which nodes to list."""

    org_unit: Identifier | None = Field(None, description="only this org unit and the units below it")
    kind: Kind | None = Field(None, description="only this kind of node")
    limit: int = Field(100, ge=1, le=1000, description="nodes on a page")
    after: Identifier | None = Field(None, description="`next_after` of the page before")


class PublicationsQuery(Message):
    """Which publications to list, newest first."""

    limit: int = Field(50, ge=1, le=500, description="publications on a page")
    offset: int = Field(0, ge=0, le=1_000_000, description="how many newer ones to skip")


class NodeEntry(Message):
    """A node of the territory."""

    node_id: str
    name: str
    kind: Kind
    parent_id: str | None = Field(description="the node that supplies it")
    hall_id: str | None = Field(description="org unit it belongs to")
    longitude: float | None
    latitude: float | None


class NodesAnswer(Message):
    """One page of nodes, in order of id."""

    total: int = Field(description="nodes that match, on all pages")
    next_after: str | None = Field(description="`after` of the next page; null on the last")
    nodes: list[NodeEntry]


class PublicationEntry(Message):
    """A publication of open capacity."""

    publication_id: str
    created_at: AwareDatetime
    issued_at: AwareDatetime
    horizon_days: int
    model: ModelStamp
    data_fingerprint: str
    config_hash: str
    nodes: int = Field(description="nodes in it")


class PublicationsAnswer(Message):
    """Publications, newest first."""

    total: int
    publications: list[PublicationEntry]
