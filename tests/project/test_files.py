"""Files that must stay in step: the lock, the two environments, what git holds, what the project says of itself."""

from __future__ import annotations

import re
import subprocess
import tomllib
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
CONDA = {"ibis-framework[duckdb]": "ibis-duckdb"}


def requirement(text: str) -> tuple[str, str]:
    name, bound = re.fullmatch(r"([A-Za-z0-9_.\[\]-]+)(.*)", text.replace(" ", "")).groups()
    return CONDA.get(name, name), bound


def test_environment_yml_mirrors_pyproject():
    listed = [
        entry
        for entry in yaml.safe_load((ROOT / "environment.yml").read_text())["dependencies"]
        if isinstance(entry, str)
    ]
    extras = PROJECT["optional-dependencies"]
    wanted = dict(requirement(entry) for entry in PROJECT["dependencies"] + extras["lab"] + extras["test"])
    have = dict(requirement(entry) for entry in listed)
    assert have.pop("python") == PROJECT["requires-python"]
    have.pop("pip")
    assert have == wanted


def locked(file: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name, version in re.findall(r"^([a-z0-9._-]+)==([^ ;\\]+)", (ROOT / file).read_text(), re.M):
        found.setdefault(name, []).append(version)
    return found


def test_lock_has_every_requirement_with_hashes_and_no_host():
    for file, extras in (("requirements.lock", ["test"]), ("requirements-lab.lock", ["test", "lab"])):
        text = (ROOT / file).read_text()
        have = locked(file)
        for entry in PROJECT["dependencies"] + [e for extra in extras for e in PROJECT["optional-dependencies"][extra]]:
            name = re.match(r"[A-Za-z0-9_.-]+", entry)[0].lower().replace("_", "-").replace(".", "-")
            assert name in have, f"{file} lacks {name}"
        pinned = len(re.findall(r"^[a-z0-9._-]+==", text, re.M))
        assert len(re.findall(r"^[a-z0-9._-]+==[^\n]*\\\n    --hash=sha256:", text, re.M)) == pinned
        assert "://" not in text and "--index" not in text and "--find-links" not in text


def test_lab_lock_agrees_with_the_lock():
    small, large = locked("requirements.lock"), locked("requirements-lab.lock")
    assert all(large[name] == versions for name, versions in small.items())
    assert "jupyterlab" not in small and "jupyterlab" in large


def test_package_lock_names_no_host():
    assert "resolved" not in (ROOT / "package-lock.json").read_text()


def tracked() -> list[Path]:
    done = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True)
    return [ROOT / name for name in done.stdout.split("\0") if name]


def test_project_speaks_of_itself_only():
    """No folder of one machine anywhere in the text files."""
    words = re.compile(r"(?<![\w./])/(?:work|root|home)/[\w.]")
    text = {".py", ".md", ".ipynb", ".yaml", ".yml", ".toml", ".html", ".j2", ".css", ".js", ".json", ".lock", ""}
    files = [path for path in tracked() if path.suffix in text and path.is_file()]
    bad = [path for path in files if words.search(path.read_text("utf-8", errors="replace"))]
    assert not bad


def test_nothing_generated_is_tracked():
    generated = [
        p for p in tracked() if p.suffix in {".pyc", ".pkl", ".joblib"} or p.relative_to(ROOT).parts[0] == "reports"
    ]
    assert [p.relative_to(ROOT).as_posix() for p in generated] == ["reports/README.md"]


def test_readme_names_every_command():
    from typer.main import get_command

    from segmentation.cli import app

    readme = (ROOT / "README.md").read_text()
    for name, command in get_command(app).commands.items():
        assert f"segmentation {name}" in readme, f"README does not show `segmentation {name}`"
        assert command.help and "Example:" in command.help, f"{name} has no help with an example"
