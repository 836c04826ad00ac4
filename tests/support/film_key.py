"""The key behind the ids of the tests' films."""

from cxr_release.films.film_key import FilmKey

KEY = FilmKey(bytes(range(32)))
