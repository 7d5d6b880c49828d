"""Calls of scikit-learn: estimators as handles, lists as samples, errors."""

from __future__ import annotations

import numpy as np
from sklearn import cluster, linear_model, metrics, model_selection, preprocessing, tree
from sklearn.exceptions import NotFittedError

SPEC = "scikit-learn@==1.9.1"

SAMPLES = np.array([[0.0], [1.0], [10.0], [11.0]])
TARGETS = np.array([0.0, 1.0, 10.0, 11.0])
LABELS = np.array([0, 0, 1, 1])


def calls(w):
    yield (
        "a regression",
        lambda: w.LinearRegression_predict(
            w.LinearRegression_fit(w.LinearRegression_new(), SAMPLES, TARGETS), SAMPLES
        ).round(6),
        lambda: linear_model.LinearRegression().fit(SAMPLES, TARGETS).predict(SAMPLES).round(6),
    )
    yield (
        "clusters",
        lambda: w.KMeans_fit_predict(w.KMeans_new_with({"n_clusters": 2, "random_state": 0}), SAMPLES),
        lambda: cluster.KMeans(n_clusters=2, random_state=0).fit_predict(SAMPLES),
    )
    yield (
        "samples as lists",
        lambda: w.KMeans_fit_predict(
            w.KMeans_new_with({"n_clusters": 2, "random_state": 0}), SAMPLES.tolist()
        ),
        lambda: cluster.KMeans(n_clusters=2, random_state=0).fit_predict(SAMPLES.tolist()),
    )
    yield (
        "scaled",
        lambda: w.preprocessing_scale(SAMPLES),
        lambda: preprocessing.scale(SAMPLES),
    )
    yield (
        "a score",
        lambda: w.metrics_accuracy_score(LABELS, np.array([0, 1, 1, 1])),
        lambda: metrics.accuracy_score(LABELS, np.array([0, 1, 1, 1])),
    )
    yield (
        "a matrix of errors",
        lambda: w.metrics_confusion_matrix(LABELS, np.array([0, 1, 1, 1])),
        lambda: metrics.confusion_matrix(LABELS, np.array([0, 1, 1, 1])),
    )
    yield (
        "a mean of squares",
        lambda: w.metrics_mean_squared_error(TARGETS, TARGETS + 1),
        lambda: metrics.mean_squared_error(TARGETS, TARGETS + 1),
    )
    yield (
        "a tree",
        lambda: w.BaseDecisionTree_predict(
            w.DecisionTreeClassifier_as_BaseDecisionTree(
                w.DecisionTreeClassifier_fit(w.DecisionTreeClassifier_new(), SAMPLES, LABELS)
            ),
            SAMPLES,
        ),
        lambda: tree.DecisionTreeClassifier().fit(SAMPLES, LABELS).predict(SAMPLES),
    )
    yield (
        "parts",
        lambda: w.model_selection_train_test_split_with(
            {"args": [SAMPLES, LABELS], "test_size": 0.5, "random_state": 1}
        ),
        lambda: model_selection.train_test_split(SAMPLES, LABELS, test_size=0.5, random_state=1),
    )
    yield (
        "not fitted",
        lambda: fails(lambda: w.LinearRegression_predict(w.LinearRegression_new(), SAMPLES)),
        lambda: fails(lambda: linear_model.LinearRegression().predict(SAMPLES)),
    )


def fails(call):
    try:
        call()
    except NotFittedError as error:
        return str(error)
    return "did not fail"
