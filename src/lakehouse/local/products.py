"""What the sample's shop sells, and the baskets that people fill."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

CURRENCIES = {"EUR": 100, "GBP": 85, "NOK": 1150, "USD": 110}
"""What 100 of the list price are in a currency."""
_SHARES = ("EUR", "EUR", "EUR", "EUR", "GBP", "NOK", "USD", "USD")

_CATEGORIES = {
    "kitchen": ("Kettle", "Toaster", "Frying pan", "Bread knife", "Chopping board", "Coffee mill", "Tea pot", "Scale"),
    "garden": ("Watering can", "Spade", "Rake", "Gloves", "Hose", "Plant pot", "Lantern", "Deck chair"),
    "office": ("Notebook", "Fountain pen", "Desk lamp", "Stapler", "Envelopes", "Calendar", "Paper", "File folder"),
    "sport": ("Yoga mat", "Dumbbell", "Skipping rope", "Water bottle", "Towel", "Headband", "Running belt", "Ball"),
    "toys": ("Wooden train", "Puzzle", "Building blocks", "Kite", "Card game", "Doll", "Paint box", "Marbles"),
}


@dataclass(frozen=True, kw_only=True)
class Product:
    """Something to buy; the price is in cents of EUR."""

    sku: str
    name: str
    category: str
    cents: int


PRODUCTS = tuple(
    Product(sku=f"{category[:3].upper()}-{number:02d}", name=name, category=category, cents=390 + 137 * number**2)
    for category, names in _CATEGORIES.items()
    for number, name in enumerate(names, start=1)
)


@dataclass(frozen=True, kw_only=True)
class Line:
    """A product, how many of it, and what one of them costs in hundredths of the order's currency."""

    product: Product
    quantity: int
    price: int

    def to_dict(self, number: int) -> dict[str, Any]:
        """Give it as the shop's log has it."""
        product = self.product
        return {
            "line": number, "sku": product.sku, "name": product.name, "category": product.category,
            "quantity": self.quantity, "unit_price": text_of(self.price),
        }  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Basket:
    """The lines of an order, no product twice."""

    currency: str
    lines: tuple[Line, ...]

    @property
    def total(self) -> int:
        """What it costs, in hundredths of the currency."""
        return sum(line.quantity * line.price for line in self.lines)


def basket_of(draw: int) -> Basket:
    """Fill a basket by a draw of 64 bits: one to four products, those of a category lie together."""
    currency = _SHARES[draw & 7]
    first, stride = (draw >> 3) % len(PRODUCTS), 1 + (draw >> 16) % 3
    chosen = (PRODUCTS[(first + stride * n) % len(PRODUCTS)] for n in range(1 + (draw >> 20 & 3)))
    return Basket(
        currency=currency,
        lines=tuple(
            Line(product=one, quantity=1 + (draw >> 24 + 3 * n) % 3, price=one.cents * CURRENCIES[currency] // 100)
            for n, one in enumerate(chosen)
        ),
    )


def text_of(cents: int) -> str:
    """Give an amount as people write it: ``12.90``."""
    return f"{cents // 100}.{cents % 100:02d}"
