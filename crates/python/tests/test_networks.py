"""The network outside gummel: as a PyTorch module and as an ONNX graph."""

import inspect
import warnings

import gummel
import numpy as np
import pytest

DEVICE = "W1u_L1u"

# Said by a PyTorch that is older than the NumPy beside it; nothing here needs them to share memory.
pytestmark = pytest.mark.filterwarnings("ignore:Failed to initialize NumPy")


@pytest.fixture(scope="module")
def biases():
    random = np.random.default_rng(3)
    return random.uniform(-0.2, 1.3, (4, 300))


@pytest.fixture(scope="module")
def torch():
    with warnings.catch_warnings():
        # Filters of tests do not hold for what is imported here.
        warnings.simplefilter("ignore")
        return pytest.importorskip("torch")


def tensors(torch, biases):
    return [torch.tensor(v.tolist(), dtype=torch.float64, requires_grad=True) for v in biases]


def test_a_torch_module_gives_the_kernels_numbers(run, biases, torch):
    vg, vd, vb, vs = biases
    module = run.model.to_torch(DEVICE, temperature=85)
    volts = tensors(torch, biases)
    current = module(*volts)
    expected = run.model.eval(DEVICE, vg, vd, vb, vs, temperature=85)
    scale = np.abs(expected.id).max()
    np.testing.assert_allclose(current.tolist(), expected.id, rtol=1e-10, atol=1e-14 * scale)
    current.sum().backward()
    for volt, exact in zip(volts, (expected.gm, expected.gds, expected.gmb)):
        np.testing.assert_allclose(volt.grad.tolist(), exact, rtol=1e-9, atol=1e-13 * np.abs(expected.gm).max())
    assert sum(p.numel() for p in module.parameters()) > 100
    assert torch.equal(module(1.2, 0.0), torch.zeros((), dtype=torch.float64))


@pytest.mark.filterwarnings("ignore")
def test_a_torch_module_goes_on_as_onnx(run, biases, torch, tmp_path):
    """to_torch, torch.onnx.export, ONNX Runtime: the numbers of the kernel at other biases than those it was traced with."""
    runtime = pytest.importorskip("onnxruntime")
    module = run.model.to_torch(DEVICE, temperature=85)
    names, file = ["vg", "vd", "vb", "vs"], tmp_path / "module.onnx"
    traced = tuple(v.detach()[:7] for v in tensors(torch, biases))
    axes = {name: {0: "points"} for name in [*names, "id"]}
    # The exporter that only needs PyTorch is the old one, which newer releases want to be asked for.
    old = {"dynamo": False} if "dynamo" in inspect.signature(torch.onnx.export).parameters else {}
    torch.onnx.export(
        module, traced, str(file), input_names=names, output_names=["id"], dynamic_axes=axes, opset_version=17, **old
    )
    vg, vd, vb, vs = biases
    (answer,) = runtime.InferenceSession(file).run(["id"], dict(zip(names, (vg, vd, vb, vs))))
    expected = run.model.eval(DEVICE, vg, vd, vb, vs, temperature=85).id
    np.testing.assert_allclose(answer, expected, rtol=1e-10, atol=1e-14 * np.abs(expected).max())


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
