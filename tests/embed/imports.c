/* Calls numpy and httpx from eight threads at once: `imports WORKSPACE`. */
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "mochi_py.h"

static mochi_function norm, url_new, url_host;
static int wrong;

static void *work(void *unused)
{
    (void)unused;
    for (int i = 0; i < 200; i++) {
        mochi_frame *list = mochi_frame_new(64);
        mochi_put_open(list, MOCHI_LIST, 2);
        mochi_put_float(list, 3.0 * i);
        mochi_put_float(list, 4.0 * i);
        mochi_value argument = mochi_tree(list), result;
        if (mochi_call(norm, &argument, 1, &result)) goto failed;
        if (result.tag == MOCHI_HANDLE) mochi_release(result.as.id);
        mochi_frame_free(list);

        char text[64];
        mochi_frame *options = mochi_frame_new(64);
        snprintf(text, sizeof text, "http://host%d/x", i);
        mochi_put_open(options, MOCHI_MAP, 1);
        mochi_put_text(options, MOCHI_STRING, "url", 3);
        mochi_put_text(options, MOCHI_STRING, text, strlen(text));
        argument = mochi_tree(options);
        if (mochi_call(url_new, &argument, 1, &result) || result.tag != MOCHI_HANDLE) goto failed;
        mochi_frame_free(options);
        argument = mochi_handle(result.as.id);
        if (mochi_call(url_host, &argument, 1, &result)) goto failed;
        if (result.length != strlen(text) - 9 || memcmp(result.as.text, text + 7, result.length)) goto failed;
        mochi_release(argument.as.id);
    }
    return NULL;
failed:
    fprintf(stderr, "%s: %s\n", mochi_last_error()->type, mochi_last_error()->message);
    __atomic_store_n(&wrong, 1, __ATOMIC_RELAXED);
    return NULL;
}

int main(int count, char **arguments)
{
    char venv[4096];
    pthread_t threads[8];
    if (count < 2) return 2;
    snprintf(venv, sizeof venv, "%s/.venv", arguments[1]);
    mochi_options options = {.venv = venv, .workspace = arguments[1]};
    if (mochi_init(&options) || !(norm = mochi_resolve("python_wrap.numpy.numpy_externs", "linalg_norm")) ||
        !(url_new = mochi_resolve("python_wrap.httpx.httpx_externs", "URL_new_with")) ||
        !(url_host = mochi_resolve("python_wrap.httpx.httpx_externs", "URL_host"))) {
        fprintf(stderr, "%s\n", mochi_last_error()->message);
        return 1;
    }
    for (int i = 0; i < 8; i++) pthread_create(&threads[i], NULL, work, NULL);
    for (int i = 0; i < 8; i++) pthread_join(threads[i], NULL);
    printf("%zu handles left\n", mochi_live_handles());
    return mochi_shutdown() || wrong;
}
