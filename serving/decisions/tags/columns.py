"""The tags that customers hold: one of each definition, or one of each cluster it finds."""

from collections.abc import Iterable, Mapping

from serving.decisions.tags.clusters import Centres
from serving.decisions.tags.definitions import TagDefinition
from serving.decisions.tags.state import Column

__all__ = ["all_columns", "columns_of"]


def columns_of(definition: TagDefinition, centres: Centres | None) -> list[Column]:
    """The tags of one definition: of a cluster tag one a named centre, called by the tag's code and its own."""
    name = definition.name
    if centres is None:
        return [Column(definition.code, definition.version, name.english, name.chinese, definition)]
    return [
        Column(
            f"{definition.code}_{one.code}",
            definition.version,
            f"{name.english}: {one.english}",
            f"{name.chinese}：{one.chinese}",
            definition,
            place,
        )
        for place, one in enumerate(centres.centres)
    ]


def all_columns(tags: Iterable[TagDefinition], centres: Mapping[str, Centres]) -> tuple[Column, ...]:
    """The tags of all definitions, in order."""
    return tuple(column for one in tags for column in columns_of(one, centres.get(one.code)))
