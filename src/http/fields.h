#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string_view>

namespace understudy::http {

/// Field names the product looks at, recognised once while a head is parsed so that every later
/// question is an integer comparison. kOther: any other name.
enum class KnownField : std::uint8_t {
  kOther,
  kAccept,
  kAcceptEncoding,
  kAge,
  kAuthorization,
  kBaggage,
  kCacheControl,
  kConnection,
  kContentEncoding,
  kContentLength,
  kContentRange,
  kContentType,
  kCookie,
  kDate,
  kEtag,
  kExpect,
  kForwarded,
  kHost,
  kHttp2Settings,
  kIfModifiedSince,
  kIfNoneMatch,
  kKeepAlive,
  kLastModified,
  kLocation,
  kMaxForwards,
  kProxyAuthenticate,
  kProxyAuthorization,
  kProxyConnection,
  kRange,
  kServer,
  kSetCookie,
  kTe,
  kTraceparent,
  kTracestate,
  kTrailer,
  kTransferEncoding,
  kUpgrade,
  kUserAgent,
  kVary,
  kVia,
  kWwwAuthenticate,
  kXForwardedFor,
  kXForwardedHost,
  kXForwardedProto,
};
inline constexpr std::size_t kKnownFieldCount =
    static_cast<std::size_t>(KnownField::kXForwardedProto) + 1;
static_assert(kKnownFieldCount <= 64, "KnownFieldSet is one 64-bit word");

/// Which known field a name is, in any letter case; kOther when it is none. Constant time.
KnownField known_field(std::string_view name) noexcept;

/// True for a name with `_` that becomes, when each `_` is read as `-`, the name of a field that a
/// proxy frames, forwards or marks a message with: Transfer_Encoding, X_Forwarded_For,
/// Understudy_Shadow. Services that get their fields as variables (CGI, WSGI, PHP) cannot tell the
/// two apart, so such a name would say there what the proxy says, or took away. An application's
/// own `user_id` is none.
bool passes_for_reserved_field(std::string_view name) noexcept;

/// Lower-case name of a known field; empty for kOther. Static storage.
std::string_view known_field_name(KnownField known) noexcept;

/// True when both names are equal in ASCII letter case-insensitive comparison.
bool same_field_name(std::string_view a, std::string_view b) noexcept;

/// A set of known fields. Value type, one word.
class KnownFieldSet {
 public:
  constexpr KnownFieldSet() = default;
  constexpr KnownFieldSet(std::initializer_list<KnownField> fields) {
    for (KnownField field : fields) insert(field);
  }
  constexpr void insert(KnownField field) { bits_ |= bit(field); }
  constexpr void erase(KnownField field) { bits_ &= ~bit(field); }
  constexpr bool contains(KnownField field) const { return (bits_ & bit(field)) != 0; }
  constexpr void clear() { bits_ = 0; }
  constexpr KnownFieldSet operator|(KnownFieldSet other) const {
    other.bits_ |= bits_;
    return other;
  }

 private:
  static constexpr std::uint64_t bit(KnownField field) {
    return std::uint64_t{1} << static_cast<unsigned>(field);
  }
  std::uint64_t bits_ = 0;
};

/// One header or trailer field. Both views belong to whoever holds the bytes.
struct Field {
  std::string_view name;
  std::string_view value;
  KnownField known = KnownField::kOther;
};

/// Ordered list of fields, as they stood on the wire: order and repetition are kept.
/// Lifetime: the views point into a buffer somebody else owns (the connection's read buffer, an
/// OwnedFields, static storage); the list never owns text. Keep heads longer with OwnedFields.
/// Threads: a value, like a vector; const methods may run at once on any number of threads.
/// Cost: the first kInlineFields need no allocation; clear() keeps what was allocated;
/// has() and a find() of an absent known field are one bit test.
class Fields {
 public:
  static constexpr std::size_t kInlineFields = 24;

  Fields() noexcept = default;
  Fields(std::initializer_list<Field> fields);
  Fields(const Fields& other);
  Fields(Fields&& other) noexcept;
  Fields& operator=(const Fields& other);
  Fields& operator=(Fields&& other) noexcept;
  ~Fields() = default;

  std::size_t size() const noexcept { return size_; }
  bool empty() const noexcept { return size_ == 0; }
  const Field* begin() const noexcept { return data_; }
  const Field* end() const noexcept { return data_ + size_; }
  const Field& operator[](std::size_t index) const noexcept { return data_[index]; }

  /// True when at least one field of this name is there. Not for kOther.
  bool has(KnownField known) const noexcept { return present_.contains(known); }
  /// First field of this name, or null. Not for kOther.
  const Field* find(KnownField known) const noexcept;
  /// First field of this name in any letter case, or null.
  const Field* find(std::string_view name) const noexcept;
  /// Value of the first field of this name, or `fallback`.
  std::string_view value_or(KnownField known, std::string_view fallback = {}) const noexcept;
  std::string_view value_or(std::string_view name, std::string_view fallback = {}) const noexcept;

  /// Appends. The first form looks the name up.
  void add(std::string_view name, std::string_view value) {
    add(Field{name, value, known_field(name)});
  }
  void add(const Field& field) {
    if (size_ == capacity_) [[unlikely]]
      grow();
    data_[size_++] = field;
    present_.insert(field.known);
  }
  /// Replaces the first field of this name and drops the others, or appends one.
  void set(std::string_view name, std::string_view value);
  /// Drops all fields of this name, returns how many there were.
  std::size_t remove(KnownField known) noexcept;
  std::size_t remove(std::string_view name) noexcept;
  /// Drops all fields, keeps the memory.
  void clear() noexcept {
    size_ = 0;
    present_.clear();
  }

  /// Moves every view from one base address to another: for a parser whose buffer moved between
  /// two calls. Every view must point into the buffer that began at `from`.
  void rebase(const char* from, const char* to) noexcept;

 private:
  void grow();
  void take(Fields& other) noexcept;
  template <typename Predicate>
  std::size_t remove_if(Predicate predicate) noexcept;
  Field* inline_data() noexcept { return reinterpret_cast<Field*>(inline_); }

  Field* data_ = inline_data();
  std::uint32_t size_ = 0;
  std::uint32_t capacity_ = kInlineFields;
  KnownFieldSet present_;
  std::unique_ptr<Field[]> heap_;
  alignas(Field) std::byte inline_[kInlineFields * sizeof(Field)];  // raw: free to construct
};

/// Fields with their text, in one block of memory: captured heads, trailers, anything that lives
/// longer than the read buffer. Copy is deep; a moved-from object is empty.
/// Views handed out by fields() are valid until the next add(), clear(), assignment or the end.
class OwnedFields {
 public:
  OwnedFields() noexcept = default;
  explicit OwnedFields(const Fields& fields);
  OwnedFields(const OwnedFields& other) : OwnedFields(other.fields_) {}
  OwnedFields(OwnedFields&& other) noexcept;
  OwnedFields& operator=(const OwnedFields& other);
  OwnedFields& operator=(OwnedFields&& other) noexcept;

  const Fields& fields() const noexcept { return fields_; }
  std::size_t size() const noexcept { return fields_.size(); }
  bool empty() const noexcept { return fields_.empty(); }
  const Field* begin() const noexcept { return fields_.begin(); }
  const Field* end() const noexcept { return fields_.end(); }
  /// Bytes of text held.
  std::size_t text_bytes() const noexcept { return used_; }

  void add(std::string_view name, std::string_view value);
  void clear() noexcept;

 private:
  void reserve(std::size_t bytes);
  std::string_view store(std::string_view text) noexcept;

  std::unique_ptr<char[]> text_;
  std::size_t used_ = 0;
  std::size_t capacity_ = 0;
  Fields fields_;
};

}  // namespace understudy::http
