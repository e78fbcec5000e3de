"""A device as a PyTorch module: the same numbers in double precision, differentiable over voltages and weights."""

from __future__ import annotations

import json
from typing import Any

try:
    import torch
    from torch import Tensor, nn
except ImportError as missing:
    raise ImportError("Model.to_torch needs PyTorch; pip install torch") from missing

from .model import Model


class Device(nn.Module):
    """Drain current (A) over terminal voltages (V) of one device at one place.

    The network and the meaning of its outputs are those of the kernel: `i = scale vds exp(y)` in the channel,
    `scale sinh(y)` into gate and bulk, features that are even in vds where the device is symmetric.
    """

    def __init__(self, network: dict[str, Any]) -> None:
        super().__init__()
        self.sign: float = network["sign"]
        self.symmetric: bool = network["symmetric"]
        self.smoothing: float = network["smoothing"]
        self.knee: float | None = network["knee"]
        self.saturation: float | None = network["saturation"]
        self.limit: float = network["limit"]
        self.register_buffer("center", double(network["center"]))
        self.register_buffer("scale", double(network["scale"]))
        self.trunk = nn.ModuleList(linear(layer) for layer in network["layers"])
        self.kinds = [head["kind"] for head in network["heads"]]
        self.register_buffer("unit", double([head["scale"] for head in network["heads"]]))
        self.heads = linear(
            {
                "inputs": len(network["heads"][0]["head"]),
                "outputs": len(self.kinds),
                "weight": [w for head in network["heads"] for w in head["head"]],
                "bias": [head["constant"] for head in network["heads"]],
            }
        )

    def forward(self, vg: Any, vd: Any, vb: Any = 0.0, vs: Any = 0.0) -> Tensor:
        """The current at voltages that broadcast together, in their common shape."""
        to = {"dtype": self.unit.dtype, "device": self.unit.device}
        volts = torch.broadcast_tensors(*(torch.as_tensor(v, **to) for v in (vd, vg, vs, vb)))
        vd, vg, vs, vb = (self.sign * v for v in volts)
        vds = vd - vs
        z = (self.features(vd, vg, vs, vb) - self.center) * self.scale
        if self.saturation is not None:
            z = self.saturation * torch.tanh(z / self.saturation)
        for layer in self.trunk:
            z = torch.tanh(layer(z))
        y = self.heads(z)
        current = torch.zeros_like(vds)
        for k, kind in enumerate(self.kinds):
            limited = y[..., k].clamp(-self.limit, self.limit)
            if kind == "Channel":
                current = current + self.unit[k] * torch.exp(limited) * vds
            elif self.symmetric:
                # Half of what leaves through gate and bulk enters at the drain.
                current = current - 0.5 * self.unit[k] * torch.sinh(limited)
        return self.sign * current

    def features(self, vd: Tensor, vg: Tensor, vs: Tensor, vb: Tensor) -> Tensor:
        if not self.symmetric:
            return torch.stack([vg - vs, vd - vs, vb - vs], dim=-1)
        a = torch.sqrt((vd - vs) ** 2 + self.smoothing**2) - self.smoothing
        shift = 0.5 * (a - (vd + vs))
        b = a if self.knee is None else torch.sqrt(self.knee**2 + 2 * self.knee * a) - self.knee
        return torch.stack([vg + shift, b, vb + shift], dim=-1)


def module(model: Model, device: str | None, **place: Any) -> Device:
    """The module of a device of a model; `place` as in `Model.eval`."""
    return Device(json.loads(model.network_json(device, **place)))


def linear(layer: dict[str, Any]) -> nn.Linear:
    made = nn.Linear(layer["inputs"], layer["outputs"], dtype=torch.float64)
    with torch.no_grad():
        made.weight.copy_(double(layer["weight"]).reshape(layer["outputs"], layer["inputs"]))
        made.bias.copy_(double(layer["bias"]))
    return made


def double(values: list[float]) -> Tensor:
    return torch.tensor(values, dtype=torch.float64)
