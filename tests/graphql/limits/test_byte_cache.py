"""The cache that is bounded by bytes."""

from api.graphql.limits.byte_cache import ByteCache


def test_what_was_not_used_for_longest_is_forgotten() -> None:
    cache: ByteCache[int] = ByteCache(800)
    for number in range(8):
        cache.put(str(number), number, 100)
    assert cache.get("0") == 0
    cache.put("8", 8, 100)
    assert (cache.get("1"), cache.get("0"), cache.used, len(cache)) == (None, 0, 800, 8)


def test_what_is_large_is_not_kept_and_what_is_put_again_counts_once() -> None:
    cache: ByteCache[int] = ByteCache(800)
    cache.put("large", 1, 101)
    assert (cache.get("large"), cache.used) == (None, 0)
    cache.put("a", 1, 40)
    cache.put("a", 2, 60)
    assert (cache.get("a"), cache.used) == (2, 60)
