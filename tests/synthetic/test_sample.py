"""The committed sample is what the generator writes, small enough, and readable."""

from __future__ import annotations

import ast
import csv
import json
from pathlib import Path

import pandas as pd
import pytest

from segmentation.errors import ParameterError
from segmentation.study import load_study
from segmentation.synthetic import TIERS, write_study
from segmentation.synthetic.__main__ import main
from segmentation.synthetic.plan import TEMPLATES, find_tier
from segmentation.synthetic.population import build_population


def _files(folder: Path) -> dict[str, Path]:
    return {path.relative_to(folder).as_posix(): path for path in sorted(folder.rglob("*")) if path.is_file()}


def test_write_study_default_writes_the_committed_sample(written, committed):
    ours, theirs = _files(written), _files(committed)
    assert sorted(ours) == sorted(theirs)
    changed = [name for name in ours if ours[name].read_bytes() != theirs[name].read_bytes()]
    assert changed == [], "run `python -m segmentation.synthetic --out data/sample/fieldnote` and commit the result"


def test_sample_stays_small(committed):
    sizes = {name: path.stat().st_size for name, path in _files(committed).items()}
    assert sum(sizes.values()) < 8_000_000
    assert sizes["cdp/tracks.parquet"] < 4_000_000


def test_study_file_validates(committed):
    study = load_study(committed)
    assert study.synthetic and len(study.base) == 10
    assert [variable.source for variable in study.base].count("survey") == 4


def test_companies_have_one_percent_duplicates_by_domain(committed, truth):
    table = pd.read_csv(committed / "crm/companies.csv", dtype=str)
    assert len(table) == 1212 and table["Record ID"].is_unique
    twins = table[table["Company Domain Name"].duplicated(keep="first")]
    assert set(twins["Record ID"]) == set(truth["duplicates"])


def test_offboarding_step_is_filled_only_for_accounts_that_left(committed):
    table = pd.read_csv(committed / "crm/companies.csv", dtype=str).set_index("Record ID")
    events = pd.read_parquet(committed / "cdp/tracks.parquet", columns=["context_group_id", "event"])
    left = set(events.loc[events["event"] == "churned", "context_group_id"].dropna())
    filled = table.index[table["Offboarding step"].notna()]
    assert len(filled) >= 5 and len(set(filled) - left) <= 1  # one churn event may lack its account


def test_tracks_have_the_warehouse_columns_and_a_few_repeats(committed):
    events = pd.read_parquet(committed / "cdp/tracks.parquet")
    wanted = [
        "id",
        "anonymous_id",
        "user_id",
        "event",
        "event_text",
        "received_at",
        "sent_at",
        "timestamp",
        "original_timestamp",
    ]
    assert wanted == list(events.columns[:9])
    assert 150_000 < len(events) < 250_000
    assert 0.0005 < events["id"].duplicated().mean() < 0.002
    assert events["received_at"].is_monotonic_increasing
    assert events["timestamp"].max() < pd.Timestamp("2026-10-01")
    expected = events["received_at"] - (events["sent_at"] - events["original_timestamp"])
    assert (events["timestamp"] == expected).all()


def test_survey_waves_share_import_ids_but_not_question_numbers(committed):
    heads = []
    for wave in (1, 2):
        with (committed / f"survey/wave{wave}.csv").open(encoding="utf-8", newline="") as file:
            rows = csv.reader(file)
            names, _, codes = next(rows), next(rows), next(rows)
        heads.append({json.loads(code)["ImportId"]: name for name, code in zip(names, codes, strict=True)})
    shared = [code for code in heads[0] if code.startswith("QID")]
    assert len(shared) == 32 and all(heads[0][code] != heads[1][code] for code in shared if code.startswith("QID5"))
    assert "Q5_1" in heads[0].values() and heads[0]["QID5_1"] == "Q5_1" and heads[1]["QID4_1"] == "Q5_1"


def test_interviewees_table_names_nobody(committed):
    text = (committed / "interviews/interviewees.csv").read_text(encoding="utf-8")
    names = pd.read_csv(committed / "interviews/redactions.csv")["names"].str.split("|").explode()
    assert not [name for name in names if name in text]


def test_build_population_same_seed_same_accounts_other_seed_others():
    tier = find_tier("medium")
    first, again, other = (build_population(tier, seed, TEMPLATES) for seed in (1, 1, 2))
    pd.testing.assert_frame_equal(first.accounts, again.accounts)
    assert list(first.accounts.index) != list(other.accounts.index)


def test_write_study_unknown_tier_offers_the_nearest(tmp_path):
    with pytest.raises(
        ParameterError, match=r"one of 'easy', 'medium', 'hard', 'null'; got 'medum'\. Did you mean 'medium'\?"
    ):
        write_study(tmp_path, tier="medum")


def test_main_without_place_to_write_returns_two(tmp_path, capsys):
    (tmp_path / "file").write_text("here")
    assert main(["--tier", "easy", "--out", str(tmp_path / "file")]) == 2
    assert "file" in capsys.readouterr().err


def test_main_help_names_every_tier(capsys):
    with pytest.raises(SystemExit) as stop:
        main(["--help"])
    assert stop.value.code == 0
    shown = capsys.readouterr().out
    assert all(tier in shown for tier in TIERS)


def test_nothing_in_the_line_reads_the_truth():
    package = Path(__file__).resolve().parents[2] / "src" / "segmentation"
    for path in package.rglob("*.py"):
        if "synthetic" in path.relative_to(package).parts:
            continue
        tree = ast.parse(path.read_text(encoding="utf-8"))
        words = [
            node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)
        ]
        assert not [word for word in words if "truth.json" in word or word.startswith("truth/")], path.name
        modules = [node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
        assert not [module for module in modules if "synthetic" in module], path.name
