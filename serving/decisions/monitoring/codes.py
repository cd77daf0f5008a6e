"""Code lists of what happens at nodes: kinds of events, whether they go on, and what a batch did to them."""

from features.contracts.code import code_list

__all__ = ["EVENT_CHANGE", "EVENT_STATE", "NODE_EVENT_KIND"]

NODE_EVENT_KIND = code_list(
    "node_event_kind",
    "What goes on at a node.",
    ("heavy", "load near the rating, overload included", "重载"),
    ("overload", "load at or above the rating", "过载"),
    ("long_overload", "overload that lasts too long for its height", "长时过载"),
    ("low_voltage", "voltage below its limit", "低电压"),
    ("high_voltage", "voltage above its limit", "过电压"),
    ("reverse_flow", "power flows back up", "反向潮流"),
    ("imbalance", "phases carry unequal load", "三相不平衡"),
    ("stale", "no reading for too long", "数据中断"),
)

EVENT_STATE = code_list(
    "node_event_state",
    "Whether an event goes on.",
    ("open", "goes on, as far as is known", "进行中"),
    ("closed", "is over", "已结束"),
)

EVENT_CHANGE = code_list(
    "node_event_change",
    "What readings did to an event.",
    ("opened", "told for the first time; it may be over already", "新发生"),
    ("extended", "lasts longer, is worse, or was put right", "延续"),
    ("closed", "went on, and is over now", "结束"),
    ("withdrawn", "a late reading took its ground away", "撤销"),
)
