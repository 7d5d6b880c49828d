/* Python inside a host program: the C ABI.
 *
 * One library for CPython 3.12 and later, free-threaded builds too: libpython is found and opened at
 * run time, and only functions of the limited API (3.12) are called.
 *
 *     mochi_options options = {.venv = "W/.venv", .workspace = "W"};
 *     if (mochi_init(&options)) die(mochi_last_error()->message);
 *     mochi_function loads = mochi_resolve("python_wrap.tomli.tomli_externs", "loads");
 *     mochi_value text = mochi_string("a = 1", 5), result;
 *     if (mochi_call(loads, &text, 1, &result)) puts(mochi_last_error()->message);
 *
 * Every function may be called from any thread, but `mochi_init` from one only. A thread that calls is
 * attached to Python for the time of the call; its Python state is kept until it ends. No signal
 * handler is installed. A process that has called may not fork without exec.
 */
#ifndef MOCHI_PY_H
#define MOCHI_PY_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define MOCHI_ABI 1

/* What functions return. After anything but MOCHI_OK, `mochi_last_error` says more. */
enum {
    MOCHI_OK = 0,
    MOCHI_RAISED = 1, /* Python raised an exception */
    MOCHI_MISUSE = 2, /* the host asked for what cannot be: a released handle, a malformed tree */
};

/* --- values --------------------------------------------------------------------------------------
 *
 * A tree of values is a run of nodes, each of them eight-byte words in the byte order of the machine.
 * The first word of a node is its head: the tag in the low 8 bits, a count in the others. What follows:
 *
 *     MOCHI_NULL                          nothing
 *     MOCHI_BOOL                          nothing; the count is 0 or 1
 *     MOCHI_INT, MOCHI_FLOAT              a word: int64_t, double
 *     MOCHI_BIGINT, _STRING, _BYTES       count bytes, filled up with zeros to a whole word; decimal digits,
 *                                         UTF-8 (surrogates as in WTF-8), anything
 *     MOCHI_LIST, MOCHI_TUPLE, MOCHI_SET  count nodes
 *     MOCHI_MAP                           count pairs of nodes
 *     MOCHI_RECORD, MOCHI_VARIANT         a string node, the name, then count pairs: a string node and a value
 *     MOCHI_HANDLE                        a word: the id of an object that stays in Python
 *     MOCHI_CALLBACK                      a word: the id of a function of the host
 *     MOCHI_BORROWED_STRING, _BYTES       a word: the address of count bytes, which live until the call ends;
 *                                         in arguments only
 */
enum {
    MOCHI_NULL = 0,
    MOCHI_BOOL,
    MOCHI_INT,
    MOCHI_FLOAT,
    MOCHI_BIGINT,
    MOCHI_STRING,
    MOCHI_BYTES,
    MOCHI_LIST,
    MOCHI_TUPLE,
    MOCHI_SET,
    MOCHI_MAP,
    MOCHI_RECORD,
    MOCHI_VARIANT,
    MOCHI_HANDLE,
    MOCHI_CALLBACK,
    MOCHI_BORROWED_STRING,
    MOCHI_BORROWED_BYTES,
    MOCHI_TREE, /* of a `mochi_value` only: nodes at `as.bytes` */
};

/* One value. Scalars, handles and callbacks stand in it; of strings, bytes, big ints and trees it
 * has the address, and their size in `length`. */
typedef struct mochi_value {
    uint32_t tag;
    union {
        int64_t integer; /* MOCHI_INT, MOCHI_BOOL */
        double number;
        uint64_t id;
        const char *text;
        const uint8_t *bytes;
    } as;
    size_t length;
} mochi_value;

/* A growing buffer with a tree: arguments on the way in, the result on the way out. It belongs to one
 * call at a time. `function`, `count` (of arguments) and `status` are those of the call. */
typedef struct mochi_frame {
    uint8_t *data;
    size_t length;
    size_t capacity;
    uintptr_t function;
    uint32_t count;
    int32_t status;
} mochi_frame;

mochi_frame *mochi_frame_new(size_t capacity);
void mochi_frame_free(mochi_frame *frame);
/* Make room for `size` more bytes; returns where they begin. NULL when there is no memory. */
uint8_t *mochi_frame_reserve(mochi_frame *frame, size_t size);

/* Append a node to a frame; containers announce how much follows. */
void mochi_put_null(mochi_frame *frame);
void mochi_put_bool(mochi_frame *frame, int value);
void mochi_put_int(mochi_frame *frame, int64_t value);
void mochi_put_float(mochi_frame *frame, double value);
void mochi_put_text(mochi_frame *frame, uint32_t tag, const void *data, size_t length);
void mochi_put_open(mochi_frame *frame, uint32_t tag, size_t count); /* list, tuple, set, map */
void mochi_put_named(mochi_frame *frame, uint32_t tag, const char *name, size_t count); /* record, variant */
void mochi_put_id(mochi_frame *frame, uint32_t tag, uint64_t id);     /* handle, callback */

/* Read the node at `*cursor` and go on behind it, or behind the head of a container, whose count is
 * `length` then. Returns 0 at the end, and for what is no node. */
int mochi_read(const uint8_t **cursor, const uint8_t *end, mochi_value *value);

/* --- starting and stopping ----------------------------------------------------------------------- */

/* Calls function `id` of the host: `frame` has `count` arguments, and takes the result. Returns
 * MOCHI_OK, or anything else with a string in the frame, the message of the exception to raise. */
typedef int (*mochi_callback)(void *context, uint64_t id, mochi_frame *frame);
/* Python has dropped function `id`. Called with Python's lock held: it must not call Python. */
typedef void (*mochi_callback_release)(void *context, uint64_t id);

typedef struct mochi_options {
    const char *venv;      /* the environment of the packages */
    const char *workspace; /* the folder with `python_wrap` and `_mochi_wrap` */
    const char *libpython; /* NULL: that of the interpreter of `venv` */
    mochi_callback callback;
    mochi_callback_release release;
    void *context;
} mochi_options;

int mochi_init(const mochi_options *options);
/* Run what is registered to run at exit, and write out what Python has buffered. No call is possible
 * afterwards; threads that are inside of a call go on. */
int mochi_shutdown(void);

/* --- calls --------------------------------------------------------------------------------------- */

typedef uintptr_t mochi_function;

/* Return the function `name` of a module, for good; 0 where there is none. */
mochi_function mochi_resolve(const char *module, const char *name);

/* Call with `count` values. The bytes of the result live until the next call on this thread. */
int mochi_call(mochi_function function, const mochi_value *arguments, size_t count, mochi_value *result);

/* Call `frame->function` with the `frame->count` nodes of the frame; the result takes their place. After
 * MOCHI_RAISED it holds the type, the message and the trace, strings, and the list of the classes
 * of the error; after MOCHI_MISUSE the type and the message. */
int mochi_call_frame(mochi_frame *frame);

/* Give up a handle. `mochi_release_later` does not wait for Python: the object goes with the next call. */
void mochi_release(uint64_t handle);
void mochi_release_later(uint64_t handle);

/* Between these two the thread stays attached, which makes many short calls cheaper. It must not wait
 * for another thread that calls. They nest. */
int mochi_enter(void);
void mochi_leave(void);

/* --- errors -------------------------------------------------------------------------------------- */

typedef struct mochi_error {
    const char *type;    /* `json.decoder.JSONDecodeError`; builtins have no module */
    const char *message;
    const char *trace;   /* as Python prints it, without the frames of this library */
} mochi_error;

/* Return what went wrong last on this thread; never NULL, valid until its next call. */
const mochi_error *mochi_last_error(void);

/* How many handles are alive. */
size_t mochi_live_handles(void);

/* --- shorthands ---------------------------------------------------------------------------------- */

static inline mochi_value mochi_int(int64_t value)
{
    mochi_value made;
    made.tag = MOCHI_INT;
    made.as.integer = value;
    made.length = 0;
    return made;
}

static inline mochi_value mochi_float(double value)
{
    mochi_value made;
    made.tag = MOCHI_FLOAT;
    made.as.number = value;
    made.length = 0;
    return made;
}

static inline mochi_value mochi_string(const char *text, size_t length)
{
    mochi_value made;
    made.tag = MOCHI_STRING;
    made.as.text = text;
    made.length = length;
    return made;
}

static inline mochi_value mochi_handle(uint64_t id)
{
    mochi_value made;
    made.tag = MOCHI_HANDLE;
    made.as.id = id;
    made.length = 0;
    return made;
}

static inline mochi_value mochi_tree(const mochi_frame *frame)
{
    mochi_value made;
    made.tag = MOCHI_TREE;
    made.as.bytes = frame->data;
    made.length = frame->length;
    return made;
}

#ifdef __cplusplus
}
#endif

#endif
