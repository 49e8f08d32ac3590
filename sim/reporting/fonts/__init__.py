"""The Chinese font of the figures: a subset of Noto Sans CJK SC under the Open Font License (OFL.txt)."""

from pathlib import Path

FAMILY = "Beanpeak Sans SC"
FILE = Path(__file__).parent / "BeanpeakSansSC-Regular.otf"
