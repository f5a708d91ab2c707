"""Writes docs/models.md, every architecture with its paper, figures and options, from the registry.

`python tests/models_page.py` writes it anew; tests/test_models_page.py says whether it is up to date.
"""

from __future__ import annotations

from pathlib import Path

from cnncli.models.catalogue import models
from cnncli.render.markdown import write
from cnncli.views.family import family_document
from cnncli.views.list import TOP1, Listing, in_families

PAGE = Path(__file__).parent.parent / "docs" / "models.md"
ABOUT = f"""# The models

What `cnncli list FAMILY` tells of every family, the oldest first. Params and MACs of a model are computed from its
graph at the input that is named; published figures have their source, and where one is another than here, why.
{TOP1}

This page is written by `python tests/models_page.py`.
"""


def page() -> str:
    """Every family, below a table of contents."""
    specs = in_families(models())
    families = list(dict.fromkeys(spec.family for spec in specs))
    contents = []
    sections = []
    for family in families:
        members = [spec for spec in specs if spec.family == family]
        years = sorted({spec.year for spec in members})
        span = f"{years[0]}" if len(years) == 1 else f"{years[0]} to {years[-1]}"
        names = ", ".join(f"`{spec.name}`" for spec in members)
        contents.append(f"| [{family}](#{_anchor(family)}) | {span} | {names} |")
        sections.append(f"## {family}\n\n{_body(members)}")
    table = "\n".join(["| Family | Years | Models |", "| --- | --- | --- |", *contents])
    return "\n".join([ABOUT, f"{table}\n", *sections])


def _body(members: list[object]) -> str:
    """Of a family, without the note that stands above."""
    document = family_document(Listing(members))  # type: ignore[arg-type]
    return write(document).replace(f"\n{TOP1}  \n", "")


def _anchor(heading: str) -> str:
    """As a forge links to a heading."""
    kept = "".join(letter for letter in heading.lower() if letter.isalnum() or letter in " -")
    return kept.replace(" ", "-")


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
