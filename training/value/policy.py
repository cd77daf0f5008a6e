"""What the margin of a customer is reckoned from besides the books: energy bought, losses, and when debt is bad."""

from pydantic import Field

from features.settings import Settings

__all__ = ["ValuePolicy"]


class ValuePolicy(Settings):
    """Frozen; `configs/policy/value.yaml` holds the values in force."""

    purchase_cost_cny_per_kwh: float = Field(0.40, ge=0, description="of a kWh where the network takes it over")
    purchase_cost_by_class: dict[str, float] = Field(default_factory=dict, description="classes with another figure")
    network_loss_share: float = Field(0.05, ge=0, lt=1, description="share of what is bought that is lost")
    bad_after_days: int = Field(90, ge=0, description="days after it was due from which open debt is bad")
    settle_days: int = Field(30, ge=0, description="days after a period until its bills are in")
    least_known_share: float = Field(0.25, gt=0, le=1, description="part of a period an account must have been there")

    def cost_per_kwh(self, customer_class: str | None) -> float:
        """CNY for a kWh used by a customer of the class, losses on the way included."""
        bought = self.purchase_cost_by_class.get(customer_class or "", self.purchase_cost_cny_per_kwh)
        return bought / (1.0 - self.network_loss_share)
