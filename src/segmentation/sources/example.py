"""A study of two accounts and three events in a temporary folder: what the examples in this package's docstrings read."""

from __future__ import annotations

import tempfile
from pathlib import Path

from ..study import Study, load_study

__all__ = ["tiny_study"]

FILES = {
    "companies.csv": "Record ID,Company name,Industry\n8001,Acme Ltd,Heating\n8002,Bolt Ltd,Electrical\n",
    "tracks.csv": (
        "id,user_id,context_group_id,event,timestamp,revenue\n"
        "m1,u1,8001,quote_sent,2026-05-04T09:00:00Z,\n"
        "m2,u1,8001,payment_received,2026-08-03T09:00:00Z,120.50\n"
        "m2,u1,8001,payment_received,2026-08-03T09:00:00Z,120.50\n"
    ),
    "study.yaml": """
study: tiny
unit: company_id
sources:
  companies: {path: companies.csv, format: hubspot.companies}
  events: {path: tracks.csv, format: segment.tracks, unit: context_group_id}
variables:
  - {name: uses, from: events, kind: behavioural, role: base, measure: events}
  - {name: days, from: events, kind: behavioural, role: base, measure: active_days}
segmentations:
  use: {base: [uses, days]}
""",
}


def tiny_study() -> Study:
    """Write the files and load the study; the folder is the operating system's to clear."""
    folder = Path(tempfile.mkdtemp(prefix="tiny-study-"))
    for name, content in FILES.items():
        (folder / name).write_text(content, encoding="utf-8")
    return load_study(folder)
