"""Features of films by the ViT of the audit, with random weights: films a second."""

from __future__ import annotations

import sys
import time

import torch
from torchvision.models import vit_b_16

from benchmarks import measuring
from benchmarks.gpu import workers
from benchmarks.gpu.settings import read
from cxr_release.encoders import registry
from cxr_release.encoders.encoding import encode_views
from cxr_release.files import sha256
from cxr_release.films.film_source import OpenedFilm

AT_ONCE = 64


def main() -> None:
    settings = read(sys.argv[1])
    weights = settings.folder / "vit.pth"
    torch.manual_seed(1)
    torch.save(vit_b_16(weights=None, image_size=registry.VIT_SIDE).state_dict(), weights)
    encoder = registry.vit(weights, sha256(weights))
    films = [
        OpenedFilm(f"film-{place:05d}", film)
        for place, film in enumerate(settings.trained()[: settings.encoded])
    ]
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    at_once = min(AT_ONCE, len(films))
    encode_views(encoder, films[:at_once], ["plain"])
    begin = time.perf_counter()
    features = encode_views(encoder, films, ["plain"])["plain"]
    took = time.perf_counter() - begin
    model = encoder.model.to(device)
    batch = torch.randn(at_once, 3, registry.VIT_SIDE, registry.VIT_SIDE, device=device)
    with torch.inference_mode():
        model(batch)
        alone = measuring.seconds(lambda: model(batch))
    workers.answer(
        {
            "films": len(films),
            "features": list(features.shape),
            "seconds": took,
            "films_a_second": len(films) / took,
            "network_alone_films_a_second": at_once / alone,
        }
    )


if __name__ == "__main__":
    main()
