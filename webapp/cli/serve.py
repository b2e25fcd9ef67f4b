"""`obieg serve`, `obieg web`, `obieg worker`, `obieg clock`: all parts in one process, or each in its own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

from core.loading import loaded, loading
from core.settings import Settings
from webapp.bootstrap import Application, bring_up_to_date, build
from webapp.logs import set_up

HOST = "127.0.0.1"
PORT = 8000
Function = TypeVar("Function", bound=Callable[..., Any])


def address_options(function: Function) -> Function:
    """The options --host and --port."""
    port = click.option("--port", "-p", default=PORT, type=click.IntRange(0, 65535), show_default=True)
    host = click.option("--host", default=HOST, show_default=True, help="0.0.0.0 for every address of this machine.")
    return host(port(function))


@click.command()
@address_options
@click.pass_obj
def serve(settings: Settings, host: str, port: int) -> None:
    """Serve everything from one process: database, web, workers and clock; it needs nothing but a data folder."""
    set_up(settings.log_level)
    run_parts(settings, ("web", "worker", "clock"), host=host, port=port, owner=True)


@click.command()
@address_options
@click.pass_obj
def web(settings: Settings, host: str, port: int) -> None:
    """Serve pages and API only; any number of them may run behind a balancer."""
    set_up(settings.log_level)
    run_parts(settings, ("web",), host=host, port=port)


@click.command()
@click.pass_obj
def worker(settings: Settings) -> None:
    """Run jobs; any number of workers may run on any number of machines."""
    set_up(settings.log_level)
    run_parts(settings, ("worker",))


@click.command()
@click.pass_obj
def clock(settings: Settings) -> None:
    """Look for what is due; of several clocks one ticks and the others wait for its end."""
    set_up(settings.log_level)
    run_parts(settings, ("clock",))


def run_parts(
    settings: Settings,
    names: tuple[str, ...],
    *,
    host: str = HOST,
    port: int = PORT,
    owner: bool = False,
    prepare: Callable[[Application], None] | None = None,
    announce: Callable[[str], None] | None = None,
) -> None:
    """Run parts until a signal comes; `owner` asks for the data folder alone."""
    with loading():
        from webapp import serving

        if "web" in names:
            serving.check_address(host, port)
        application = build(settings, owner=owner)
    try:
        bring_up_to_date(application, allowed=application.database.embedded is not None or prepare is not None)
        if prepare is not None:
            prepare(application)
        if not names:
            return
        with loading():
            parts = serving.make_parts(application, names, host=host, port=port)
        loaded()
        served = next((part for part in parts if isinstance(part, serving.WebPart)), None)

        def ready() -> None:
            if served is not None:
                (announce or _announce)(f"http://{'[' + host + ']' if ':' in host else host}:{served.port}")
            else:
                click.echo(f"Running: {', '.join(names)}. Ctrl-C stops it.")

        serving.run(parts, ready=ready)
    finally:
        application.close()


def _announce(address: str) -> None:
    click.echo(f"Obieg serves {address} . Ctrl-C stops it.")
