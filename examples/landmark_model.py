"""Learn landmarks from a release's films alone, and say how far off they are on other films.

python examples/landmark_model.py data/release
python examples/landmark_model.py data/release data/landmarks/control.parquet

The numbers are those of the release's card: for films of the release whose number is a multiple of
five, which are held out, and for real films, where somebody has some with points: a Parquet file
with the columns `image` and `keypoints`.
"""

import sys
from typing import Any

import numpy as np
from datasets import load_dataset
from PIL import Image
from sklearn.linear_model import Ridge


def arrays(films: list[Any]) -> tuple[Any, Any]:
    """Small pictures of mean 0 and deviation 1, and all points of each in pixels of the film."""
    small = [film["image"].resize((32, 32), Image.Resampling.BOX) for film in films]
    pictures = np.array([np.asarray(picture, float).ravel() for picture in small])
    pictures -= pictures.mean(axis=1, keepdims=True)
    points = [[(point["x"], point["y"]) for point in film["keypoints"]] for film in films]
    return pictures / (pictures.std(axis=1, keepdims=True) + 1e-9), np.array(points)


release, *further = sys.argv[1:]
films = [row for row in load_dataset(release, split="train") if len(row["keypoints"] or ()) == 23]
number = [int(film["id"].rsplit("-", 1)[1]) for film in films]
pictures, points = arrays([film for film, n in zip(films, number, strict=True) if n % 5])
model = Ridge(alpha=30.0).fit(pictures, points.reshape(len(points), -1))
tests = {"held-out synthetic": [film for film, n in zip(films, number, strict=True) if n % 5 == 0]}
if further:
    tests["real"] = list(load_dataset("parquet", data_files=further, split="train"))
print(f"learnt from {len(points)} films")
for name, tested in tests.items():
    pictures, points = arrays(tested)
    distances = np.linalg.norm(model.predict(pictures).reshape(points.shape) - points, axis=2)
    print(f"{len(tested)} {name} films: {distances.mean():.2f} pixels off")
