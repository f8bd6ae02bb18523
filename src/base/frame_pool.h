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

/// The same memory for other objects that live about as long as a request.
template <class T>
struct FrameAllocator {
  using value_type = T;
  FrameAllocator() = default;
  template <class U>
  FrameAllocator(const FrameAllocator<U>&) noexcept {}
  T* allocate(size_t count) { return static_cast<T*>(allocate_frame(count * sizeof(T))); }
  void deallocate(T* memory, size_t count) noexcept { free_frame(memory, count * sizeof(T)); }
  bool operator==(const FrameAllocator&) const = default;
};

}  // namespace understudy::base
