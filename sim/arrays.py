"""Names for the arrays that rows are made of, and the index that means nobody."""

from __future__ import annotations

from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Some = TypeVar("Some", float, Floats)  # one number or a row of them
Flags = NDArray[np.bool_]
NOBODY = -1  # no project, no team, the end of a list
NO_LIMIT = 2**62  # more than any sum comes to
