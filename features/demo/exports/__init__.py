"""Exports shaped like four systems of a utility, with planted faults and the truth behind them."""

from features.demo.exports.config import KINDS, ExportConfig, Rates
from features.demo.exports.export import SOURCES, ExportSummary, write_exports, write_exports_of

__all__ = ["KINDS", "SOURCES", "ExportConfig", "ExportSummary", "Rates", "write_exports", "write_exports_of"]
