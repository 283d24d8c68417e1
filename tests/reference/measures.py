#!/usr/bin/env python3
"""Measures by scikit-learn, scikit-image and numpy, for tests/measures.rs to compare with.

    pip install numpy scikit-learn scikit-image
    python3 tests/reference/measures.py > tests/fixtures/measures.json

The inputs are made on both sides by the same generator, `numbers` of tests/lib.rs, so the fixture holds results only.
"""
import json

import numpy
import skimage.metrics
import sklearn.metrics


def numbers(count, seed):
    found = []
    for _ in range(count):
        seed = (seed * 6364136223846793005 + 1442695040888963407) % 2**64
        found.append((seed >> 40) / 8388608 - 1)
    return numpy.array(found)


def scores_and_labels(count, seed, steps):
    """A third are positive, and score higher by 0.4; scores are rounded to `steps` a unit, so that many are equal."""
    positive = numbers(count, seed + 1) > 1 / 3
    return numpy.round((numbers(count, seed) + 0.4 * positive) * steps) / steps, positive


def of_scores(count, seed, steps):
    scores, positive = scores_and_labels(count, seed, steps)
    precision, recall, thresholds = sklearn.metrics.precision_recall_curve(positive, scores)
    f1 = (2 * precision * recall / numpy.maximum(precision + recall, 1e-300))[:-1]
    false_alarms, found, _ = sklearn.metrics.roc_curve(positive, scores, drop_intermediate=False)
    called = scores >= 0.5
    by_class = {
        name: [float(measure(positive, called, pos_label=kind)) for kind in (True, False)]
        for name, measure in (
            ("precision", sklearn.metrics.precision_score),
            ("recall", sklearn.metrics.recall_score),
            ("f1", sklearn.metrics.f1_score),
        )
    }
    return {
        "count": count, "seed": seed, "steps": steps,
        "roc_auc": sklearn.metrics.roc_auc_score(positive, scores),
        # Of many steps the curve would fill pages.
        "roc_curve": numpy.stack([false_alarms, found], 1).tolist() if len(found) < 50 else None,
        "average_precision": sklearn.metrics.average_precision_score(positive, scores),
        # Of equally good thresholds the highest.
        "best_f1": [float(thresholds[f1 >= f1.max() - 1e-12].max()), float(f1.max())],
        "confusion": sklearn.metrics.confusion_matrix(positive, called).flatten().tolist(),
        "accuracy": sklearn.metrics.accuracy_score(positive, called),
        **by_class,
        "mean_plus_2_std": float(scores.mean() + 2 * scores.std()),
        "quantiles": [float(numpy.quantile(scores, q)) for q in (0, 0.1, 0.5, 0.95, 1)],
    }


def of_images(height, width, seed, noise, value_range):
    """An image with smooth shapes, and the same one under noise; values in 32 bits."""
    down, across = numpy.mgrid[:height, :width]
    clean = value_range * (0.5 + 0.4 * numpy.sin(down / 3) * numpy.cos(across / 4))
    noisy = clean + value_range * noise * numbers(height * width, seed).reshape(height, width)
    x, y = (image.astype(numpy.float32).astype(numpy.float64) for image in (clean, noisy))
    similarity = skimage.metrics.structural_similarity(
        x, y, data_range=value_range, gaussian_weights=True, sigma=1.5, use_sample_covariance=False
    )
    ratio = skimage.metrics.peak_signal_noise_ratio(x, y, data_range=value_range)
    return {
        "height": height, "width": width, "seed": seed, "noise": noise, "range": value_range,
        "psnr": float(ratio), "ssim": float(similarity),
    }


print(json.dumps({
    "scores": [of_scores(*case) for case in [(40, 3, 5), (200, 8, 1000000), (301, 21, 10)]],
    "images": [of_images(*case) for case in [(28, 28, 5, 0.1, 1), (11, 11, 6, 0.3, 1), (37, 19, 7, 0.02, 255), (40, 64, 9, 1.5, 2)]],
}))
