"""Claims path pointers over JSON. Source: OpenID4VP 1.0 §7.1 (the same text as OpenID4VCI 1.0 Appendix C.1)."""

from __future__ import annotations

from typing import Any

# One component of a pointer: an object key, an array index, or null for every element.
Component = str | int | None
# Where a selected element lies: keys and indexes only.
Location = tuple[str | int, ...]


class PathError(Exception):
    """A pointer that is malformed or selects nothing."""


def select(root: Any, pointer: list[Component]) -> list[tuple[Location, Any]]:
    """The selected elements with their locations, at least one.

    Raises `PathError` as the processing rules ask: wrong kind of element, or an empty selection.
    """
    if not isinstance(pointer, list) or not pointer:
        raise PathError("a pointer is a non-empty array")
    selected: list[tuple[Location, Any]] = [((), root)]
    for component in pointer:
        selected = [found for location, value in selected for found in _step(location, value, component)]
    if not selected:
        raise PathError("the pointer selects nothing")
    return selected


def _step(location: Location, value: Any, component: Component) -> list[tuple[Location, Any]]:
    if isinstance(component, str):
        if not isinstance(value, dict):
            raise PathError("a key into something that is not an object")
        return [((*location, component), value[component])] if component in value else []
    if not isinstance(value, list):
        raise PathError("an index into something that is not an array")
    if component is None:
        return [((*location, index), element) for index, element in enumerate(value)]
    if isinstance(component, bool) or not isinstance(component, int) or component < 0:
        raise PathError("a component that is no key, index or null")
    return [((*location, component), value[component])] if component < len(value) else []
