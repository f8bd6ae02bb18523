#include "http/h1_field_section.h"

#include "http/h1_bytes.h"

namespace understudy::http {

H1FieldSection::Step H1FieldSection::next(const char* buffer, std::size_t end,
                                          Field& field) noexcept {
  const char* at = buffer + position_;
  const char* const last = buffer + end;
  const auto stop = [&](Phase phase) {
    phase_ = phase;
    position_ = end;
    return Step::kNeedMore;
  };

  switch (phase_) {
    case Phase::kEndLf:
      return end_of_section(buffer, at, last);

    case Phase::kLineStart:
      if (at == last) return stop(Phase::kLineStart);
      if (*at == '\r') return end_of_section(buffer, at + 1, last);
      if (!bytes::is(*at, bytes::kToken)) return refuse_name_byte(*at);
      if (count_left_ == 0) return refuse(431, "too many field lines");
      --count_left_;
      name_begin_ = static_cast<std::size_t>(at - buffer);
      [[fallthrough]];

    case Phase::kName:
      at = bytes::skip_token(at, last);
      if (at == last) return stop(Phase::kName);
      if (*at != ':') return refuse_name_byte(*at);
      name_end_ = static_cast<std::size_t>(at - buffer);
      ++at;
      [[fallthrough]];

    case Phase::kValueStart:
      while (at != last && bytes::is_space(*at)) ++at;
      if (at == last) return stop(Phase::kValueStart);
      value_begin_ = static_cast<std::size_t>(at - buffer);
      [[fallthrough]];

    case Phase::kValue:
      at = bytes::skip_value(at, last);
      if (at == last) return stop(Phase::kValue);
      if (*at != '\r') {
        return refuse(400, *at == '\n' ? "line feed without carriage return"
                                       : "control byte in a field value");
      }
      value_end_ = static_cast<std::size_t>(at - buffer);
      ++at;
      [[fallthrough]];

    case Phase::kValueLf: {
      if (at == last) return stop(Phase::kValueLf);
      if (*at != '\n') return refuse(400, "carriage return without line feed");
      position_ = static_cast<std::size_t>(at + 1 - buffer);
      phase_ = Phase::kLineStart;
      std::size_t value_end = value_end_;
      while (value_end > value_begin_ && bytes::is_space(buffer[value_end - 1])) --value_end;
      field.name = {buffer + name_begin_, name_end_ - name_begin_};
      field.value = {buffer + value_begin_, value_end - value_begin_};
      field.known = known_field(field.name);
      return Step::kField;
    }
  }
  return refuse(400, "malformed field section");
}

H1FieldSection::Step H1FieldSection::end_of_section(const char* buffer, const char* at,
                                                    const char* last) noexcept {
  position_ = static_cast<std::size_t>(at - buffer);
  phase_ = Phase::kEndLf;
  if (at == last) return Step::kNeedMore;
  if (*at != '\n') return refuse(400, "carriage return without line feed");
  ++position_;
  return Step::kEnd;
}

H1FieldSection::Step H1FieldSection::refuse_name_byte(char byte) noexcept {
  switch (byte) {
    case '\n':
      return refuse(400, "line feed without carriage return");
    case '\r':
      return refuse(400, "field line without a colon");
    case ' ':
    case '\t':
      return refuse(400, "white space in or before a field name");
    case ':':
      return refuse(400, "empty field name");
    default:
      return refuse(400, "invalid byte in a field name");
  }
}

}  // namespace understudy::http
