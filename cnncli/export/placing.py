"""Verified files put in place: a model whole, with what belongs beside it, or not at all."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from cnncli.errors import MachineError, UsageError
from cnncli.files import replacing
from cnncli.temporary import endings_held


def put_in_place(draft: Path, path: Path, beside: Mapping[Path, Path], *, force: bool) -> None:
    """Move a draft to `path`, and first the drafts of what belongs beside it to their places; raises as `replacing`."""
    with (
        _parent_of(path),
        _standing_beside(path, beside, force=force),
        replacing(path, force=force, directory=draft.is_dir()) as final,
    ):
        os.replace(draft, final)  # noqa: PTH105


@contextmanager
def _standing_beside(path: Path, beside: Mapping[Path, Path], *, force: bool) -> Iterator[None]:
    """Move drafts to their places around a block; where it fails, what stood there before stands there again.

    A model finds them by name in its own directory, so that two renames are needed, which nothing can interrupt but an
    end of the process.
    """
    if not beside:
        yield
        return
    moved: dict[Path, Path] = {}
    with endings_held():
        try:
            for draft, place in beside.items():
                check_beside(path, place, force=force)
                aside = draft.with_name(f"{draft.name}.replaced")
                if os.path.lexists(place):
                    place.replace(aside)
                moved[place] = aside
                draft.replace(place)
            yield
        except BaseException as error:
            for place, aside in moved.items():
                place.unlink(missing_ok=True)
                if os.path.lexists(aside):
                    aside.replace(place)
            if isinstance(error, OSError) and error.errno is not None:
                raise MachineError(f"{path} cannot be written: {error.strerror}") from error
            raise


def check_beside(path: Path, place: Path, *, force: bool) -> None:
    """Raise where what belongs beside a model at `path` could not be put at `place`."""
    if path.is_symlink():
        raise UsageError(f"{path} is a link, and part of the model is to stand beside it; name the file itself")
    if place.is_dir():
        raise UsageError(f"{place} is a directory; weights of {path.name} are to stand there; name another")
    if os.path.lexists(place) and not force:
        raise UsageError(f"{place} exists, where weights of {path.name} are to stand; add --force to replace it")


@contextmanager
def _parent_of(path: Path) -> Iterator[None]:
    """Make the directory that a file is to be put into, where there is none; it is gone again where that fails."""
    parent = path.parent
    with endings_held() as gate:
        made = not parent.exists()
        if made:
            parent.mkdir()
        try:
            with gate.opened():
                yield
        finally:
            if made:
                with suppress(OSError):  # it has the file in it
                    parent.rmdir()
