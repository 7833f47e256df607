"""`cached_property`: computed when it is first asked for, without a lock."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, TypeVar, overload

T = TypeVar("T")


class cached_property(Generic[T]):  # noqa: N801  # takes the place of functools' one
    """A property that is computed once for each object and kept in its `__dict__`.

    Up to Python 3.11 that of functools holds a lock of the whole class while it computes: a process
    forked meanwhile by another thread inherits the lock as held, and waits for ever. Here two
    threads may compute the same at once; all get the value of the one that was done first.
    """

    def __init__(self, compute: Callable[[Any], T]) -> None:
        self.compute = compute
        self.__doc__ = compute.__doc__

    def __set_name__(self, owner: type[Any], name: str) -> None:
        self.name = name

    @overload
    def __get__(self, instance: None, owner: type[Any]) -> cached_property[T]: ...
    @overload
    def __get__(self, instance: object, owner: type[Any]) -> T: ...
    def __get__(self, instance: object | None, owner: type[Any]) -> cached_property[T] | T:
        """The value; the class itself is asked for the property."""
        if instance is None:
            return self
        # once it is there the object's own entry is found first, and this is not called again
        kept: T = instance.__dict__.setdefault(self.name, self.compute(instance))
        return kept
