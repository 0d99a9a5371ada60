"""Before a run: everything a study names is read and checked, and what is wrong anywhere is said in one list."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from .activation.lookalike import first_seed_times
from .dataset import Dataset
from .errors import DataContractError, ParameterError, Violation
from .features import FeatureTable, build_features, fit_encoder
from .messaging import (
    Cites,
    check_told,
    consented_transcripts,
    list_touchpoints,
    load_cites,
    load_messages,
    load_voice,
)
from .period import Period
from .personas import Persona, check_persona_references, load_perception, load_personas
from .qualitative import CodedInterviews, build_coded_interviews
from .qualitative.contract import check_interviews
from .qualitative.prepare import read_interviews
from .reporting.ledger import check_ledger
from .sources import latest_period, list_periods, read_sources
from .sources.people import read_addresses, read_suppression
from .study import Study, load_hypotheses
from .tracking import load_experiments, load_kpis, read_exposures, read_feedback, read_interview_plan

__all__ = ["CheckedStudy", "check_before_run", "check_study"]

NO_PERIOD = Period(2199, 4)  # a study without events has no latest quarter; this one leaves nothing out


@dataclass(frozen=True)
class CheckedStudy:
    """A study in which nothing was found wrong.

    Attributes
    ----------
    period : Period or None
        Quarter it was read for; None if the study has no events and no quarter was named.
    data : Dataset
        Its account says what happened to every row.
    features : FeatureTable
    complete : int
        Units that segments are formed on: those with every base variable, or with enough of them where the method allows it.
    written : mapping of str to int
        What the team wrote: personas, told, messages, experiments, hypotheses, kpis, feedback, and how many of each; and people with
        addresses.
    """

    period: Period | None
    data: Dataset
    features: FeatureTable
    complete: int
    written: Mapping[str, int] = field(default_factory=dict)


def check_study(study: Study, period: str | Period | None = None, *, reports: Path | None = None) -> CheckedStudy:
    """Read everything a study names and build its features; run no method and write nothing.

    Parameters
    ----------
    study : Study
    period : str or Period, optional
        Quarter; default: the latest that has more than stray events.
    reports : Path, optional
        Folder of all reports: the ledger of the study in it must be this study's, and the quarter must follow on it.

    Returns
    -------
    CheckedStudy

    Raises
    ------
    DataContractError
        With every problem of every source, of personas, messages and what they cite, of words of the brand, told passages,
        experiments, KPIs, feedback, addresses and suppression, of the ledger, and, if the sources could be read, of the variables
        and of the numbers of segments to compare.
    ParameterError
        If the period is not a quarter.

    Examples
    --------
    >>> from segmentation.sources.example import tiny_study
    >>> check_study(tiny_study(), "2026Q5")
    Traceback (most recent call last):
    ...
    segmentation.errors.ParameterError: period must be a quarter such as '2026Q3'; got '2026Q5'
    """
    asked = None if period is None else Period.parse(period)
    found: list[Violation] = []
    quarter, data, features, complete = asked, None, None, 0
    if asked is None:
        with _collected([]):  # what is wrong with the events comes again below, with all other sources
            quarter = latest_period(study)
    with _collected(found):
        data = read_sources(study, quarter or NO_PERIOD)
    if data is not None:
        with _collected(found):
            features = build_features(data, study)
        found += check_interviews(data) if "turns" in data else ()
    else:
        with _collected(
            []
        ):  # another source may be what could not be read; if it is these, they are in the list already
            talks = read_interviews(study, quarter)
            found += check_interviews(talks) if "turns" in talks else ()
    if features is not None:
        with _collected(found, file=str(study.file)):
            complete = _count_complete(features, study)
        for name in list(study.segmentations)[1:]:
            with _collected(found, file=str(study.file)):
                _count_complete(features, study.select(name))
    written = _check_written(study, data, found, features)
    _check_people(study, data, found, written)
    _check_ledger(study, quarter, reports, found)
    if found or data is None or features is None:
        raise DataContractError(dict.fromkeys(found))  # what several readers meet is said once
    return CheckedStudy(quarter, data, features, complete, written)


def check_before_run(study: Study, period: str | Period | None = None, *, reports: Path | None = None) -> Period:
    """The quarter to run, after the checks that are quick; if one fails, all of ``check_study`` are made.

    Parameters
    ----------
    study : Study
    period : str or Period, optional
        Quarter; default: the latest that has more than stray events.
    reports : Path, optional
        As for ``check_study``.

    Returns
    -------
    Period

    Raises
    ------
    DataContractError
        With every problem that ``check_study`` finds, if there is one in the events, in the period, in what the team wrote, in the
        suppression list or in the ledger.
    ParameterError
        If the period is not a quarter, or is not named and the study has no events that tell it.

    Examples
    --------
    >>> from segmentation.sources.example import tiny_study
    >>> str(check_before_run(tiny_study()))
    '2026Q3'
    """
    quarter = None if period is None else Period.parse(period)
    found: list[Violation] = []
    periods: tuple[Period, ...] = ()
    with _collected(found):
        periods = list_periods(study)
        quarter = quarter or latest_period(study)
    _check_written(study, None, found)
    with _collected(found):
        read_suppression(study)
    _check_ledger(study, quarter, reports, found)
    if found or (periods and quarter not in periods):
        check_study(study, quarter, reports=reports)
    if found:
        raise DataContractError(dict.fromkeys(found))
    if quarter is None:
        raise ParameterError(f"study {study.study} has no events that tell its latest quarter; name one with --period")
    return quarter


@contextmanager
def _collected(found: list[Violation], file: str = "") -> Iterator[None]:
    """Put what the block raises for the input into the list and go on."""
    try:
        yield
    except DataContractError as error:
        found += error.violations
    except ParameterError as error:
        found.append(Violation(str(error), file))


def _count_complete(features: FeatureTable, study: Study) -> int:
    """Units the method can learn from, after checking that there are enough for the numbers of segments and that rules are a partition."""
    from .clustering.methods import count_usable  # the room is heavy, and a run that begins does not need it here

    where = f"segmentations.{next(iter(study.segmentations))}"
    found: list[Violation] = []
    for variable in study.base:
        try:
            fit_encoder(features, [variable])
        except ParameterError as error:
            fix = "Take it out of the base, or correct it at its source"
            found.append(Violation(str(error), str(study.file), None, f"{where}.base", variable.name, "", fix))
    if found:
        raise DataContractError(found)
    try:
        return count_usable(study, features, fit_encoder(features, study.base))
    except ParameterError as error:
        raise DataContractError([Violation(str(error), str(study.file), None, where)]) from None


def _check_written(
    study: Study, data: Dataset | None, found: list[Violation], features: FeatureTable | None = None
) -> dict[str, int]:
    """Check what the team wrote besides the sources; returns how many of each kind there are."""
    written: dict[str, int] = {}
    personas: tuple[Persona, ...] = ()
    if study.personas is not None:
        with _collected(found):
            personas = load_personas(study.resolve(study.personas))
            written["personas"] = len(personas)
    names = [persona.persona_id for persona in personas]
    with _collected(found):
        load_perception(study, names or None)
    tests = _check_experiments(study, found, written)
    coded = _coded(data)
    messages = _check_messages(study, data, coded, found, written, personas=names or None, experiments=tests)
    with _collected(found):
        from .clustering.decisions import load_decisions  # see _count_complete

        load_decisions(study)
    if study.evidence.hypotheses is not None:
        with _collected(found):
            written["hypotheses"] = len(load_hypotheses(study))
    kpis: list[str] | None = None
    if study.kpis is not None:
        with _collected(found):
            kpis = [kpi.id for kpi in load_kpis(study)]
            written["kpis"] = len(kpis)
    for key, load in (("feedback", read_feedback), ("interview_plan", read_interview_plan)):
        if getattr(study, key) is not None:
            with _collected(found):
                written[key] = len(load(study))
    with _collected(found):
        found += _check_cited(personas, study, data, coded, features, kpis=kpis, messages=messages)
    return written


def _check_cited(
    personas: tuple[Persona, ...],
    study: Study,
    data: Dataset | None,
    coded: CodedInterviews | None,
    features: FeatureTable | None,
    **known: list[str] | None,
) -> list[Violation]:
    """What personas cite must exist; quotes and codes are looked up where the interviews were read."""
    heard = None if coded is None or coded.empty else coded
    codes = None if heard is None else list(heard.codes.index)
    values = None if features is None or not personas else features.values
    channels = None
    if data is not None and any(e.touchpoint for p in personas for _, _, claim in p.claims() for e in claim.evidence):
        channels = list_touchpoints(data, study)
    return check_persona_references(
        personas, study, coded=heard, codes=codes, features=values, channels=channels, **known
    )


def _coded(data: Dataset | None) -> CodedInterviews | None:
    """The interviews, or None where they were not read or break their contract."""
    if data is None or ("turns" in data and check_interviews(data)):
        return None
    return build_coded_interviews(data)


def _check_experiments(study: Study, found: list[Violation], written: dict[str, int]) -> list[str] | None:
    """Ids of the experiments; None where there are none or they could not be read."""
    if study.experiments is None:
        return None
    experiments = None
    with _collected(found):
        experiments = load_experiments(study)
        written["experiments"] = len(experiments)
    for experiment in experiments or ():
        with _collected(found):
            read_exposures(experiment, unit=study.unit)
    return None if experiments is None else [experiment.id for experiment in experiments]


def _check_messages(
    study: Study,
    data: Dataset | None,
    coded: CodedInterviews | None,
    found: list[Violation],
    written: dict[str, int],
    **known: list[str] | None,
) -> list[str] | None:
    """Messages, what they cite, the brand's words and what was told; returns the ids of the messages."""
    transcripts = None if coded is None else consented_transcripts(coded)
    cites, messages = Cites(), None
    for words in (None, transcripts):  # a quote that nobody said is no reason not to know the proof by its id
        with _collected(found):
            cites = load_cites(study, transcripts=words)
    with _collected(found):
        load_voice(study)
    if study.messaging.told is not None:
        with _collected(found):
            heard = None if coded is None else transcripts or {}
            written["told"] = len(check_told(study, heard, personas=known["personas"]))
    if study.messages is not None:
        pains = list(data["codes"].index) if data is not None and "codes" in data else None
        with _collected(found):
            messages = list(load_messages(study, pains=pains or None, cites=cites, **known).index)
            written["messages"] = len(messages)
    return messages


def _check_people(study: Study, data: Dataset | None, found: list[Violation], written: dict[str, int]) -> None:
    """Addresses, consent and suppression as they will be read for exports, and the events that make a lookalike's seed."""
    with _collected(found):
        people = read_addresses(study)
        written |= {} if people is None else {"people": len(people.table)}
    with _collected(found):
        read_suppression(study)
    if study.lookalike is not None and data is not None and "events" in data:
        with _collected(found, file=str(study.file)):
            first_seed_times(data["events"], study.unit, study.lookalike.seed)


def _check_ledger(study: Study, quarter: Period | None, reports: Path | None, found: list[Violation]) -> None:
    if quarter is not None and reports is not None:
        with _collected(found):
            check_ledger(study, quarter, reports.resolve() / study.study)
