"""Other ways to search for copies, measured as the audit's search is.

- `PHash`, `DHash`, `WHash`, `AHash`: imagededup's hashes; a pair's score is minus the Hamming
  distance of its 64 bits.
- `CNN`: imagededup's network (MobileNetV3, small); the cosine of its features. It needs a file of
  weights, and none is downloaded: with random ones only its seconds mean anything.
- `SIFT`: up to `KEYPOINTS` of each film in OpenCV; each of a synthetic film's is matched to the
  nearest of all real films' where the nearest of another film is farther by Lowe's ratio; the
  real film of most matches is verified by RANSAC (turn, scale, shift). The score is the inliers.

None of them looks at mirrored or inverted films by itself. Here each gets a film in the four views
of the audit, and the best one counts.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from cxr_release.encoders.encoder import turned
from cxr_release.films.png import Film
from cxr_release.schemas import VIEWS

Scores = NDArray[np.float32]
Films = Sequence[Film]
Method = Callable[[Films], Callable[[Films], Scores]]
"""Real films → films → scores (films, real), of the best view."""

HASHES = ("PHash", "DHash", "WHash", "AHash")
KEYPOINTS, RATIO, VERIFIED = 200, 0.8, 3
"""Most of a film; Lowe, Distinctive Image Features from Scale-Invariant Keypoints, International
Journal of Computer Vision 60, 2004; real films that are verified for each view of a film."""
PIXELS = 3.0
"""That a match may lie off the pose and is an inlier."""
BATCH = 64


def method_of(name: str, cnn_weights: Path | None) -> Method:
    """One of those above, by its name."""
    if name == "CNN":
        return network(cnn_weights)
    return matched if name == "SIFT" else hashed(name)


def hashed(name: str) -> Method:
    """One of imagededup's hashes."""
    from imagededup import methods

    hasher = getattr(methods, name)(verbose=False)

    def bits(film: Film) -> int:
        return int(hasher.encode_image(image_array=np.asarray(film)), 16)

    def method(real: Films) -> Callable[[Films], Scores]:
        own = np.array(_mapped(bits, real), np.uint64)

        def compare(films: Films) -> Scores:
            best = np.full((len(films), len(real)), -64, np.float32)
            for shown in _views(films):
                codes = np.array(_mapped(bits, shown), np.uint64)
                for row, code in enumerate(codes):
                    apart = np.bitwise_count(own ^ code)
                    best[row] = np.maximum(best[row], -apart.astype(np.float32))
            return best

        return compare

    return method


def network(weights: Path | None) -> Method:
    """imagededup's own network; random where there is no file of weights."""
    model, transform = mobilenet(weights)

    def method(real: Films) -> Callable[[Films], Scores]:
        own = _features(model, transform, real)

        def compare(films: Films) -> Scores:
            scores: Scores = np.max(
                [_features(model, transform, shown) @ own.T for shown in _views(films)], axis=0
            )
            return scores

        return compare

    return method


def mobilenet(weights: Path | None) -> tuple[Any, Any]:
    """What `imagededup.methods.CNN` takes by itself: the network, and its transform."""
    import torch
    from imagededup.utils.models import MobilenetV3
    from torchvision.models import mobilenet_v3_small

    torch.manual_seed(1)
    whole = mobilenet_v3_small(weights=None)
    if weights is not None:
        whole.load_state_dict(torch.load(weights, weights_only=True))
    # As in its class, which downloads weights.
    model = torch.nn.Sequential(whole.features, whole.avgpool, torch.nn.Flatten()).eval()
    return model, MobilenetV3.transform


def _features(model: Any, transform: Any, films: Films) -> Scores:
    import torch

    pieces = []
    with torch.no_grad():
        for start in range(0, len(films), BATCH):
            pictures = [
                Image.fromarray(np.asarray(film)).convert("RGB")
                for film in films[start : start + BATCH]
            ]
            pieces.append(model(torch.stack([transform(picture) for picture in pictures])).numpy())
    rows = np.concatenate(pieces)
    unit: Scores = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    return unit


def matched(real: Films) -> Callable[[Films], Scores]:
    """SIFT and RANSAC; see above."""
    import cv2

    cv2.setNumThreads(1)
    detector = cv2.SIFT_create(KEYPOINTS)  # type: ignore[attr-defined]

    def described(film: Film) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        points, vectors = detector.detectAndCompute(np.ascontiguousarray(film), None)
        if vectors is None:
            return np.empty((0, 2), np.float32), np.empty((0, 128), np.float32)
        unit = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)
        return np.array([point.pt for point in points], np.float32), unit

    of_real = [described(film) for film in real]
    places = np.concatenate([points for points, _ in of_real])
    pool = np.concatenate([vectors for _, vectors in of_real])
    owners = np.repeat(np.arange(len(real)), [len(points) for points, _ in of_real])

    def votes(film: Film) -> Scores:
        scores = np.zeros(len(real), np.float32)
        points, vectors = described(film)
        if not len(points):
            return scores
        products = vectors @ pool.T
        nearest = products.argmax(axis=1)
        every = np.arange(len(points))
        closest = products[every, nearest]
        products[owners[None, :] == owners[nearest][:, None]] = -1
        distances = np.sqrt(np.maximum(2 - 2 * np.stack([closest, products.max(axis=1)]), 0))
        good = distances[0] < RATIO * distances[1]
        counts = np.bincount(owners[nearest[good]], minlength=len(real))
        for place in np.argsort(-counts, kind="stable")[:VERIFIED]:
            chosen = good & (owners[nearest] == place)
            if chosen.sum() < 3:
                continue
            _, inliers = cv2.estimateAffinePartial2D(
                points[chosen], places[nearest[chosen]], ransacReprojThreshold=PIXELS
            )
            scores[place] = 0 if inliers is None else inliers.sum()
        return scores

    def compare(films: Films) -> Scores:
        best: Scores = np.max([_mapped(votes, shown) for shown in _views(films)], axis=0)
        return best

    return compare


def _views(films: Films) -> Iterator[list[Film]]:
    for view in VIEWS:
        yield [np.asarray(turned(Image.fromarray(np.asarray(film)), view)) for film in films]


def _mapped(work: Callable[[Film], Any], films: Films) -> list[Any]:
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return list(pool.map(work, films))
