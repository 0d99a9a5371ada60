"""What people in each segment say: coded interviews, agreement, saturation, themes, quotes that may be shown."""

from __future__ import annotations

from .agreement import Agreement, describe_agreement, measure_agreement, tabulate_agreement
from .alpha import Alpha, krippendorff_alpha
from .coded import CodedInterviews, build_coded_interviews, code_presence, describe_interviews, tabulate_codebook
from .intervals import adjust_p_values, freeman_halton_test, multinomial_test, newcombe_interval, wilson_interval
from .quotes import QuoteBank, QuoteCheck, build_quote_bank, check_quote, describe_quotes, tabulate_quotes
from .redaction import Redactor, build_redactor
from .representativeness import (
    Representativeness,
    compare_interviewees,
    describe_interviewees,
    tabulate_interviewees,
)
from .saturation import (
    Saturation,
    describe_saturation,
    measure_saturation,
    seen_chance,
    stopping_point,
    tabulate_saturation,
)
from .themes import Themes, compare_themes, describe_themes, tabulate_themes

__all__ = [
    "Agreement",
    "Alpha",
    "CodedInterviews",
    "QuoteBank",
    "QuoteCheck",
    "Redactor",
    "Representativeness",
    "Saturation",
    "Themes",
    "adjust_p_values",
    "build_coded_interviews",
    "build_quote_bank",
    "build_redactor",
    "check_quote",
    "code_presence",
    "compare_interviewees",
    "compare_themes",
    "describe_agreement",
    "describe_interviewees",
    "describe_interviews",
    "describe_quotes",
    "describe_saturation",
    "describe_themes",
    "freeman_halton_test",
    "krippendorff_alpha",
    "measure_agreement",
    "measure_saturation",
    "multinomial_test",
    "newcombe_interval",
    "seen_chance",
    "stopping_point",
    "tabulate_agreement",
    "tabulate_codebook",
    "tabulate_interviewees",
    "tabulate_quotes",
    "tabulate_saturation",
    "tabulate_themes",
    "wilson_interval",
]
