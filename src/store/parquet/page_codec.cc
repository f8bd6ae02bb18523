#include "store/parquet/page_codec.h"

#include <zstd.h>

#include <algorithm>
#include <new>

#include "base/check.h"

namespace understudy::store::parquet {
namespace {

// Enough to tell; a page of random bytes costs no more than this.
constexpr std::size_t kTrialBytes = 32 * 1024;

}  // namespace

struct PageCodec::Context {
  ZSTD_CCtx* const zstd = ZSTD_createCCtx();
  ~Context() { ZSTD_freeCCtx(zstd); }
};

PageCodec::PageCodec(int level) : context_(std::make_unique<Context>()) {
  if (context_->zstd == nullptr) throw std::bad_alloc();
  ZSTD_CCtx_setParameter(context_->zstd, ZSTD_c_compressionLevel, level);
  ZSTD_CCtx_setParameter(context_->zstd, ZSTD_c_checksumFlag, 1);  // readers see a flipped bit
}
PageCodec::~PageCodec() = default;

bool PageCodec::pays(std::string_view page) {
  const std::string_view beginning = page.substr(0, kTrialBytes);
  trial_.clear();
  append(trial_, beginning);
  return trial_.size() * 10 < beginning.size() * 9;
}

void PageCodec::append(std::string& out, std::string_view page) {
  const std::size_t before = out.size();
  out.resize(before + ZSTD_compressBound(page.size()));
  const std::size_t size = ZSTD_compress2(context_->zstd, out.data() + before, out.size() - before,
                                          page.data(), page.size());
  CHECK(!ZSTD_isError(size));  // the room is enough for any bytes
  out.resize(before + size);
}

}  // namespace understudy::store::parquet
