"""A seeded synthetic territory with planted truth: what the product can be tried and judged on without real data."""

from features.demo.config import DemoConfig, Spread, TurnsConfig
from features.demo.export import DemoSummary, generate, write_territory
from features.demo.territory import Territory, simulate

__all__ = ["DemoConfig", "DemoSummary", "Spread", "Territory", "TurnsConfig", "generate", "simulate", "write_territory"]
