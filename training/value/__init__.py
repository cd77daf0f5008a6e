"""What a customer is worth: the margin of the coming year with its range, and how his use goes on."""

from training.value.config import ValueConfig
from training.value.family import VALUE, ValueFamily
from training.value.margin import margins
from training.value.model import ValueModel
from training.value.policy import ValuePolicy

__all__ = ["VALUE", "ValueConfig", "ValueFamily", "ValueModel", "ValuePolicy", "margins"]
