"""Addresses of databases."""

__all__ = ["with_driver"]


def with_driver(url: str) -> str:
    """A plain PostgreSQL URL names the driver this project installs; any other URL stays as it is."""
    for prefix in ("postgresql://", "postgres://"):
        if url.startswith(prefix):
            return "postgresql+psycopg://" + url[len(prefix) :]
    return url
