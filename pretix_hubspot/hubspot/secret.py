"""Texts that must not show in the frames of an error report, in a log or on a page.

Error reports hold the variables of every function on the way. So a token, a code, a form or a body travels in a
`Secret` and is revealed where it is sent, in a function of which reports show no variables.
"""

import hmac
from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

Made = TypeVar("Made")


class Secret:
    """A text or bytes whose repr shows no content; equal to another one, or to plain text, of the same content."""

    __slots__ = ("_reveal",)

    def __init__(self, content: "str | bytes | Secret" = "") -> None:
        # In a closure: not even a report that looks into objects finds it.
        self._reveal: Callable[[], str | bytes] = content._reveal if isinstance(content, Secret) else lambda: content

    def reveal(self) -> Any:
        """The content; call it where it is used, and keep it in no variable."""
        return self._reveal()

    def __bool__(self) -> bool:
        return bool(self._reveal())

    def __len__(self) -> int:
        return len(self._reveal())

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, (Secret, str, bytes)):
            return NotImplemented
        return hmac.compare_digest(_bytes(self), _bytes(Secret(other)))

    def __hash__(self) -> int:
        return hash(self._reveal())

    def __repr__(self) -> str:
        return "Secret(…)" if self else "Secret()"

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return repr(self)

    def __reduce__(self) -> Any:
        raise TypeError("a secret is not to be stored")


def revealed(value: Any) -> Any:
    """The content of a secret; any other value unchanged."""
    return value.reveal() if isinstance(value, Secret) else value


def _bytes(secret: Secret) -> bytes:
    content = secret.reveal()
    return content if isinstance(content, bytes) else content.encode("utf-8", "surrogatepass")


def reveals(function: Callable[..., Made]) -> Callable[..., Made]:
    """Decorate a function that reveals secrets: its errors are raised without the frames that hold them.

    Its arguments stay visible, and so does the place that called it.
    """

    @wraps(function)
    def shielded(*arguments: Any, **options: Any) -> Made:
        try:
            return function(*arguments, **options)
        except BaseException as error:  # a task's time limit can raise in the middle of it as well
            raise _bare(error) from None

    return shielded


def _bare(error: BaseException) -> BaseException:
    """The error without its traceback, and without the errors behind it, which have tracebacks as well."""
    error.__context__ = error.__cause__ = None
    return error.with_traceback(None)
