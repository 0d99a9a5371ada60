"""A tool with every kind of question, learned from people whose study is full of hostile words."""

from __future__ import annotations

import numpy as np
import pandas as pd

from segmentation.profiling.typing import TypingTool, build_typing_tool
from segmentation.study import Study

from .conftest import make_study

HOSTILE = (
    '=HYPERLINK("http://evil.example/","x")',
    "</script><script>window.owned = true</script>",
    '<img src=x onerror="window.owned = true">',
    "@SUM(1+1)*cmd|' /C calc'!A0",
    "{{ 7 * 7 }} \"quotes\" 'and' \u2028 ends",
)
TRADES = ("roofs & 'walls'", "=1+1", "<b>pipes</b>")


def hostile_study() -> Study:
    variables = [
        {"name": "rate", "role": "base", "measure": "mean", "items": ["rate"], "scale": [1, 5], "label": HOSTILE[0]},
        {"name": "trade", "level": "nominal", "label": HOSTILE[1]},
        {"name": "size", "transform": "log1p", "label": HOSTILE[2]},
        {"name": "plan", "level": "ordinal", "levels": ["-small", "=large", "+huge"], "label": HOSTILE[3]},
        {"name": "keen", "role": "base", "level": "binary", "label": HOSTILE[4]},
        {"name": "twice", "role": "base", "label": "almost the same as the rating"},
    ]
    study = make_study(variables, ["rate", "keen", "twice"], draws=200)
    return study.model_copy(
        update={"questions": ("rate", "trade", "size", "plan", "keen", "twice"), "title": HOSTILE[1]}
    )


def hostile_market(n: int = 300, seed: int = 3) -> tuple[pd.DataFrame, pd.Series]:
    """Three segments, each told by other questions; a rare trade; some answers missing."""
    rng = np.random.default_rng(seed)
    segment = rng.integers(0, 3, n)
    values = pd.DataFrame(
        {
            "rate": np.clip(np.round(3 + 1.3 * (segment == 0) - 1.0 * (segment == 2) + rng.normal(0, 0.8, n)), 1, 5),
            "trade": np.array(TRADES, dtype=object)[np.where(rng.random(n) < 0.6, segment, rng.integers(0, 3, n))],
            "size": np.round(np.exp(rng.normal(2 + (segment == 1), 0.8, n))),
            "plan": np.clip(np.round(2 + 0.8 * (segment - 1) + rng.normal(0, 0.7, n)), 1, 3),
            "keen": (rng.random(n) < np.array([0.8, 0.2, 0.4])[segment]).astype(float),
        },
        index=pd.Index([f"U{i}" for i in range(n)], name="unit"),
    )
    values.loc[values.index[:4], "trade"] = ["bells", "boats", "bricks", "bread"]
    values["twice"] = values["rate"] + rng.normal(0, 1e-3, n)
    return values, pd.Series([f"S{number + 1}" for number in segment], index=values.index, name="segment")


def hostile_tool() -> TypingTool:
    values, segment = hostile_market()
    return build_typing_tool(values, segment, hostile_study(), names={"S1": HOSTILE[0], "S2": HOSTILE[1]})


def some_answers(tool: TypingTool, n: int = 200, seed: int = 5, missing: float = 0.35) -> pd.DataFrame:
    """Answers that are allowed, some of them missing, numbers also beyond the limits."""
    rng = np.random.default_rng(seed)
    columns = {}
    for question in tool.questions:
        if question.options:
            given = [question.options[place].value for place in rng.integers(0, len(question.options), n)]
        else:
            given = np.round(rng.uniform(question.low - 5, question.high * 1.5 + 5, n), 3).tolist()
        kept = rng.random(n) >= missing
        nothing = None if question.level == "nominal" else np.nan
        columns[question.name] = [value if keep else nothing for value, keep in zip(given, kept, strict=True)]
    return pd.DataFrame(columns, index=pd.Index([f"P{i}" for i in range(n)], name="unit"))
