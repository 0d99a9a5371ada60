"""Ways to form segments, behind one interface: k-means, mixtures, trees of merges, medoids, density, rules and outcomes."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from .auto import AutoChoice, admitted_methods, choose_method
from .base import Fitted, Method, Rows, everybody, method_of, prepare_rows, usable_rows
from .compare import compare_method
from .density import Density
from .fit import fit_method, learn_rows, solve
from .gaussian import Gaussian
from .given import count_usable, method_inputs, spread_names
from .kmeans import KMeans
from .latent import LatentClass, LatentProfile
from .medoids import Medoids
from .rules import Rules, load_rules
from .tree import Tree
from .ward import Ward
from .words import (
    describe_auto,
    describe_method,
    describe_model_comparison,
    rule_names,
    tabulate_auto,
    tabulate_criteria,
)

METHODS_BY_NAME: Mapping[str, Method] = MappingProxyType(
    {
        maker.name: maker
        for maker in (
            KMeans(),
            LatentClass(),
            LatentProfile(),
            Gaussian(),
            Ward(),
            Medoids(),
            Density(),
            Rules(),
            Tree(),
        )
    }
)
"""Every method by its name in a study file; "auto" is a choice among them."""

__all__ = [
    "METHODS_BY_NAME",
    "AutoChoice",
    "Fitted",
    "Method",
    "Rows",
    "admitted_methods",
    "choose_method",
    "compare_method",
    "count_usable",
    "describe_auto",
    "describe_method",
    "describe_model_comparison",
    "everybody",
    "fit_method",
    "learn_rows",
    "load_rules",
    "method_inputs",
    "method_of",
    "prepare_rows",
    "rule_names",
    "solve",
    "spread_names",
    "tabulate_auto",
    "tabulate_criteria",
    "usable_rows",
]
