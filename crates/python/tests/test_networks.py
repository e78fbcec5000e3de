"""The network outside gummel: as a PyTorch module and as an ONNX graph."""

import gummel
import numpy as np
import pytest

DEVICE = "W1u_L1u"


@pytest.fixture(scope="module")
def biases():
    random = np.random.default_rng(3)
    return random.uniform(-0.2, 1.3, (4, 300))


def test_a_torch_module_gives_the_kernels_numbers(run, biases):
    torch = pytest.importorskip("torch")
    vg, vd, vb, vs = biases
    module = run.model.to_torch(DEVICE, temperature=85)
    volts = [torch.tensor(v, requires_grad=True) for v in (vg, vd, vb, vs)]
    current = module(*volts)
    expected = run.model.eval(DEVICE, vg, vd, vb, vs, temperature=85)
    scale = np.abs(expected.id).max()
    np.testing.assert_allclose(current.detach(), expected.id, rtol=1e-10, atol=1e-14 * scale)
    current.sum().backward()
    for volt, exact in zip(volts, (expected.gm, expected.gds, expected.gmb)):
        np.testing.assert_allclose(volt.grad, exact, rtol=1e-9, atol=1e-13 * np.abs(expected.gm).max())
    assert sum(p.numel() for p in module.parameters()) > 100
    assert torch.equal(module(1.2, 0.0), torch.zeros((), dtype=torch.float64))


def test_an_onnx_file_gives_the_kernels_numbers(run, biases, tmp_path):
    runtime = pytest.importorskip("onnxruntime")
    exported = gummel.export(run, "onnx", device=DEVICE, inputs="none", out=tmp_path / "device.onnx")
    session = runtime.InferenceSession(exported.file)
    vg, vd, vb, vs = biases
    feed = {"vgs": vg - vs, "vds": vd - vs, "vbs": vb - vs}
    answers = session.run(["id", "gm", "gds", "gmb"], feed)
    expected = run.model.eval(DEVICE, vg, vd, vb, vs)
    for ours, theirs in zip(expected, answers):
        np.testing.assert_allclose(theirs, ours, rtol=1e-9, atol=1e-13 * np.abs(ours).max())
