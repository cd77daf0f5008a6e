"""The HTTP routes: what may be asked of the service, and nothing but the way from a message to a use case."""

from serving.web.app import create_app

__all__ = ["create_app"]
