/* A host program for any workspace: JSON lines in, JSON lines out.
 *
 *     mochi_embed_run WORKSPACE [VENV]
 *     mochi_embed_run WORKSPACE/mochi_worker.py
 *
 *     {"id": 1, "method": "tomli.loads", "params": ["a = 1"]}
 *     {"jsonrpc":"2.0","id":1,"result":{"a":1}}
 *
 * The lines are those of the worker, whose client can run this program in place of it. They are read and
 * written by Python (`_mochi_wrap.embedded_host`). Between that and the call they are trees of this library, so that every
 * value crosses its boundary, both ways, twice. What a function prints goes to stderr.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../mochi_py.h"

#ifdef _WIN32
#include <fcntl.h>
#include <io.h>
#define dup _dup
#define dup2 _dup2
#define fdopen _fdopen
#else
#include <unistd.h>
/* C11 itself has no file descriptors. */
extern FILE *fdopen(int file, const char *mode);
#endif

static const char module[] = "_mochi_wrap.embedded_host";

/* What `open_line` says of a line. */
enum { IGNORED = 0, CALL = 1, END = 2, ANSWER = 3, FAILURE = 4 };

typedef struct request {
    mochi_frame *frame; /* holds what the others point to */
    int kind;
    mochi_value id, module, name;
    const uint8_t *values; /* a list of the parameters; of an answer, its value */
} request;

static const mochi_value unknown = {MOCHI_STRING, {.text = ""}, 0};
static mochi_function open_line, close_call, close_failure, ask;
static FILE *in, *out;

static void *checked(void *memory)
{
    if (memory) return memory;
    fputs("mochi_embed_run: no memory is left\n", stderr);
    exit(70);
}

static mochi_frame *new_frame(mochi_function function, uint32_t count)
{
    mochi_frame *frame = checked(mochi_frame_new(256));
    frame->function = function;
    frame->count = count;
    return frame;
}

/* Copy nodes as they are. */
static void put_nodes(mochi_frame *frame, const uint8_t *nodes, const uint8_t *end)
{
    size_t size = (size_t)(end - nodes);
    memcpy(checked(mochi_frame_reserve(frame, size)), nodes, size);
    frame->length += size;
}

static void put_string(mochi_frame *frame, const mochi_value *text)
{
    mochi_put_text(frame, text->tag, text->as.text, text->length);
}

static const uint8_t *end_of(const mochi_frame *frame) { return frame->data + frame->length; }

/* Handles that a tree gave belong to the host. */
static void release_handles(const uint8_t *cursor, const uint8_t *end)
{
    mochi_value value;
    while (mochi_read(&cursor, end, &value))
        if (value.tag == MOCHI_HANDLE) mochi_release(value.as.id);
}

static void free_request(request *done)
{
    release_handles(done->frame->data, end_of(done->frame));
    mochi_frame_free(done->frame);
}

/* Return a line, without its end; NULL when there are no more. */
static char *read_line(size_t *length)
{
    size_t capacity = 4096;
    char *line = checked(malloc(capacity));
    *length = 0;
    for (int next; (next = getc(in)) != EOF && next != '\n';) {
        if (*length == capacity) line = checked(realloc(line, capacity *= 2));
        line[(*length)++] = (char)next;
    }
    if (*length || !feof(in)) return line;
    free(line);
    return NULL;
}

/* Call a function that gives a line, and write it. Returns 0 when there is none: then the frame has the error. */
static int write_line(mochi_frame *frame)
{
    const uint8_t *cursor;
    mochi_value text;
    if (mochi_call_frame(frame) != MOCHI_OK) return 0;
    cursor = frame->data;
    mochi_read(&cursor, end_of(frame), &text);
    fwrite(text.as.text, 1, text.length, out); /* whole lines, with their ends */
    fflush(out);
    return 1;
}

/* Answer with a failed call, whose frame has four nodes: the error. */
static void write_failure(const mochi_value *id, const mochi_frame *failed)
{
    mochi_frame *answer = new_frame(close_failure, 5);
    put_string(answer, id);
    put_nodes(answer, failed->data, end_of(failed));
    if (!write_line(answer)) fputs("mochi_embed_run: an error cannot be told\n", stderr);
    mochi_frame_free(answer);
}

/* Read a line and have it taken apart. Returns 0 when there are no more. */
static int next_request(request *read)
{
    size_t length;
    char *line = read_line(&length);
    if (!line) return 0;
    read->frame = new_frame(open_line, 1);
    mochi_put_text(read->frame, MOCHI_BYTES, line, length);
    free(line);
    read->kind = IGNORED;
    if (mochi_call_frame(read->frame) != MOCHI_OK) {
        /* Python knows which call it was. */
        write_failure(&unknown, read->frame);
        return 1;
    }
    const uint8_t *cursor = read->frame->data, *end = end_of(read->frame);
    mochi_value head, kind;
    mochi_read(&cursor, end, &head);
    mochi_read(&cursor, end, &kind);
    mochi_read(&cursor, end, &read->id);
    mochi_read(&cursor, end, &read->module);
    mochi_read(&cursor, end, &read->name);
    read->kind = (int)kind.as.integer;
    read->values = cursor;
    return 1;
}

static char *copy_text(const mochi_value *text)
{
    char *copy = checked(malloc(text->length + 1));
    memcpy(copy, text->as.text, text->length);
    copy[text->length] = 0;
    return copy;
}

static mochi_function find(const request *asked)
{
    char *place = copy_text(&asked->module), *name = copy_text(&asked->name);
    mochi_function found = mochi_resolve(place, name);
    free(place);
    free(name);
    return found;
}

static void run(const request *asked)
{
    const uint8_t *cursor = asked->values;
    mochi_value list;
    mochi_frame *call = new_frame(find(asked), 0);
    if (!call->function) {
        const mochi_error *error = mochi_last_error();
        mochi_put_text(call, MOCHI_STRING, error->type, strlen(error->type));
        mochi_put_text(call, MOCHI_STRING, error->message, strlen(error->message));
        mochi_put_text(call, MOCHI_STRING, error->trace, strlen(error->trace));
        mochi_put_open(call, MOCHI_LIST, 0);
        write_failure(&asked->id, call);
        mochi_frame_free(call);
        return;
    }
    mochi_read(&cursor, end_of(asked->frame), &list);
    call->count = (uint32_t)list.length;
    put_nodes(call, cursor, end_of(asked->frame));
    if (mochi_call_frame(call) != MOCHI_OK) {
        write_failure(&asked->id, call);
    } else {
        mochi_frame *answer = new_frame(close_call, 2);
        put_string(answer, &asked->id);
        put_nodes(answer, call->data, end_of(call));
        if (!write_line(answer)) write_failure(&asked->id, answer);
        mochi_frame_free(answer);
        release_handles(call->data, end_of(call));
    }
    mochi_frame_free(call);
}

/* Serve until the lines end, or, where one is awaited, until an answer comes, which is left in `answer`. */
static int serve(request *answer)
{
    request read;
    while (next_request(&read)) {
        if (read.kind == CALL) run(&read);
        if (answer && (read.kind == ANSWER || read.kind == FAILURE)) {
            *answer = read;
            return 1;
        }
        free_request(&read);
        if (read.kind == END) break;
    }
    return 0;
}

/* Python calls a function of whoever writes the lines: ask there. */
static int call_back(void *context, uint64_t id, mochi_frame *frame)
{
    request answer;
    (void)context;
    mochi_frame *asking = new_frame(ask, 2);
    mochi_put_int(asking, (int64_t)id);
    mochi_put_open(asking, MOCHI_LIST, frame->count);
    put_nodes(asking, frame->data, end_of(frame));
    int asked = write_line(asking);
    mochi_frame_free(asking);
    release_handles(frame->data, end_of(frame));
    frame->length = 0;
    if (!asked || !serve(&answer)) {
        const char *problem = asked ? "the caller is gone" : "the arguments of a callback have no encoding";
        mochi_put_text(frame, MOCHI_STRING, problem, strlen(problem));
        return MOCHI_RAISED;
    }
    put_nodes(frame, answer.values, end_of(answer.frame));
    int status = answer.kind == ANSWER ? MOCHI_OK : MOCHI_RAISED;
    mochi_frame_free(answer.frame);
    return status;
}

/* Tell whoever writes the lines that Python has dropped a function of theirs. */
static void forget(void *context, uint64_t id)
{
    (void)context;
    fprintf(out, "{\"jsonrpc\":\"2.0\",\"method\":\"$/forget\",\"params\":[\"callback\",%llu]}\n", (unsigned long long)id);
    fflush(out);
}

static int fail(const char *message)
{
    fprintf(stderr, "mochi_embed_run: %s\n", message);
    return 1;
}

int main(int count, char **arguments)
{
    static const char script[] = "mochi_worker.py";
    char venv[4096], *workspace = arguments[1];
    if (count < 2 || count > 3) return fail("give the folder of a workspace, and of its environment if it has another");
    size_t length = strlen(workspace), end = sizeof script - 1;
    /* Whoever starts workers gives the script of the workspace. */
    if (length > end && !strcmp(workspace + length - end, script)) workspace[length - end - 1] = 0;
    snprintf(venv, sizeof venv, "%s/.venv", workspace);
    in = stdin;
    out = fdopen(dup(1), "wb");
    dup2(2, 1);
    mochi_options options = {.venv = count == 3 ? arguments[2] : venv, .workspace = workspace,
                             .callback = call_back, .release = forget};
    if (!out || mochi_init(&options)) return fail(mochi_last_error()->message);
    open_line = mochi_resolve(module, "open_line");
    close_call = mochi_resolve(module, "close_call");
    close_failure = mochi_resolve(module, "close_failure");
    ask = mochi_resolve(module, "ask");
    mochi_function start = mochi_resolve(module, "start");
    mochi_value any_request = {MOCHI_CALLBACK, {.id = 0}, 0}, nothing;
    if (!open_line || !close_call || !close_failure || !ask || !start || mochi_call(start, &any_request, 1, &nothing))
        return fail(mochi_last_error()->message);
    serve(NULL);
    return mochi_shutdown() ? fail(mochi_last_error()->message) : 0;
}
