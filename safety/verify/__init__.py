"""Verification: hunting for violations, and proving that there is always a way on."""

from typing import TYPE_CHECKING

from hiera.safety.lazy import lazily

if TYPE_CHECKING:
    from hiera.safety.verify.hunt import Finding, Hunt, hunt
    from hiera.safety.verify.viability import Viability, prove_viability

__all__ = ["Finding", "Hunt", "Viability", "hunt", "prove_viability"]

__getattr__ = lazily(
    __name__,
    {
        "Finding": "hiera.safety.verify.hunt",
        "Hunt": "hiera.safety.verify.hunt",
        "Viability": "hiera.safety.verify.viability",
        "hunt": "hiera.safety.verify.hunt",
        "prove_viability": "hiera.safety.verify.viability",
    },
)
