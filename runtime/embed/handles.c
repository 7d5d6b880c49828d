/* Objects that stay in Python, by number. */
#include <stdatomic.h>
#include <stdlib.h>

#include "mochi_internal.h"

/* A handle is a slot and its turn: how often the slot was used before. So a stale one is told. */
typedef struct slot {
    PyObject *object;
    uint32_t turn;
    uint32_t next; /* of the free ones; 0 is none */
} slot;

static slot *slots; /* slot 0 is not used */
static uint32_t capacity, used = 1, first_free;
static size_t alive;
static uint64_t *waiting;
static size_t waiting_count, waiting_capacity;
static atomic_size_t waiting_now;
static atomic_flag busy = ATOMIC_FLAG_INIT;

/* Held for a few instructions, and never while Python runs. */
static void lock(void)
{
    while (atomic_flag_test_and_set_explicit(&busy, memory_order_acquire)) {
    }
}

static void unlock(void) { atomic_flag_clear_explicit(&busy, memory_order_release); }

static slot *find(uint64_t handle)
{
    uint32_t index = (uint32_t)handle;
    if (index == 0 || index >= used || slots[index].turn != handle >> 32) return NULL;
    return slots[index].object ? &slots[index] : NULL;
}

static bool grow(void)
{
    uint32_t wanted = capacity ? capacity * 2 : 64;
    slot *grown = realloc(slots, wanted * sizeof *slots);
    if (!grown) return false;
    slots = grown;
    capacity = wanted;
    return true;
}

uint64_t mochi_handle_new(PyObject *object)
{
    uint64_t handle = 0;
    lock();
    uint32_t index = first_free;
    if (index) {
        first_free = slots[index].next;
    } else if (used < capacity || grow()) {
        index = used++;
        slots[index].turn = 0;
    }
    if (index) {
        slots[index].object = object;
        handle = (uint64_t)slots[index].turn << 32 | index;
        alive++;
    }
    unlock();
    if (handle) py.Py_IncRef(object);
    return handle;
}

PyObject *mochi_handle_get(uint64_t handle)
{
    lock();
    slot *found = find(handle);
    PyObject *object = found ? found->object : NULL;
    if (object) py.Py_IncRef(object);
    unlock();
    return object;
}

/* Take the object out of its slot; the reference is the caller's. */
static PyObject *take(uint64_t handle)
{
    PyObject *object = NULL;
    lock();
    slot *found = find(handle);
    if (found) {
        object = found->object;
        found->object = NULL;
        found->turn++;
        found->next = first_free;
        first_free = (uint32_t)handle;
        alive--;
    }
    unlock();
    return object;
}

void mochi_release(uint64_t handle)
{
    mochi_thread *thread = mochi_this_thread();
    PyObject *object = take(handle);
    if (!object || !mochi_attach(thread)) return;
    py.Py_DecRef(object);
    mochi_detach(thread);
}

void mochi_release_later(uint64_t handle)
{
    lock();
    if (waiting_count == waiting_capacity) {
        size_t wanted = waiting_capacity ? waiting_capacity * 2 : 64;
        uint64_t *grown = realloc(waiting, wanted * sizeof *waiting);
        if (grown) {
            waiting = grown;
            waiting_capacity = wanted;
        }
    }
    if (waiting_count < waiting_capacity) waiting[waiting_count++] = handle;
    atomic_store_explicit(&waiting_now, waiting_count, memory_order_release);
    unlock();
}

void mochi_handles_drain(void)
{
    while (atomic_load_explicit(&waiting_now, memory_order_acquire)) {
        lock();
        uint64_t handle = waiting_count ? waiting[--waiting_count] : 0;
        atomic_store_explicit(&waiting_now, waiting_count, memory_order_release);
        unlock();
        PyObject *object = take(handle);
        if (object) py.Py_DecRef(object);
    }
}

size_t mochi_live_handles(void)
{
    lock();
    size_t count = alive;
    unlock();
    return count;
}
