"""Outlook: hourly load over weeks to years, from actual temperature or from scenarios of it, without recent load."""

from training.outlook.config import GapConfig, MemberConfig, OutlookConfig, ScenarioConfig, TermsConfig
from training.outlook.gaps import fill_unknown
from training.outlook.hours import hourly_means
from training.outlook.model import OutlookModel, fit_outlook
from training.outlook.quantiles import enough_history, least_days, outlook_quantiles
from training.outlook.seasonal import seasonal_quantiles

__all__ = [
    "GapConfig",
    "MemberConfig",
    "OutlookConfig",
    "OutlookModel",
    "ScenarioConfig",
    "TermsConfig",
    "enough_history",
    "fill_unknown",
    "fit_outlook",
    "hourly_means",
    "least_days",
    "outlook_quantiles",
    "seasonal_quantiles",
]
