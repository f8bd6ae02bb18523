#pragma once

#include <cstddef>

namespace understudy::base {

/// Memory for coroutine frames, from per-thread free lists by size class of 64 bytes, so that a
/// request on a warm thread allocates nothing. A frame must be freed on the thread that made it or
/// on any other: blocks simply move to the freeing thread's list. Each list holds at most
/// `kFramesKeptMax` blocks; beyond that memory goes back to the heap.
/// Cost: a few instructions on the common path.
void* allocate_frame(size_t bytes);
void free_frame(void* frame, size_t bytes) noexcept;

}  // namespace understudy::base
