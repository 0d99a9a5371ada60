"""``python -m segmentation.synthetic``: write a sample study."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from ..errors import SegmentationError
from .plan import TIERS
from .write import write_study


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the study and say where it is; 0 done, 2 wrong input."""
    words = "; ".join(f"{tier.name}: {tier.words}" for tier in TIERS.values())
    parser = argparse.ArgumentParser(
        prog="python -m segmentation.synthetic", description="Write a study with planted truth."
    )
    parser.add_argument("--tier", default="medium", choices=list(TIERS), help=words)
    parser.add_argument("--out", required=True, help="folder to write into")
    parser.add_argument("--seed", type=int, default=1, help="same tier and seed, same bytes (default: %(default)s)")
    given = parser.parse_args(arguments)
    try:
        print(write_study(given.out, tier=given.tier, seed=given.seed))
    except (SegmentationError, OSError) as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
