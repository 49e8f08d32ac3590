"""What every setting is made of: the closed, frozen table, and the whole numbers and shares it holds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, Strict, model_validator

from sim.seeding import MOST_SEED
from sim.units import Probability

# No bool, float or text is a whole number by chance.
Whole = Annotated[int, Strict()]
Count = Annotated[Whole, Field(ge=0)]
Positive = Annotated[Whole, Field(gt=0)]
Seed = Annotated[Whole, Field(ge=0, le=MOST_SEED)]
Share = Probability
NonNegative = Annotated[float, Field(ge=0)]


def unboxed(value: Any) -> Any:
    """Numbers and arrays of NumPy as those of Python, also inside tables: researchers' loops make them."""
    if isinstance(value, dict):
        return {key: unboxed(one) for key, one in value.items()}
    if type(value) in (list, tuple):
        return type(value)(unboxed(one) for one in value)
    return value.tolist() if type(value).__module__ == "numpy" else value


class Settings(BaseModel):
    """Frozen, and closed to unknown keys: a typing mistake is never a silent default."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    @model_validator(mode="before")
    @classmethod
    def _take_numbers_of_numpy(cls, given: Any) -> Any:
        return unboxed(given)

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """A copy with some settings changed; what is wrong about them is found when the copy is simulated."""
        return super().model_copy(update=unboxed(dict(update or {})), deep=deep)
