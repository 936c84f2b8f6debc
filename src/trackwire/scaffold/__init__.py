"""Begins a provider plugin: a complete distribution that works, to be adapted to its tracker."""

from trackwire.scaffold.blueprint import Blueprint, draw
from trackwire.scaffold.writing import render, write

__all__ = ["Blueprint", "draw", "render", "write"]
