/* Calls from eight threads at once, from many short threads, and a million calls in a row.
 *
 *     threads WORKSPACE [ROUNDS [THREADS]]
 *
 * Prints a line for each kind of call, and what was left over.
 */
#define _GNU_SOURCE

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "mochi_py.h"

static mochi_function same_int, same_string, each, fails, cart_new, cart_add, live_carts, elsewhere, say;
static int wrong;

#define CHECK(condition)                                                                                   \
    do {                                                                                                   \
        if (!(condition)) {                                                                                \
            fprintf(stderr, "line %d: %s (%s: %s)\n", __LINE__, #condition, mochi_last_error()->type,      \
                    mochi_last_error()->message);                                                          \
            __atomic_store_n(&wrong, 1, __ATOMIC_RELAXED);                                                 \
        }                                                                                                  \
    } while (0)

static int call_back(void *context, uint64_t id, mochi_frame *frame)
{
    const uint8_t *cursor = frame->data;
    mochi_value value, result;
    (void)context;
    mochi_read(&cursor, cursor + frame->length, &value);
    frame->length = 0;
    if (id == 2) {
        mochi_put_text(frame, MOCHI_STRING, "not today", 9);
        return MOCHI_RAISED;
    }
    /* A call inside of a callback inside of a call. */
    value.as.integer *= 2;
    if (mochi_call(same_int, &value, 1, &result)) return MOCHI_RAISED;
    mochi_put_int(frame, result.as.integer);
    return MOCHI_OK;
}

static int dropped;

static void release(void *context, uint64_t id)
{
    (void)context, (void)id;
    __atomic_add_fetch(&dropped, 1, __ATOMIC_RELAXED);
}

static mochi_value callback(uint64_t id)
{
    mochi_value made = {MOCHI_CALLBACK, {.id = id}, 0};
    return made;
}

static void call_scalars(int64_t number)
{
    mochi_value value = mochi_int(number), result;
    CHECK(!mochi_call(same_int, &value, 1, &result) && result.as.integer == number);
    char text[32];
    int length = snprintf(text, sizeof text, "text %lld", (long long)number);
    value = mochi_string(text, (size_t)length);
    CHECK(!mochi_call(same_string, &value, 1, &result) && result.tag == MOCHI_STRING);
    CHECK(result.length == (size_t)length && !memcmp(result.as.text, text, result.length));
}

static void call_the_rest(int64_t number)
{
    mochi_frame *list = mochi_frame_new(64);
    mochi_put_open(list, MOCHI_LIST, 2);
    mochi_put_int(list, number);
    mochi_put_int(list, 1);
    mochi_value arguments[2] = {mochi_tree(list), callback(1)}, result, item;
    CHECK(!mochi_call(each, arguments, 2, &result) && result.tag == MOCHI_TREE);
    const uint8_t *cursor = result.as.bytes, *end = cursor + result.length;
    CHECK(mochi_read(&cursor, end, &item) && item.tag == MOCHI_LIST && item.length == 2);
    CHECK(mochi_read(&cursor, end, &item) && item.as.integer == 2 * number);
    arguments[1] = callback(2);
    CHECK(mochi_call(each, arguments, 2, &result) == MOCHI_RAISED);
    CHECK(!strcmp(mochi_last_error()->message, "not today"));
    mochi_frame_free(list);

    arguments[0] = mochi_string("bread", 5);
    CHECK(mochi_call(fails, arguments, 1, &result) == MOCHI_RAISED);
    CHECK(!strcmp(mochi_last_error()->type, "shop.OutOfStockError"));
    CHECK(strstr(mochi_last_error()->trace, "KeyError: 'bread'"));

    CHECK(!mochi_call(cart_new, arguments, 1, &result) && result.tag == MOCHI_HANDLE);
    uint64_t cart = result.as.id;
    arguments[1] = arguments[0];
    arguments[0] = mochi_handle(cart);
    CHECK(!mochi_call(cart_add, arguments, 2, &result) && result.as.integer == 1);
    if (number % 2)
        mochi_release(cart);
    else
        mochi_release_later(cart);
    CHECK(mochi_call(cart_add, arguments, 2, &result) == MOCHI_RAISED || number % 2 == 0);

    arguments[0] = callback(1);
    arguments[1] = mochi_int(number);
    if (number % 50 == 0) CHECK(!mochi_call(elsewhere, arguments, 2, &result) && result.as.integer == 2 * number);
}

static long rounds = 2000;

static void *work(void *start)
{
    for (int64_t i = 0; i < rounds; i++) {
        int64_t number = (int64_t)(intptr_t)start + i;
        if (i % 100 == 0) mochi_enter();
        call_scalars(number);
        if (i % 100 == 0) mochi_leave();
        if (i % 10 == 0) call_the_rest(number);
    }
    return NULL;
}

static void *call_once(void *number)
{
    call_scalars((int64_t)(intptr_t)number);
    return NULL;
}

static long resident(void)
{
    long whole = 0, pages = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    if (file && fscanf(file, "%ld %ld", &whole, &pages) != 2) pages = 0;
    if (file) fclose(file);
    return pages * sysconf(_SC_PAGESIZE) / 1024;
}

static void end_threads(long count)
{
    for (long i = 0; i < count; i++) {
        pthread_t thread;
        CHECK(!pthread_create(&thread, NULL, call_once, (void *)(intptr_t)i));
        CHECK(!pthread_join(thread, NULL));
    }
}

static void on_signal(int number) { (void)number; }

int main(int count, char **arguments)
{
    char venv[4096];
    pthread_t threads[8];
    struct sigaction before, after, own = {.sa_handler = on_signal};
    long ends = 0;
    snprintf(venv, sizeof venv, "%s/.venv", arguments[1]);
    if (count > 2) rounds = atol(arguments[2]);
    if (count > 3) ends = atol(arguments[3]);
    sigaction(SIGINT, &own, NULL);
    mochi_options options = {
        .venv = venv, .workspace = arguments[1], .callback = call_back, .release = release};
    if (mochi_init(&options)) {
        fprintf(stderr, "%s\n", mochi_last_error()->message);
        return 1;
    }
    sigaction(SIGINT, NULL, &after);
    sigaction(SIGPIPE, NULL, &before);
    CHECK(after.sa_handler == on_signal && before.sa_handler == SIG_DFL);

    static const char module[] = "python_wrap.shop.shop_externs";
    struct {
        mochi_function *place;
        const char *name;
    } wanted[] = {{&same_int, "same_int"}, {&same_string, "same_string"}, {&each, "each"},
                  {&fails, "fails"},       {&cart_new, "Cart_new"},       {&cart_add, "Cart_add"},
                  {&say, "say"},           {&live_carts, "live_carts"},   {&elsewhere, "elsewhere"}};
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++)
        CHECK((*wanted[i].place = mochi_resolve(module, wanted[i].name)));
    CHECK(!mochi_resolve(module, "nothing_of_the_kind"));
    CHECK(!mochi_resolve("no_module", "x") && !strcmp(mochi_last_error()->type, "ModuleNotFoundError"));
    CHECK(mochi_init(&options) == MOCHI_MISUSE);
    if (wrong) return 1;

    for (intptr_t i = 0; i < 8; i++) CHECK(!pthread_create(&threads[i], NULL, work, (void *)(i * 1000000)));
    for (int i = 0; i < 8; i++) CHECK(!pthread_join(threads[i], NULL));
    mochi_value result;
    CHECK(!mochi_call(live_carts, NULL, 0, &result) && result.as.integer == 0);
    printf("%ld calls in 8 threads, %zu handles left, callbacks %s\n", 8 * rounds, mochi_live_handles(),
           dropped ? "dropped" : "kept");

    if (ends) {
        end_threads(ends / 10);
        long start = resident();
        end_threads(ends);
        printf("%ld threads ended, %ld kB more\n", ends, resident() - start);
        for (int64_t i = 0; i < 100000; i++) call_scalars(i);
        start = resident();
        for (int64_t i = 0; i < 1000000; i++) call_scalars(i);
        printf("1000000 calls in a row, %ld kB more\n", resident() - start);
    }
    mochi_value text = mochi_string("not flushed by a newline", 24);
    CHECK(!mochi_call(say, &text, 1, &result) && result.tag == MOCHI_NULL);
    fflush(stdout);
    CHECK(!mochi_shutdown());
    CHECK(mochi_call(say, &text, 1, &result) == MOCHI_MISUSE);
    return wrong;
}
