"""Tuning: studies on rolling origins that any number of processes share and no kill can harm."""

from training.tuning.customers import tune_customers, tune_stored_customers
from training.tuning.settings import CustomerSpace, CustomerTuning, DemandSpace, DemandTuning, PeakSpace, PeakTuning
from training.tuning.space import Dimension, Space
from training.tuning.stored import tags_of, tune_stored_demand, tune_stored_peak
from training.tuning.tune import Progress, Tuned, TuningRun, tune_demand, tune_peak

__all__ = [
    "CustomerSpace",
    "CustomerTuning",
    "DemandSpace",
    "DemandTuning",
    "Dimension",
    "PeakSpace",
    "PeakTuning",
    "Progress",
    "Space",
    "Tuned",
    "TuningRun",
    "tags_of",
    "tune_customers",
    "tune_demand",
    "tune_peak",
    "tune_stored_customers",
    "tune_stored_demand",
    "tune_stored_peak",
]
