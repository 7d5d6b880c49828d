"""Names for Mochi's own codes, which has none; the codes themselves are Mochi's."""

from __future__ import annotations

from ...ir import codes
from ...ir.diagnostics import Code

_NAMES = """
P001 brace-expected
P011 body-expected
P020 expression-expected
P030 name-expected
P031 name-after-let
P040 not-a-token
P041 unknown-escape
P042 endless-comment
P043 letter-after-number
P045 number-too-large
P046 number-without-digits
P051 comma-expected
P052 parenthesis-expected
P054 colon-in-parameters
P055 stray-dot
P056 stray-let
P060 empty-index
P061 case-without-result
P062 empty-path
P063 not-a-pattern
P064 unknown-import-language
P065 useless-statement
P066 rust-import-path
P067 go-import-path
P068 go-import-without-alias
P069 erlang-import-path
P070 malformed-node
P071 java-import-without-alias
P999 syntax-error
T000 no-type-and-no-value
T001 unknown-variable-assigned
T002 unknown-variable
T003 unknown-function
T004 not-callable
T005 parameter-without-type
T006 too-many-arguments
T007 wrong-argument-type
T008 wrong-type
T009 wrong-type-assigned
T010 wrong-type-returned
T011 expect-not-bool
T013 incomparable
T015 index-not-int
T016 missing-index
T017 map-slice
T018 not-indexable
T019 wrong-key-type
T020 wrong-operands
T021 unknown-operator
T022 not-iterable
T023 range-not-int
T024 not-a-var
T025 unknown-type
T026 unknown-field
T027 no-fields
T028 fetch-address
T029 fetch-options
T030 fetch-option-type
T031 unknown-stream
T032 query-source
T033 where-not-bool
T034 join-source
T035 join-condition
T036 no-length
T037 not-countable
T038 average-of-non-numbers
T039 builtin-arity
T040 condition-not-bool
T041 sum-of-non-numbers
T042 having-not-bool
T044 effects-in-query
T045 jump-outside-loop
T046 impossible-cast
T047 type-parameter-conflict
T048 type-parameter-unknown
T050 case-missing
T051 shared-let
T052 shared-collection
T053 field-missing
T054 case-never-reached
T055 rows-not-int
T056 no-order
T057 not-distinguishable
T058 unguarded-option
T059 compared-with-none
T060 safe-field-of-plain-value
T061 safe-field-of-non-record
T062 safe-index-of-plain-value
T063 safe-index-of-non-collection
T064 unknown-effect
T065 undeclared-effect
"""

_OURS = {value.code: value for value in vars(codes).values() if isinstance(value, Code)}
_MOCHI = {
    code: Code(code, name, name.replace("-", " ")) for code, name in map(str.split, _NAMES.split("\n")[1:-1])
}
_WITHOUT = Code("mochi", "refused-without-code", "Mochi refuses this without a code")


def code_named(code: str | None) -> Code:
    """Return the code of a problem as diagnostics show it."""
    if code is None:
        return _WITHOUT
    return _MOCHI.get(code) or _OURS[code]
