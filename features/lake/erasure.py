"""Erasing a person: the one way in which something leaves the lake, and leaves no copy behind."""

from features.contracts import IDENTITY
from features.lake.lake import Lake
from features.lake.tables import open_table

__all__ = ["erase_identity"]


def erase_identity(lake: Lake, customer_id: str) -> int:
    """Remove every version of a customer's identity rows, and the files that held them; return the rows removed.

    A Delta table keeps the files of its earlier versions, so removing rows is not enough: all files that the newest
    state does not need are deleted, those of writers that were killed too. The log holds no personal values: the table
    keeps no statistics of them. What stays is the surrogate and all that hangs on it, the batch the rows came in, so
    that the same file does not bring them back, and in the log that and when they were removed.

    Run it while nothing is being ingested: a file not yet committed would be deleted too. Repeating it after a kill
    completes it; a customer of whom nothing is known is no error. Copies of the lake made before are not reached.
    """
    removed = 0
    # Another writer may add a row of the same customer between reading and removing.
    while (target := open_table(lake.root, IDENTITY)) is not None:
        quoted = customer_id.replace("'", "''")
        count = int(target.delete(f"customer_id = '{quoted}'")["num_deleted_rows"])
        removed += count
        if count == 0:
            target.vacuum(retention_hours=0, enforce_retention_duration=False, dry_run=False, full=True)
            break
    return removed
