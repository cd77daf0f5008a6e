"""Every account that ever was, and whose it is: who may speak of a customer whom no snapshot knows."""

from serving.access import Principal, Scope
from serving.holdings import Holdings, Kept
from serving.refusals import FieldFault, OutOfScopeError, UnknownCustomerError

__all__ = ["Accounts"]


class Accounts:
    """customer_id → hall of his area; read again after an ingest."""

    def __init__(self, holdings: Holdings) -> None:
        self.holdings = holdings
        self._halls: Kept[str, dict[str, str | None]] = Kept(lambda _: self._read_halls())

    def require_own(self, who: Principal, customer_id: str, field: str = "customer_id") -> None:
        """Refuse a customer nobody knows, and one of another unit than the key's; `field` is what named him."""
        halls = self._halls.get(self.holdings.fingerprint())
        if customer_id not in halls:
            message = f"customer {customer_id} is unknown"
            raise UnknownCustomerError(message, [FieldFault(field, message)])
        if not Scope.of(who, self.holdings.territory().parents).covers(halls[customer_id]):
            fault = FieldFault(field, "out of scope")
            raise OutOfScopeError(f"customer {customer_id} is outside the org unit of this key", [fault])

    def _read_halls(self) -> dict[str, str | None]:
        """Of every account that ever was; the last link counts."""
        frame = self.holdings.lake.read("customer", columns=["customer_id", "area_id", "valid_from"])
        nodes = self.holdings.territory().nodes
        frame = frame.sort_values("valid_from", kind="stable")
        return {
            str(customer): nodes[area].hall_id if area in nodes else None
            for customer, area in zip(frame["customer_id"], frame["area_id"], strict=True)
        }
