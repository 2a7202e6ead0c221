// SPDX-License-Identifier: Apache-2.0

#pragma once

// CONATS_EXPORT marks what a shared conats shows to its users. A static build defines
// CONATS_STATIC_DEFINE (the CMake target and the pkg-config file do it for you).

#if defined(CONATS_STATIC_DEFINE)
#define CONATS_EXPORT
#elif defined(_WIN32)
#if defined(CONATS_BUILDING)
#define CONATS_EXPORT __declspec(dllexport)
#else
#define CONATS_EXPORT __declspec(dllimport)
#endif
#else
/// Marks what a shared conats shows to its users.
#define CONATS_EXPORT __attribute__((visibility("default")))
#endif
