"""`headroom backtest`: score a model on past origins that see only what was available then."""

import click

from serving.cli.backtest.capacity import capacity
from serving.cli.backtest.customers import COMMANDS
from serving.cli.backtest.demand import demand
from serving.cli.backtest.outlook import outlook
from serving.cli.backtest.peak import peak

__all__ = ["command"]


@click.group()
def command() -> None:
    """Score a model on past origins, each seeing only what was available then.

    Every backtest is kept as a run of the tracking store (experiments demand-backtest, outlook-backtest, peak-backtest,
    capacity-backtest, value-backtest, anomaly-backtest and prospects-backtest) with its tables and figures, unless
    --no-log says otherwise.
    """


for _one in (demand, outlook, peak, capacity, *COMMANDS):
    command.add_command(_one)
