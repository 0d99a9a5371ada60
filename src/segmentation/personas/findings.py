"""What earlier stages found, on which claims may rest."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import pandas as pd

from ..qualitative import CodedInterviews, Redactor

__all__ = ["Findings"]


@dataclass(frozen=True)
class Findings:
    """Results that claims may rest on; each may be absent.

    Attributes
    ----------
    profile : pandas.DataFrame, optional
        segment, variable, level, n, estimate, lower, upper, total, index, index_lower, index_upper, marker (and kind).
    themes : pandas.DataFrame, optional
        code, name, segment, k, n, rest_k, rest_n, q: ``Themes.table``.
    quotes : pandas.DataFrame, optional
        ``QuoteBank.table``.
    agreement : pandas.DataFrame, optional
        ``Agreement.table``; a theme on which coders do not agree is said to be so.
    kpis : pandas.DataFrame, optional
        segment, kpi, numerator, denominator, rate, lower, upper.
    coded : CodedInterviews, optional
        Transcripts, in memory only, to check quotes word for word; without them quotes are looked up in ``quotes``.
    redactor : Redactor
        Masks names in quotes that are shown.
    features, membership : pandas.DataFrame, optional
        Index unit; variables, and column segment: who matches the defining attributes.
    labels : mapping of str to str
        Variable to words for a reader.
    kinds : mapping of str to str
        Variable to its kind (behavioural, firmographic, need ...), which decides under which heading a draft puts it.
    shares : collection of str
        Variables that are shares, so that their means are shown in per cent.
    stability : mapping of str to tuple of float
        Segment to its mean Jaccard overlap with itself in resamples, and the limits of the middle 95 % of draws.
    perception : pandas.DataFrame, optional
        Ratings by those who are to use the personas: ``score_perception``.
    stages : tuple of str
        Stages of the study's journeys, in order.
    min_cell : int
        Fewer units are not published.
    verdict : str
        Label of the segments: natural, reproducible or constructive; empty where not known.
    told : pandas.DataFrame, optional
        What interviewees told by stage, a row a persona and stage: persona_id, stage, people, emotion, text, participant.
    kpi_labels : mapping of str to str
        KPI to words for a reader.
    touchpoints : pandas.DataFrame, optional
        Through which channels units came to each stage, against everybody: segment, persona_id, stage, channel, reached, share,
        lower, upper, total, index, index_lower, index_upper, marker, withheld.
    hypotheses : pandas.DataFrame, optional
        Log of what personas predicted and what came of it, as reports before this quarter left it: ``recall_hypotheses``.
    """

    profile: pd.DataFrame | None = None
    themes: pd.DataFrame | None = None
    quotes: pd.DataFrame | None = None
    agreement: pd.DataFrame | None = None
    kpis: pd.DataFrame | None = None
    coded: CodedInterviews | None = None
    redactor: Redactor = field(default_factory=Redactor)
    features: pd.DataFrame | None = None
    membership: pd.DataFrame | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    kinds: Mapping[str, str] = field(default_factory=dict)
    shares: frozenset[str] = frozenset()
    stability: Mapping[str, tuple[float, float, float]] = field(default_factory=dict)
    perception: pd.DataFrame | None = None
    stages: tuple[str, ...] = ()
    min_cell: int = 10
    verdict: str = ""
    told: pd.DataFrame | None = None
    kpi_labels: Mapping[str, str] = field(default_factory=dict)
    touchpoints: pd.DataFrame | None = None
    hypotheses: pd.DataFrame | None = None

    @property
    def segments(self) -> list[str]:
        """Segment ids of the membership, or of the profile or the themes where there is none."""
        for table in (self.membership, self.profile, self.themes):
            if table is not None and "segment" in table:
                return sorted(table["segment"].dropna().astype(str).unique())
        return []

    def words(self, variable: str) -> str:
        """Words of a variable for a reader."""
        return self.labels.get(variable, variable.replace("_", " "))

    @property
    def channels(self) -> dict[str, list[str]]:
        """Channels on record at each stage that units came to."""
        if self.touchpoints is None:
            return {}
        stages = self.touchpoints.groupby("stage", sort=False)["channel"]
        return {str(stage): sorted(set(names.astype(str))) for stage, names in stages}

    def interviewees(self, segment: str) -> list[str]:
        """Participants of a segment: from the interviews, or those quoted where the interviews are not at hand."""
        if self.coded is not None:
            people = self.coded.people
            return list(people.index[(people["segment"].astype("string") == segment).fillna(False)])
        if self.quotes is None:
            return []
        quotes = self.quotes
        return sorted(quotes.loc[(quotes["segment"].astype("string") == segment).fillna(False), "participant"].unique())

    def n_interviewees(self, segment: str) -> int:
        """How many people of a segment were interviewed."""
        if self.themes is not None and self.coded is None and len(self.themes):
            here = self.themes.loc[self.themes["segment"].astype(str) == segment, "n"]
            return int(here.iloc[0]) if len(here) else 0
        return len(self.interviewees(segment))
