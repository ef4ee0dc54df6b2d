/* The random engine: mt19937 with the drawing order of PyTorch's CPU generator (ATen/CPUGeneratorImpl.cpp,
 * at/core/MT19937RNGEngine.h). Whole kernels draw under the generator's lock. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/kernels/dispatch.h"

#include <pthread.h>

enum { N = 624, M = 397 };

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static generator default_generator = { .h = { 1 } };

void generator_seed(generator *g, uint64_t seed)
{
    g->seed = seed;
    g->state[0] = (uint32_t)seed;
    for (uint32_t j = 1; j < N; j++)
        g->state[j] = 1812433253u * (g->state[j - 1] ^ (g->state[j - 1] >> 30)) + j;
    g->position = N;
    g->seeded = 1;
    g->has_next_normal = false;
}

generator *generator_default(void)
{
    return &default_generator;
}

void generator_lock(generator *g)
{
    (void)g;
    pthread_mutex_lock(&mutex);
    if (!g->seeded) { // PyTorch's default generator starts with a fixed seed, unless seed() is called
        generator_seed(g, 67280421310721u);
    }
}

void generator_unlock(generator *g)
{
    (void)g;
    pthread_mutex_unlock(&mutex);
}

static uint32_t mix(uint32_t u, uint32_t v)
{
    const uint32_t y = (u & 0x80000000u) | (v & 0x7FFFFFFFu);
    return (y >> 1) ^ (-(v & 1u) & 0x9908B0DFu);
}

static void refill(generator *g)
{
    uint32_t *s = g->state;
    for (int j = 0; j < N - M; j++) s[j] = s[j + M] ^ mix(s[j], s[j + 1]);
    for (int j = N - M; j < N - 1; j++) s[j] = s[j + M - N] ^ mix(s[j], s[j + 1]);
    s[N - 1] = s[M - 1] ^ mix(s[N - 1], s[0]);
    g->position = 0;
}

static inline uint32_t temper(uint32_t y)
{
    y ^= y >> 11;
    y ^= y << 7 & 0x9D2C5680u;
    y ^= y << 15 & 0xEFC60000u;
    return y ^ y >> 18;
}

uint32_t generator_next32(generator *g)
{
    if (g->position >= N) refill(g);
    return temper(g->state[g->position++]);
}

void generator_fill32(generator *g, int64_t n, uint32_t *ret)
{
    for (int64_t done = 0; done < n;) {
        if (g->position >= N) refill(g);
        const int64_t rest = N - g->position, m = rest < n - done ? rest : n - done;
        const uint32_t *from = g->state + g->position;
        for (int64_t i = 0; i < m; i++) ret[done + i] = temper(from[i]);
        g->position += (int)m;
        done += m;
    }
}

uint64_t generator_next64(generator *g)
{
    const uint64_t high = generator_next32(g);
    return high << 32 | generator_next32(g);
}
