#include "store/tail/text_dictionary.h"

#include <algorithm>

namespace understudy::store {
namespace {

constexpr std::size_t kSlotsMin = 64;
constexpr std::size_t kChunkBytesMax = 256 << 10;
// Steps of a search before a text is taken for a new one.
constexpr std::size_t kProbesMax = 16;
// From so many texts on a column is looked at: does a text repeat at least once on average?
constexpr std::uint32_t kTextsBeforeJudging = 1'024;

std::uint64_t load64(const char* at) {
  std::uint64_t word = 0;
  std::memcpy(&word, at, sizeof(word));
  return word;
}

std::uint64_t mix(std::uint64_t a, std::uint64_t b) {
  const auto product = static_cast<unsigned __int128>(a ^ 0x9E3779B97F4A7C15) *
                       static_cast<unsigned __int128>(b ^ 0xD1B54A32D192ED03);
  return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
}

std::uint64_t hash_of(std::string_view text) {
  std::uint64_t hash = text.size();
  const char* at = text.data();
  std::size_t left = text.size();
  for (; left > 16; left -= 16, at += 16) hash = mix(load64(at) ^ hash, load64(at + 8));
  char rest[16] = {};
  std::memcpy(rest, at, left);
  return mix(load64(rest) ^ hash, load64(rest + 8));
}

}  // namespace

TextDictionary::TextDictionary(std::size_t texts_max)
    : pages_((texts_max + kTextsPerPage - 1) / kTextsPerPage), slots_(kSlotsMin) {
  bytes_ = pages_.size() * sizeof(pages_[0]) + slots_.size() * sizeof(slots_[0]);
}

std::uint32_t TextDictionary::add(std::string_view text) {
  ++added_;
  if (repeats_) return append(text);
  if (count_ > 0 && at(last_).view() == text) return last_;
  const std::size_t mask = slots_.size() - 1;
  std::size_t slot = hash_of(text) & mask;
  for (std::size_t probe = 0; probe < kProbesMax; ++probe, slot = (slot + 1) & mask) {
    const std::uint32_t found = slots_[slot];
    if (found == 0) {
      slots_[slot] = count_ + 1;
      break;
    }
    if (at(found - 1).view() == text) return last_ = found - 1;
  }
  last_ = append(text);
  if (count_ >= kTextsBeforeJudging && std::uint64_t{count_} * 2 > added_) {
    repeats_ = true;
    bytes_ -= slots_.size() * sizeof(slots_[0]);
    slots_ = {};
  } else if (count_ * std::size_t{2} > slots_.size()) {
    grow();
  }
  return last_;
}

void TextDictionary::grow() {
  std::vector<std::uint32_t> larger(slots_.size() * 4);
  const std::size_t mask = larger.size() - 1;
  for (std::uint32_t number = 0; number < count_; ++number) {
    std::size_t slot = hash_of(at(number).view()) & mask;
    std::size_t probe = 0;
    while (probe < kProbesMax && larger[slot] != 0) {
      slot = (slot + 1) & mask;
      ++probe;
    }
    if (probe < kProbesMax) larger[slot] = number + 1;
  }
  bytes_ += (larger.size() - slots_.size()) * sizeof(slots_[0]);
  slots_ = std::move(larger);
}

std::uint32_t TextDictionary::append(std::string_view text) {
  std::unique_ptr<TailText[]>& page = pages_[count_ / kTextsPerPage];
  if (!page) {
    page = std::make_unique<TailText[]>(kTextsPerPage);
    bytes_ += kTextsPerPage * sizeof(TailText);
  }
  TailText& out = page[count_ % kTextsPerPage];
  out.size = static_cast<std::uint32_t>(text.size());
  text_bytes_ += text.size();
  if (text.size() <= TailText::kInlineMax) {
    std::memcpy(out.inlined, text.data(), text.size());
  } else {
    char* const data = allocate(text.size());
    std::memcpy(data, text.data(), text.size());
    std::memcpy(out.outside.prefix, text.data(), sizeof(out.outside.prefix));
    out.outside.data = data;
  }
  return count_++;
}

char* TextDictionary::allocate(std::size_t size) {
  if (size > free_bytes_) {
    const std::size_t chunk = std::max(chunk_bytes_, size);
    chunk_bytes_ = std::min(chunk_bytes_ * 2, kChunkBytesMax);
    chunks_.push_back(std::make_unique_for_overwrite<char[]>(chunk));
    free_ = chunks_.back().get();
    free_bytes_ = chunk;
    bytes_ += chunk;
  }
  char* const data = free_;
  free_ += size;
  free_bytes_ -= size;
  return data;
}

}  // namespace understudy::store
