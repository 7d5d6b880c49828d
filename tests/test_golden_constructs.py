"""Every case of `golden/constructs/`: a package that uses a hard construct, and the shim it becomes."""

from __future__ import annotations

import re

import pytest
from casefile import Case, check_case, read_folder

from mochic_py.backends.workspace import WorkspaceMember, plan_workspace
from mochic_py.compiler.frontends.stub import read_module
from mochic_py.compiler.lower import LowerSettings, lower_package
from mochic_py.compiler.mochi.checker import check_text
from mochic_py.ir.dist import Target, Tier
from mochic_py.ir.items import Class, Package, Refusal
from mochic_py.ir.source import SourceFile

CASES = read_folder("constructs")
_COMMENT = re.compile(r"^//.*\n", re.MULTILINE)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_construct(case: Case, update_golden: bool) -> None:
    package = _lower(case)
    (shim,) = [
        artifact.content.decode()
        for artifact in plan_workspace([WorkspaceMember(package, "pkg")])
        if artifact.path.endswith("_shim.mochi")
    ]
    verdict = check_text(shim)
    assert verdict.checks, verdict
    declarations = re.sub(r"\n{2,}", "\n", _COMMENT.sub("", shim)).strip("\n")
    lost = sorted(set(_losses(package)))
    check_case(case, "shim", declarations + "\n", update_golden)
    check_case(case, "lost", "".join(f"{line.rstrip()}\n" for line in lost), update_golden)


def test_every_construct_of_the_census_has_a_case() -> None:
    numbers = {int(number) for case in CASES for number in re.findall(r"^\d+", case.title)}
    assert numbers == set(range(1, 41))


def _lower(case: Case) -> Package:
    modules = []
    for name, text in case.blocks.items():
        if not name.endswith((".py", ".pyi")):
            continue
        stem = name.rpartition(".")[0].replace("/", ".")
        module, _ = read_module(
            SourceFile(name, text),
            stem.removesuffix(".__init__"),
            is_package=stem.endswith(".__init__"),
            is_stub=name.endswith(".pyi"),
            tier=Tier.INLINE,
            target=Target("linux-x86_64", (3, 13)),
        )
        modules.append(module)
    raw = Package("pkg", "1.0", ("pkg",), Tier.INLINE, Target("linux-x86_64", (3, 13)), tuple(modules))
    return lower_package(raw, LowerSettings(), lambda: 0.0).package


def _losses(package: Package) -> list[str]:
    lines = []
    for module in package.modules:
        for item in module.items:
            if isinstance(item, Refusal):
                lines.append(f"refused {item.path}: {item.reason.value} {item.detail}")
            members = (
                (*item.fields, *item.properties, *item.constructors, *item.methods)
                if isinstance(item, Class)
                else ()
            )
            for each in (item, *members):
                lines += [
                    f"{each.path}, {loss.where}: {loss.reason.value} {loss.detail}"
                    for loss in each.info.degradations
                ]
    return lines
