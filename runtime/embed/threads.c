/* One Python thread state for each thread of the host, made once and freed when the thread ends. */
#define _GNU_SOURCE

#include <stdatomic.h>
#include <stdlib.h>

#include "mochi_internal.h"

#ifdef _WIN32
#include <windows.h>
typedef DWORD thread_key;
#else
#include <pthread.h>
typedef pthread_key_t thread_key;
#endif

static _Thread_local mochi_thread self;
static thread_key key;
static atomic_bool is_open;

mochi_thread *mochi_this_thread(void) { return &self; }

void mochi_threads_open(bool open) { atomic_store(&is_open, open); }

/* Runs at the end of a thread. The state is cleared by itself, not by `PyGILState_Release`: Python's own
 * key may have been emptied before this one. */
static void end_thread(void *kept)
{
    mochi_thread *thread = kept;
    if (thread->owns_state && atomic_load(&is_open) && py.PyThreadState_DeleteCurrent) {
        py.PyEval_RestoreThread(thread->state);
        py.PyThreadState_Clear(thread->state);
        py.PyThreadState_DeleteCurrent();
    }
    free(thread->frame.data);
    *thread = (mochi_thread){0};
}

#ifdef _WIN32

static void WINAPI end_fiber(void *kept)
{
    if (kept) end_thread(kept);
}

const char *mochi_threads_start(void)
{
    key = FlsAlloc(end_fiber);
    return key == FLS_OUT_OF_INDEXES ? "no thread-local storage is left" : NULL;
}

static void watch_end(void) { FlsSetValue(key, &self); }

#else

const char *mochi_threads_start(void)
{
    return pthread_key_create(&key, end_thread) ? "no thread-local storage is left" : NULL;
}

static void watch_end(void) { pthread_setspecific(key, &self); }

#endif

static void attach_first(mochi_thread *thread)
{
    /* A thread that Python knows already keeps the state it has. */
    thread->owns_state = py.PyGILState_GetThisThreadState() == NULL;
    py.PyGILState_Ensure();
    thread->state = py.PyThreadState_Get();
    watch_end();
}

bool mochi_attach(mochi_thread *thread)
{
    if (thread->depth) {
        thread->depth++;
        return true;
    }
    if (!atomic_load_explicit(&is_open, memory_order_acquire)) return false;
    if (thread->state)
        py.PyEval_RestoreThread(thread->state);
    else
        attach_first(thread);
    thread->depth = 1;
    return true;
}

void mochi_detach(mochi_thread *thread)
{
    if (--thread->depth == 0) py.PyEval_SaveThread();
}

PyThreadState *mochi_step_out(mochi_thread *thread, unsigned *depth)
{
    /* On a thread that Python made, the state is lent to the calls that the host makes meanwhile. */
    PyThreadState *before = thread->state, *state = py.PyEval_SaveThread();
    *depth = thread->depth;
    thread->state = state;
    thread->depth = 0;
    return before;
}

void mochi_step_in(mochi_thread *thread, PyThreadState *before, unsigned depth)
{
    py.PyEval_RestoreThread(thread->state);
    thread->state = before;
    thread->depth = depth;
}

int mochi_enter(void)
{
    if (mochi_attach(&self)) return MOCHI_OK;
    return mochi_report_misuse(&self.frame, "Python is not running");
}

void mochi_leave(void)
{
    if (self.depth) mochi_detach(&self);
}
