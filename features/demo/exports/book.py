"""The pages of an export while faults are planted on them: rows by file, and what was planted where."""

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

__all__ = ["TAG", "Book", "Fault"]

TAG = "_fault"
"""A column that no file has: the number of the fault a row was planted for, -1 for a sound one."""


@dataclass(frozen=True)
class Fault:
    """One planted fault: its kind, whose table it is in, what it is about, and what must become of it.

    `expected` is `quarantine:REASON`, `work_item:KIND`, or one of `mended`, `unchanged`, `accepted`.
    """

    kind: str
    system: str
    file: str
    subject: str
    expected: str


@dataclass
class Book:
    """Frames by file name, all cells as the file shows them; `struck` are the subjects that have a fault already."""

    frames: dict[str, pd.DataFrame] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    struck: set[str] = field(default_factory=set)

    def add(self, name: str, frame: pd.DataFrame) -> None:
        """One more file, sound so far."""
        self.frames[name] = frame.reset_index(drop=True).assign(**{TAG: -1})

    def choose(self, subjects: list[str], rate: float, rng: np.random.Generator) -> list[str]:
        """A share of the subjects that no fault has struck yet, at least one where the rate is not 0; now struck."""
        free = [one for one in subjects if one not in self.struck]
        count = min(len(free), max(1, round(rate * len(subjects)))) if rate > 0 else 0
        chosen = [free[i] for i in np.sort(rng.choice(len(free), count, replace=False))] if count else []
        self.struck |= set(chosen)
        return chosen

    def record(self, kind: str, system: str, file: str, subject: str, expected: str) -> int:
        """Note a fault; returns its number."""
        self.faults.append(Fault(kind, system, file, subject, expected))
        return len(self.faults) - 1

    def change(self, file: str, where: pd.Series, column: str, value: str) -> None:
        """Write another value into the rows of a mask."""
        self.frames[file].loc[where, column] = value

    def plant(self, file: str, rows: pd.DataFrame, number: int) -> None:
        """Extra rows for a fault, at the end of a file."""
        frame = self.frames[file]
        extra = rows.assign(**{TAG: number}).reindex(columns=frame.columns)
        for column in frame.columns:
            if isinstance(frame[column].dtype, pd.CategoricalDtype):
                known = frame[column].cat.categories.union(pd.Index(extra[column].astype("str").unique()), sort=False)
                frame = frame.assign(**{column: frame[column].cat.set_categories(known)})
                extra = extra.assign(**{column: pd.Categorical(extra[column].astype("str"), categories=known)})
            elif column != TAG:
                extra = extra.assign(**{column: extra[column].astype(frame[column].dtype)})
        self.frames[file] = pd.concat([frame, extra], ignore_index=True)

    def table(self) -> pd.DataFrame:
        """The faults as truth: one row each, with the line it stands in where it is one line of a file.

        The header of a text file or a sheet is line 1, the first row of a Parquet file is 1.
        """
        lines: dict[int, tuple[str, int]] = {}
        for name, frame in self.frames.items():
            first = 1 if name.endswith(".parquet") else 2
            tags = frame[TAG].to_numpy(dtype=int)
            for place in np.flatnonzero(tags >= 0):
                lines[int(tags[place])] = (name, int(place) + first)
        columns = ["kind", "system", "file", "subject", "expected"]
        frame = pd.DataFrame([vars(fault) for fault in self.faults], columns=columns).astype("str")
        found = [lines.get(number) for number in range(len(frame))]
        frame["file"] = [name if at is None else at[0] for name, at in zip(frame["file"], found, strict=True)]
        frame["line"] = pd.array([None if at is None else at[1] for at in found], dtype="Int64")
        return frame
