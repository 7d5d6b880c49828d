"""What every wrapper shares: lazy modules, checked conversion of values, call options.

This folder is copied beside the wrappers and imported by them as `_mochi_wrap`. It needs
nothing but the standard library (Python 3.11 and later). A module of it is imported when
one of its names is first used.
"""

from __future__ import annotations

import importlib

# `typing` takes longer to import than all that most wrappers need of this package.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

# The names of each module; `__init__.pyi` tells them to type checkers.
_NAMES = {
    "adapters": "implement",
    "aio": (
        "Loop PerCallLoop PersistentLoop Stream async_function_of awaited call_async "
        "call_inside per_call_loop persistent_loop run_async run_async_with stream_of "
        "to_awaitable to_stream waiting_function_of"
    ),
    "aio_jobs": "Cancellation cancellation is_loop_running mochi_async_timeout",
    "aio_persistent": "stop_persistent",
    "callbacks": "function_of",
    "calls": "keywords split_options",
    "containers": (
        "entries_of list_of map_of option_of set_of to_entries to_list to_map"
    ),
    "failures": (
        "AsyncTimeoutError CallCancelledError CancelTimeoutError ConversionError "
        "CrossLoopError LoopError OptionError fail inside type_name"
    ),
    "handles": "cast_down handle_of having run_with",
    "iterate": "LazyIterator iterator_of",
    "locks": "guarded holding holding_of module_lock released",
    "modules": "LazyModule find_loaded find_type lazy_module load_object part_finder",
    "octets": (
        "bytes_from_list bytes_from_string bytes_len bytes_to_list bytes_to_string"
    ),
    "records": "Record make_dict make_object record_of to_record to_tuple",
    "scalars": (
        "Converter INT64_MAX INT64_MIN as_any as_bool as_bytes as_float as_int "
        "as_int64 as_none as_string"
    ),
    "tests": (
        "InstanceTest Test is_any_of is_anything is_awaitable is_bool is_bytes "
        "is_case is_complex is_dict is_float is_having is_instance is_int is_list "
        "is_literal is_map is_option is_record is_set is_stream is_string is_tuple"
    ),
    "variants": (
        "Case OnlyCase enum_of to_enum to_literal to_union to_variant variant_of"
    ),
}
_HOMES = {name: module for module, names in _NAMES.items() for name in names.split()}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module = importlib.import_module(f".{_HOMES[name]}", __name__)
    globals()[name] = found = getattr(module, name)
    return found
