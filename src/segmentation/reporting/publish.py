"""From a finished run to a published report: pages, front door, results, ledger; old report or new one, never half of one."""

from __future__ import annotations

import base64
import ctypes
import gzip
import hashlib
import json
import os
import shutil
import sys
import tempfile
from importlib.resources import files
from pathlib import Path
from typing import Any

from markupsafe import Markup

from .. import __version__
from ..errors import ParameterError
from ..period import Period
from ..study import Study
from ..workspace import Workspace
from .checks import check_page, scan_leaks
from .front import PACK_TITLE, build_front, pack_contents
from .ledger import enter_ledger
from .render import TEMPLATES, Page, environment, read_notebook
from .stages import STAGES
from .wiki import render_personas

__all__ = ["bundle_report", "publish_report"]

POLICY = (
    "default-src 'none'; script-src 'self' file:; style-src 'self' file: 'unsafe-inline'; img-src data: blob:; "
    "base-uri 'none'; form-action 'none'"
)


def publish_report(study: Study, period: Period, work: Path, root: Path, manifest: dict[str, Any]) -> Path:
    """Render a finished run and put it in place of the last report of this period.

    Parameters
    ----------
    study, period
        What was run.
    work : Path
        Run folder with ``results`` and executed ``notebooks``.
    root : Path
        ``reports/<study>``.
    manifest : dict
        What went in.

    Returns
    -------
    Path
        Folder of the report; ``index.html`` is in it.

    Raises
    ------
    RenderError
        If a page would not be accessible, self-contained or free of personal data; nothing is published then.
    DataContractError
        If the ledger is of another study or a later quarter builds on another result; nothing is published then.
    """
    target = root / str(period)
    enter_ledger(study, period, work, root, dry=True)
    _recover(target)
    draft = Path(tempfile.mkdtemp(prefix=f".publish-{period}-", dir=root))
    try:
        os.chmod(draft, 0o755)
        _write_report(study, period, work, draft, manifest)
        scan_leaks(study, period, draft)
        _swap(draft, target)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    enter_ledger(study, period, work, root)
    return target


def _write_report(study: Study, period: Period, work: Path, draft: Path, manifest: dict[str, Any]) -> None:
    shutil.copytree(work / "results", draft / "results", ignore=shutil.ignore_patterns("*.part", "exports"))
    if (work / "results" / "exports").is_dir():
        shutil.copytree(work / "results" / "exports", draft / "exports")
    (draft / "notebooks").mkdir()
    for stage in STAGES:
        shutil.copy(work / "notebooks" / f"{stage.name}.ipynb", draft / "notebooks")
    text = json.dumps(manifest, sort_keys=True, indent=1, ensure_ascii=False)
    (draft / "manifest.json").write_text(text + "\n", "utf-8")
    assets = draft / "assets"
    assets.mkdir()
    for name in ("report.css", "report.js"):
        shutil.copy(TEMPLATES / name, assets)
    shutil.copy(str(files("plotly") / "package_data" / "plotly.min.js"), assets)
    report, pages, front = _load_report(study, period, work, manifest)
    made = environment()
    common = {"report": report, "policy": POLICY}
    for page in pages:
        html = made.get_template("page.html.j2").render(
            **common, page=page, name=page.name, title=page.title, contents=page.contents, up="", plots=page.figures > 0
        )
        _write_page(draft / f"{page.name}.html", html)
    (draft / "personas" / "evidence").mkdir(parents=True)
    results = Workspace(study, period, "index", work)
    content = results.read_json("persona_wiki") if results.has("persona_wiki") else None
    for path, html in render_personas(common, front["personas"], content):
        _write_page(draft / "personas" / path, html)
    if front["pack"]:
        html = made.get_template("messages.html.j2").render(
            **common,
            front=front,
            name="messages",
            title=PACK_TITLE,
            contents=pack_contents(front["pack"]),
            up="",
            plots=False,
        )
        _write_page(draft / "messages.html", html)
    html = made.get_template("index.html.j2").render(
        **common,
        front=front,
        name="index",
        title=f"{report['title']}, {report['period']}",
        contents=[],
        up="",
        plots=False,
    )
    _write_page(draft / "index.html", html)


def _write_page(path: Path, html: str) -> None:
    check_page(html, path.name)
    path.write_text(html, "utf-8")


def _load_report(
    study: Study, period: Period, work: Path, manifest: dict[str, Any]
) -> tuple[dict[str, Any], list[Page], dict[str, Any]]:
    pages = [
        read_notebook(json.loads((work / "notebooks" / f"{stage.name}.ipynb").read_text("utf-8")), stage.name)
        for stage in STAGES
    ]
    entries = [{"name": "index", "href": "index.html", "short": "Overview", "question": ""}]
    for stage, page in sorted(zip(STAGES, pages, strict=True), key=lambda pair: not pair[0].first):
        short = stage.title.split(":")[0]
        entries.append({"name": stage.name, "href": f"{stage.name}.html", "short": short, "question": page.title})
        if stage.name == "05_messaging" and Workspace(study, period, "index", work).has("pack"):
            entries.append(
                {"name": "messages", "href": "messages.html", "short": "Campaign pack", "question": PACK_TITLE}
            )
    results = Workspace(study, period, "index", work)
    verdict = results.read_json("verdict") if results.has("verdict") else {}
    report = {
        "caution": verdict["sentences"][0] if verdict.get("label") == "constructive" else "",
        "title": study.title or study.study,
        "about": study.about,
        "period": str(period),
        "synthetic": study.synthetic,
        "pages": entries,
        "version": __version__,
        "revision": manifest["revision"],
        "versions": manifest["versions"],
        "random_state": study.choices.random_state,
    }
    return report, pages, build_front(results)


def bundle_report(study: Study, period: Period, root: Path) -> Path:
    """One self-contained HTML file of a published report, for mailing.

    Parameters
    ----------
    study, period
        What was published.
    root : Path
        ``reports/<study>``.

    Returns
    -------
    Path
        ``reports/<study>/<study>-<period>.html``, about 3 MB: plotly.js is inside, compressed.

    Raises
    ------
    ParameterError
        If this period has no published report.
    """
    published = root / str(period)
    if not (published / "manifest.json").exists():
        raise ParameterError(
            f"no report of {study.study} for {period} in {root}; make it with `segmentation run` first"
        )
    manifest = json.loads((published / "manifest.json").read_text("utf-8"))
    report, pages, front = _load_report(study, period, published, manifest)
    parts: list[dict[str, Any]] = [{"kind": "front", "name": "front", "short": "Overview", "title": "Overview"}]
    for stage, page in sorted(zip(STAGES, pages, strict=True), key=lambda pair: not pair[0].first):
        parts.append(
            {"kind": "page", "name": page.name, "short": stage.title.split(":")[0], "title": page.title, "page": page}
        )
        if stage.name == "04_personas" and front["personas"]:
            parts.append({"kind": "sheets", "name": "sheets", "short": "Persona sheets", "title": "Persona sheets"})
        if stage.name == "05_messaging" and front["pack"]:
            parts.append({"kind": "pack", "name": "messages", "short": "Campaign pack", "title": PACK_TITLE})
    script = (TEMPLATES / "report.js").read_text("utf-8") + (TEMPLATES / "bundle.js").read_text("utf-8")
    seal = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    plotly = (files("plotly") / "package_data" / "plotly.min.js").read_bytes()
    html = (
        environment()
        .get_template("bundle.html.j2")
        .render(
            report=report,
            front=front,
            parts=parts,
            policy=f"default-src 'none'; script-src 'sha256-{seal}' blob:; style-src 'unsafe-inline'; img-src data: blob:; base-uri 'none'",
            style=Markup((TEMPLATES / "report.css").read_text("utf-8")),
            script=Markup(script),
            plotly=base64.b64encode(gzip.compress(plotly, 9, mtime=0)).decode(),
        )
    )
    check_page(html, "bundle")
    target = root / f"{study.study}-{period}.html"
    part = target.with_suffix(".part")
    part.write_text(html, "utf-8")
    os.replace(part, target)
    return target


def _swap(draft: Path, target: Path) -> None:
    """Put the draft in the target's place in one step where the system has one, else in two renames that ``_recover`` mends."""
    if not target.exists():
        os.rename(draft, target)
        return
    if sys.platform == "linux" and _exchange(draft, target):
        return
    old = target.with_name(f".old-{target.name}")
    os.rename(target, old)
    os.rename(draft, target)
    shutil.rmtree(old)


def _exchange(one: Path, other: Path) -> bool:
    """Linux's renameat2 with RENAME_EXCHANGE; False where the file system cannot."""
    rename = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
    here = -100  # AT_FDCWD
    return rename is not None and rename(here, os.fsencode(one), here, os.fsencode(other), 2) == 0


def _recover(target: Path) -> None:
    """After a kill between the two renames: the old report comes back. Drafts of killed runs are removed."""
    old = target.with_name(f".old-{target.name}")
    if old.exists() and not target.exists():
        os.rename(old, target)
    for leftover in (old, *target.parent.glob(f".publish-{target.name}-*")):
        if leftover.exists():
            shutil.rmtree(leftover)
