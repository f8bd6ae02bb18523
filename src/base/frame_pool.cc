#include "base/frame_pool.h"

#include <array>
#include <new>

namespace understudy::base {
namespace {

constexpr size_t kClassBytes = 64;
constexpr size_t kClasses = 64;  // frames up to 4 KiB; larger ones go to the heap
constexpr size_t kFramesKeptMax = 512;

struct Block {
  Block* next;
};

struct FreeList {
  Block* head;
  size_t length;
};

// Zero-initialised and without a destructor, so that reaching it needs no guard.
constinit thread_local std::array<FreeList, kClasses> t_lists{};
constinit thread_local bool t_closed = false;

/// Gives everything back when the thread ends; only the slow path touches it.
struct Cleaner {
  ~Cleaner() {
    t_closed = true;
    for (FreeList& list : t_lists) {
      while (list.head != nullptr) {
        Block* next = list.head->next;
        ::operator delete(list.head);
        list.head = next;
      }
    }
  }
  void touch() {}
};
thread_local Cleaner t_cleaner;

void* allocate_block(size_t size_class) {
  t_cleaner.touch();
  return ::operator new((size_class + 1) * kClassBytes);
}

}  // namespace

void* allocate_frame(size_t bytes) {
  const size_t size_class = (bytes - 1) / kClassBytes;
  if (size_class >= kClasses) return ::operator new(bytes);
  FreeList& list = t_lists[size_class];
  if (list.head == nullptr) [[unlikely]]
    return allocate_block(size_class);
  Block* block = list.head;
  list.head = block->next;
  --list.length;
  return block;
}

void free_frame(void* frame, size_t bytes) noexcept {
  const size_t size_class = (bytes - 1) / kClassBytes;
  if (size_class >= kClasses) return ::operator delete(frame);
  FreeList& list = t_lists[size_class];
  if (list.length >= kFramesKeptMax || t_closed) [[unlikely]]
    return ::operator delete(frame);
  list.head = new (frame) Block{list.head};
  ++list.length;
}

}  // namespace understudy::base
