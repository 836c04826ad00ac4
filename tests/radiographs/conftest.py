"""Films to take in."""

from tests.support.film_fixtures import *  # noqa: F403
