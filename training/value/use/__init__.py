"""How much each customer uses over the coming season: his level, what moves it, and what last year's season did."""

from training.value.use.config import UseConfig
from training.value.use.model import UseModel
from training.value.use.run import UseForecast, forecast_of, forecast_use

__all__ = ["UseConfig", "UseForecast", "UseModel", "forecast_of", "forecast_use"]
