"""The command line: thin commands over the library.

Exit codes: 0 done, 2 something in your input (the message says what and what to do), 1 our mistake (with a traceback).
"""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from .errors import ParameterError, SegmentationError, nearest_word

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

OF_THE_RUN = ("study", "period", "run_folder")  # parameters of every notebook that the run itself gives


@app.command()
def init(folder: Annotated[Path, typer.Argument(help="Folder to make; must be new or empty.")]) -> None:
    """Write a commented study with a small example export, ready to check and to replace by your own.

    Example: segmentation init my-study
    """
    from .scaffold import write_scaffold

    for path in write_scaffold(folder):
        typer.echo(f"wrote {path}")
    typer.echo(f"next: segmentation check {folder}, then segmentation run {folder}")


@app.command()
def check(
    study: StudyPath,
    period: Annotated[str | None, typer.Option(help="Quarter; default: the latest with data.")] = None,
    reports: ReportsPath = None,
) -> None:
    """Read and validate everything a study names, and the ledger its next quarter follows on; run and write nothing.

    Example: segmentation check data/sample/fieldnote
    """
    from .preflight import check_study
    from .study import load_study

    loaded = load_study(study)
    checked = check_study(loaded, period, reports=reports or _reports_folder())
    quarter = f", {checked.period}" if checked.period else ", all time (no events tell a quarter)"
    typer.echo(f"{loaded.study}{quarter}: everything the study names could be read")
    for account in checked.data.accounts:
        dropped = "; ".join(f"{count:,d} {reason}" for reason, count in account.dropped.items()) or "none"
        typer.echo(
            f"  {account.source}: {account.rows_in:,d} rows read, {account.rows_out:,d} used; left out: {dropped}"
        )
        if account.unmapped:
            typer.echo(f"    columns not used: {', '.join(account.unmapped)}")
        for note in account.notes:
            typer.echo(f"    {note}")
    for key, count in checked.written.items():
        typer.echo(f"  {key}: {count:,d} read")
    values = checked.features.values
    typer.echo(
        f"  variables: {values.shape[1]} measured for {len(values):,d} {loaded.units}; "
        f"{checked.complete:,d} have all {len(loaded.base)} base variables{' and a weight' if loaded.weight else ''}"
    )
    if loaded.weight:
        from .features import describe_weights, unit_weights

        told = describe_weights(unit_weights(checked.features, loaded), units=loaded.units)
        typer.echo(f"  {told}" if not hasattr(told, "title") else f"  {told.title} {told.text}")
    for note in checked.features.notes:
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
    with_previous: Annotated[
        bool,
        typer.Option(
            "--with-previous", help="Run the quarter before first, if no report of it is kept; takes twice the time."
        ),
    ] = False,
    reports: ReportsPath = None,
) -> None:
    """Run the line for one quarter and publish the report; what has not changed is reused.

    --from and --set are for the quarter asked for, not for the one before that --with-previous runs.

    Example: segmentation run data/sample/fieldnote --period 2026Q3
    """
    from .preflight import check_before_run
    from .reporting.ledger import quarter_to_run_first
    from .study import load_study

    given = _read_settings(settings or [])
    _check_stage(start, "--from")
    loaded = load_study(study)
    _check_segments(given, loaded)
    folder, title = reports or _reports_folder(), loaded.title or loaded.study
    quarter = check_before_run(loaded, period, reports=folder)
    earlier = quarter_to_run_first(loaded, quarter, folder / loaded.study)
    if earlier and with_previous:
        _run_quarter(study, f"{title}, {earlier}", earlier, folder, jobs=jobs)
    elif earlier:
        typer.echo(
            f"note: no report of {earlier} is kept; what {quarter} is compared with will be reckoned from the data of then. To go on from "
            f"a report of {earlier}, stop here and run with --with-previous (twice the time): once {quarter} is published, an earlier "
            "quarter is refused."
        )
    _run_quarter(study, f"{title}, {quarter}", quarter, folder, start=start, jobs=jobs, settings=given)


def _run_quarter(study: Path, title: str, quarter: Any, folder: Path, **asked: Any) -> None:
    """Run one quarter with its progress shown; a failure ends the command."""
    from .progress import show_progress
    from .reporting.runner import describe_failure, run_report

    with show_progress(title) as notify:
        result = run_report(study, str(quarter), reports=folder, notify=notify, **asked)
    if result.report is None:
        _show_traces(result)
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
    lines = read_status((reports or _reports_folder()) / loaded.study)
    typer.echo(
        "\n".join(lines) if lines else f"{loaded.study}: never run; `segmentation run {study}` makes the first report"
    )


@app.command("list")
def list_studies(folder: Annotated[Path, typer.Argument(help="Where to look for studies.")] = Path(".")) -> None:
    """List the studies below a folder with their latest quarter.

    Example: segmentation list data/sample
    """
    from .errors import DataContractError
    from .sources import latest_period, list_periods
    from .study import load_study

    if not folder.is_dir():
        raise ParameterError(f"no such folder: {folder}")
    found = [file for file in sorted(folder.rglob("study.yaml")) if not _is_hidden(file.relative_to(folder))]
    if not found:
        raise ParameterError(f"no study.yaml below {folder}; `segmentation init DIR` makes a study")
    for file in found:
        try:
            loaded = load_study(file)
            latest = latest_period(loaded)
            span = f"{list_periods(loaded)[0]} to {latest}" if latest else "no events"
            typer.echo(f"{loaded.study:24} {span:20} {_short(file)}")
        except DataContractError as error:
            count = len(error.violations)
            typer.echo(
                f"{'?':24} {f'{count} problem' + 's' * (count != 1):20} {_short(file)}: segmentation check tells"
            )


@app.command()
def bundle(
    study: StudyPath,
    period: Annotated[str | None, typer.Option(help="Quarter; default: the latest with a report.")] = None,
    reports: ReportsPath = None,
) -> None:
    """Make one self-contained HTML file of a published report, for mailing.

    Example: segmentation bundle data/sample/fieldnote --period 2026Q3
    """
    from .period import Period
    from .reporting.publish import bundle_report
    from .study import load_study

    loaded = load_study(study)
    root = (reports or _reports_folder()) / loaded.study
    published = sorted(file.parent.name for file in root.glob("*Q[1-4]/index.html"))
    if period is None and not published:
        raise ParameterError(f"{loaded.study} has no report in {_short(root)}; make it with `segmentation run` first")
    path = bundle_report(loaded, Period.parse(period or published[-1]), root)
    typer.echo(f"bundle: {_short(path)} ({path.stat().st_size / 1e6:.1f} MB)")


@app.command()
def codings(
    study: StudyPath,
    out: Annotated[
        Path, typer.Option(help="File to write: .qdpx with texts and codings, .qdc with the codebook alone.")
    ],
    period: Annotated[str | None, typer.Option(help="Quarter; default: the latest with events.")] = None,
) -> None:
    """Write the study's codings for other programs (QualCoder, NVivo, ATLAS.ti, MAXQDA) as REFI-QDA.

    Example: segmentation codings data/sample/fieldnote --out fieldnote.qdpx
    """
    from .qualitative import build_coded_interviews, describe_refi_file, write_qdc, write_qdpx
    from .qualitative.prepare import list_memos, read_interviews
    from .study import load_study

    if out.suffix.lower() not in (".qdpx", ".qdc"):
        raise ParameterError(f"--out must end in .qdpx (project) or .qdc (codebook); got {str(out)!r}")
    loaded = load_study(study)
    inputs = {
        path.resolve() for source in loaded.sources.values() for part in source.paths for path in loaded.expand(part)
    }
    if out.resolve() in inputs:
        raise ParameterError(
            f"--out {_short(out)} is a source of the study and is not written over; choose another name"
        )
    data = read_interviews(loaded, period)
    if "codes" not in data and (out.suffix.lower() == ".qdc" or "transcripts" not in data):
        lacks = "codebook" if out.suffix.lower() == ".qdc" else "interviews"
        raise ParameterError(f"{loaded.study} has no {lacks} to write; its sources name no codings")
    try:
        if out.suffix.lower() == ".qdc":
            written = write_qdc(data["codes"], out, study=loaded.study)
        else:
            coded = build_coded_interviews(data)
            written = write_qdpx(coded, out, study=loaded.study, memos=list_memos(data, coded))
    except OSError as error:
        raise ParameterError(f"cannot write {_short(out)}: {error.strerror or error}") from None
    typer.echo(f"wrote {_short(out)}\n{describe_refi_file(written)}")


@app.command()
def assign(
    study: StudyPath,
    file: Annotated[Path, typer.Argument(help="CSV or Parquet: the unit id and the study's base variables.")],
    out: Annotated[Path, typer.Option(help="File to write, .csv or .parquet.")],
    period: Annotated[str | None, typer.Option(help="Quarter of the solution; default: the latest published.")] = None,
    previous: Annotated[
        str | None, typer.Option(help="Earlier quarter of the ledger; its members keep their segment on a border.")
    ] = None,
    near_nobody: Annotated[
        float | None, typer.Option(help="Share of members within reach, instead of the study's activation.near_nobody.")
    ] = None,
    ignore_others: Annotated[
        bool, typer.Option("--ignore-others", help="Leave columns alone that are not needed.")
    ] = False,
    reports: ReportsPath = None,
) -> None:
    """Place new people by the published solution, which is not fitted again.

    Example: segmentation assign data/sample/fieldnote new.csv --out placed.csv --period 2026Q3
    """
    from .activation import newcomers, published
    from .study import load_study

    loaded = load_study(study)
    if near_nobody is not None:
        changed = loaded.activation.model_copy(update={"near_nobody": near_nobody})
        loaded = loaded.model_copy(update={"activation": changed})
    root = (reports or _reports_folder()) / loaded.study
    frozen = published.open_published(loaded, period, root)
    before = None
    if previous is not None:
        before = published.recall_ledger(loaded, root, previous, frozen.period, frozen.solution)
    people = newcomers.read_people(file, loaded, frozen.encoder, ignore_others=ignore_others)
    keep = loaded.activation.keep_margin
    placed = newcomers.assign_people(
        frozen.solution, frozen.encoder, people, frozen.reach, previous=before, keep_margin=keep
    )
    newcomers.write_assigned(placed, out)
    typer.echo(f"{_short(out)}: placed by the solution of {loaded.study}, {frozen.period}")
    for line in newcomers.describe_assigned(placed, units=loaded.units):
        typer.echo(f"  {line}")


@app.command()
def export(
    study: StudyPath,
    platform: Annotated[list[str], typer.Option(help="google, meta, linkedin or marketo; may be repeated.")],
    segment: Annotated[list[str] | None, typer.Option(help="Segment to export; may be repeated; default: all.")] = None,
    period: Annotated[str | None, typer.Option(help="Quarter; default: the latest published.")] = None,
    why: Annotated[str, typer.Option(help="Reason, kept in the log of deliveries.")] = "",
    reports: ReportsPath = None,
) -> None:
    """Write the published segments as audiences with (hashed) addresses, all files or none.

    Example: segmentation export data/sample/fieldnote --platform google --segment S1
    """
    from datetime import UTC, datetime

    from .activation.deliver import deliver_audiences
    from .activation.published import open_published, read_countries
    from .sources.people import read_addresses
    from .study import load_study

    loaded = load_study(study)
    root = (reports or _reports_folder()) / loaded.study
    frozen = open_published(loaded, period, root)
    addresses = read_addresses(loaded, countries=read_countries(loaded, frozen.period))
    if addresses is None:
        raise ParameterError(f"{loaded.study} does not say where addresses stand; name it under activation.people")
    done = deliver_audiences(
        loaded,
        frozen.membership,
        addresses,
        root / "exports",
        period=frozen.period,
        platforms=platform,
        segments=segment or (),
        why=why,
        at=datetime.now(UTC).isoformat(timespec="seconds"),
    )
    typer.echo(f"{_short(done.folder)}: personal data, not part of the report; delete it when it is uploaded")
    for row in done.files.itertuples():
        typer.echo(f"  {row.file}: {row.rows:,d} people")
    typer.echo(f"  holdout.csv: {done.held_out:,d} {loaded.units} of these segments are in no file")


@app.command()
def schema() -> None:
    """Print the JSON Schema of study.yaml, for editors that complete it.

    Example: segmentation schema > study.schema.json
    """
    import json

    from .study import study_schema

    typer.echo(json.dumps(study_schema(), indent=2))


def _read_settings(pairs: list[str]) -> dict[str, dict[str, Any]]:
    """``["02_segments.segments=5"]`` to values of the type the notebook declares; refuses what no notebook takes."""
    from .reporting.parameters import check_values, notebook_parameters

    found: dict[str, dict[str, Any]] = {}
    for pair in pairs:
        place, equals, text = pair.partition("=")
        notebook, dot, name = place.partition(".")
        if not equals or not dot:
            raise ParameterError(f"--set takes NOTEBOOK.NAME=VALUE, e.g. 02_segments.segments=5; got {pair!r}")
        _check_stage(notebook, "--set")
        if name in OF_THE_RUN:
            raise ParameterError(f"--set cannot change {name}: it is the same for all notebooks of a run")
        kinds = {parameter.name: parameter.kind for parameter in notebook_parameters(notebook)}
        is_number = kinds.get(name) is int and re.fullmatch(r"-?[0-9]{1,9}", text)
        found.setdefault(notebook, {})[name] = int(text) if is_number else text
    for notebook, values in found.items():
        check_values(notebook, values)
    return found


def _check_segments(given: dict[str, dict[str, Any]], study: Any) -> None:
    """A number of segments can be chosen only among those that the study compares."""
    asked, compared = given.get("02_segments", {}).get("segments", 0), study.segmentation.candidates
    if asked and asked not in compared:
        raise ParameterError(
            f"--set 02_segments.segments={asked}: {study.study} compares {compared[0]} to {compared[-1]} segments; "
            f"widen segmentations.{next(iter(study.segmentations))}.segments in {_short(study.file)} to take {asked}"
        )


def _check_stage(name: str | None, option: str) -> None:
    from .reporting.stages import NOTEBOOKS

    if name is not None and name not in NOTEBOOKS:
        hint = nearest_word(name, NOTEBOOKS)
        raise ParameterError(f"{option}: no notebook {name!r}; there are {', '.join(NOTEBOOKS)}. {hint}".strip())


def _show_traces(result: Any) -> None:
    """Where the program itself failed inside a notebook: what a developer needs to see."""
    from .reporting.runner import OURS

    for name in result.failed:
        error = result.stages[name]["error"]
        if error["name"] not in OURS and error.get("trace"):
            trace = error["trace"] if sys.stderr.isatty() else re.sub(r"\x1b\[[0-9;]*m", "", error["trace"])
            typer.echo(f"{trace}\n", err=True)


def _reports_folder() -> Path:
    """The nearest folder named reports above the working directory, else one to be made here."""
    from .workspace import find_upward

    try:
        return find_upward("reports")
    except ParameterError:
        return Path.cwd() / "reports"


def _is_hidden(path: Path) -> bool:
    return any(part.startswith(".") or part == "node_modules" for part in path.parts)


def _short(path: Path) -> str:
    path, here = path.resolve(), Path.cwd().resolve()
    return path.relative_to(here).as_posix() if path.is_relative_to(here) else path.as_posix()


def main() -> None:
    """Entry point: our named errors become a message and exit code 2, a bug keeps its traceback."""
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ.setdefault(name, "1")  # sums in another order give another last digit
    try:
        app()
    except SegmentationError as error:
        from .reporting.render import RenderError

        typer.echo(f"error: {error}", err=True)
        sys.exit(1 if isinstance(error, RenderError) else 2)


if __name__ == "__main__":
    main()
