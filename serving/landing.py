"""The page at `/`: what the service answers, made from its own interface document; it loads nothing from elsewhere."""

from typing import Any

from jinja2 import Environment

__all__ = ["landing_page"]

_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{{ title }}</title>
<style>
body { font: 16px/1.5 system-ui, "PingFang SC", "Microsoft YaHei", sans-serif; margin: 3rem auto; max-width: 46rem;
       padding: 0 1rem; color: #1d2733; background: #fff; }
table { border-collapse: collapse; width: 100%; }
td { border-top: 1px solid #d5dce3; padding: .45rem .6rem .45rem 0; vertical-align: top; }
code { font-family: ui-monospace, monospace; font-size: .92em; }
@media (prefers-color-scheme: dark) { body { color: #dfe6ee; background: #14191f; } td { border-color: #364250; }
       a { color: #8ab8f0; } }
</style>
</head>
<body>
<h1>{{ title }}</h1>
<p>{{ description }}</p>
<table>
{% for row in routes %}<tr><td><code>{{ row.method }} {{ row.path }}</code></td><td>{{ row.summary }}</td></tr>
{% endfor %}</table>
<p>The whole interface, with examples: <a href="openapi.json">openapi.json</a>.
Is it ready: <a href="readyz">readyz</a>. Counters: <a href="metrics">metrics</a>.</p>
<p>Paths under <code>/v1</code> need an API key, sent as <code>Authorization: Bearer KEY</code>.</p>
</body>
</html>
"""


def landing_page(openapi: dict[str, Any]) -> str:
    """HTML with one line per route of the interface document."""
    routes = [
        {"method": method.upper(), "path": path, "summary": operation.get("summary", "")}
        for path, operations in openapi["paths"].items()
        for method, operation in operations.items()
    ]
    info = openapi["info"]
    page = Environment(autoescape=True).from_string(_PAGE)
    return page.render(title=info["title"], description=info["description"], routes=routes)
