from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from segmentation.errors import ParameterError
from segmentation.features import Encoder, fit_encoder, tabulate_encoder
from segmentation.study import Variable


@pytest.fixture
def frame():
    rng = np.random.default_rng(1)
    values = pd.DataFrame({"spent": rng.lognormal(3, 1, 50), "days": rng.normal(size=50), "word": ["x"] * 50})
    values.loc[3, "days"] = np.nan
    return values.set_axis([f"U{i}" for i in range(50)], axis=0)


BASE = (
    Variable(name="spent", source="events", kind="behavioural", role="base", measure="money", transform="log1p"),
    Variable(name="days", source="events", kind="behavioural", role="base", measure="active_days"),
)


def test_encode_scales_to_mean_zero_and_sd_one(frame):
    encoded = fit_encoder(frame, BASE).encode(frame)
    assert encoded.columns.tolist() == ["spent", "days"]
    assert encoded.mean().tolist() == pytest.approx([0, 0], abs=1e-12)
    assert encoded.std(ddof=0).tolist() == pytest.approx([1, 1])
    assert encoded["days"].isna().sum() == 1


def test_encode_new_units_uses_what_was_learned(frame):
    encoder = fit_encoder(frame, BASE)
    one = encoder.encode(frame.iloc[[7]])
    pd.testing.assert_frame_equal(one, encoder.encode(frame).iloc[[7]])


def test_encoder_through_json_is_the_same_to_the_last_bit(frame):
    encoder = fit_encoder(frame, BASE, scaling="robust", winsorise=0.05)
    again = Encoder.from_dict(json.loads(json.dumps(encoder.to_dict())))
    assert again == encoder
    pd.testing.assert_frame_equal(again.encode(frame), encoder.encode(frame), check_exact=True)


def test_fit_encoder_robust_by_hand():
    values = pd.DataFrame({"x": [0.0, 1.0, 2.0, 3.0, 100.0]})
    learned = fit_encoder(values, ["x"], scaling="robust").variables[0]
    assert (learned.centre, learned.scale) == pytest.approx((2.0, 2 / 1.3489795003921634))


def test_fit_encoder_winsorised_extremes_are_set_to_the_limit():
    values = pd.DataFrame({"x": np.arange(101.0)})
    encoder = fit_encoder(values, ["x"], winsorise=0.1)
    assert (encoder.variables[0].low, encoder.variables[0].high) == (10.0, 90.0)
    encoded = encoder.encode(pd.DataFrame({"x": [1e9]}))["x"].iloc[0]
    assert encoded == encoder.encode(pd.DataFrame({"x": [90.0]}))["x"].iloc[0]
    assert "10.0% at either end" in encoder.words


def test_decode_centres_undoes_encoding(frame):
    encoder = fit_encoder(frame, BASE)
    centres = encoder.encode(frame).iloc[:3].to_numpy()
    assert encoder.decode_centres(centres) == pytest.approx(frame[["spent", "days"]].iloc[:3].to_numpy())


def test_encode_other_columns_shows_the_difference(frame):
    encoder = fit_encoder(frame, BASE)
    with pytest.raises(ParameterError, match="  - spent\n  \\+ spend"):
        encoder.encode(frame.rename(columns={"spent": "spend"}))


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ([1.0, 1.0], "'x' does not vary"),
        ([np.nan, np.nan], "'x' is missing for every unit"),
        ([1.0, np.inf], "'x' has 1 infinite values"),
        (["a", "b"], "these are not: x"),
    ],
)
def test_fit_encoder_useless_variable_is_refused(values, message):
    with pytest.raises(ParameterError, match=message):
        fit_encoder(pd.DataFrame({"x": values}), ["x"])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"scaling": "z"}, "scaling must be 'standard' or 'robust'; got 'z'"),
        ({"winsorise": 0.5}, "winsorise must be a share from 0 to below 0.5; got 0.5"),
    ],
)
def test_fit_encoder_option_not_allowed_is_refused(frame, options, message):
    with pytest.raises(ParameterError, match=message):
        fit_encoder(frame, BASE, **options)


def test_encode_negative_value_under_log_is_refused(frame):
    encoder = fit_encoder(frame, BASE)
    with pytest.raises(ParameterError, match="'log1p' of 'spent' needs values of 0 or more; got -1"):
        encoder.encode(frame.assign(spent=-1.0))


@pytest.mark.parametrize(
    "content",
    [{}, {"scaling": "standard", "winsorise": 0.0, "variables": [{"name": "x"}]},
     {"scaling": "standard", "winsorise": 0.0,
      "variables": [{"name": "x", "transform": "none", "centre": 0.0, "scale": 0.0, "n": 3}]}],
)  # fmt: skip
def test_from_dict_other_content_is_refused(content):
    with pytest.raises(ParameterError, match="not the content of an encoder"):
        Encoder.from_dict(content)


def test_fit_and_encode_leave_their_input(frame):
    before = frame.copy(deep=True)
    fit_encoder(frame, BASE, winsorise=0.1).encode(frame)
    pd.testing.assert_frame_equal(frame, before)


def test_tabulate_encoder_prints_the_choices(make):
    study = make.study()
    values = pd.DataFrame({"quotes": [0.1, 0.5, 0.9], "need": [1.0, None, 3.0]}, index=["A", "B", "C"])
    encoder = fit_encoder(values, study.base)
    table = tabulate_encoder(encoder, encoder.encode(values), study)
    assert table.frame["n"].tolist() == [3, 2]
    assert "n = 3 accounts, 2 of them with every base variable." in table.caption
    assert "extreme values are left as they are" in table.caption


TRADE = Variable(name="word", source="crm", kind="firmographic", role="base", level="nominal")
NAMED = (*BASE, TRADE)


def test_encode_names_are_codes_by_name_and_unseen_is_missing(frame):
    frame["word"] = ["retail", "care"] * 25
    frame.loc["U5", "word"] = None
    encoder = fit_encoder(frame, NAMED)
    assert encoder.categories == {"word": ("care", "retail")}
    assert encoder.levels == {"spent": "numeric", "days": "numeric", "word": "nominal"}
    encoded = encoder.encode(frame)["word"]
    assert encoded.iloc[:2].tolist() == [1.0, 0.0] and np.isnan(encoded["U5"])
    later = encoder.encode(frame.iloc[:2].assign(word=["care", "mining"]))["word"]
    assert later.iloc[0] == 0.0 and np.isnan(later.iloc[1])


def test_encode_names_declared_in_the_study_keep_their_codes(frame):
    declared = TRADE.model_copy(update={"levels": ("retail", "mining")})
    frame["word"] = ["retail", "care"] * 25
    assert fit_encoder(frame, [declared]).categories["word"] == ("retail", "mining", "care")


def test_encoder_with_names_through_json_is_the_same(frame):
    frame["word"] = ["retail", "care"] * 25
    encoder = fit_encoder(frame, NAMED)
    again = Encoder.from_dict(json.loads(json.dumps(encoder.to_dict())))
    assert again == encoder
    assert "Names are not scaled: word." in encoder.words
    centres = encoder.encode(frame).iloc[:3].to_numpy()
    assert encoder.decode_centres(centres)[:, 2].tolist() == centres[:, 2].tolist()


def test_fit_encoder_names_that_do_not_differ_are_refused(frame):
    with pytest.raises(ParameterError, match="'word' is 'x' for every unit"):
        fit_encoder(frame, [TRADE])
    with pytest.raises(ParameterError, match="'word' is missing for every unit"):
        fit_encoder(frame.assign(word=None), [TRADE])


def test_encoder_of_before_names_is_still_read(frame):
    content = fit_encoder(frame, BASE).to_dict()
    old = {
        **content,
        "variables": [
            {k: v for k, v in one.items() if k not in ("level", "categories")} for one in content["variables"]
        ],
    }
    assert Encoder.from_dict(old) == fit_encoder(frame, BASE)


def test_encode_value_equals_encode_to_the_last_bit(frame):
    encoder = fit_encoder(frame, BASE)
    encoded = encoder.encode(frame)["spent"]
    assert [encoder.encode_value("spent", value) for value in frame["spent"]] == encoded.tolist()


@pytest.mark.parametrize(
    ("name", "value", "message"), [("spend", 1.0, "no variable 'spend'"), ("days", 99.0, "99 lies beyond the limits")]
)
def test_encode_value_refuses_what_it_cannot_place(name, value, message, frame):
    with pytest.raises(ParameterError, match=message):
        fit_encoder(frame, BASE, winsorise=0.05).encode_value(name, value)
