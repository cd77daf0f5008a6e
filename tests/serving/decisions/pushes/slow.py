"""The same decisions, made slowly and plainly, one customer and one service after the other."""

import math
from typing import Any

import pandas as pd

from serving.decisions.pushes.catalogue import Service
from serving.decisions.pushes.relief import find_constrained
from tests.serving.decisions.pushes.slow_parts import (
    AFTER_STANDING,
    HOLDS,
    customer,
    drawn,
    load,
    lot,
    meant,
    room,
    silent,
    va,
    way,
)
from tests.serving.decisions.pushes.worlds import World

Key = tuple[str, str]


def slowly(world: World) -> tuple[dict[Key, str], list[Key]]:
    """(customer, service) → reason, and the contacts in order."""
    judge = Slow(world)
    for at in range(len(world.wide)):
        if world.within is None or world.within[at]:
            for service in world.catalogue.services:
                judge.first_look(at, service)
    judge.go_through()
    return judge.reasons, judge.contacts


class Slow:
    def __init__(self, world: World) -> None:
        self.world, self.policy = world, world.policy
        self.reasons: dict[Key, str] = {}
        self.contacts: list[Key] = []
        self.bids: list[dict[str, Any]] = []
        self.rest = room(world)
        self.former = world.former.to_dict("records")
        self.rows = [customer(world, at) for at in range(len(world.wide))]
        none = world.grid.stale is not None
        found = find_constrained(world.grid, world.policy).to_dict("records")
        self.constrained = {} if none else {one["node_id"]: one for one in found}
        self.sought = {
            node: one["missing_kva"] * self.policy.power_factor * self.policy.relief_cover
            for node, one in self.constrained.items()
        }

    def first_look(self, at: int, service: Service) -> None:
        row = self.rows[at]
        code = self.of_customer(row, service)
        bid = self.bid(row, service)
        stands, hoped = self.stands(row, service), self.stands(row, service, hoped=True)
        if stands and code in ("", *AFTER_STANDING):
            if code == "" and bid["node"] and hoped:
                self.sought[bid["node"]] -= bid["chance"] * bid["freed"]
            code = "STANDING_OFFER"
        if code == "":
            code = self.of_grid(bid)
            if code == "" and not bid["node"] and not bid["score"] > self.policy.least_score_cny:
                code = "LOW_SCORE"
        self.reasons[row["customer_id"], service.code] = code
        if code == "":
            self.bids.append(bid)

    def of_customer(self, row: dict[str, Any], service: Service) -> str:
        moment, policy = self.world.moment, self.policy
        eligible = meant(row, service)
        channel = way(row, service, policy.app_active_days)
        quiet = dict(policy.quiet).get(channel)
        allowed = [one for one in service.channels if (service.purpose, one) in row["allows"]]
        judged = (
            ("NOT_ELIGIBLE", eligible is False),
            ("ELIGIBILITY_UNKNOWN", eligible is None),
            ("PORTRAIT_STALE", (moment.now - moment.snapshot_as_of).days > policy.max_snapshot_days),
            ("NO_CONSENT", not allowed),
            ("PROFILING_FORBIDDEN", row["forbids"]),
            ("DO_NOT_CONTACT", any(one["silent"] for one in self.rows if one["person"] == row["person"])),
            ("QUIET_HOURS", quiet is not None and silent(quiet.begins, quiet.ends, moment.local.hour)),
        )
        return next((code for code, true in judged if true), "")

    def stands(self, row: dict[str, Any], service: Service, hoped: bool = False) -> bool:
        return any(
            (one["customer_id"], one["service"]) == (row["customer_id"], service.code)
            and one["expires_at"] > self.world.moment.now
            and not (hoped and pd.notna(one["answered_at"]))
            for one in self.former
        )

    def bid(self, row: dict[str, Any], service: Service) -> dict[str, Any]:
        chance = service.acceptance.base
        for factor, holds in zip(service.acceptance.factors, HOLDS.get(service.code, ()), strict=True):
            chance *= factor.times if holds(row) is True else 1
        chance = min(chance, service.acceptance.most)
        value = service.value.cny + service.value.share * (row["v"] or 0.0)
        allowed = [one for one in service.channels if (service.purpose, one) in row["allows"]]
        channel = way(row, service, self.policy.app_active_days)
        cost = dict(service.cost_cny)[channel or allowed[0]] if allowed else math.nan
        uplift = self.world.scores.uplift.get(service.code)
        told = chance if uplift is None or math.isnan(uplift[row["at"]]) else float(uplift[row["at"]])
        firm = load(service.load, row["own"])
        above = [
            node for node in reversed(self.world.grid.paths.get(row["area_id"] or "", ())) if node in self.constrained
        ]
        node = min(above, key=lambda one: self.constrained[one]["left_kva"], default=None)
        freed = max(0.0, -firm[self.constrained[node]["block"]]) if node else 0.0
        node = node if freed > 0 and freed >= self.policy.relief_least_kw else None
        flexible = None if service.flexible is None or node else va(load(service.flexible, row["own"]), self.policy)
        return {
            "row": row,
            "service": service,
            "channel": channel,
            "chance": chance,
            "cost": cost,
            "score": told * value - cost,
            "node": node,
            "freed": freed,
            "firm": va(firm, self.policy),
            "flexible": flexible,
        }

    def of_grid(self, bid: dict[str, Any]) -> str:
        if not self.world.capacity_rule or not any(bid["firm"]):
            return ""
        if self.world.grid.stale:
            return "CAPACITY_STALE"
        fits = self.fits(bid, bid["firm"])
        if fits is None:
            return "CAPACITY_UNKNOWN"
        return "" if fits or (bid["flexible"] and self.fits(bid, bid["flexible"])) else "NO_CAPACITY"

    def fits(self, bid: dict[str, Any], needs: list[int]) -> bool | None:
        path = self.world.grid.paths.get(bid["row"]["area_id"] or "", ())
        left = [self.rest.get(node, [math.nan] * 6)[block] - needs[block] for node in path for block in drawn(needs)]
        if not path or any(math.isnan(one) for one in left):
            return None
        return all(one >= 0 for one in left)

    def go_through(self) -> None:
        ordinary = [bid["score"] for bid in self.bids if not bid["node"]]
        self.owner = {row["customer_id"]: row["person"] for row in self.rows}
        self.bids.sort(key=lambda bid: self.place(bid, ordinary))
        self.taken: list[dict[str, Any]] = []
        for bid in self.bids:
            key = (bid["row"]["customer_id"], bid["service"].code)
            code, flexible = self.in_turn(bid)
            if code == "":
                self.contacts.append(key)
                self.taken.append(bid)
                self.sought[bid["node"]] = self.sought.get(bid["node"], 0) - bid["chance"] * bid["freed"]
                if self.world.capacity_rule:
                    self.hold(bid, bid["flexible"] if flexible else bid["firm"])
                code = self.left_out(bid) or "SENT"
            self.reasons[key] = code

    def place(self, bid: dict[str, Any], ordinary: list[float]) -> tuple[Any, ...]:
        row, codes = bid["row"], self.world.catalogue.codes
        tie = (row["at"], codes.index(bid["service"].code))
        if bid["node"]:
            return (0, -(bid["chance"] * bid["freed"] / bid["cost"]), *tie)
        if lot(self.world, "explore", row["person"]) < self.policy.explore:
            return (1, -lot(self.world, f"order|{bid['service'].code}", row["customer_id"]), *tie)
        return (1, -(sum(one <= bid["score"] for one in ordinary) / len(ordinary)), *tie)

    def in_turn(self, bid: dict[str, Any]) -> tuple[str, bool]:
        flexible = False
        if self.of_grid(bid):
            return "NO_CAPACITY", False
        if self.world.capacity_rule and any(bid["firm"]):
            flexible = not self.fits(bid, bid["firm"])
        node, person, channel = bid["node"], bid["row"]["person"], bid["channel"]
        if node:
            here = [one for one in self.taken if one["node"] == node]
            if self.sought[node] <= 0 or len(here) >= self.policy.relief_contacts:
                return "RELIEF_ENOUGH", False
        his = [one for one in self.taken if one["row"]["person"] == person]
        by_it = [one for one in his if one["channel"] == channel]
        cards = [one for one in self.taken if channel == "hall" == one["channel"]]
        cards = [one for one in cards if one["row"]["hall_id"] == bid["row"]["hall_id"]]
        once, all_in_all = self.policy.per_channel_contacts, self.policy.total_contacts
        judged = (
            ("CAPPED_CHANNEL", channel and self.lately(person, self.policy.per_channel_days, channel) >= once),
            ("CAPPED_TOTAL", self.lately(person, self.policy.total_days) >= all_in_all),
            ("OUTRANKED", channel and self.lately(person, self.policy.per_channel_days, channel) + len(by_it) >= once),
            ("OUTRANKED", self.lately(person, self.policy.total_days) + len(his) >= all_in_all),
            ("HALL_FULL", channel == "hall" and len(cards) >= self.policy.hall_contacts),
            ("NO_CHANNEL", channel is None),
        )
        return next((code for code, true in judged if true), ""), flexible

    def lately(self, person: str, days: int, channel: str | None = None) -> int:
        return sum(
            person in (one["person_id"], self.owner.get(one["customer_id"]))
            and (channel is None or one["channel"] == channel)
            and one["decided_at"] > self.world.moment.now - pd.Timedelta(days=days)
            for one in self.former
        )

    def hold(self, bid: dict[str, Any], needs: list[int]) -> None:
        for node in self.world.grid.paths.get(bid["row"]["area_id"] or "", ()) if any(needs) else ():
            for block in range(6):
                self.rest[node][block] -= math.ceil(needs[block] * bid["chance"] - 1e-6)

    def left_out(self, bid: dict[str, Any]) -> str | None:
        person, campaign = bid["row"]["person"], bid["service"].campaign
        if lot(self.world, "universal", person) < self.policy.universal_holdout:
            return "HELD_OUT_UNIVERSAL"
        held = lot(self.world, f"campaign|{campaign}", person) < self.policy.campaign_holdout
        return "HELD_OUT_CAMPAIGN" if held else None
