"""The BentoML side of `headroom build`, run as `python -m serving.bento.packing` where everything is laid out.

Reads one JSON document from stdin (`tag`, `build`: options of `bentoml.bentos.build`, `out`: path or null) and ends
with one line of JSON on stdout: `path`, `size_bytes`, `fresh`.
"""

import json
import os
import sys
from pathlib import Path
from typing import Any

__all__ = ["main"]


def main() -> None:
    """Build what stdin asks for; exit code 1 with the reason on stderr where it cannot be."""
    order = json.load(sys.stdin)
    name, _, version = order["tag"].partition(":")
    from bentoml.exceptions import BentoMLException

    try:
        bento, fresh = _bento(name, version, order["build"])
        path = _exported(bento, order["out"]) if order["out"] else Path(bento.path)
    except BentoMLException as error:
        sys.exit(str(error))
    print(json.dumps({"path": str(path), "size_bytes": _size(path), "fresh": fresh}))  # noqa: T201


def _bento(name: str, version: str, options: dict[str, Any]) -> tuple[Any, bool]:
    import bentoml
    from bentoml.exceptions import NotFound

    try:
        found = bentoml.bentos.get(f"{name}:{version}")
    except NotFound:
        return bentoml.bentos.build(name=name, version=version, build_ctx=str(Path.cwd()), **options), True
    if found.info.labels.get("content") != options["labels"]["content"]:
        sys.exit("a bento of this tag is there with other content; give another --tag, or delete it first")
    return found, False


def _exported(bento: Any, out: str) -> Path:
    """Write the bento to `out` by one rename, so that nobody finds half of it."""
    import bentoml

    ending = Path(out).suffix
    incoming = Path(out).with_name(f".{Path(out).name}-{os.getpid()}{ending}")
    bentoml.bentos.export_bento(bento.tag, str(incoming), "bento" if ending == ".bento" else "folder")
    return incoming.replace(out)


def _size(path: Path) -> int:
    if path.is_file():
        return path.stat().st_size
    return sum(one.stat().st_size for one in path.rglob("*") if one.is_file())


if __name__ == "__main__":
    main()
