"""The error of PCA, and the yardsticks of a data set, in numpy: what tests/published.rs compares with.

    python pca.py FOLDER          a folder with train-images-idx3-ubyte.gz and t10k-images-idx3-ubyte.gz; needs numpy
"""
import gzip
import sys

import numpy


def images(name):
    pixels = numpy.frombuffer(gzip.open(f"{sys.argv[1]}/{name}-images-idx3-ubyte.gz").read()[16:], numpy.uint8)
    return pixels.reshape(-1, 784) / 255


train, test = images("train"), images("t10k")
mean = train.mean(0)
_, components = numpy.linalg.eigh((train - mean).T @ (train - mean))
for count in (2, 8, 16, 32, 64):
    basis = components[:, -count:]
    error = (test - mean) - (test - mean) @ basis @ basis.T
    print(f"PCA with {count:2} components: test MSE {(error**2).mean():.6f}")


def cross_entropy(prediction):
    clipped = numpy.clip(prediction, 1e-7, 1 - 1e-7)
    return -(test * numpy.log(clipped) + (1 - test) * numpy.log(1 - clipped)).mean()


print(f"least possible BCE {cross_entropy(test):.6f}")
print(f"mean image: MSE {((test - mean) ** 2).mean():.6f}, BCE {cross_entropy(mean):.6f}")
