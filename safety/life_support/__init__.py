"""A closed-circuit breathing set in a positive-pressure suit: model, limits, barriers, filter."""
