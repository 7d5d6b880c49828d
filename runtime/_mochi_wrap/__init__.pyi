from .adapters import implement as implement
from .aio import (
    Loop as Loop,
    PerCallLoop as PerCallLoop,
    PersistentLoop as PersistentLoop,
    Stream as Stream,
    async_function_of as async_function_of,
    awaited as awaited,
    call_async as call_async,
    call_inside as call_inside,
    per_call_loop as per_call_loop,
    persistent_loop as persistent_loop,
    run_async as run_async,
    run_async_with as run_async_with,
    stream_of as stream_of,
    to_awaitable as to_awaitable,
    to_stream as to_stream,
    waiting_function_of as waiting_function_of,
)
from .aio_jobs import (
    Cancellation as Cancellation,
    cancellation as cancellation,
    is_loop_running as is_loop_running,
    mochi_async_timeout as mochi_async_timeout,
)
from .aio_persistent import stop_persistent as stop_persistent
from .callbacks import (
    function_of as function_of,
)
from .calls import (
    keywords as keywords,
    split_options as split_options,
)
from .containers import (
    entries_of as entries_of,
    list_of as list_of,
    map_of as map_of,
    option_of as option_of,
    set_of as set_of,
    to_entries as to_entries,
    to_list as to_list,
    to_map as to_map,
)
from .failures import (
    AsyncTimeoutError as AsyncTimeoutError,
    CallCancelledError as CallCancelledError,
    CancelTimeoutError as CancelTimeoutError,
    ConversionError as ConversionError,
    CrossLoopError as CrossLoopError,
    LoopError as LoopError,
    OptionError as OptionError,
    fail as fail,
    inside as inside,
    type_name as type_name,
)
from .handles import (
    cast_down as cast_down,
    handle_of as handle_of,
    having as having,
    run_with as run_with,
)
from .iterate import (
    LazyIterator as LazyIterator,
    iterator_of as iterator_of,
)
from .locks import (
    guarded as guarded,
    holding as holding,
    holding_of as holding_of,
    module_lock as module_lock,
    released as released,
)
from .modules import (
    LazyModule as LazyModule,
    find_loaded as find_loaded,
    find_type as find_type,
    lazy_module as lazy_module,
    load_object as load_object,
    part_finder as part_finder,
)
from .octets import (
    bytes_from_list as bytes_from_list,
    bytes_from_string as bytes_from_string,
    bytes_len as bytes_len,
    bytes_to_list as bytes_to_list,
    bytes_to_string as bytes_to_string,
)
from .records import (
    Record as Record,
    make_dict as make_dict,
    make_object as make_object,
    record_of as record_of,
    to_record as to_record,
    to_tuple as to_tuple,
)
from .scalars import (
    INT64_MAX as INT64_MAX,
    INT64_MIN as INT64_MIN,
    Converter as Converter,
    as_any as as_any,
    as_bool as as_bool,
    as_bytes as as_bytes,
    as_float as as_float,
    as_int as as_int,
    as_int64 as as_int64,
    as_none as as_none,
    as_string as as_string,
)
from .tests import (
    InstanceTest as InstanceTest,
    Test as Test,
    is_any_of as is_any_of,
    is_anything as is_anything,
    is_awaitable as is_awaitable,
    is_bool as is_bool,
    is_bytes as is_bytes,
    is_case as is_case,
    is_complex as is_complex,
    is_dict as is_dict,
    is_float as is_float,
    is_having as is_having,
    is_instance as is_instance,
    is_int as is_int,
    is_list as is_list,
    is_literal as is_literal,
    is_map as is_map,
    is_option as is_option,
    is_record as is_record,
    is_set as is_set,
    is_stream as is_stream,
    is_string as is_string,
    is_tuple as is_tuple,
)
from .variants import (
    Case as Case,
    OnlyCase as OnlyCase,
    enum_of as enum_of,
    to_enum as to_enum,
    to_literal as to_literal,
    to_union as to_union,
    to_variant as to_variant,
    variant_of as variant_of,
)
