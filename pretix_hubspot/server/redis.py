"""pretix's Redis, for state that all workers of a server share."""


def connect():
    """A client of pretix's Redis; only where ``settings.HAS_REDIS``."""
    from django_redis import get_redis_connection  # inline: only where pretix is configured with Redis

    return get_redis_connection("redis")
