"""What tags may look at: the features of customers, and the scores of their models."""

__all__ = ["SCORES", "known_inputs"]

SCORES = {
    "value": (
        "value_last_cny",
        "value_p10_cny",
        "value_p50_cny",
        "value_p90_cny",
        "growth_share",
        "increase_kva",
        "arrears_loss_cny",
    ),
    "anomaly": ("theft_score", "alarm", "alarm_days", "lost_kwh_p10", "lost_kwh_p50", "lost_kwh_p90"),
    "prospects": ("p_more_capacity", "p_electrify", "p_leave"),
}
"""Family of models → the scores it gives."""

_FEATURES = """
use_90d_kwh_day use_28d_kwh_day use_365d_kwh trend_share_year year_on_year_share volatility summer_ratio winter_ratio
weekend_ratio holiday_ratio cooling_slope_share_c heating_slope_share_c zero_day_share vacancy_days longest_vacancy_days
spring_festival_ratio level_shift_days level_shift_share use_known_share peak_kw base_kw load_factor night_share
morning_share evening_share peak_hour shape_cluster shape_entropy sharp_share peak_period_share valley_share
feeder_coincidence contract_use_share export_share bill_12m_cny billed_12m_kwh average_price_cny_per_kwh days_to_pay
late_share arrears_cny arrears_age_days payment_channels counter_share app_payment_share autopay contacts_12m
complaints_12m faults_12m enquiries_12m requests_12m repeats_7d_12m days_since_contact outage_days_12m
app_active_days_90d app_minutes_90d satisfaction_12m applications_36m requested_kva_36m kva_growth_share
application_cycle_ratio withdrawn_36m constrained_36m application_open event_days_365d area_peak_utilisation
area_rating_kva area_customers share_of_area use_rank_in_class tenure_days contract_kva
"""


def known_inputs() -> frozenset[str]:
    """The names of all features and scores."""
    return frozenset(_FEATURES.split()) | {name for names in SCORES.values() for name in names}
