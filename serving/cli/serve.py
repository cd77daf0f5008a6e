"""`headroom serve`: the BentoML server on a workspace."""

import ipaddress
import os
import socket
import sys
from pathlib import Path

import click

from features.errors import ConfigError, HeadroomError
from features.workspace import Workspace
from serving.cli.options import json_option, print_json, workspace_option

__all__ = ["command"]


@click.command()
@workspace_option
@click.option(
    "--host", default="127.0.0.1", show_default=True, help="Address to listen on; the default is this machine."
)
@click.option("--port", default=3000, show_default=True, type=click.IntRange(1, 65535), help="Port to listen on.")
@click.option("--workers", default=1, show_default=True, type=click.IntRange(1, 64), help="Server processes.")
@json_option
def command(workspace: Workspace, host: str, port: int, workers: int, as_json: bool) -> None:
    """Answer over HTTP until interrupted.

    Every question needs an API key: `headroom keys add NAME --role planner` prints one. A newly promoted model, a new
    publication and newly ingested data are picked up while it runs. `/` lists what can be asked, `/readyz` says what
    is missing.
    """
    from serving.settings import service_settings

    # Said here in one line; a worker that cannot start is started again and again.
    service_settings(workspace)
    address = _address(host)
    _require_free(address, port)
    if not workspace.root.is_dir():
        click.echo(f"{workspace.root} is not there yet; the service will say so until something is ingested", err=True)
        workspace.root.mkdir(parents=True)
    if not ipaddress.ip_address(address).is_loopback:
        click.echo("listening beyond this machine: put TLS in front, API keys travel with every request", err=True)
    url = f"http://{f'[{address}]' if ':' in address else address}:{port}"
    if as_json:
        print_json({"url": url, "workspace": str(workspace.root.resolve()), "workers": workers})
    else:
        click.echo(f"serving {workspace.root} on {url} (Ctrl-C to stop)")
    sys.stdout.flush()
    _become_server(workspace, address, port, workers)


def _become_server(workspace: Workspace, address: str, port: int, workers: int) -> None:
    """Replace this process by BentoML's own server, which then gets every signal itself."""
    import serving

    environment = {
        **os.environ,
        "HEADROOM_WORKSPACE": str(workspace.root.resolve()),
        "BENTOML_DO_NOT_TRACK": "true",
        "BENTOML_CONFIG_OPTIONS": f"services.headroom.workers={workers}",
        # A folder that happens to be called `serving` where the command is run must not be imported instead.
        "PYTHONSAFEPATH": "1",
    }
    home = str(Path(serving.__file__).resolve().parents[1])
    arguments = ["-m", "bentoml", "serve", "serving.service:Headroom", "--working-dir", home]
    arguments += ["--host", address, "--port", str(port)]
    os.execve(sys.executable, [sys.executable, *arguments], environment)


def _address(host: str) -> str:
    if host == "localhost":
        return "127.0.0.1"
    try:
        return str(ipaddress.ip_address(host))
    except ValueError as error:
        raise ConfigError(f"--host: {host} is no IP address") from error


def _require_free(address: str, port: int) -> None:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        # As the server will: a port that only waits for its last connections to fade is free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address, port))
        except OSError as error:
            raise HeadroomError(f"cannot listen on {address} port {port}: {error.strerror}") from error
