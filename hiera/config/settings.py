"""What every settings class has in common, and leaf types that do not guess."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, Strict


class Settings(BaseModel):
    """Base of all settings: frozen, unknown keys refused, every field with a description."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, allow_inf_nan=False, use_attribute_docstrings=True
    )


Bool = Annotated[bool, Strict()]
"""``true`` or ``false`` only: ``on``, ``yes`` and ``1`` are refused, not guessed."""

Float = Annotated[float, Strict()]
"""A number; text and truth values are refused."""

Int = Annotated[int, Strict()]
"""A whole number; text and truth values are refused."""

Positive = Annotated[float, Strict(), Field(gt=0)]
NonNegative = Annotated[float, Strict(), Field(ge=0)]
Count = Annotated[int, Strict(), Field(ge=0)]
Fraction = Annotated[float, Strict(), Field(ge=0, le=1)]
