"""The Predictor as a user meets it: a blend that says how sure it is, unless fgp is asked for."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from nasflow import EncoderConfig, FitConfig, Predictor, PretrainConfig, kendall_tau
from nasflow.errors import CheckpointError, ConfigError, DataError, NotFittedError, UnknownNameError
from nasflow.prediction.fgp import FGP
from nasflow.prediction.label import Label
from nasflow.prediction.members.registry import FAST
from nasflow.running.checkpoints import load_checkpoint, save_checkpoint
from nasflow.spaces.nb201 import NB201

CELLS = NB201().enumerate()[::97]  # 162
SMALL = EncoderConfig(width=8, n_layers=1)
QUICK = FitConfig(epochs=2, average=2)
KNOWN, OTHERS = CELLS[:40], CELLS[40:]


def labels_of(table=CELLS):
    """Accuracies in % that the convolutions of a cell give, and a little noise."""
    counts = table.pruned().op_counts()
    n_convs = counts[:, table.vocabulary.index("conv3x3")]
    return 70 + 5.0 * n_convs + np.random.RandomState(0).rand(len(table))


LABELS = labels_of()


@pytest.fixture(scope="module")
def fitted() -> Predictor:
    return Predictor().fit(KNOWN, LABELS[:40], label=Label("accuracy", "%"))


def test_by_default_a_blend_without_a_network_is_fitted(fitted: Predictor) -> None:
    assert tuple(fitted.blend_.weights_) == FAST
    assert fitted.score(OTHERS, LABELS[40:]) > 0.6
    assert not hasattr(fitted, "fitted_")
    assert "Kendall tau on its 40 labelled rows" in fitted.blend_.in_words


def test_pre_training_or_options_of_the_encoder_bring_the_network_in() -> None:
    fast = Predictor(encoder=SMALL, effort="fast", fit=QUICK).fit(KNOWN, LABELS[:40])
    assert "encoder" not in fast.blend_.weights_
    drawn = Predictor(encoder=SMALL, fit=QUICK).fit(KNOWN, LABELS[:40])
    assert tuple(drawn.blend_.weights_) == (*FAST, "encoder")
    pretrained = Predictor(encoder=SMALL, fit=QUICK, pretrain=PretrainConfig(epochs=1))
    pretrained.pretrain(CELLS).fit(KNOWN, LABELS[:40])
    assert tuple(pretrained.blend_.weights_) == (*FAST, "encoder", "pretrained-encoder")
    assert sum(pretrained.blend_.weights_.values()) == pytest.approx(1)


def test_the_seed_is_that_of_all_members_and_asks_for_no_network(fitted: Predictor) -> None:
    by_seed = [Predictor(fit=FitConfig(seed=seed)) for seed in (0, 5, 5)]
    of_0, of_5, again = (one.fit(KNOWN, LABELS[:40]).blend_ for one in by_seed)
    assert tuple(of_5.weights_) == FAST
    assert np.array_equal(of_5.predict(OTHERS), again.predict(OTHERS))
    assert np.array_equal(of_0.predict(OTHERS), fitted.blend_.predict(OTHERS))
    assert not np.array_equal(of_5.predict(OTHERS), of_0.predict(OTHERS))
    full = Predictor(encoder=SMALL, fit=FitConfig(epochs=2, average=2, seed=5))
    members = full.fit(KNOWN, LABELS[:40]).blend_.mixture_.members
    assert {member.seed for member in members.values()} == {5}


def test_a_blend_is_pre_trained_on_graphs_as_they_compute() -> None:
    options = {"encoder": SMALL, "pretrain": PretrainConfig(epochs=1)}
    blend = Predictor(**options).pretrain(CELLS)
    as_computed = FGP(**options, as_computed=True).pretrain(CELLS)
    as_written = FGP(**options).pretrain(CELLS)
    np.testing.assert_array_equal(blend.embed(CELLS), as_computed.embed(CELLS))
    assert not np.allclose(blend.embed(CELLS), as_written.embed(CELLS))
    paper = Predictor(model="fgp", **options).pretrain(CELLS)
    np.testing.assert_array_equal(paper.embed(CELLS), as_written.embed(CELLS))


def test_fgp_is_one_argument_away() -> None:
    options = {"encoder": SMALL, "fit": FitConfig(epochs=3)}
    rows = (KNOWN[30:], LABELS[30:40])
    paper = Predictor(model="fgp", **options).fit(KNOWN[:30], LABELS[:30], validation=rows)
    same = FGP(**options).fit(KNOWN[:30], LABELS[:30], validation=rows)
    np.testing.assert_array_equal(paper.predict(OTHERS), same.predict(OTHERS))
    assert paper.fitted_.best_epoch == same.fitted_.best_epoch
    for ask in (
        lambda: paper.interval(OTHERS),
        lambda: paper.predict(OTHERS, return_std=True),
        lambda: paper.explain(OTHERS),
    ):
        with pytest.raises(NotFittedError, match="how sure"):
            ask()


def test_fitting_the_other_model_forgets_the_first() -> None:
    predictor = Predictor(encoder=SMALL, effort="fast").fit(KNOWN, LABELS[:40])
    predictor.set_params(model="fgp", fit=FitConfig(epochs=1)).fit(KNOWN, LABELS[:40])
    assert not hasattr(predictor, "blend_")
    predictor.set_params(model="blend").fit(KNOWN, LABELS[:40])
    assert not hasattr(predictor, "fitted_")


def test_validation_rows_have_no_place_in_a_blend() -> None:
    with pytest.raises(ConfigError, match="give the validation rows with the others"):
        Predictor().fit(KNOWN, LABELS[:40], validation=(OTHERS, LABELS[40:]))


@pytest.mark.parametrize("option", [{"model": "forest"}, {"effort": "some"}])
def test_words_that_are_no_option_are_refused(option: dict[str, str]) -> None:
    with pytest.raises(ConfigError, match="legal: "):
        Predictor(**option)  # type: ignore[arg-type]


def test_intervals_hold_deviations_rise_with_them_and_bounds_are_kept(fitted: Predictor) -> None:
    truth = LABELS[40:]
    low, high = fitted.interval(OTHERS, 0.9)
    assert ((low <= truth) & (truth <= high)).mean() > 0.75
    assert (low <= fitted.predict(OTHERS)).all()
    assert (fitted.predict(OTHERS) <= high).all()
    assert high.max() <= 100
    narrow_low, narrow_high = fitted.interval(OTHERS, 0.5)
    assert (narrow_high - narrow_low <= high - low).all()
    mean, deviation = fitted.predict(OTHERS, return_std=True)
    np.testing.assert_array_equal(mean, fitted.predict(OTHERS))
    assert (deviation > 0).all()
    with pytest.raises(ConfigError, match="level 90"):
        fitted.interval(OTHERS, 90)


def test_samples_are_spread_as_intervals_are_and_tell_who_is_on_top(fitted: Predictor) -> None:
    drawn = fitted.samples(OTHERS, 2000)
    assert drawn.shape == (2000, len(OTHERS))
    low, high = fitted.interval(OTHERS, 0.8)
    inside = ((low <= drawn) & (drawn <= high)).mean()
    assert inside == pytest.approx(0.8, abs=0.04)
    assert (fitted.samples(OTHERS, 3) == fitted.samples(OTHERS, 3)).all()
    top = fitted.prob_top(OTHERS, 5)
    assert top.sum() == pytest.approx(5)
    assert set(np.argsort(-top)[:2]) <= set(fitted.top(OTHERS, 12).tolist())
    with pytest.raises(ConfigError, match="legal: 1 to 122"):
        fitted.prob_top(OTHERS, 123)
    with pytest.raises(ConfigError, match="0 samples"):
        fitted.samples(OTHERS, 0)


def test_less_is_better_where_the_label_says_so() -> None:
    latency = Label("latency", "ms", maximise=False)
    predictor = Predictor().fit(KNOWN, -LABELS[:40], label=latency)
    top = predictor.top(OTHERS, 10)
    assert LABELS[40:][top].mean() > LABELS[40:].mean() + 3
    likely = np.argsort(-predictor.prob_top(OTHERS, 10))[:5]
    assert LABELS[40:][likely].mean() > LABELS[40:].mean() + 3


def test_an_explanation_names_what_the_labels_hang_on(fitted: Predictor) -> None:
    why = fitted.explain(OTHERS, 7)
    assert why.prediction == pytest.approx(fitted.blend_.predict(OTHERS)[7])
    assert set(why.groups) == {"paths", "counts", "one-hot", "flow"}
    assert any("conv3x3" in each.name for each in why.features[:4])
    (nearest, *_) = why.neighbours
    assert LABELS[nearest.row] == nearest.label
    assert "nearest labelled rows" in str(why)
    known = fitted.explain(KNOWN, 3).neighbours[0]
    assert known.row == 3
    assert known.distance < 1e-6
    with pytest.raises(DataError, match="row 122 of 122"):
        fitted.explain(OTHERS, 122)


def test_effects_are_what_a_slow_reading_of_their_definition_gives(fitted: Predictor) -> None:
    """Column by column: the row's feature as each background row has it, predicted anew."""
    blend = fitted.blend_
    why = fitted.explain(OTHERS, 7)
    assert blend.mixture_ is not None
    rows = blend.mixture_.labelled_rows()
    chosen = np.linspace(0, len(rows) - 1, 24).astype(int)
    row = blend.mixture_.rows(OTHERS[[7]])
    for each in why.features[:3]:
        group = each.name.partition(".")[0]
        column = blend.mixture_.features.names_of(group).index(each.name)
        predicted = []
        for other in chosen:
            blocks = {name: block.copy() for name, block in row.blocks.items()}
            blocks[group][0, column] = rows.blocks[group][other, column]
            scores = blend.mixture_.member_scores(type(row)(row.table, blocks))
            predicted.append(blend.mixture_.label_of(scores)[0])
        assert each.effect == pytest.approx(why.prediction - np.mean(predicted))


@pytest.mark.parametrize("effort", ["fast", "full"])
def test_a_saved_blend_predicts_the_same_bits(effort: str, tmp_path: Path) -> None:
    columns = {"size": np.diff(CELLS.node_ptr) * 1.0 + np.arange(len(CELLS)) % 3}
    known = {"size": columns["size"][:40]}
    others = {"size": columns["size"][40:]}
    options = {"encoder": SMALL, "fit": QUICK, "pretrain": PretrainConfig(epochs=1)}
    predictor = Predictor(effort=effort, **options)  # type: ignore[arg-type]
    if effort == "full":
        predictor.pretrain(CELLS)
    predictor.fit(KNOWN, LABELS[:40], proxies=known, reference=columns, label=Label("a", "%"))
    predictor.save(tmp_path / "model")
    loaded = Predictor.load(tmp_path / "model")
    for ask in (
        lambda model: model.predict(OTHERS, others),
        lambda model: model.interval(OTHERS, 0.8, others)[1],
        lambda model: model.samples(OTHERS, 2, others),
    ):
        assert ask(predictor).tobytes() == ask(loaded).tobytes()
    assert loaded.blend_.weights_ == predictor.blend_.weights_
    assert loaded.proxies_ == ("size",)
    assert loaded.label_ == Label("a", "%")
    with pytest.raises(ConfigError, match="size"):
        loaded.predict(OTHERS)
    # and is fitted anew, with as much effort
    again = loaded.fit(KNOWN, LABELS[:40], proxies=known, reference=columns)
    assert again.blend_.weights_.keys() == predictor.blend_.weights_.keys()


def test_columns_keep_their_order_in_a_file(tmp_path: Path) -> None:
    # trees know a column by its place, and arrays of a file come sorted by name
    rng = np.random.default_rng(0)
    columns = {
        name: LABELS * share + rng.random(len(CELLS)) for name, share in (("z", 1), ("a", 0))
    }
    known = {name: column[:40] for name, column in columns.items()}
    predictor = Predictor().fit(KNOWN, LABELS[:40], proxies=known, reference=columns)
    predictor.save(tmp_path / "model")
    loaded = Predictor.load(tmp_path / "model")
    assert loaded.proxies_ == predictor.proxies_ == ("z", "a")
    assert loaded.predict(CELLS, columns).tobytes() == predictor.predict(CELLS, columns).tobytes()
    # as earlier versions wrote it, without the order
    tensors, about, _ = load_checkpoint(tmp_path / "model", "predictor")
    del about["blend"]["columns"]
    save_checkpoint(tmp_path / "model", "predictor", tensors, about)
    with pytest.raises(CheckpointError, match="in another order .* fit it anew"):
        Predictor.load(tmp_path / "model")


def test_what_was_pre_trained_and_saved_is_fitted_as_it_would_have_been(tmp_path: Path) -> None:
    predictor = Predictor(encoder=SMALL, pretrain=PretrainConfig(epochs=1)).pretrain(CELLS)
    predictor.save(tmp_path / "model")
    loaded = Predictor.load(tmp_path / "model")
    assert loaded.model == "blend"
    assert loaded._given("fit") is None  # so that a blend's own options of fine-tuning hold
    np.testing.assert_array_equal(loaded.embed(CELLS), predictor.embed(CELLS))


def test_a_file_of_before_trees_were_kept_predicts_the_same(tmp_path: Path) -> None:
    from nasflow.running.checkpoints import load_checkpoint, save_checkpoint

    fitted = Predictor().fit(KNOWN, LABELS[:40])
    fitted.save(tmp_path / "model")
    values, about, _ = load_checkpoint(tmp_path / "model", "predictor")
    earlier = {name: value for name, value in values.items() if ".trees." not in name}
    # numbers were all of eight bytes, and the weights that no training has touched not there either
    for name, value in earlier.items():
        earlier[name] = value if value.is_floating_point() else value.long()
    assert len(earlier) == len(values) - 4
    save_checkpoint(tmp_path / "earlier", "predictor", earlier, about)
    loaded = Predictor.load(tmp_path / "earlier")
    assert loaded.predict(OTHERS).tobytes() == fitted.predict(OTHERS).tobytes()


def test_a_blend_without_a_network_has_the_one_of_its_seed_when_asked(tmp_path: Path) -> None:
    Predictor(encoder=SMALL, effort="fast").fit(KNOWN, LABELS[:40]).save(tmp_path / "model")
    loaded = Predictor.load(tmp_path / "model")
    drawn = FGP(encoder=SMALL, vocabulary=CELLS.vocabulary, as_computed=True)
    assert loaded._scorer is None
    np.testing.assert_array_equal(loaded.embed(OTHERS), drawn.embed(OTHERS))
    assert loaded.start_.keys() == drawn.start_.keys()
    with pytest.raises(UnknownNameError, match="unknown encoder 'gim'"):
        Predictor(encoder="gim", effort="fast").fit(KNOWN, LABELS[:40]).save(tmp_path / "model")


def test_a_file_that_names_members_or_groups_of_no_package_imports_nothing(tmp_path: Path) -> None:
    from nasflow.running.checkpoints import load_checkpoint, save_checkpoint

    Predictor().fit(KNOWN, LABELS[:40]).save(tmp_path / "model")
    for change in ({"seeds": {"evil.py:Evil": 0}}, {"groups": ["paths", "evil.py:Evil"]}):
        tensors, about, _ = load_checkpoint(tmp_path / "model", "predictor")
        about["blend"] |= change
        save_checkpoint(tmp_path / "gift", "predictor", tensors, about)
        with pytest.raises(CheckpointError, match=r"evil.py:Evil.*register it first"):
            Predictor.load(tmp_path / "gift")


@pytest.mark.parametrize("missing", ["blend.labels", "blend.table.ops", "blend.member.gp.mean"])
def test_a_file_that_lacks_a_part_is_refused(missing: str, tmp_path: Path) -> None:
    from nasflow.running.checkpoints import load_checkpoint, save_checkpoint

    Predictor().fit(KNOWN, LABELS[:40]).save(tmp_path / "model")
    tensors, about, _ = load_checkpoint(tmp_path / "model", "predictor")
    del tensors[missing]
    save_checkpoint(tmp_path / "cut", "predictor", tensors, about)
    with pytest.raises(CheckpointError, match="does not describe a predictor"):
        Predictor.load(tmp_path / "cut")


@pytest.mark.parametrize("n", [2, 3, 5])
def test_two_labels_are_enough(n: int) -> None:
    predictor = Predictor().fit(KNOWN[:n], np.arange(float(n)))
    assert np.isfinite(predictor.predict(OTHERS)).all()
    low, high = predictor.interval(OTHERS)
    assert np.isinf(high).all()  # so few cannot tell where nine of ten lie
    assert (low <= high).all()


def test_the_same_row_is_predicted_the_same_alone_and_in_any_table(fitted: Predictor) -> None:
    together = fitted.predict(OTHERS)
    for row in (0, 17):
        assert fitted.predict(OTHERS[[row]])[0] == pytest.approx(together[row], rel=1e-12)
    assert fitted.predict(OTHERS[:0]).shape == (0,)


def test_columns_that_do_not_fit_are_named_and_the_fitted_model_kept() -> None:
    size = np.diff(CELLS.pruned().node_ptr) * 1.0
    predictor = Predictor().fit(KNOWN, LABELS[:40])
    before = predictor.predict(OTHERS)
    for columns, reference, message in (
        ({"size": size[:39]}, None, "shape"),
        ({"size": np.ones(40)}, None, "no two different finite values"),
        ({"size": size[:40]}, {"other": size}, "'size'"),
    ):
        with pytest.raises(ConfigError, match=message):
            predictor.fit(KNOWN, LABELS[:40], proxies=columns, reference=reference)
    predictor.set_params(model="fgp")
    with pytest.raises(DataError, match="no two different"):
        predictor.fit(KNOWN, np.ones(40))
    assert predictor.predict(OTHERS).tobytes() == before.tobytes()


@pytest.mark.parametrize("kind", ["duplicates", "1e300", "infinite proxy"])
def test_odd_labels_and_columns_give_finite_predictions_in_their_order(kind: str) -> None:
    table, labels, columns = KNOWN, LABELS[:40], None
    if kind == "duplicates":
        table = KNOWN[np.repeat(np.arange(20), 2)]
        labels = np.repeat(LABELS[:20], 2) + np.tile([0.0, 0.5], 20)
    if kind == "1e300":
        labels = labels * 1e298
    if kind == "infinite proxy":
        size = np.diff(CELLS.pruned().node_ptr) * 1.0
        size[::3] = np.inf
        columns = {"size": size}
    known = None if columns is None else {"size": columns["size"][:40]}
    others = None if columns is None else {"size": columns["size"][40:]}
    predictor = Predictor().fit(table, labels, proxies=known, reference=columns)
    predicted = predictor.predict(OTHERS, others)
    assert np.isfinite(predicted).all()
    assert kendall_tau(predicted, LABELS[40:]) > 0.5
    low, high = predictor.interval(OTHERS, 0.5, others)
    assert (low <= predicted).all()
    assert (predicted <= high).all()
