"""`match`: patterns, coverage of unions, and one type for all results."""

from __future__ import annotations

from attrs import define, field

from . import expressions as e
from .check_calls import CallChecks
from .checks import mismatch, refused
from .environment import Scope
from .narrowing import is_none
from .relations import unify
from .types import ANY, Applied, Struct, Type, Union, show


@define
class _Seen:
    """What the cases so far cover."""

    variants: set[str] = field(factory=set)
    literals: set[tuple[str, str]] = field(factory=set)
    everything: bool = False


class MatchChecks(CallChecks):
    """The checks of `match`."""

    def match(self, match: e.Match, scope: Scope, expected: Type | None) -> Type:
        """Return the type of the first result, which the others have to fit."""
        target = self.expr(match.target, scope)
        name = e.bare_name(match.target)
        seen = _Seen()
        result: Type | None = None
        for case in match.cases:
            inside = self._pattern(case, target, scope, seen)
            if name and isinstance(target, Applied) and target.head == "option" and not is_none(case.pattern):
                inside = inside.narrow({name: target.args[0]})
            if case.result is None:
                self.block(case.block, inside, expected)
                continue
            found = self.expr(case.result, inside, expected)
            if result is None:
                result = found
            elif not unify(result, found):
                raise mismatch(case, result, found)
        order = target.order if isinstance(target, Union) and not seen.everything else ()
        if missing := [each for each in order if each not in seen.variants]:
            listed = ", ".join(f"`{each}`" for each in missing)
            raise refused("T050", f"no case covers {listed} of `{show(target)}`", match)
        result = ANY if result is None else result
        if expected is not None and not unify(result, expected):
            raise mismatch(match, expected, result)
        return result

    def _pattern(self, case: e.MatchCase, target: Type, scope: Scope, seen: _Seen) -> Scope:
        """Return the scope in which the result of `case` stands."""
        if seen.everything:
            raise refused("T054", "a case above takes everything, so this one is never reached", case)
        bare = e.bare(case.pattern)
        if isinstance(bare, e.Call):
            return self._variant(bare, case, target, scope, seen)
        name = e.bare_name(case.pattern)
        if name and (union := scope.find_union_of(name)) is not None:
            _require_variant(case, target, union.variants[name])
            if name in seen.variants:
                raise refused("T054", f"a case above takes `{name}` already", case)
            seen.variants.add(name)
        elif name == "_":
            seen.everything = True
        else:
            found = self.expr(case.pattern, scope)
            if not unify(target, found):
                raise mismatch(case, target, found)
            if isinstance(bare, e.Literal):
                key = (bare.kind, _literal_key(bare))
                if key in seen.literals:
                    raise refused("T054", "a case above takes this value already", case)
                seen.literals.add(key)
        return scope

    def _variant(self, call: e.Call, case: e.MatchCase, target: Type, scope: Scope, seen: _Seen) -> Scope:
        union = scope.find_union_of(call.name)
        if union is None:
            return scope
        variant = union.variants[call.name]
        if len(call.args) != len(variant.fields):
            raise mismatch(case, target, variant)
        _require_variant(case, target, variant)
        if case.guard is None:
            if call.name in seen.variants:
                raise refused("T054", f"a case above takes `{call.name}` already", case)
            seen.variants.add(call.name)
        inside = scope.child()
        for arg, (_, ty) in zip(call.args, variant.fields, strict=True):
            if name := e.bare_name(arg):
                inside.bind(name, ty, mutable=True)
        return inside


def _require_variant(case: e.MatchCase, target: Type, variant: Struct) -> None:
    if not unify(target, variant):
        raise mismatch(case, target, variant)


def _literal_key(literal: e.Literal) -> str:
    """Return a text that is the same for numbers written differently."""
    if literal.kind == "int":
        digits = literal.value.lower()
        return str(int(digits, 0) if digits[1:2] in ("x", "b", "o") else int(digits))
    return repr(float(literal.value)) if literal.kind == "float" else literal.value
