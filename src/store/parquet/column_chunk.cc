#include "store/parquet/column_chunk.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <functional>

#include "store/parquet/encodings.h"
#include "store/parquet/small_dictionary.h"
#include "store/parquet/thrift_compact.h"

namespace understudy::store::parquet {
namespace {

constexpr std::int32_t kDataPage = 0;
constexpr std::int32_t kDictionaryPage = 2;

// Longer texts are not worth their place in the footer.
constexpr std::size_t kStatisticsTextBytesMax = 128;
// A dictionary of texts is written when each entry stands for two values at least.
constexpr std::size_t kTextRepeatsMin = 2;
// Pages begin at whole words of `present`.
constexpr std::size_t kRowsStep = 64;

template <class T>
std::string raw_bytes(T value) {
  std::string bytes(sizeof(value), '\0');
  std::memcpy(bytes.data(), &value, sizeof(value));
  return bytes;
}

/// One column of one row group on its way into the file.
class ChunkWriter {
 public:
  ChunkWriter(std::string& out, std::int64_t offset, const ColumnSchema& schema, std::size_t rows,
              const ColumnValues& values, const FileOptions& options, PageCodec& codec)
      : out_(out),
        offset_(offset - static_cast<std::int64_t>(out.size())),
        schema_(schema),
        rows_(rows),
        values_(values),
        options_(options),
        codec_(codec) {}

  ColumnChunk run() {
    chunk_.values = static_cast<std::int64_t>(rows_);
    chunk_.data_at = offset_ + static_cast<std::int64_t>(out_.size());
    const std::size_t began = out_.size();
    switch (schema_.type) {
      case Type::kBool:
        write_bools();
        break;
      case Type::kInt64:
      case Type::kTimestampNs:
        write_ints();
        break;
      case Type::kDouble:
        write_doubles();
        break;
      case Type::kText:
        write_texts();
        break;
    }
    chunk_.bytes = static_cast<std::int64_t>(out_.size() - began);
    return std::move(chunk_);
  }

 private:
  // --- by type ---

  void write_bools() {
    note(values_.bools,
         [](std::uint8_t value) { return std::string(1, static_cast<char>(value)); });
    write_pages(Encoding::kPlain, fixed_width(1), [&](std::size_t from, std::size_t count) {
      append_plain_bools(body_, values_.bools.subspan(from, count));
    });
  }

  void write_ints() {
    note(values_.ints, raw_bytes<std::int64_t>);
    if (const auto dictionary = small_dictionary(values_.ints)) {
      append_plain(dictionary_page_, dictionary->entries);
      write_codes(dictionary->codes, dictionary->entries.size());
      return;
    }
    write_pages(Encoding::kDeltaBinaryPacked, fixed_width(8),
                [&](std::size_t from, std::size_t count) {
                  append_delta(body_, values_.ints.subspan(from, count));
                });
  }

  void write_doubles() {
    note_doubles();
    if (const auto dictionary = small_dictionary(values_.doubles)) {
      append_plain(dictionary_page_, dictionary->entries);
      write_codes(dictionary->codes, dictionary->entries.size());
      return;
    }
    write_pages(Encoding::kPlain, fixed_width(8), [&](std::size_t from, std::size_t count) {
      append_plain(body_, values_.doubles.subspan(from, count));
    });
  }

  void write_texts() {
    if (!values_.codes) {
      note_texts(values_.texts);
      write_plain_texts(values_.texts);
      return;
    }
    // The dictionary may hold more than these values use.
    const auto codes = *values_.codes;
    constexpr std::uint32_t kUnused = 0xFFFF'FFFF;
    std::vector<std::uint32_t> number_of(values_.texts.size(), kUnused);
    std::vector<std::string_view> used;
    std::vector<std::uint32_t> numbers(codes.size());
    for (std::size_t i = 0; i < codes.size(); ++i) {
      std::uint32_t& number = number_of[codes[i]];
      if (number == kUnused) {
        number = static_cast<std::uint32_t>(used.size());
        used.push_back(values_.texts[codes[i]]);
      }
      numbers[i] = number;
    }
    note_texts(used);
    if (!used.empty() && used.size() * kTextRepeatsMin <= codes.size()) {
      append_plain(dictionary_page_, used);
      write_codes(numbers, used.size());
      return;
    }
    std::vector<std::string_view> texts(codes.size());
    for (std::size_t i = 0; i < codes.size(); ++i) texts[i] = values_.texts[codes[i]];
    write_plain_texts(texts);
  }

  void write_plain_texts(std::span<const std::string_view> texts) {
    const auto rows_from = [&](std::size_t row, std::size_t value) {
      std::size_t bytes = 0;
      std::size_t end = row;
      while (end < rows_ && bytes < options_.page_bytes_max) {
        const std::size_t next = std::min(rows_, end + kRowsStep);
        const std::size_t count = values_in(end, next);
        for (std::size_t i = 0; i < count; ++i) bytes += texts[value + i].size() + 4;
        value += count;
        end = next;
      }
      return end - row;
    };
    write_pages(Encoding::kPlain, rows_from, [&](std::size_t from, std::size_t count) {
      append_plain(body_, texts.subspan(from, count));
    });
  }

  // --- statistics ---

  template <class T, class ToBytes>
  void note(std::span<const T> values, const ToBytes& to_bytes) {
    chunk_.statistics.nulls = static_cast<std::int64_t>(rows_ - values.size());
    if (values.empty()) return;
    const auto [least, greatest] = std::minmax_element(values.begin(), values.end());
    chunk_.statistics.least = to_bytes(*least);
    chunk_.statistics.greatest = to_bytes(*greatest);
  }

  void note_doubles() {
    const auto values = values_.doubles;
    chunk_.statistics.nulls = static_cast<std::int64_t>(rows_ - values.size());
    if (values.empty()) return;
    double least = values[0];
    double greatest = values[0];
    for (const double value : values) {
      if (std::isnan(value)) return;
      least = std::min(least, value);
      greatest = std::max(greatest, value);
    }
    // The two zeros are equal, and readers that order them must not skip either.
    if (least == 0) least = -0.0;
    if (greatest == 0) greatest = 0.0;
    chunk_.statistics.least = raw_bytes(least);
    chunk_.statistics.greatest = raw_bytes(greatest);
  }

  void note_texts(std::span<const std::string_view> different) {
    const std::size_t values = values_.codes ? values_.codes->size() : values_.texts.size();
    chunk_.statistics.nulls = static_cast<std::int64_t>(rows_ - values);
    if (different.empty()) return;
    const auto [least, greatest] = std::minmax_element(different.begin(), different.end());
    if (std::max(least->size(), greatest->size()) > kStatisticsTextBytesMax) return;
    chunk_.statistics.least = std::string(*least);
    chunk_.statistics.greatest = std::string(*greatest);
  }

  // --- pages ---

  /// How many of the rows in [from, to) have a value; `from` is a multiple of kRowsStep.
  std::size_t values_in(std::size_t from, std::size_t to) const {
    if (values_.present.empty()) return to - from;
    std::size_t count = 0;
    for (std::size_t row = from; row < to; row += kRowsStep) {
      std::uint64_t word = values_.present[row / kRowsStep];
      if (to - row < kRowsStep) word &= (std::uint64_t{1} << (to - row)) - 1;
      count += static_cast<std::size_t>(std::popcount(word));
    }
    return count;
  }

  std::function<std::size_t(std::size_t, std::size_t)> fixed_width(std::size_t bytes) const {
    const std::size_t steps = std::max<std::size_t>(1, options_.page_bytes_max / bytes / kRowsStep);
    return [this, steps](std::size_t row, std::size_t) {
      return std::min(rows_ - row, steps * kRowsStep);
    };
  }

  void write_codes(std::span<const std::uint32_t> codes, std::size_t entries) {
    const int width = bit_width(entries - 1);
    dictionary_entries_ = entries;
    write_pages(Encoding::kRleDictionary, fixed_width(4), [&](std::size_t from, std::size_t count) {
      body_.push_back(static_cast<char>(width));
      append_rle(body_, codes.subspan(from, count), width);
    });
  }

  /// `rows_from(row, value)` says how many rows the page has that begins there, `write_values`
  /// appends the values of a page to body_.
  template <class RowsFrom, class WriteValues>
  void write_pages(Encoding encoding, const RowsFrom& rows_from, const WriteValues& write_values) {
    bool first = true;
    std::size_t value = 0;
    for (std::size_t row = 0; row < rows_ || first;) {
      const std::size_t rows = rows_from(row, value);
      const std::size_t count = values_in(row, row + rows);
      body_.clear();
      if (!schema_.required) write_levels(row, rows, count);
      write_values(value, count);
      if (first) begin_chunk(encoding);
      write_page(rows, encoding);
      first = false;
      row += rows;
      value += count;
    }
  }

  void write_levels(std::size_t row, std::size_t rows, std::size_t count) {
    body_.append(4, '\0');
    if (count == rows) {
      append_rle_ones(body_, rows);
    } else {
      append_rle_bits(body_, values_.present.subspan(row / kRowsStep), rows);
    }
    const auto bytes = static_cast<std::uint32_t>(body_.size() - 4);
    std::memcpy(body_.data(), &bytes, sizeof(bytes));
  }

  /// Before the first page, when that is in body_: whether to compress, and the dictionary.
  void begin_chunk(Encoding encoding) {
    const bool dictionary = encoding == Encoding::kRleDictionary;
    chunk_.compressed = codec_.pays(body_) || (dictionary && codec_.pays(dictionary_page_));
    chunk_.encodings = {encoding, Encoding::kRle};
    if (!dictionary) return;
    chunk_.encodings.push_back(Encoding::kPlain);
    chunk_.dictionary_at = offset_ + static_cast<std::int64_t>(out_.size());
    const std::size_t stored = pack(dictionary_page_);
    header(kDictionaryPage, dictionary_page_.size(), stored, [&](ThriftWriter& thrift) {
      thrift.begin_struct(7);
      thrift.i32(1, static_cast<std::int32_t>(dictionary_entries_));
      thrift.i32(2, static_cast<std::int32_t>(Encoding::kPlain));
      thrift.end_struct();
    });
    append_packed(dictionary_page_);
    chunk_.data_at = offset_ + static_cast<std::int64_t>(out_.size());
  }

  void write_page(std::size_t rows, Encoding encoding) {
    const std::size_t stored = pack(body_);
    header(kDataPage, body_.size(), stored, [&](ThriftWriter& thrift) {
      thrift.begin_struct(5);
      thrift.i32(1, static_cast<std::int32_t>(rows));
      thrift.i32(2, static_cast<std::int32_t>(encoding));
      thrift.i32(3, static_cast<std::int32_t>(Encoding::kRle));
      thrift.i32(4, static_cast<std::int32_t>(Encoding::kRle));
      thrift.end_struct();
    });
    append_packed(body_);
  }

  template <class Details>
  void header(std::int32_t type, std::size_t raw, std::size_t stored, const Details& details) {
    const std::size_t began = out_.size();
    ThriftWriter thrift(out_);
    thrift.begin_struct();
    thrift.i32(1, type);
    thrift.i32(2, static_cast<std::int32_t>(raw));
    thrift.i32(3, static_cast<std::int32_t>(stored));
    details(thrift);
    thrift.end_struct();
    chunk_.raw_bytes += static_cast<std::int64_t>(out_.size() - began + raw);
  }

  /// Compresses a page into packed_ if this chunk is; how many bytes it takes in the file.
  std::size_t pack(std::string_view page) {
    if (!chunk_.compressed) return page.size();
    packed_.clear();
    codec_.append(packed_, page);
    return packed_.size();
  }
  void append_packed(std::string_view page) { out_.append(chunk_.compressed ? packed_ : page); }

  std::string& out_;
  const std::int64_t offset_;  // in the file, of the beginning of out_
  const ColumnSchema& schema_;
  const std::size_t rows_;
  const ColumnValues& values_;
  const FileOptions& options_;
  PageCodec& codec_;

  ColumnChunk chunk_;
  std::string body_;  // of the page being made
  std::string packed_;
  std::string dictionary_page_;
  std::size_t dictionary_entries_ = 0;
};

}  // namespace

ColumnChunk write_column_chunk(std::string& out, std::int64_t offset, const ColumnSchema& schema,
                               std::size_t rows, const ColumnValues& values,
                               const FileOptions& options, PageCodec& codec) {
  return ChunkWriter(out, offset, schema, rows, values, options, codec).run();
}

}  // namespace understudy::store::parquet
