"""The predictor as scikit-learn sees it: parameters, clones, cross-validation, grids, pipelines.

Of `check_estimator`'s checks those run that give an estimator no data. The others give it matrices
of numbers, complex or sparse ones, which are no architectures (`check_fit*`, `check_estimators_*`,
`check_regressors_*`, `check_methods_*`, `check_n_features_in`, `check_dict_unchanged`,
`check_pipeline_consistency`, `check_readonly_memmap_input`, `check_supervised_y_2d`,
`check_param_validation`, `check_non_transformer_estimators_n_iter`), or are about sample weights,
transformers, classifiers and clusterings. What they ask of fitting and predicting is asked below,
of architectures. `check_do_not_raise_errors_in_init_or_set_params` does not hold: a device that is
not there and an option that cannot be are told at once, not after the data came.
"""

from __future__ import annotations

import copy
import pickle
import subprocess
import sys
from typing import Any

import networkx as nx
import numpy as np
import pandas as pd
import pytest
import sklearn.exceptions
from sklearn.base import clone, is_regressor
from sklearn.model_selection import GridSearchCV, KFold, cross_val_predict, cross_val_score
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.utils import estimator_checks
from sklearn.utils.validation import check_is_fitted

from nasflow import Architecture, ArchTable, EncoderConfig, FitConfig, Predictor, load_space
from nasflow.encoders.make import make_encoder
from nasflow.errors import ConfigError, DataError, GraphError, NasflowError, NotFittedError
from nasflow.statistics.metrics import kendall_tau
from oracles import to_networkx
from small import labels, table

TABLE = table(40)
LABELS = labels(TABLE)
SPACE = load_space("nb201")


def predictor(**options: Any) -> Predictor:
    return Predictor(encoder=EncoderConfig(width=8), fit=FitConfig(epochs=3), **options)


@pytest.mark.parametrize(
    "check",
    [
        "check_no_attributes_set_in_init",
        "check_parameters_default_constructible",
        "check_estimator_cloneable",
        "check_estimator_repr",
        "check_estimator_tags_renamed",
        "check_valid_tag_types",
        "check_get_params_invariance",
        "check_set_params",
        "check_mixin_order",
    ],
)
def test_checks_of_scikit_learn_that_need_no_matrix(check: str) -> None:
    getattr(estimator_checks, check)("Predictor", Predictor())


def test_parameters_are_the_arguments_and_their_options() -> None:
    plain = Predictor()
    names = {"model", "effort", "encoder", "surrogate", "pretrain", "fit", "space", "vocabulary"}
    assert names | {"device", "as_computed"} == set(plain.get_params(deep=False))
    changed = plain.set_params(fit__epochs=5, encoder__width=16, **{"fit.lr": 0.01})
    assert changed is plain
    assert (plain.fit_config.epochs, plain.fit_config.lr) == (5, 0.01)
    assert plain.encoder == EncoderConfig(width=16)
    plain.set_params(encoder="transformer")
    plain.set_params(encoder=EncoderConfig("transformer"), encoder__n_heads=4)
    assert plain.get_params()["encoder__n_heads"] == 4
    with pytest.raises(ConfigError, match=r"unknown Predictor option 'fit__epoch' \(did you mean"):
        plain.set_params(fit__epoch=3)
    with pytest.raises(ConfigError, match=r"FitConfig.epochs is 0"):
        plain.set_params(fit__epochs=0)
    assert repr(Predictor(fit=FitConfig(epochs=2), device="cpu")).startswith(
        "Predictor(fit=FitConfig(epochs=2, "
    )


def test_a_clone_has_the_parameters_and_nothing_learnt() -> None:
    fitted = predictor().fit(TABLE, LABELS)
    fresh = clone(fitted)
    assert fresh.get_params() == fitted.get_params()
    assert is_regressor(fresh)
    check_is_fitted(fitted)
    with pytest.raises(sklearn.exceptions.NotFittedError):
        check_is_fitted(fresh)
    with pytest.raises(sklearn.exceptions.NotFittedError, match="call fit") as caught:
        fresh.predict(TABLE)
    assert isinstance(caught.value, NotFittedError)
    for copied in (copy.deepcopy(fitted), pickle.loads(pickle.dumps(fitted))):
        assert np.array_equal(copied.predict(TABLE), fitted.predict(TABLE))
    assert np.array_equal(fresh.fit(TABLE, LABELS).predict(TABLE), fitted.predict(TABLE))


FORMS: dict[str, Any] = {
    "table": TABLE,
    "architectures": list(TABLE),
    "object array": np.array([None, *TABLE], object)[1:],
    "networkx": [to_networkx(a) for a in TABLE],
    "dictionaries": [a.to_dict() for a in TABLE],
    "json": pd.Series([pd.io.json.ujson_dumps(a.to_dict()) for a in TABLE], index=range(5, 45)),
    "notation": pd.Series([SPACE.format(a) for a in TABLE]),
}


@pytest.mark.parametrize("form", FORMS)
def test_architectures_come_in_every_form(form: str) -> None:
    given = {"space": "nb201"} if form == "notation" else {"vocabulary": TABLE.vocabulary}
    one = predictor(**given).fit(FORMS[form], LABELS)
    other = predictor().fit(TABLE, LABELS)
    assert np.array_equal(one.predict(FORMS[form]), other.predict(TABLE))
    assert np.array_equal(one.embed(FORMS[form]), other.embed(TABLE))
    assert one.score(FORMS[form], LABELS) == kendall_tau(other.predict(TABLE), LABELS)


@pytest.mark.parametrize("form", FORMS)
def test_it_is_cross_validated_in_every_form(form: str) -> None:
    given = {"space": "nb201"} if form == "notation" else {"vocabulary": TABLE.vocabulary}
    folds = KFold(4, shuffle=True, random_state=0)
    scores = cross_val_score(predictor(**given), FORMS[form], LABELS, cv=folds)
    slow = []
    for train, test in folds.split(LABELS):
        fitted = predictor().fit(TABLE[train], LABELS[train])
        slow.append(kendall_tau(fitted.predict(TABLE[test]), LABELS[test]))
    assert scores.tolist() == slow


def test_a_grid_over_the_epochs_as_in_a_notebook() -> None:
    """Choose the number of epochs by cross-validation, then predict with the best."""
    model = Predictor(model="fgp", encoder=EncoderConfig(width=8), fit=FitConfig(lr=0.01))
    for name in ("fit__epochs", "fit.epochs"):
        search = GridSearchCV(model, {name: [1, 20]}, cv=2).fit(TABLE, LABELS)
        assert search.best_params_ == {name: 20}
        assert search.best_estimator_.fit_config.epochs == 20
        best = search.predict(TABLE)
        assert kendall_tau(best, LABELS) > 0.5
    assert model.fit_config.epochs == 300  # a grid works on clones


def test_it_is_the_last_step_of_a_pipeline() -> None:
    steps = [("parse", FunctionTransformer(lambda texts: [SPACE.parse(t) for t in texts]))]
    pipeline = Pipeline([*steps, ("predictor", predictor(vocabulary=TABLE.vocabulary))])
    texts = FORMS["notation"]
    pipeline.set_params(predictor__fit__epochs=2)
    pipeline.fit(texts, LABELS)
    assert pipeline.score(texts, LABELS) == pipeline[-1].score(TABLE, LABELS)
    assert cross_val_predict(pipeline, texts, LABELS, cv=2).shape == (40,)


def test_an_encoder_is_given_as_a_name_a_class_options_or_an_object() -> None:
    from nasflow.encoders.gin import GIN

    gin = {"encoder": EncoderConfig("gin"), "fit": FitConfig(epochs=1)}
    expected = Predictor(**gin).fit(TABLE, LABELS).predict(TABLE)
    for encoder in ("gin", GIN):
        fitted = Predictor(encoder=encoder, fit=FitConfig(epochs=1)).fit(TABLE, LABELS)
        assert np.array_equal(fitted.predict(TABLE), expected)
    own = make_encoder(TABLE.n_ops, EncoderConfig("gin", width=8))
    before = copy.deepcopy(own.state_dict())
    given = Predictor(encoder=own, fit=FitConfig(epochs=1))
    assert np.array_equal(given.fit(TABLE, LABELS).predict(TABLE), given.predict(TABLE))
    assert all((before[name] == value).all() for name, value in own.state_dict().items())
    assert clone(given).fit(TABLE, LABELS).predict(TABLE).tolist() == given.predict(TABLE).tolist()
    with pytest.raises(ConfigError, match="for 3 operations; the vocabulary has 7"):
        Predictor(encoder=make_encoder(3, EncoderConfig("gin"))).fit(TABLE, LABELS)
    with pytest.raises(ConfigError, match="encoder is 3; legal: an EncoderConfig, the name"):
        Predictor(encoder=3).fit(TABLE, LABELS)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("rows", "kind", "words"),
    [
        (TABLE[0], DataError, "a single Architecture is no collection"),
        ({"ops": ["a"], "edges": []}, DataError, "a single dict is no collection"),
        ('{"ops": ["a"]}', DataError, "a single str is no collection"),
        (nx.DiGraph(), DataError, "a single networkx graph is no collection"),
        (7, DataError, "a single int is no collection"),
        ([TABLE[0], 3], GraphError, "row 1: 3 of type int is no architecture"),
        ([TABLE[0], None], GraphError, "row 1: None of type NoneType is no architecture"),
        (["|nor_conv_3x3~0|"], GraphError, r"row 0: .*whose notation is it\? name the space"),
        (["{broken"], GraphError, "row 0: '{broken' is no JSON"),
        ([{"ops": ["a", "b"], "edges": [[0, 1], [1, 0]]}], GraphError, "row 0: .*a cycle 0 -> 1"),
        ([nx.Graph([(0, 1)])], GraphError, "row 0: Graph is no directed networkx graph"),
        (np.zeros((3, 2)), GraphError, "row 0: .* of type ndarray is no architecture"),
    ],
)
def test_what_is_no_architecture_is_named_with_its_row(
    rows: Any, kind: type[NasflowError], words: str
) -> None:
    with pytest.raises(kind, match=words):
        predictor().fit(rows, [1.0])
    with pytest.raises(kind, match=words):
        predictor().fit(TABLE, LABELS).predict(rows)


@pytest.mark.parametrize(
    ("value", "shown"),
    [(10**400, "1000000000"), ("high", "'high'"), (None, "nan"), ([1], "[1]")],
)
def test_a_label_that_is_no_number_is_named_with_its_row(value: Any, shown: str) -> None:
    with pytest.raises(DataError, match=rf"label of row 2 is .*{shown.replace('[', '.')[:9]}"):
        predictor().fit(list(TABLE)[:3], [1.0, 2.0, value])


def test_a_masked_label_was_not_measured() -> None:
    masked = np.ma.masked_array(LABELS, mask=np.arange(40) == 5)
    with pytest.raises(DataError, match="label of row 5 is nan"):
        predictor().fit(TABLE, masked)


def test_labels_of_any_scale_give_finite_predictions_in_the_same_order() -> None:
    small = predictor().fit(TABLE, LABELS)
    for scale in (1e300, 1e-300):
        wide = predictor().fit(TABLE, LABELS / np.abs(LABELS).max() * scale)
        assert np.isfinite(wide.predict(TABLE)).all()
        order = np.argsort(small.predict(TABLE), kind="stable")
        assert (np.diff(wide.predict(TABLE)[order]) >= 0).all()


def test_nothing_to_predict_is_an_empty_answer() -> None:
    fitted = predictor().fit(TABLE, LABELS)
    for nothing in ([], TABLE[:0], np.zeros(0, object)):
        assert fitted.predict(nothing).shape == (0,)
        assert fitted.embed(nothing).shape == (0, 8)
    with pytest.raises(DataError, match="no rows: there is nothing to pre-train on"):
        predictor().pretrain(TABLE[:0])


def test_scikit_learn_is_not_imported_for_it() -> None:
    code = (
        "import sys, nasflow; nasflow.Predictor().get_params(); sys.exit('sklearn' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_table_has_the_shape_that_scikit_learn_indexes_by() -> None:
    assert TABLE.shape == (40,)
    assert isinstance(TABLE[np.array([3, 1]), ...], ArchTable)
    assert TABLE[np.array([3, 1]), ...][0] == TABLE[3]
    assert isinstance(TABLE[3], Architecture)
