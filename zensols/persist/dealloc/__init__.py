"""Objects that free what they hold when told to, rather than when collected."""

from .context import dealloc, dealloc_recursive
from .deallocatable import Deallocatable

__all__ = ["Deallocatable", "dealloc", "dealloc_recursive"]
