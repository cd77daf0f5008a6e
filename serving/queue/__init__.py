"""Applications that wait for capacity: checked, queued, released in order, every step on record."""

from serving.queue.book import Queue
from serving.queue.policy import QueuePolicy
from serving.queue.records import Case, Notice, Request, Step

__all__ = ["Case", "Notice", "Queue", "QueuePolicy", "Request", "Step"]
