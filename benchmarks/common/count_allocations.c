// SPDX-License-Identifier: Apache-2.0

// Preloaded into a program (LD_PRELOAD), counts its heap allocations, and writes "COUNT BYTES" to
// the file named by CONATS_BENCH_ALLOCATIONS when it ends. For glibc.

#include <errno.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

extern void* __libc_malloc(size_t size);
extern void* __libc_calloc(size_t count, size_t size);
extern void* __libc_realloc(void* old, size_t size);
extern void* __libc_memalign(size_t alignment, size_t size);

static atomic_uint_fast64_t count;
static atomic_uint_fast64_t bytes;

static void note(size_t size) {
    atomic_fetch_add_explicit(&count, 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&bytes, size, memory_order_relaxed);
}

void* malloc(size_t size) {
    note(size);
    return __libc_malloc(size);
}

void* calloc(size_t n, size_t size) {
    note(n * size);
    return __libc_calloc(n, size);
}

void* realloc(void* old, size_t size) {
    note(size);
    return __libc_realloc(old, size);
}

void* memalign(size_t alignment, size_t size) {
    note(size);
    return __libc_memalign(alignment, size);
}

void* aligned_alloc(size_t alignment, size_t size) {
    return memalign(alignment, size);
}

int posix_memalign(void** to, size_t alignment, size_t size) {
    void* memory = memalign(alignment, size);
    if (memory == NULL)
        return ENOMEM;
    *to = memory;
    return 0;
}

__attribute__((destructor)) static void report(void) {
    const char* path = getenv("CONATS_BENCH_ALLOCATIONS");
    const uint64_t n = count;
    const uint64_t sum = bytes;
    FILE* file = path != NULL ? fopen(path, "w") : NULL;
    if (file == NULL)
        return;
    fprintf(file, "%" PRIu64 " %" PRIu64 "\n", n, sum);
    fclose(file);
}
