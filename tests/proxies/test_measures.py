"""Each measure against a slow computation of its definition, on networks small enough for one."""

from __future__ import annotations

import copy
import math

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy
from torch.nn.utils import parameters_to_vector

from nasflow.graphs.architecture import Architecture
from nasflow.networks.base import Network
from nasflow.networks.registry import make_network
from nasflow.proxies.base import MeasureError
from nasflow.proxies.registry import make_measures, measure_names
from nasflow.running.seeding import seeded
from nasflow.spaces.nb201 import NB201
from proxies.tiny import Chain, convolutions


@pytest.fixture
def images() -> Tensor:
    return torch.randn(6, 2, 5, 5, generator=torch.Generator().manual_seed(1))


LABELS = torch.tensor([0, 1, 2, 0, 1, 2])


@pytest.fixture
def network() -> Chain:
    with seeded(0, "network"):
        return convolutions([4, 3], normalised=True)


def measured(name: str, network: Network, images: Tensor) -> float:
    (measure,) = make_measures([name])
    return measure(network, images, LABELS)


def backward(network: Network, images: Tensor) -> list[nn.Module]:
    """Layers with weights, their gradients filled by one plain backward pass."""
    network.zero_grad()
    cross_entropy(network(images), LABELS).backward()
    return [layer for layer in network.modules() if isinstance(layer, (nn.Conv2d, nn.Linear))]


def test_sums_over_gradients(network: Chain, images: Tensor) -> None:
    twin = copy.deepcopy(network)
    norm = snip = plain = 0.0
    for layer in backward(twin, images):
        squares = 0.0
        for w, g in zip(
            layer.weight.flatten().tolist(), layer.weight.grad.flatten().tolist(), strict=True
        ):
            squares += g * g
            snip += abs(w * g)
            plain += w * g
        norm += math.sqrt(squares)
    assert measured("grad_norm", network, images) == pytest.approx(norm, rel=1e-5)
    assert measured("snip", network, images) == pytest.approx(snip, rel=1e-5)
    assert measured("plain", network, images) == pytest.approx(plain, rel=1e-3, abs=1e-6)


def test_snip_is_what_cutting_a_weight_changes_to_first_order(images: Tensor) -> None:
    """The definition before it is differentiated: the loss, each weight scaled by 1 + h, 1 - h."""
    network = convolutions([2]).double()
    pixels, h, total = images.double(), 1e-5, 0.0
    with torch.no_grad():
        for weight in (network.layers[0].weight, network.classifier.weight):
            for i in range(weight.numel()):
                kept = float(weight.view(-1)[i])
                losses = []
                for factor in (1 + h, 1 - h):
                    weight.view(-1)[i] = kept * factor
                    losses.append(float(cross_entropy(network(pixels), LABELS)))
                weight.view(-1)[i] = kept
                total += abs(losses[0] - losses[1]) / (2 * h)
    assert measured("snip", network, pixels) == pytest.approx(total, rel=1e-5)


def test_grasp_by_the_whole_hessian(images: Tensor) -> None:
    network = convolutions([2, 2]).double()
    names = ["layers.0.weight", "layers.2.weight", "classifier.weight"]
    layers = [network.get_parameter(name) for name in names]
    start = parameters_to_vector(layers).detach()

    def loss(vector: Tensor) -> Tensor:
        parts = vector.split([weight.numel() for weight in layers])
        by_name = {
            name: part.view_as(weight)
            for name, part, weight in zip(names, parts, layers, strict=True)
        }
        return cross_entropy(
            torch.func.functional_call(network, by_name, (images.double(),)), LABELS
        )

    gradient = torch.autograd.functional.jacobian(loss, start)
    hessian = torch.autograd.functional.hessian(loss, start)
    assert measured("grasp", network, images.double()) == pytest.approx(
        -float(start @ hessian @ gradient), rel=1e-6
    )


def test_fisher_by_masks_on_the_channels(network: Chain, images: Tensor) -> None:
    """A mask of ones (B, C) behind each layer has as gradient each image's saliency by channel."""
    twin, masks = copy.deepcopy(network), []

    def mask(_: nn.Module, __: object, out: Tensor) -> Tensor:
        ones = torch.ones(out.shape[:2], requires_grad=True)
        masks.append(ones)
        return out * (ones[:, :, None, None] if out.dim() == 4 else ones)

    for layer in twin.modules():
        if isinstance(layer, (nn.Conv2d, nn.Linear)):
            layer.register_forward_hook(mask)
    cross_entropy(twin(images), LABELS).backward()
    expected = sum(
        0.5 * float((ones.grad[:, c] ** 2).mean()) for ones in masks for c in range(ones.shape[1])
    )
    assert len(masks) == 3
    assert measured("fisher", network, images) == pytest.approx(expected, rel=1e-5)


def test_synflow_of_a_chain_is_its_output_once_for_every_layer(images: Tensor) -> None:
    """R is linear in each layer's weights, so w dR/dw over a layer is R (Euler) without biases."""
    network = convolutions([4, 3, 5], normalised=True)
    with torch.no_grad():
        network.classifier.bias.zero_()
    x = torch.ones(2, 5, 5)
    for layer in network.layers:
        if isinstance(layer, nn.Conv2d):
            x = nn.functional.conv2d(x[None], layer.weight.detach().abs(), padding=1)[0]
    total = float((network.classifier.weight.detach().abs() @ x.mean((1, 2))).sum())
    assert measured("synflow", network, images) == pytest.approx(4 * total, rel=1e-5)


def test_synflow_does_not_look_at_the_images_and_survives_1e61(images: Tensor) -> None:
    network = convolutions([3] * 30)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.mul_(100)
    value = measured("synflow", network, images)
    assert 1e45 < value < math.inf
    assert value == measured("synflow", network, images + 1)


def test_jacob_cov_image_by_image(images: Tensor) -> None:
    network = convolutions([4, 3])  # without normalisation, so that images do not mix
    rows = []
    for image in images:
        pixels = image[None].clone().requires_grad_()
        network(pixels).sum().backward()
        rows.append(pixels.grad.flatten().double().numpy())
    v = np.linalg.eigvals(np.corrcoef(np.array(rows))).real
    assert measured("jacob_cov", network, images) == pytest.approx(
        -np.sum(np.log(v + 1e-5) + 1 / (v + 1e-5)), rel=1e-3
    )


def test_jacob_cov_of_equal_images_is_the_worst(images: Tensor) -> None:
    network = convolutions([4, 3])
    alike = images[:1].expand(6, -1, -1, -1) + 1e-4 * images
    assert measured("jacob_cov", network, alike) < measured("jacob_cov", network, images)


def test_nwot_by_comparing_every_pair_of_patterns(network: Chain, images: Tensor) -> None:
    patterns, x = [], images
    for layer in network.layers:
        if isinstance(layer, nn.ReLU):
            patterns.append((x > 0).flatten(1).numpy())
        x = layer(x)
    codes = np.concatenate(patterns, axis=1)
    agree = np.zeros((len(codes), len(codes)))
    for a, b in np.ndindex(agree.shape):
        agree[a, b] = np.sum(codes[a] == codes[b])
    assert measured("nwot", network, images) == pytest.approx(np.linalg.slogdet(agree)[1], rel=1e-6)


def test_zen_is_the_logarithm_of_a_scale(images: Tensor) -> None:
    """Twice the weights move the features twice as far; normalised, they change nothing."""
    plain = convolutions([4], relu=False)
    normalised = convolutions([4], normalised=True, relu=False)
    before = measured("zen", plain, images), measured("zen", normalised, images)
    with torch.no_grad():
        plain.layers[0].weight.mul_(2)
        normalised.layers[0].weight.mul_(2)
    assert measured("zen", plain, images) == pytest.approx(before[0] + math.log(2), abs=1e-5)
    # the features stay, the variance that is added back has doubled its root
    assert measured("zen", normalised, images) == pytest.approx(before[1] + math.log(2), abs=1e-3)


def test_zen_of_a_linear_network_by_hand(images: Tensor) -> None:
    network = convolutions([4], relu=False)
    generator = torch.Generator().manual_seed(0)
    _, e = (torch.randn(images.shape, generator=generator) for _ in range(2))
    moved = nn.functional.conv2d(0.01 * e, network.layers[0].weight.detach(), padding=1)
    assert measured("zen", network, images) == pytest.approx(
        math.log(float(moved.abs().sum((1, 2, 3)).mean())), abs=1e-4
    )


def test_counts(network: Chain, images: Tensor) -> None:
    convolved = 2 * 4 * 9 + 4 * 3 * 9
    assert measured("params", network, images) == convolved + 2 * (4 + 3) + 3 * 3 + 3
    assert measured("flops", network, images) == 25 * convolved + 3 * 3
    norm = 0.0
    for layer in network.modules():
        if isinstance(layer, (nn.Conv2d, nn.Linear)):
            norm += math.sqrt(sum(w * w for w in layer.weight.flatten().tolist()))
    assert measured("l2_norm", network, images) == pytest.approx(norm, rel=1e-6)


def cell(text: str = "432103") -> Architecture:
    return NB201().from_choices([int(digit) for digit in text])


@pytest.mark.parametrize("name", measure_names())
def test_a_measure_leaves_the_weights_as_they_were_and_says_the_same_again(name: str) -> None:
    with seeded(3, "network"):
        network = make_network("nb201", cell(), width=4, cells=1)
    pixels = torch.randn(6, 3, 8, 8, generator=torch.Generator().manual_seed(2))
    before = {key: value.clone() for key, value in network.named_parameters()}
    (measure,) = make_measures([name])
    value = measure(network, pixels, LABELS)
    assert math.isfinite(value)
    assert all(torch.equal(parameter, before[key]) for key, parameter in network.named_parameters())
    assert all(
        not module._forward_hooks and not module._forward_pre_hooks for module in network.modules()
    )
    assert measure(network, pixels, LABELS) == value


@pytest.mark.parametrize("name", measure_names())
def test_a_dead_cell_gives_a_number_or_a_reason(name: str) -> None:
    network = make_network("nb201", cell("000000"), width=4, cells=1)
    pixels = torch.randn(6, 3, 8, 8, generator=torch.Generator().manual_seed(2))
    (measure,) = make_measures([name])
    if name in ("jacob_cov", "zen"):
        with pytest.raises(MeasureError, match="do not depend on the images"):
            measure(network, pixels, LABELS)
    else:
        assert math.isfinite(measure(network, pixels, LABELS)) or name == "nwot"


def test_every_measure_says_what_it_is() -> None:
    for measure in make_measures(measure_names()):
        assert measure.name in measure_names()
        assert measure.summary
        assert measure.source
        assert measure.cost


def outputs_of(network: Network, images: Tensor, kind: type[nn.Module]) -> list[Tensor]:
    """What each layer of a kind gives, one layer after another."""
    network.train()
    found, x = [], images
    with torch.no_grad():
        for layer in network.layers:
            x = layer(x)
            if isinstance(layer, kind):
                found.append(x.double())
    return found


def test_meco_is_the_smallest_eigenvalue_of_each_layers_correlations(network: Chain) -> None:
    images = torch.zeros(6, 2, 5, 5)
    image = torch.randn(1, 2, 5, 5, generator=torch.Generator().manual_seed(0))
    expected = 0.0
    for output in outputs_of(network, image, nn.Conv2d):
        correlation = np.corrcoef(output[0].flatten(1).numpy())
        expected += float(np.linalg.eigvalsh(correlation).min())
    assert measured("meco", network, images) == pytest.approx(expected, rel=1e-5)
    assert expected > 0.01


def test_a_channel_of_zeros_has_no_correlation(network: Chain) -> None:
    with torch.no_grad():
        network.layers[0].weight[0] = 0
    assert measured("meco", network, torch.zeros(6, 2, 5, 5)) >= 0


def test_swap_counts_the_units_patterns_over_the_images(network: Chain, images: Tensor) -> None:
    patterns = set()
    # what stands before a ReLU is what the normalisation gives
    for output in outputs_of(network, images, nn.BatchNorm2d):
        rows = output.flatten(1).T
        for unit in rows:
            patterns.add(tuple((unit > 0).tolist()))
    assert measured("swap", network, images) == len(patterns)
    assert 5 < len(patterns) <= 2**6


def entropies_slowly(network: Network, images: Tensor) -> list[float]:
    entropies = []
    for output in outputs_of(network, images, nn.BatchNorm2d):
        covariance = np.cov(output.transpose(0, 1).flatten(1).numpy())
        shares = np.linalg.eigvalsh(covariance)
        shares = shares / shares.sum()
        entropies.append(-sum(share * math.log(share) for share in shares if share > 0))
    return entropies


def test_expressivity_and_progressivity_are_sums_and_gains_of_entropies(images: Tensor) -> None:
    with seeded(0, "network"):
        network = convolutions([4, 3, 5], normalised=True)
    first, second, third = entropies_slowly(network, images)
    total = measured("expressivity", network, images)
    assert total == pytest.approx(first + second + third, rel=1e-5)
    gain = measured("progressivity", network, images)
    assert gain == pytest.approx(min(second - first, third - second), rel=1e-4)
    one = convolutions([4], normalised=True)
    with pytest.raises(MeasureError, match="a single normalisation layer"):
        measured("progressivity", one, images)


def test_layers_are_counted_where_they_train(network: Chain, images: Tensor) -> None:
    assert measured("n_layers", network, images) == 3  # two convolutions and the classifier
    network.layers[0].weight.requires_grad_(False)
    assert measured("n_layers", network, images) == 2


@pytest.mark.parametrize("name", ["meco", "swap", "expressivity"])
def test_a_network_without_what_a_measure_looks_at_has_no_value(name: str, images: Tensor) -> None:
    bare = Chain(nn.Identity(), n_features=2)
    with pytest.raises(MeasureError, match="of the network ran"):
        measured(name, bare, images)
