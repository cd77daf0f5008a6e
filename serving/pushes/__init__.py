"""Offers of services: decided, laid down, answered; what was offered to whom stays on record for good."""
