"""Small networks of the kinds in torchvision and timm, written as their authors write them.

Each has what is peculiar to its kind: in-place activations, arguments left at their default,
computed weights, indexing, windows, shuffles. `ZOO` makes each, in inference mode, with an example.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F


def conv_bn(
    width: int, out: int, kernel: int, act: nn.Module | None = None, **kw: int
) -> nn.Module:
    """Convolution, batch norm and, if given, an activation."""
    layers = [
        nn.Conv2d(width, out, kernel, padding=kernel // 2, bias=False, **kw),
        nn.BatchNorm2d(out),
    ]
    return nn.Sequential(*layers, *([] if act is None else [act]))


class Classifier(nn.Module):
    """A stem, blocks, a global pool and a linear layer."""

    def __init__(self, width: int, *blocks: nn.Module, out: int | None = None) -> None:
        super().__init__()
        self.stem = conv_bn(3, width, 3, nn.ReLU(inplace=True), stride=2)
        self.blocks = nn.Sequential(*blocks)
        self.pool = nn.AdaptiveAvgPool2d((1, 1))
        self.drop = nn.Dropout(0.2)
        self.head = nn.Linear(out or width, 10)

    def forward(self, x: Tensor) -> Tensor:
        x = self.pool(self.blocks(self.stem(x)))
        return self.head(self.drop(torch.flatten(x, 1)))


class Bottleneck(nn.Module):
    """ResNet-50's block: one in-place activation used three times, `out += identity`."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(width, 4, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(4)
        self.conv2 = nn.Conv2d(4, 4, 3, padding=1, groups=2, bias=False)
        self.bn2 = nn.BatchNorm2d(4)
        self.conv3 = nn.Conv2d(4, width, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(width)
        self.relu = nn.ReLU(inplace=True)

    def forward(self, x: Tensor) -> Tensor:
        identity = x
        out = self.relu(self.bn1(self.conv1(x)))
        out = self.relu(self.bn2(self.conv2(out)))
        out = self.bn3(self.conv3(out))
        out += identity
        return self.relu(out)


class InvertedResidual(nn.Module):
    """MobileNetV2's block; with `squeeze`, V3's, with hardswish and hardsigmoid."""

    def __init__(self, width: int, squeeze: bool = False) -> None:
        super().__init__()
        hidden = 3 * width
        act: Callable[[], nn.Module] = nn.Hardswish if squeeze else nn.ReLU6
        layers = [
            conv_bn(width, hidden, 1, act()),
            conv_bn(hidden, hidden, 3, act(), groups=hidden),
        ]
        if squeeze:
            layers.append(SqueezeExcite(hidden, nn.ReLU(), nn.Hardsigmoid()))
        self.body = nn.Sequential(*layers, conv_bn(hidden, width, 1))

    def forward(self, x: Tensor) -> Tensor:
        return x + self.body(x)


class SqueezeExcite(nn.Module):
    """Gates for channels; the mean is taken by hand, as timm does."""

    def __init__(self, width: int, act: nn.Module, gate: nn.Module) -> None:
        super().__init__()
        self.reduce = nn.Conv2d(width, 4, 1)
        self.act, self.gate = act, gate
        self.expand = nn.Conv2d(4, width, 1)

    def forward(self, x: Tensor) -> Tensor:
        gates = x.mean((2, 3), keepdim=True)
        return x * self.gate(self.expand(self.act(self.reduce(gates))))


class MBConv(nn.Module):
    """EfficientNet's block, SiLU throughout; dropping a path does nothing in inference."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.expand = conv_bn(width, 16, 1, nn.SiLU(inplace=True))
        self.depthwise = conv_bn(16, 16, 5, nn.SiLU(inplace=True), groups=16)
        self.squeeze = SqueezeExcite(16, nn.SiLU(inplace=True), nn.Sigmoid())
        self.project = conv_bn(16, width, 1)

    def drop_path(self, x: Tensor) -> Tensor:
        return F.dropout(x, 0.5, training=True) if self.training else x

    def forward(self, x: Tensor) -> Tensor:
        return self.drop_path(self.project(self.squeeze(self.depthwise(self.expand(x))))) + x


class DenseBlock(nn.Module):
    """DenseNet: each layer reads all before it; then a transition with an average pool."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.norms = nn.ModuleList(nn.BatchNorm2d(width + 4 * i) for i in range(3))
        self.convs = nn.ModuleList(
            nn.Conv2d(width + 4 * i, 4, 3, padding=1, bias=False) for i in range(3)
        )
        self.transition = nn.Sequential(
            nn.BatchNorm2d(width + 12),
            nn.ReLU(inplace=True),
            nn.Conv2d(width + 12, width, 1, bias=False),
            nn.AvgPool2d(2, 2),
        )

    def forward(self, x: Tensor) -> Tensor:
        features = [x]
        for norm, conv in zip(self.norms, self.convs, strict=True):
            features.append(conv(F.relu(norm(torch.cat(features, 1)), inplace=True)))
        return self.transition(torch.cat(features, 1))


class Inception(nn.Module):
    """Four branches: 1 x 1, two factorised convolutions, pooled; max pool without padding kept."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.one = conv_bn(width, 4, 1)
        self.tall = nn.Conv2d(width, 4, (3, 1), padding=(1, 0))
        self.wide = nn.Conv2d(4, 4, (1, 3), padding=(0, 1))
        self.five = nn.Sequential(conv_bn(width, 4, 1, nn.ReLU()), conv_bn(4, 4, 5, nn.ReLU()))
        self.pooled = nn.Conv2d(width, 4, 1)

    def forward(self, x: Tensor) -> Tensor:
        one = F.relu(self.one(x), inplace=True)
        factorised = self.wide(self.tall(x)).relu_()
        five = self.five(x)
        pooled = F.avg_pool2d(x, kernel_size=3, stride=1, padding=1)
        largest = F.max_pool2d(x, 3, stride=1, padding=1)
        return torch.cat([one, factorised, five, self.pooled(pooled), largest], 1)


class Attention(nn.Module):
    """timm's: one linear layer for q, k and v; fused, or written out."""

    def __init__(self, width: int, heads: int, fused: bool) -> None:
        super().__init__()
        self.heads, self.size, self.fused = heads, width // heads, fused
        self.scale = self.size**-0.5
        self.qkv = nn.Linear(width, 3 * width)
        self.q_norm, self.k_norm = nn.Identity(), nn.Identity()
        self.attn_drop = nn.Dropout(0.1)
        self.proj = nn.Linear(width, width)
        self.proj_drop = nn.Dropout(0.1)

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        B, N, C = x.shape
        qkv = self.qkv(x).reshape(B, N, 3, self.heads, self.size).permute(2, 0, 3, 1, 4)
        q, k, v = qkv.unbind(0)
        q, k = self.q_norm(q), self.k_norm(k)
        if self.fused:
            x = F.scaled_dot_product_attention(q, k, v, attn_mask=mask)
        else:
            q = q * self.scale
            scores = q @ k.transpose(-2, -1)
            if mask is not None:
                scores = scores + mask
            x = self.attn_drop(scores.softmax(dim=-1)) @ v
        x = x.transpose(1, 2).reshape(B, N, C)
        return self.proj_drop(self.proj(x))


class LayerScale(nn.Module):
    """A learned factor a channel."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.gamma = nn.Parameter(torch.full((width,), 0.1))

    def forward(self, x: Tensor) -> Tensor:
        return x * self.gamma


class Block(nn.Module):
    """Pre-norm attention and feed-forward, with layer scales and paths that may be dropped."""

    def __init__(self, width: int, attention: nn.Module) -> None:
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.attn = attention
        self.ls1, self.ls2 = LayerScale(width), nn.Identity()
        self.mlp = nn.Sequential(
            nn.Linear(width, 32), nn.GELU(), nn.Dropout(0.1), nn.Linear(32, width)
        )

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        x = x + self.ls1(self.attn(self.norm1(x), mask=mask))
        return x + self.ls2(self.mlp(self.norm2(x)))


class VisionTransformer(nn.Module):
    """Class token (or, with `distilled`, two, as DeiT) and a mask that nobody gives."""

    def __init__(self, width: int = 16, fused: bool = True, distilled: bool = False) -> None:
        super().__init__()
        self.patch = nn.Conv2d(3, width, 4, 4)
        self.cls_token = nn.Parameter(torch.randn(1, 1, width))
        self.dist_token = nn.Parameter(torch.randn(1, 1, width)) if distilled else None
        self.pos_embed = nn.Parameter(torch.randn(1, 17 + distilled, width))
        self.blocks = nn.ModuleList(Block(width, Attention(width, 2, fused)) for _ in range(2))
        self.norm = nn.LayerNorm(width)
        self.head = nn.Linear(width, 10)
        self.head_dist = nn.Linear(width, 10) if distilled else None

    def forward(self, x: Tensor, mask: Tensor | None = None, scale: float = 1.0) -> Tensor:
        x = self.patch(x).flatten(2).transpose(1, 2) * scale
        tokens = [self.cls_token.expand(x.shape[0], -1, -1)]
        if self.dist_token is not None:
            tokens.append(self.dist_token.expand(x.shape[0], -1, -1))
        x = torch.cat([*tokens, x], dim=1) + self.pos_embed
        for block in self.blocks:
            x = block(x, mask=mask)
        x = self.norm(x)
        if self.head_dist is None:
            return self.head(x[:, 0])
        return (self.head(x[:, 0]) + self.head_dist(x[:, 1])) / 2


class WindowAttention(nn.Module):
    """Swin: windows by view and permute, rolled, a bias from a table; then patches are merged."""

    def __init__(self, width: int = 8, window: int = 4, heads: int = 2) -> None:
        super().__init__()
        self.embed = nn.Conv2d(3, width, 2, 2)
        self.window, self.heads, self.scale = window, heads, (width // heads) ** -0.5
        self.norm = nn.LayerNorm(width)
        self.qkv, self.proj = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.table = nn.Parameter(torch.randn((2 * window - 1) ** 2, heads))
        index = torch.randint(0, (2 * window - 1) ** 2, (window**2, window**2))
        self.register_buffer("index", index)
        self.merge_norm = nn.LayerNorm(4 * width)
        self.reduction = nn.Linear(4 * width, 2 * width, bias=False)

    def attention(self, x: Tensor) -> Tensor:
        B, N, C = x.shape
        qkv = self.qkv(x).reshape(B, N, 3, self.heads, C // self.heads).permute(2, 0, 3, 1, 4)
        q, k, v = qkv[0], qkv[1], qkv[2]
        scores = (q * self.scale) @ k.transpose(-2, -1)
        bias = self.table[self.index.view(-1)].view(N, N, -1).permute(2, 0, 1).contiguous()
        scores = F.softmax(scores + bias.unsqueeze(0), dim=-1)
        return self.proj((scores @ v).transpose(1, 2).reshape(B, N, C))

    def forward(self, x: Tensor) -> Tensor:
        x = self.embed(x).permute(0, 2, 3, 1)
        B, H, W, C = x.shape
        shortcut, size = x, self.window
        x = torch.roll(self.norm(x), shifts=(-2, -2), dims=(1, 2))
        x = x.view(B, H // size, size, W // size, size, C)
        windows = x.permute(0, 1, 3, 2, 4, 5).contiguous().view(-1, size * size, C)
        x = self.attention(windows).view(B, H // size, W // size, size, size, C)
        x = x.permute(0, 1, 3, 2, 4, 5).contiguous().view(B, H, W, C)
        x = shortcut + torch.roll(x, shifts=(2, 2), dims=(1, 2))
        corners = [x[:, 0::2, 0::2, :], x[:, 1::2, 0::2, :], x[:, 0::2, 1::2], x[:, 1::2, 1::2]]
        return self.reduction(self.merge_norm(torch.cat(corners, -1))).mean((1, 2))


class ConvNeXtBlock(nn.Module):
    """Depthwise 7 x 7, layer norm and linear layers in channels-last, layer scale."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.dwconv = nn.Conv2d(width, width, 7, padding=3, groups=width)
        self.norm = nn.LayerNorm(width, eps=1e-6)
        self.pwconv1, self.act = nn.Linear(width, 16), nn.GELU()
        self.pwconv2 = nn.Linear(16, width)
        self.gamma = nn.Parameter(torch.full((width,), 1e-6))

    def forward(self, x: Tensor) -> Tensor:
        shortcut = x
        x = self.norm(self.dwconv(x).permute(0, 2, 3, 1))
        x = self.gamma * self.pwconv2(self.act(self.pwconv1(x)))
        return shortcut + x.permute(0, 3, 1, 2)


class StandardisedConv(nn.Conv2d):
    """NFNet's convolution: its weight is standardised at each call."""

    def __init__(self, *sizes: int, **options: int) -> None:
        super().__init__(*sizes, **options)
        self.gain = nn.Parameter(torch.ones(self.out_channels, 1, 1, 1))

    def forward(self, x: Tensor) -> Tensor:
        weight = F.batch_norm(
            self.weight.reshape(1, self.out_channels, -1),
            None,
            None,
            weight=(self.gain * 0.2).view(-1),
            training=True,
            momentum=0.0,
        ).reshape_as(self.weight)
        return F.conv2d(x, weight, self.bias, self.stride, self.padding, self.dilation, self.groups)


class NormFree(nn.Module):
    """NFNet's block: scaled activations, standardised weights, an in-place product."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.conv1 = StandardisedConv(width, 8, 1)
        self.conv2 = StandardisedConv(8, 8, 3, padding=1, groups=8)
        self.conv3 = StandardisedConv(8, width, 5, padding=2)
        self.gain = nn.Parameter(torch.tensor(0.5))

    def forward(self, x: Tensor) -> Tensor:
        out = F.gelu(x) * 1.7
        out = self.conv3(F.gelu(self.conv2(F.gelu(self.conv1(out)))))
        out.mul_(self.gain)
        return out * 0.2 + x


class UNet(nn.Module):
    """One level down and up, once learned and once interpolated; the skip is concatenated."""

    def __init__(self, width: int = 4) -> None:
        super().__init__()
        self.down = conv_bn(3, width, 3, nn.LeakyReLU(0.1, inplace=True))
        self.deep = conv_bn(width, 2 * width, 3, nn.ELU())
        self.up = nn.ConvTranspose2d(2 * width, width, 2, stride=2)
        self.mix = conv_bn(2 * width, width, 3, nn.PReLU())
        self.last = nn.Conv2d(2 * width, 2, 1)

    def forward(self, x: Tensor) -> Tensor:
        skip = self.down(x)
        deep = self.deep(F.max_pool2d(skip, 2))
        x = self.mix(torch.cat([skip, self.up(deep)], dim=1))
        wide = F.interpolate(deep, scale_factor=2.0, mode="bilinear", align_corners=False)
        return torch.sigmoid(self.last(torch.cat([x, wide[:, ::2]], dim=1)))


class Mixer(nn.Module):
    """MLP-Mixer: linear layers over tokens and over channels, joined by transpositions."""

    def __init__(self, width: int = 16) -> None:
        super().__init__()
        self.patch = nn.Conv2d(3, width, 4, 4)
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.tokens = nn.Sequential(nn.Linear(16, 8), nn.GELU(), nn.Linear(8, 16))
        self.channels = nn.Sequential(nn.Linear(width, 32), nn.GELU(), nn.Linear(32, width))
        self.head = nn.Linear(width, 10)

    def forward(self, x: Tensor) -> Tensor:
        x = self.patch(x).flatten(2).transpose(1, 2)
        x = x + self.tokens(self.norm1(x).transpose(1, 2)).transpose(1, 2)
        x = x + self.channels(self.norm2(x))
        return self.head(x.mean(dim=1))


class Encoder(nn.Module):
    """PyTorch's own Transformer encoder over embedded words."""

    def __init__(self, width: int = 16, norm_first: bool = False) -> None:
        super().__init__()
        self.words = nn.Embedding(11, width)
        self.places = nn.Parameter(torch.randn(1, 7, width))
        layer = nn.TransformerEncoderLayer(
            width, 2, 24, batch_first=True, norm_first=norm_first, activation="gelu"
        )
        self.encoder = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)
        self.head = nn.Linear(width, 3)

    def forward(self, words: Tensor) -> Tensor:
        return self.head(self.encoder(self.words(words) + self.places).mean(1))


class Ghost(nn.Module):
    """GhostNet: half of the features by cheap convolutions; all in place, results not used."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.primary = nn.Conv2d(width, width // 2, 1, bias=False)
        self.cheap = nn.Conv2d(width // 2, width // 2, 3, padding=1, groups=width // 2, bias=False)
        self.relu = nn.ReLU(inplace=True)

    def forward(self, x: Tensor) -> Tensor:
        primary = self.primary(x)
        self.relu(primary)
        cheap = self.cheap(primary)
        F.relu_(cheap)
        out = torch.cat([primary, cheap], dim=1)
        out.add_(x)
        return out


class Shuffle(nn.Module):
    """ShuffleNetV2's block: halves, one of them convolved, channels shuffled by view."""

    def __init__(self, width: int) -> None:
        super().__init__()
        half = width // 2
        self.branch = nn.Sequential(
            conv_bn(half, half, 1, nn.ReLU(inplace=True)),
            conv_bn(half, half, 3, groups=half),
            conv_bn(half, half, 1, nn.ReLU(inplace=True)),
        )

    def forward(self, x: Tensor) -> Tensor:
        first, second = x.chunk(2, dim=1)
        x = torch.cat((first, self.branch(second)), dim=1)
        batch, channels, height, width = x.size()
        x = x.view(batch, 2, channels // 2, height, width)
        x = torch.transpose(x, 1, 2).contiguous()
        return x.view(batch, channels, height, width)


class LinearAttention(nn.Module):
    """EfficientViT's: no gradients and full precision for the products, whatever surrounds it."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.qkv = nn.Conv2d(width, 3 * width, 1, bias=False)
        self.mix = nn.Conv2d(3 * width, 3 * width, 5, padding=2, groups=3 * width, bias=False)
        self.act = nn.ReLU()
        self.proj = conv_bn(width, width, 1)

    def products(self, q: Tensor, k: Tensor, v: Tensor) -> Tensor:
        v = F.pad(v, (0, 1), mode="constant", value=1.0)
        out = q @ (k.transpose(-1, -2) @ v)
        return out[..., :-1] / (out[..., -1:] + 1e-5)

    def forward(self, x: Tensor) -> Tensor:
        B, C, H, W = x.shape
        qkv = self.mix(self.qkv(x)).reshape(B, 3, C, H * W).transpose(-1, -2)
        q, k, v = qkv.unbind(1)
        q, k = self.act(q), self.act(k)
        with torch.no_grad(), torch.autocast("cpu", enabled=False):
            out = self.products(q, k.float(), v.to(torch.float32))
        return x + self.proj(out.transpose(-1, -2).reshape(B, C, H, W))


class Recurrent(nn.Module):
    """A recurrent layer over embedded words; the last state is classified."""

    def __init__(self, layer: type[nn.RNNBase], width: int = 8, **options: Any) -> None:
        super().__init__()
        self.words = nn.Embedding(11, width)
        self.layer = layer(width, 12, batch_first=True, **options)
        self.head = nn.Linear(24 if options.get("bidirectional") else 12, 3)

    def forward(self, words: Tensor) -> Tensor:
        outputs, _ = self.layer(self.words(words))
        return self.head(outputs[:, -1])


class EqualBlocks(nn.Module):
    """Three blocks of the same untrained weights, of which exporters keep one copy."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.blocks = nn.ModuleList(EqualBlock(width) for _ in range(3))

    def forward(self, x: Tensor) -> Tensor:
        for block in self.blocks:
            x = block(x)
        return x


class EqualBlock(nn.Module):
    """Depthwise, then a linear layer for each place; all weights constant."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.depthwise = nn.Conv2d(width, width, 3, padding=1, groups=width)
        self.norm, self.linear = nn.LayerNorm(width), nn.Linear(width, width)
        for weight in self.parameters():
            nn.init.constant_(weight, 0.1)

    def forward(self, x: Tensor) -> Tensor:
        y = self.linear(self.norm(F.relu(self.depthwise(x)).permute(0, 2, 3, 1)))
        return x + y.permute(0, 3, 1, 2)


class Seq2Seq(nn.Module):
    """PyTorch's decoder layer: attention to itself, masked, and to another sequence."""

    def __init__(self, width: int = 16) -> None:
        super().__init__()
        self.words = nn.Embedding(11, width)
        self.memory = nn.Parameter(torch.randn(1, 5, width))
        self.layer = nn.TransformerDecoderLayer(width, 2, 24, batch_first=True)
        self.register_buffer("mask", torch.triu(torch.full((7, 7), float("-inf")), 1))
        self.mix, self.head = nn.Linear(width, width), nn.Linear(width, 3)

    def forward(self, words: Tensor) -> Tensor:
        x = self.words(words)
        return self.head(self.layer(x, self.mix(x), tgt_mask=self.mask))


class Outlook(nn.Module):
    """VOLO's: weights for the pixels of each window, which are cut out by `unfold`."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.value, self.weights = nn.Conv2d(width, width, 1), nn.Conv2d(width, 9, 1)
        self.unfold = nn.Unfold(3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        B, C, H, W = x.shape
        windows = self.unfold(self.value(x)).reshape(B, C, 9, H * W)
        weights = self.weights(x).reshape(B, 1, 9, H * W).softmax(2)
        return x + (windows * weights).sum(2).reshape(B, C, H, W)


def image() -> Tensor:
    """A batch of one small image."""
    return torch.rand(1, 3, 16, 16)


def words() -> Tensor:
    """Two short sentences."""
    return torch.randint(0, 11, (2, 7))


ZOO: dict[str, tuple[Callable[[], nn.Module], Callable[[], Tensor]]] = {
    "resnet": (lambda: Classifier(8, Bottleneck(8), Bottleneck(8)), image),
    "mobilenetv2": (lambda: Classifier(8, InvertedResidual(8), InvertedResidual(8)), image),
    "mobilenetv3": (lambda: Classifier(8, InvertedResidual(8, squeeze=True)), image),
    "efficientnet": (lambda: Classifier(8, MBConv(8), MBConv(8)), image),
    "densenet": (lambda: Classifier(8, DenseBlock(8)), image),
    "inception": (lambda: Classifier(8, Inception(8), out=24), image),
    "vit": (lambda: VisionTransformer(), image),
    "vit, attention written out": (lambda: VisionTransformer(fused=False), image),
    "deit": (lambda: VisionTransformer(distilled=True), image),
    "swin": (lambda: WindowAttention(), image),
    "convnext": (lambda: Classifier(8, ConvNeXtBlock(8), ConvNeXtBlock(8)), image),
    "nfnet": (lambda: Classifier(8, NormFree(8)), image),
    "unet": (lambda: UNet(), image),
    "mixer": (lambda: Mixer(), image),
    "encoder": (lambda: Encoder(), words),
    "encoder, norm first": (lambda: Encoder(norm_first=True), words),
    "decoder": (lambda: Seq2Seq(), words),
    "lstm": (lambda: Recurrent(nn.LSTM), words),
    "gru": (lambda: Recurrent(nn.GRU), words),
    "lstm, two layers, both ways": (
        lambda: Recurrent(nn.LSTM, num_layers=2, bidirectional=True),
        words,
    ),
    "efficientvit": (lambda: Classifier(8, LinearAttention(8)), image),
    "equal blocks": (lambda: Classifier(8, EqualBlocks(8)), image),
    "volo": (lambda: Classifier(8, Outlook(8)), image),
    "ghostnet": (lambda: Classifier(8, Ghost(8), Ghost(8)), image),
    "shufflenet": (lambda: Classifier(8, Shuffle(8), Shuffle(8)), image),
}


def network(name: str) -> tuple[nn.Module, Tensor]:
    """A network of the zoo in inference mode, always the same, and an example of its input."""
    torch.manual_seed(0)
    make, example = ZOO[name]
    return make().eval(), example()
