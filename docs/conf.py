"""How Sphinx makes the site: `sphinx-build -W --keep-going -n -c docs . OUT`.

Its source is the whole repository, so that a link from one page to another means the same on the
site, in a checkout and on a forge.
"""

from __future__ import annotations

import re
from importlib.metadata import version as version_of
from pathlib import Path
from typing import TYPE_CHECKING, Any

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
    "docs/examples/*.rst",
    "docs/examples/*/README.md",
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
    # what the kit's TemporaryStore hands out is the core's own (contracts/provider-plugin.md)
    ("py:class", r"trackwire\.(store\.TrackerSqliteStore|scope\.Scope)"),
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


class FolderLinker(SphinxPostTransform):
    """Has a link to a folder lead to its README's page; where it has none, shows its text alone."""

    default_priority = MystReferenceResolver.default_priority - 1

    def run(self, **_: object) -> None:
        """Change such links in a page."""
        page = Path(self.env.doc2path(self.env.docname))
        for link in list(self.document.findall(pending_xref)):
            folder = page.parent / link["reftarget"]
            if link["reftype"] != "myst" or not folder.is_dir():
                continue
            readme = self.env.path2doc(folder.resolve() / "README.md")
            if readme in self.env.all_docs:
                link["refdomain"], link["reftarget"], link["reftargetid"] = "doc", readme, None
            else:
                link.replace_self(link.children)


def leave_out_inner_defaults(*event: Any) -> tuple[str, str | None] | None:
    """Show a default that has a name of the code's own, or is made anew, as `...`."""
    *_, signature, returned = event
    if signature is None:
        return None
    return re.sub(r"(?<==)(<factory>|_[A-Z]\w*)", "...", signature), returned


def leave_out_arguments(_app: Sphinx, _context: object, lines: list[str]) -> None:
    """Leave out the section of a command's arguments, of which its description tells more."""
    lines.clear()


def setup(app: Sphinx) -> None:
    """Add what the extensions lack."""
    app.add_post_transform(FolderLinker)
    app.connect("autodoc-process-signature", leave_out_inner_defaults)
    app.connect("sphinx-click-process-arguments", leave_out_arguments)
