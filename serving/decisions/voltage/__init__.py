"""Voltage along a feeder: LinDistFlow bounds what may be added, AC power flow confirms."""

from serving.decisions.voltage.flow import confirm_room, power_flow
from serving.decisions.voltage.headroom import VoltageRoom, voltage_room
from serving.decisions.voltage.line import Line, read_line
from serving.decisions.voltage.screen import Loads, Room, screen_room, voltage_linear

__all__ = [
    "Line",
    "Loads",
    "Room",
    "VoltageRoom",
    "confirm_room",
    "power_flow",
    "read_line",
    "screen_room",
    "voltage_linear",
    "voltage_room",
]
