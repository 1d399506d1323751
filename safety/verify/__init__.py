"""Verification: hunting for violations, and proving that there is always a way on."""

from typing import TYPE_CHECKING

from hiera.safety.lazy import lazily

if TYPE_CHECKING:
    from hiera.safety.verify.hunting import Finding, Hunt, hunt
    from hiera.safety.verify.viability import Viability, prove_viability

__all__ = ["Finding", "Hunt", "Viability", "hunt", "prove_viability"]

__getattr__ = lazily(
    __name__,
    {
        "Finding": "hiera.safety.verify.hunting",
        "Hunt": "hiera.safety.verify.hunting",
        "Viability": "hiera.safety.verify.viability",
        "hunt": "hiera.safety.verify.hunting",
        "prove_viability": "hiera.safety.verify.viability",
    },
)
