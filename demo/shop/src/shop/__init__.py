"""A price list."""

PRICES = {"apple": 30, "pear": 45}


def total(basket):
    """:param basket: dict of name -> count. :returns: int, cents."""
    return sum(PRICES[name] * count for name, count in basket.items())
