"""The page of tags: every definition in words, by theme, told from the YAML itself."""

from collections.abc import Mapping, Sequence

from serving.decisions.tags import Condition, TagDefinition, TagFile

__all__ = ["conditions_text", "markdown", "times_text"]

_HEAD = """\
# Tags

What is said of customers. This page is made from `configs/tags/*.yaml`: `headroom tags definitions --markdown` writes
it, and a test holds it to that. Thresholds fit the demo territory; a utility sets its own, in files of its own
(`HEADROOM_CONFIGS`).

- A tag is **held**, **not held** or **unknown**. An input that is stale or missing makes it unknown, never false;
  where one condition that is known decides, it decides.
- **Thresholds**: "at least 0.4, until below 0.3" is entered at .4 and left below .3. In between a tag stays what it
  was.
- **Confirmations** are evaluations in a row that agree, for entering and for leaving. A **minimum hold** keeps a tag
  at least so long. Past its **time to live** without an evaluation on fresh inputs it is unknown, and what was before
  is forgotten. An input as of longer ago than a tag finds fresh is stale to it.
- A **group** is a set of tags of which a customer holds one; the one held is kept until it is left.
- **Clusters** are found anew in every run and matched to those of the run before, so that they keep their names. One
  that is near no name gets a new one; a name nobody is near is kept for later.
- **Purpose** is what a customer's consent has to cover, **audience** who may see the tag; an admin always may.
- Every change is appended with its evidence: the inputs as they were, and the thresholds. Nothing is changed or
  removed, so that what stood at any past moment can be read back (`headroom tags replay --at`, `headroom tags show
  --at`). A run as of a moment recorded before is refused, unless it is the very same; the next run puts right what
  the last got wrong.
- A definition that changes needs a higher version. What was assigned keeps the words of its version; the new one
  begins anew. Tags know accounts by their surrogates only: erasing who somebody is leaves them as they are.
"""
_COLUMNS = ("tag", "name", "kind", "what it says", "held while", "times", "purpose", "audience", "owner", "version")


def markdown(files: Mapping[str, TagFile]) -> str:
    """The whole page, ending with a line break."""
    count = sum(len(one.tags) for one in files.values())
    parts = [_HEAD, f"{count} tags are shipped.\n"]
    for name, one in files.items():
        head = f"## {one.theme.english} {one.theme.chinese}\n\n`configs/tags/{name}.yaml`\n"
        parts.append(f"{head}\n{_grid(_COLUMNS, [_row(tag) for tag in one.tags])}")
    return "\n".join(parts)


def _row(tag: TagDefinition) -> tuple[str, ...]:
    of_model = f" ({tag.model})" if tag.model is not None else ""
    return (
        f"`{tag.code}`",
        f"{tag.name.english} {tag.name.chinese}",
        f"{tag.kind}{of_model}",
        f"{tag.meaning.english} {tag.meaning.chinese}",
        conditions_text(tag),
        times_text(tag),
        tag.purpose,
        ", ".join(tag.audience),
        tag.owner,
        str(tag.version),
    )


def conditions_text(tag: TagDefinition) -> str:
    """What a tag stands on, in words and figures."""
    if tag.cluster is not None:
        names = ", ".join(f"`{tag.code}_{one.code}` {one.name.chinese}" for one in tag.cluster.names)
        return f"{tag.cluster.count} clusters over {', '.join(tag.cluster.columns)}: {names}"
    text = f" {'and' if tag.combine == 'all' else 'or'} ".join(_condition(one) for one in tag.conditions)
    return f"{text}; of {', '.join(tag.classes)} only" if tag.classes else text


def _condition(one: Condition) -> str:
    if one.direction == "above":
        return f"{one.input} at least {one.enter:g}, until below {one.exit:g}"
    return f"{one.input} at most {one.enter:g}, until above {one.exit:g}"


def times_text(tag: TagDefinition) -> str:
    """Confirmations, minimum hold, time to live and group, those that say something."""
    told = (
        [] if tag.confirmations == 1 else [f"{tag.confirmations} confirmations within {tag.confirm_within_days} days"]
    )
    told += [f"at least {tag.minimum_hold_days} days"] if tag.minimum_hold_days else []
    told += [f"lives {tag.time_to_live_days} days", f"inputs of {tag.fresh_within_days} days"]
    told += [f"one of {tag.group}"] if tag.group is not None else []
    return "; ".join(told)


def _grid(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |\n" for line in lines)
