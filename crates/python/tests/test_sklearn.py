"""The regressor behaves as scikit-learn's do, with and without scikit-learn."""

import pickle
import subprocess
import sys

import gummel
import numpy as np
import pytest
from gummel.sklearn import SurrogateRegressor

from conftest import QUICK


@pytest.fixture(scope="module")
def data(table):
    """Bias points of three geometries at 27 degrees."""
    chosen = (table["family"] == "nmos") & np.isclose(table["temperature"], 300.15) & np.isin(
        table["device"], ["W10u_L0.13u", "W10u_L1u", "W1u_L1u"]
    )
    names = ("vg", "vd", "vb", "w", "l")
    return np.stack([table[n][chosen] for n in names], axis=1), table["id"][chosen]


@pytest.fixture(scope="module")
def fitted(data):
    return SurrogateRegressor(columns=("vgs", "vds", "vbs", "w", "l"), config=QUICK, seed=1).fit(*data)


def test_currents_are_met_and_numbers_are_the_models(data, fitted):
    X, y = data
    assert fitted.score(X, y) > 0.999
    assert len(fitted.devices_) == 3
    name = fitted.devices_[(1e-5, 1.3e-7)]
    rows = np.isclose(X[:, 4], 1.3e-7)
    expected = fitted.model_.eval(name, X[rows, 0], X[rows, 1], X[rows, 2], temperature=27).id
    np.testing.assert_array_equal(fitted.predict(X[rows]), expected)
    between = fitted.predict([[1.2, 1.2, 0.0, 1e-5, 5e-7]])[0]
    wide = fitted.predict([[1.2, 1.2, 0.0, 1e-5, 1.3e-7], [1.2, 1.2, 0.0, 1e-5, 1e-6]])
    assert wide[1] < between < wide[0], "a length between two fitted ones"


def test_parameters_are_kept_as_given_and_clones_are_alike():
    columns = ("vgs", "vds", "w", "l")
    regressor = SurrogateRegressor(columns=columns, seed=3)
    assert regressor.get_params()["columns"] is columns
    assert regressor.set_params(seed=4).seed == 4
    base = pytest.importorskip("sklearn.base")
    copy = base.clone(regressor)
    assert copy is not regressor and copy.get_params() == regressor.get_params()


def test_pipelines_and_searches_take_it(data):
    pytest.importorskip("sklearn")
    from sklearn.model_selection import GridSearchCV
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import FunctionTransformer

    X, y = data
    pipeline = make_pipeline(
        FunctionTransformer(), SurrogateRegressor(columns=("vgs", "vds", "vbs", "w", "l"), config=QUICK)
    )
    halves = [(np.arange(0, len(y), 2), np.arange(1, len(y), 2))]
    search = GridSearchCV(pipeline, {"surrogateregressor__seed": [1, 2]}, cv=halves)
    search.fit(X, y)
    assert search.best_score_ > 0.99


def test_a_fitted_regressor_travels(data, fitted):
    again = pickle.loads(pickle.dumps(fitted))
    np.testing.assert_array_equal(again.predict(data[0][:50]), fitted.predict(data[0][:50]))


def test_it_works_without_scikit_learn():
    script = (
        "import sys; sys.modules['sklearn'] = None\n"
        "from gummel.sklearn import SurrogateRegressor as S\n"
        "s = S(seed=2)\n"
        "assert s.set_params(seed=5).get_params()['seed'] == 5 and S.__mro__[1].__module__ == 'gummel.sklearn'"
    )
    subprocess.run([sys.executable, "-c", script], check=True)


def test_wrong_arrays_are_refused_in_words(data):
    with pytest.raises(gummel.GummelError, match="expected a column for each"):
        SurrogateRegressor().fit(data[0], data[1])
    with pytest.raises(gummel.GummelError, match="no column l"):
        SurrogateRegressor(columns=("vgs", "vds", "w")).fit(data[0][:, :3], data[1])
    with pytest.raises(gummel.GummelError, match="one for each"):
        SurrogateRegressor(columns=("vgs", "vds", "vbs", "w", "l")).fit(data[0], data[1][1:])
    torn = data[0].copy()
    torn[7, 1] = np.nan
    with pytest.raises(gummel.GummelError, match="NaN or infinity at row 7 of column vds"):
        SurrogateRegressor(columns=("vgs", "vds", "vbs", "w", "l")).fit(torn, data[1])


def test_nothing_is_predicted_before_a_fit(data):
    with pytest.raises(ValueError, match="not fitted yet"):
        SurrogateRegressor().predict(data[0])


# Of scikit-learn's own checks those that need no data: the others fit random numbers, which are no transistor.
CHECKS = [
    "check_no_attributes_set_in_init",
    "check_parameters_default_constructible",
    "check_do_not_raise_errors_in_init_or_set_param",
    "check_get_params_invariance",
    "check_set_params",
    "check_estimator_cloneable",
    "check_estimator_repr",
    "check_estimator_tags_renamed",
    "check_valid_tag_types",
    "check_mixin_order",
    "check_estimators_unfitted",
]


@pytest.mark.parametrize("name", CHECKS)
def test_it_passes_the_checks_of_scikit_learn(name):
    checks = pytest.importorskip("sklearn.utils.estimator_checks")
    check = getattr(checks, name, None)
    if check is None:
        pytest.skip("this version of scikit-learn does not have the check")
    check("SurrogateRegressor", SurrogateRegressor())
