#include "core/failure.h"

#include <cxxabi.h>

#include <cstdlib>
#include <memory>
#include <typeinfo>

#include "base/text.h"

namespace understudy::sdk {
namespace {

struct Free {
  void operator()(char* text) const { std::free(text); }
};

std::string demangled(const std::type_info* type) {
  if (type == nullptr) return "unknown";
  int status = 0;
  const std::unique_ptr<char, Free> text(
      abi::__cxa_demangle(type->name(), nullptr, nullptr, &status));
  return text ? text.get() : type->name();
}

std::string own_type(const std::function<std::string(const std::exception&)>& error_type,
                     const std::exception& exception) noexcept {
  if (!error_type) return {};
  try {
    return error_type(exception);
  } catch (...) {
    return {};
  }
}

}  // namespace

Failure describe_current_exception(
    const std::function<std::string(const std::exception&)>& error_type) noexcept {
  Failure failure;
  try {
    try {
      throw;
    } catch (const std::exception& exception) {
      failure.type = own_type(error_type, exception);
      if (failure.type.empty()) failure.type = demangled(&typeid(exception));
      failure.message = base::cut_utf8(exception.what(), kFailureMessageBytesMax);
    } catch (const std::string& text) {
      failure.type = "std::string";
      failure.message = base::cut_utf8(text, kFailureMessageBytesMax);
    } catch (const char* text) {
      failure.type = "const char*";
      if (text != nullptr) failure.message = base::cut_utf8(text, kFailureMessageBytesMax);
    } catch (...) {
      failure.type = demangled(abi::__cxa_current_exception_type());
    }
    failure.type = base::cut_utf8(failure.type, kFailureTypeBytesMax);
  } catch (...) {
    // No memory for the texts: the failure itself still counts.
  }
  return failure;
}

}  // namespace understudy::sdk
