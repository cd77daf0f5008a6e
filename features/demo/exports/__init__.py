"""A territory as four systems export it: own identifiers, own names, own shapes, planted faults and the truth."""

from features.demo.exports.config import ExportConfig, FaultRates
from features.demo.exports.write import ExportSummary, write_exports

__all__ = ["ExportConfig", "ExportSummary", "FaultRates", "write_exports"]
