"""What an offer changes: learnt from contacts that were drawn by lot, and only used where it is shown to sort them."""

from training.uplift.config import TreesConfig, UpliftConfig
from training.uplift.jobs import TrainedUplift, serving_models, train_uplift
from training.uplift.model import UpliftModel
from training.uplift.trial import Trial

__all__ = ["TrainedUplift", "TreesConfig", "Trial", "UpliftConfig", "UpliftModel", "serving_models", "train_uplift"]
