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
  Block* head = nullptr;
  size_t length = 0;
};

class FramePool {
 public:
  ~FramePool() {
    for (FreeList& list : lists_) {
      while (list.head != nullptr) {
        Block* next = list.head->next;
        ::operator delete(list.head);
        list.head = next;
      }
    }
  }

  void* take(size_t size_class) {
    FreeList& list = lists_[size_class];
    if (list.head == nullptr) return ::operator new((size_class + 1) * kClassBytes);
    Block* block = list.head;
    list.head = block->next;
    --list.length;
    return block;
  }

  void give(void* memory, size_t size_class) noexcept {
    FreeList& list = lists_[size_class];
    if (list.length >= kFramesKeptMax) {
      ::operator delete(memory);
      return;
    }
    list.head = new (memory) Block{list.head};
    ++list.length;
  }

 private:
  std::array<FreeList, kClasses> lists_{};
};

FramePool& pool() {
  thread_local FramePool instance;
  return instance;
}

}  // namespace

void* allocate_frame(size_t bytes) {
  const size_t size_class = (bytes - 1) / kClassBytes;
  if (size_class >= kClasses) return ::operator new(bytes);
  return pool().take(size_class);
}

void free_frame(void* frame, size_t bytes) noexcept {
  const size_t size_class = (bytes - 1) / kClassBytes;
  if (size_class >= kClasses) {
    ::operator delete(frame);
  } else {
    pool().give(frame, size_class);
  }
}

}  // namespace understudy::base
