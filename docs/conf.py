"""How Sphinx makes the site: `sphinx-build -W --keep-going -n -c docs . OUT`.

Its source is the whole repository, so that a link from one page to another means the same on the
site, in a checkout and on a forge.
"""

from __future__ import annotations

from importlib.metadata import version as version_of
from pathlib import Path
from typing import TYPE_CHECKING

from myst_parser.sphinx_ext.myst_refs import MystReferenceResolver
from sphinx.addnodes import pending_xref
from sphinx.transforms.post_transforms import SphinxPostTransform

if TYPE_CHECKING:
    from sphinx.application import Sphinx

project = "Trackwire"
version = release = version_of("trackwire")
project_copyright = "the authors of Trackwire"

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx_click",
]
root_doc = "docs/index"
include_patterns = [
    "*.md",
    "contracts/*.md",
    "docs/*.md",
    "docs/explanation/*",
    "docs/how-to/*",
    "docs/reference/*",
    "plugins/*/README.md",
]

myst_heading_anchors = 4

default_role = "code"
nitpick_ignore_regex = [
    # what is not ours has no page here, and no inventory of others is fetched
    ("py:.*", r"(?!trackwire).*"),
    # a type variable has no page
    ("py:.*", r"trackwire\..*\.[A-Z]"),
]
autodoc_default_options = {"members": True, "member-order": "bysource"}
autodoc_preserve_defaults = True
autodoc_typehints = "description"
autodoc_typehints_description_target = "documented"
napoleon_numpy_docstring = False

html_theme = "alabaster"
html_theme_options = {"description": "Issue-tracker snapshots with their route on them"}
html_extra_path = ["site"]  # leads from the top of the site to its first page
html_show_sourcelink = False


class FolderUnlinker(SphinxPostTransform):
    """Shows a link to a folder as its text, for a site has no page of a folder."""

    default_priority = MystReferenceResolver.default_priority - 1

    def run(self, **_: object) -> None:
        """Replace such links in a page."""
        page = Path(self.env.doc2path(self.env.docname))
        for link in list(self.document.findall(pending_xref)):
            if link["reftype"] == "myst" and (page.parent / link["reftarget"]).is_dir():
                link.replace_self(link.children)


def setup(app: Sphinx) -> None:
    """Add what the extensions lack."""
    app.add_post_transform(FolderUnlinker)
