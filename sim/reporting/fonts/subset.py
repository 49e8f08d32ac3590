"""Cut the shipped Chinese font out of Noto Sans CJK SC: GB 2312 (6,763 hanzi) and punctuation.

    python -m sim.reporting.fonts.subset NotoSansCJK-Regular.ttc

The source is Debian's package fonts-noto-cjk (upstream github.com/notofonts/noto-cjk, Sans 2.004). A
modified font may not keep a reserved name (OFL 1.1, clause 3), so the family is named anew.
Needs fonttools, which comes with matplotlib.
"""

from __future__ import annotations

import sys
from pathlib import Path

from fontTools import subset
from fontTools.ttLib import TTFont

from sim.reporting.fonts import FAMILY, FILE

SIMPLIFIED_CHINESE = 2  # its place in the collection
RARE_NAMES = "喆堃淼珺翀昇瑄烨罳"  # given names that Faker or people use, not in GB 2312
FAMILY_NAMES = {1: FAMILY, 3: FAMILY, 4: FAMILY, 16: FAMILY, 6: FAMILY.replace(" ", "")}


def characters() -> str:
    """ASCII, GB 2312 (both levels of hanzi, punctuation, full-width forms), units and names beyond it."""
    cells = (bytes((row, cell)) for row in range(0xA1, 0xF8) for cell in range(0xA1, 0xFF))
    table = "".join(cell.decode("gb2312", errors="ignore") for cell in cells)
    return "".join(map(chr, range(0x20, 0x7F))) + table + "¥–—…×÷±≤≥·" + RARE_NAMES


def main(source: str) -> None:
    """Write the subset beside this file."""
    font = TTFont(source, fontNumber=SIMPLIFIED_CHINESE)
    options = subset.Options(
        layout_features=[], hinting=False, desubroutinize=False, notdef_outline=True, name_IDs=["*"]
    )
    cutter = subset.Subsetter(options)
    cutter.populate(text=characters())
    cutter.subset(font)
    for record in font["name"].names:
        if record.nameID in FAMILY_NAMES:
            record.string = FAMILY_NAMES[record.nameID]
    if "CFF " in font:
        font["CFF "].cff.fontNames[0] = FAMILY_NAMES[6]
        top = font["CFF "].cff.topDictIndex[0]
        top.FullName, top.FamilyName = FAMILY, FAMILY
    font.save(FILE)


if __name__ == "__main__":
    main(*map(str, map(Path, sys.argv[1:])))
