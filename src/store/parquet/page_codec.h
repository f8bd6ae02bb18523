#pragma once

#include <memory>
#include <string>
#include <string_view>

namespace understudy::store::parquet {

/// zstd for pages. Keeps its tables from page to page. Threads: one at a time.
class PageCodec {
 public:
  explicit PageCodec(int level);
  ~PageCodec();
  PageCodec(const PageCodec&) = delete;
  PageCodec& operator=(const PageCodec&) = delete;

  /// Whether compressing saves a tenth, tried on the beginning of `page`.
  bool pays(std::string_view page);
  /// Appends the compressed page.
  void append(std::string& out, std::string_view page);

 private:
  struct Context;
  std::unique_ptr<Context> context_;
  std::string trial_;
};

}  // namespace understudy::store::parquet
