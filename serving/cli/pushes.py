"""`headroom pushes`: what to offer to whom and why, what was offered, what came of it, and who wants none."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Any

import click

from features.workspace import Workspace
from serving.cli.asking import validated
from serving.cli.options import MOMENT, json_option, moment_of, now_option, print_json, workspace_option

if TYPE_CHECKING:
    from serving.pushes.desk import PushDesk

__all__ = ["command"]

_STATES = ("open", "lapsed", "accepted", "declined", "no_answer", "withdrawn", "fulfilled", "all")
_OUTCOMES = ("accepted", "declined", "no_answer", "withdrawn", "fulfilled")


@click.group()
def command() -> None:
    """Offers of services: decided, listed, answered. Every reading is written down, yours too."""


@command.command()
@click.argument("customer_ids", metavar="CUSTOMER...", nargs=-1, required=True)
@click.option("--service", "services", multiple=True, help="Only this service, by its code; may be given again.")
@click.option("--commit", is_flag=True, help="Make the offers; needs --key.")
@click.option("--key", help="Names these offers: made once under the same key.")
@now_option
@workspace_option
@json_option
def decide(
    customer_ids: tuple[str, ...],
    services: tuple[str, ...],
    commit: bool,
    key: str | None,
    now: datetime | None,
    workspace: Workspace,
    as_json: bool,
) -> None:
    """What to offer to each CUSTOMER, service by service, or the first reason that speaks against it."""
    from serving.access import LOCAL
    from serving.cli.tables import show_table
    from serving.messages import DecideRequest

    values = {"customer_ids": list(customer_ids), "services": list(services) or None, "commit": commit}
    with _desk(workspace, now) as desk:
        told = desk.decide(LOCAL, key, validated(DecideRequest, values))
    if as_json:
        print_json(told)
        return
    for customer in told["customers"]:
        rows = [_decided(one) for one in customer["decisions"]]
        where = f"{customer['customer_id']}, area {customer['area_id'] or '–'}, hall {customer['hall_id'] or '–'}"
        columns = ["service", "code", "", "说明", "where", "channel", "score CNY", "holds kVA", "offer"]
        show_table(where, columns, rows, ["score CNY", "holds kVA"])
    if told["committed"]:
        click.echo("nothing new: made before under this key" if told["repeated"] else f"made as {told['run_id']}")
    else:
        click.echo("only asked: nothing was offered; scores are propensities unless they say otherwise, not causal")


@command.command("list")
@click.option("--org", "org_unit", help="Only of this org unit and below.")
@click.option("--customer", "customer_id", help="Only to this customer.")
@click.option("--service", help="Only of this service, by its code.")
@click.option("--campaign", help="Only of this campaign.")
@click.option("--channel", type=click.Choice(["app", "hall"]), help="Only by this channel.")
@click.option("--state", type=click.Choice(_STATES), default="open", show_default=True)
@click.option("--held-out", is_flag=True, help="Would-be offers to hold-outs, too.")
@click.option("--limit", type=click.IntRange(1, 1000), default=20, show_default=True, help="Most rows shown.")
@click.option("--offset", type=click.IntRange(0), default=0, help="Rows passed over.")
@now_option
@workspace_option
@json_option
def list_(workspace: Workspace, now: datetime | None, as_json: bool, **options: Any) -> None:
    """List offers, the newest first."""
    from serving.access import LOCAL
    from serving.cli.tables import number, show_table
    from serving.messages import PushesQuery

    with _desk(workspace, now) as desk:
        told = desk.list(LOCAL, validated(PushesQuery, options))
    if as_json:
        print_json(told)
        return
    rows = [
        [
            one["push_id"],
            one["customer_id"],
            one["hall_id"],
            one["chinese"] or one["service"],
            one["channel"],
            one["state"],
            number(one["score_cny"], 2),
            number(max(one["held_kva"]), 2),
            one["expires_at"][:10],
        ]
        for one in told["pushes"]
    ]
    columns = ["offer", "customer", "hall", "service", "channel", "state", "score CNY", "holds kVA", "until"]
    show_table(f"{told['total']:,} offers", columns, rows, ["score CNY", "holds kVA"])
    if told["next_offset"] is not None:
        click.echo(f"{told['total'] - told['next_offset']:,} more; --limit and --offset show them")


@command.command()
@click.option("--markdown", "as_markdown", is_flag=True, help="Print the tables of docs/pushes.md.")
@json_option
def services(as_markdown: bool, as_json: bool) -> None:
    """What may be offered (configs/services.yaml)."""
    from serving.cli.tables import number, show_table
    from serving.pushes.configs import load_catalogue
    from serving.pushes.reference import load_text, markdown
    from serving.pushes.telling import service_entry

    catalogue = load_catalogue()
    if as_markdown:
        click.echo(markdown(catalogue), nl=False)
    elif as_json:
        print_json({"services": [service_entry(one) for one in catalogue.services]})
    else:
        rows = [
            [
                one.code,
                one.name.chinese,
                load_text(one.load),
                number(one.value.cny),
                one.purpose,
                ", ".join(one.channels),
            ]
            for one in catalogue.services
        ]
        columns = ["service", "名称", "load by four-hour block", "CNY", "purpose", "by"]
        show_table(f"{len(rows)} services", columns, rows, ["CNY"])


@command.command()
@click.option("--org", "org_unit", help="Only of this org unit and below.")
@workspace_option
@json_option
def relief(org_unit: str | None, workspace: Workspace, as_json: bool) -> None:
    """What the offers of the newest publication would free where there is no room, and whom that would serve."""
    from serving.access import LOCAL
    from serving.cli.relief import show_relief
    from serving.messages import PushesReliefQuery

    with _desk(workspace) as desk:
        told = desk.relief(LOCAL, PushesReliefQuery(org_unit=org_unit))
    if as_json:
        print_json(told)
    else:
        show_relief(told)


@command.command()
@click.argument("push_id", metavar="OFFER")
@click.argument("kind", metavar="OUTCOME", type=click.Choice(_OUTCOMES))
@click.option("--at", type=MOMENT, help="When it came, UTC (default: --now).")
@click.option("--kw-freed", type=float, help="Peak load that it took away, as measured, kW.")
@click.option("--value", "value_cny", type=float, help="What it brought, CNY.")
@click.option("--why", help="For those who look later.")
@click.option("--key", help="Names this answer (default: offer, outcome and time): taken once under the same key.")
@now_option
@workspace_option
@json_option
def outcome(
    push_id: str,
    kind: str,
    at: datetime | None,
    key: str | None,
    now: datetime | None,
    workspace: Workspace,
    as_json: bool,
    **options: Any,
) -> None:
    """Write down what came of OFFER."""
    from serving.access import LOCAL
    from serving.messages import OutcomeRequest

    when = moment_of(at or now)
    request = validated(OutcomeRequest, {"push_id": push_id, "outcome": kind, "at": when, **options})
    with _desk(workspace, now) as desk:
        told = desk.outcome(LOCAL, key or f"{push_id} {kind} {when:%Y%m%dT%H%M%S%fZ}", request)
    if as_json:
        print_json(told)
    elif told["repeated"]:
        click.echo("taken before: nothing was changed")
    else:
        click.echo(f"{told['outcome']}; room: {told['room']}")


@command.command("do-not-contact")
@click.argument("customer_id", metavar="CUSTOMER")
@click.option("--lift", is_flag=True, help="Offers are welcome again.")
@click.option("--show", is_flag=True, help="Only say how it stands.")
@click.option("--why", default="said so", show_default=True, help="For those who look later.")
@now_option
@workspace_option
@json_option
def do_not_contact(
    customer_id: str, lift: bool, show: bool, why: str, now: datetime | None, workspace: Workspace, as_json: bool
) -> None:
    """CUSTOMER wants to be left alone: what is open to him is withdrawn, and he is offered nothing."""
    from serving.access import LOCAL
    from serving.messages import WishRequest

    request = validated(WishRequest, {"wish": not lift, "why": why})
    with _desk(workspace, now) as desk:
        told = desk.wish(LOCAL, customer_id) if show else desk.do_not_contact(LOCAL, customer_id, request)
    if as_json:
        print_json(told)
        return
    how = "wants no offers" if told["wish"] else "may be turned to"
    since = "" if told["at"] is None else f", since {told['at']} by {told['by']}: {told['why']}"
    click.echo(f"{customer_id} {how}{since}")


def _decided(one: dict[str, Any]) -> list[Any]:
    from serving.cli.tables import number

    offer = one["offer"] or {}
    where = one["node_id"] or offer.get("relief_node_id")
    if one["block"] is not None:
        where = f"{where}, {4 * one['block']:02d}–{4 * one['block'] + 4:02d} h"
    score = number(offer["score_cny"], 2) if offer else ""
    held = number(max(offer["held_kva"]), 2) if offer else ""
    told = [one["service"], one["code"], one["english"], one["chinese"], where]
    return [*told, offer.get("channel"), score, held, offer.get("push_id")]


@contextmanager
def _desk(workspace: Workspace, now: datetime | None = None) -> Iterator["PushDesk"]:
    """The use cases of offers on a workspace as of a moment, for the person who owns it."""
    from serving.cli.asking import local_answers
    from serving.customers.desk import CustomerDesk
    from serving.desk.applications import Applications
    from serving.pushes.desk import PushDesk
    from serving.state import open_state

    def clock() -> datetime:
        return moment_of(now)

    answers = local_answers(workspace)
    engine = open_state(answers.holdings.settings.state_url or workspace.state_url)
    try:
        customers = CustomerDesk(answers, lambda: engine)
        yield PushDesk(customers, Applications(answers.holdings, lambda: engine, clock=clock), clock)
    finally:
        engine.dispose()
