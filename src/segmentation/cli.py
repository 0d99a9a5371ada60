"""The command line: thin commands over the library.

Exit codes: 0 done, 2 something in your input (the message says what and what to do), 1 our mistake (with a traceback).
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from .errors import LockedError, ParameterError, SegmentationError

__all__ = ["app", "main"]

app = typer.Typer(
    name="segmentation",
    help="From raw exports to segments, interviews, personas and messages, with evidence behind every sentence.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
StudyPath = Annotated[Path, typer.Argument(help="Study file, or the folder that holds study.yaml.")]
ReportsPath = Annotated[
    Path | None, typer.Option(help="Folder of all reports; default: the nearest folder named reports.")
]


@app.command()
def init(folder: Annotated[Path, typer.Argument(help="Folder to make; must be new or empty.")]) -> None:
    """Write a commented study with a small example export, ready to check and to replace by your own.

    Example: segmentation init my-study
    """
    from .scaffold import write_scaffold

    for path in write_scaffold(folder):
        typer.echo(f"wrote {path}")
    typer.echo(f"next: segmentation check {folder}")


@app.command()
def check(
    study: StudyPath, period: Annotated[str | None, typer.Option(help="Quarter; default: the latest with data.")] = None
) -> None:
    """Read and validate everything a study names; run nothing.

    Example: segmentation check data/sample/fieldnote
    """
    from .sources import read_sources
    from .study import load_study

    loaded = load_study(study)
    quarter = _latest(loaded, period)
    data = read_sources(loaded, quarter)
    _check_files(loaded)
    typer.echo(f"{loaded.study}, {quarter}: everything the study names could be read")
    for account in data.accounts:
        dropped = "; ".join(f"{count:,d} {reason}" for reason, count in account.dropped.items()) or "none"
        typer.echo(
            f"  {account.source}: {account.rows_in:,d} rows read, {account.rows_out:,d} used; left out: {dropped}"
        )
        if account.unmapped:
            typer.echo(f"    columns not used: {', '.join(account.unmapped)}")
        for note in account.notes:
            typer.echo(f"    {note}")


@app.command()
def run(
    study: StudyPath,
    period: Annotated[str | None, typer.Option(help="Quarter, e.g. 2026Q3; default: the latest with data.")] = None,
    start: Annotated[str | None, typer.Option("--from", help="Run this notebook and those after it again.")] = None,
    jobs: Annotated[int, typer.Option(min=1, max=16, help="Notebooks side by side.")] = 2,
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", help="A notebook parameter, e.g. 02_segments.segments=5; may be repeated."),
    ] = None,
    reports: ReportsPath = None,
) -> None:
    """Run the line for one quarter and publish the report; what has not changed is reused.

    Example: segmentation run data/sample/fieldnote --period 2026Q3
    """
    from .progress import show_progress
    from .reporting.runner import describe_failure, run_report
    from .study import load_study

    loaded = load_study(study)
    quarter = _latest(loaded, period)
    with show_progress(f"{loaded.title or loaded.study}, {quarter}") as notify:
        result = run_report(
            study,
            str(quarter),
            reports=reports or _reports_folder(),
            start=start,
            jobs=jobs,
            settings=_read_settings(settings or []),
            notify=notify,
        )
    if result.report is None:
        typer.echo(describe_failure(result), err=True)
        raise typer.Exit(2 if result.user_error else 1)
    typer.echo(f"report: {_short(result.report / 'index.html')}")


@app.command()
def status(study: StudyPath, reports: ReportsPath = None) -> None:
    """Show, for every quarter that was run, which stages are done and where the report is.

    Example: segmentation status data/sample/fieldnote
    """
    from .reporting.status import read_status
    from .study import load_study

    loaded = load_study(study)
    root = (reports or _reports_folder()) / loaded.study
    lines = read_status(root)
    typer.echo(
        "\n".join(lines) if lines else f"{loaded.study}: never run; `segmentation run {study}` makes the first report"
    )


@app.command("list")
def list_studies(folder: Annotated[Path, typer.Argument(help="Where to look for studies.")] = Path("data")) -> None:
    """List the studies below a folder with their quarters.

    Example: segmentation list data/sample
    """
    from .sources import latest_period, list_periods
    from .study import load_study

    found = sorted(folder.rglob("study.yaml"))
    if not found:
        raise ParameterError(f"no study.yaml below {folder}; `segmentation init DIR` makes a study")
    for file in found:
        loaded = load_study(file)
        periods = list_periods(loaded)
        span = f"{periods[0]} to {latest_period(loaded)}" if periods else "no events"
        typer.echo(f"{loaded.study:24} {span:20} {_short(file)}")


@app.command()
def bundle(
    study: StudyPath,
    period: Annotated[str | None, typer.Option(help="Quarter; default: the latest with data.")] = None,
    reports: ReportsPath = None,
) -> None:
    """Make one self-contained HTML file of a published report, for mailing.

    Example: segmentation bundle data/sample/fieldnote --period 2026Q3
    """
    from .reporting.publish import bundle_report
    from .study import load_study

    loaded = load_study(study)
    path = bundle_report(loaded, _latest(loaded, period), (reports or _reports_folder()) / loaded.study)
    typer.echo(f"bundle: {_short(path)} ({path.stat().st_size / 1e6:.1f} MB)")


@app.command()
def schema() -> None:
    """Print the JSON Schema of study.yaml, for editors that complete it.

    Example: segmentation schema > study.schema.json
    """
    import json

    from .study import study_schema

    typer.echo(json.dumps(study_schema(), indent=2))


def _latest(study: Any, period: str | None) -> Any:
    from .period import Period
    from .sources import latest_period

    if period is not None:
        return Period.parse(period)
    latest = latest_period(study)
    if latest is None:
        raise ParameterError(f"study {study.study} has no events that tell its latest quarter; name one with --period")
    return latest


def _check_files(study: Any) -> None:
    """Validate what the study names besides its sources: personas, messages, experiments, KPIs, feedback; all problems at once."""
    from .errors import DataContractError, Violation
    from .messaging import load_messages
    from .personas import load_personas
    from .tracking import load_experiments, load_kpis, read_feedback

    loaders = {
        "personas": load_personas,
        "messages": load_messages,
        "experiments": load_experiments,
        "kpis": load_kpis,
        "feedback": read_feedback,
    }
    violations: list[Violation] = []
    for key, load in loaders.items():
        named = getattr(study, key)
        if named is not None:
            try:
                load(study.resolve(named))
            except DataContractError as error:
                violations += error.violations
    if violations:
        raise DataContractError(violations)


def _read_settings(pairs: list[str]) -> dict[str, dict[str, Any]]:
    """``["02_segments.segments=5"]`` to values of the type the notebook declares."""
    from .reporting.parameters import notebook_parameters

    found: dict[str, dict[str, Any]] = {}
    for pair in pairs:
        place, equals, text = pair.partition("=")
        notebook, dot, name = place.partition(".")
        if not equals or not dot:
            raise ParameterError(f"--set takes NOTEBOOK.NAME=VALUE, e.g. 02_segments.segments=5; got {pair!r}")
        kinds = {parameter.name: parameter.kind for parameter in notebook_parameters(notebook)}
        value: Any = text
        if kinds.get(name) is int and text.lstrip("-").isdigit():
            value = int(text)
        found.setdefault(notebook, {})[name] = value
    return found


def _reports_folder() -> Path:
    """The nearest folder named reports above the working directory, or a new one here."""
    from .workspace import find_upward

    try:
        return find_upward("reports")
    except ParameterError:
        made = Path.cwd() / "reports"
        made.mkdir()
        return made


def _short(path: Path) -> str:
    path, here = path.resolve(), Path.cwd().resolve()
    return path.relative_to(here).as_posix() if path.is_relative_to(here) else path.as_posix()


def main() -> None:
    """Entry point: our named errors become a message and exit code 2, a bug keeps its traceback."""
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ.setdefault(name, "1")  # sums in another order give another last digit
    try:
        app()
    except (SegmentationError, LockedError) as error:
        from .reporting.render import RenderError

        typer.echo(f"{type(error).__name__}: {error}", err=True)
        sys.exit(1 if isinstance(error, RenderError) else 2)


if __name__ == "__main__":
    main()
