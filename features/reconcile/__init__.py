"""Four systems that agree: which records mean one thing, what hangs on what, and what a person must look at."""

from features.reconcile.policy import ReconcilePolicy
from features.reconcile.run import Agreed, Reconciled, agree, reconcile

__all__ = ["Agreed", "ReconcilePolicy", "Reconciled", "agree", "reconcile"]
