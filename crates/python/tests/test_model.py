"""Evaluation on arrays: shapes, derivatives, threads, and what is refused."""

import pickle
import threading
import time

import gummel
import numpy as np
import pytest

DEVICE = "W10u_L0.13u"


def test_shapes_are_those_of_numpy(run):
    model = run.model
    point = model.eval(DEVICE, vg=np.linspace(0, 1.2, 7)[:, None], vd=[0.05, 0.6, 1.2], vb=-0.3)
    assert all(q.shape == (7, 3) and q.dtype == np.float64 for q in point)
    single = model.eval(DEVICE, 1.2, 1.2)
    assert isinstance(single.id, np.float64)
    assert model.eval(DEVICE, [], []).id.shape == (0,)
    assert model.eval(DEVICE, 1.2, np.float32(0.5)).id == model.eval(DEVICE, 1.2, 0.5).id
    with pytest.raises(ValueError, match="broadcast"):
        model.eval(DEVICE, [0.0, 1.0], [0.0, 1.0, 2.0])


def test_many_points_are_the_points_one_by_one(run):
    random = np.random.default_rng(1)
    vg, vd, vb, vs = random.uniform(-0.3, 1.3, (4, 10_000))
    many = run.model.eval(DEVICE, vg, vd, vb, vs)
    for k in (0, 1023, 1024, 5000, 9999):
        one = run.model.eval(DEVICE, vg[k], vd[k], vb[k], vs[k])
        assert [q[k] for q in many] == list(one)


def test_derivatives_are_those_of_finite_differences(run):
    random = np.random.default_rng(2)
    vg, vd, vb = random.uniform(0.3, 1.2, 200), random.uniform(0.1, 1.2, 200), random.uniform(-0.6, 0.0, 200)
    at = lambda g=0.0, d=0.0, b=0.0: run.model.eval(DEVICE, vg + g, vd + d, vb + b).id  # noqa: E731
    point, h = run.model.eval(DEVICE, vg, vd, vb), 1e-5
    for name, step in (("gm", {"g": h}), ("gds", {"d": h}), ("gmb", {"b": h})):
        minus = {k: -v for k, v in step.items()}
        difference = (at(**step) - at(**minus)) / (2 * h)
        exact = getattr(point, name)
        np.testing.assert_allclose(exact, difference, rtol=1e-5, atol=1e-7 * np.abs(point.gm).max())


def test_place_matters_and_is_checked(run):
    model = run.model
    assert model.eval(DEVICE, 1.2, 1.2, temperature=125).id != model.eval(DEVICE, 1.2, 1.2, temperature=-40).id
    assert model.eval(DEVICE, 1.2, 1.2, w=5e-6).id < model.eval(DEVICE, 1.2, 1.2, w=10e-6).id
    with pytest.raises(gummel.GummelError, match="nearest"):
        model.eval("W11u_L0.13u", 1.2, 1.2)
    with pytest.raises(gummel.GummelError, match="w"):
        model.eval(DEVICE, 1.2, 1.2, w=-1.0)
    with pytest.raises(gummel.GummelError):
        model.eval(DEVICE, 1.2, 1.2, corner="xx")


def test_other_threads_run_while_a_model_is_evaluated(run):
    """Without the lock released the counter would stand still for the whole call."""
    vg = np.full(2_000_000, 1.0)
    seen = []
    done = threading.Event()

    def count():
        while not done.is_set():
            seen.append(time.perf_counter())
            time.sleep(0.001)

    thread = threading.Thread(target=count)
    thread.start()
    begun = time.perf_counter()
    raw = [np.ascontiguousarray(v).tobytes() for v in (vg, vg, 0 * vg, 0 * vg)]
    middle = time.perf_counter()
    run.model.eval_bytes(DEVICE, *raw)
    ended = time.perf_counter()
    done.set()
    thread.join()
    during = [t for t in seen if middle + 0.02 < t < middle + 0.5 * (ended - middle)]
    assert begun < middle and len(during) >= 5, f"{len(during)} ticks in {ended - middle:.3f} s"


def test_models_are_opened_from_runs_and_folders_and_travel(run):
    model = gummel.Model(run.folder)
    assert model.family == "demo130/nmos" and len(model.devices) == 8 and model.run == run.folder
    same = pickle.loads(pickle.dumps(model))
    assert same.eval(DEVICE, 1.0, 1.0).id == model.eval(DEVICE, 1.0, 1.0).id
    assert isinstance(gummel.load(run.folder), gummel.Run)
    assert isinstance(gummel.load(run.folder / "model"), gummel.Model)
    with pytest.raises(gummel.GummelError, match="neither a run folder nor a model folder"):
        gummel.load(run.folder.parent)
    assert model.manifest["devices"][0]["points"] > 100
