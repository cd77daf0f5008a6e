"""The cursor of an ingest: which parts of which files have passed the gate, so that a killed run need not begin anew.

It is a shortcut and never the truth: what is in is what the lake's own batches say.
"""

import json
from pathlib import Path
from typing import Any

__all__ = ["CURSOR", "Cursor", "Entry"]

CURSOR = "cursor.jsonl"

Entry = dict[str, Any]
"""One part: its batch, where it ends, its counts, and the repeated hours it saw."""


class Cursor:
    """Entries in the order in which the parts passed; one line of JSON each, added when the part's files are whole."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / CURSOR
        self._entries: dict[str, list[Entry]] = {}
        for entry in self._read():
            self._entries.setdefault(entry["batch"], []).append(entry)

    def _read(self) -> list[Entry]:
        """What was written whole; the line a kill tore is cut off, so that the next one begins at its place."""
        if not self._path.exists():
            return []
        entries, end = [], 0
        for line in self._path.read_bytes().splitlines(keepends=True):
            if not line.endswith(b"\n"):
                break
            try:
                entries.append(json.loads(line))
            except ValueError:
                break
            end += len(line)
        with self._path.open("r+b") as file:
            file.truncate(end)
        return entries

    def of(self, batch: str) -> list[Entry]:
        """The parts of a file that have passed."""
        return list(self._entries.get(batch, []))

    def add(self, entry: Entry) -> None:
        """Remember one more part."""
        with self._path.open("ab") as file:
            file.write(json.dumps(entry).encode() + b"\n")
        self._entries.setdefault(entry["batch"], []).append(entry)

    def forget(self, batch: str, kept: int) -> None:
        """Go back to the first `kept` parts of a file: the files of the next one are not whole."""
        self._entries[batch] = self._entries.get(batch, [])[:kept]
        lines = [json.dumps(entry).encode() + b"\n" for entries in self._entries.values() for entry in entries]
        unfinished = self._path.with_suffix(".unfinished")
        unfinished.write_bytes(b"".join(lines))
        unfinished.replace(self._path)
