"""Outlook: hourly load over weeks to years, from actual temperature or from scenarios of it, without recent load."""

from training.outlook.config import GapConfig, MemberConfig, OutlookConfig, ScenarioConfig, TermsConfig
from training.outlook.gaps import fill_unknown
from training.outlook.model import OutlookModel, fit_outlook
from training.outlook.quantiles import outlook_quantiles

__all__ = [
    "GapConfig",
    "MemberConfig",
    "OutlookConfig",
    "OutlookModel",
    "ScenarioConfig",
    "TermsConfig",
    "fill_unknown",
    "fit_outlook",
    "outlook_quantiles",
]
