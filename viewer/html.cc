#include "viewer/html.h"

#include <zlib.h>

#include <cstddef>

#include "absl/status/status.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "google/protobuf/util/json_util.h"
#include "viewer/page_template.h"

namespace fdtrace {
namespace {

absl::StatusOr<std::string> ShortJson(const Report& report) {
  google::protobuf::util::JsonPrintOptions options;
  options.preserve_proto_field_names = true;
  std::string json;
  const auto status = google::protobuf::util::MessageToJsonString(report, &json, options);
  if (!status.ok()) return absl::InternalError(absl::StrCat("cannot write the report as JSON: ", status.ToString()));
  return json;
}

absl::StatusOr<std::string> Gzip(const std::string& bytes) {
  constexpr int kGzipWindow = 15 + 16;  // the largest window, and gzip's header: zlib.h, deflateInit2
  constexpr int kMemory = 8;
  z_stream stream = {};
  if (deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, kGzipWindow, kMemory, Z_DEFAULT_STRATEGY) != Z_OK)
    return absl::ResourceExhaustedError("cannot compress the report: out of memory");
  std::string packed(deflateBound(&stream, bytes.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_out = static_cast<uInt>(packed.size());
  const int result = deflate(&stream, Z_FINISH);
  packed.resize(stream.total_out);
  deflateEnd(&stream);
  if (result != Z_STREAM_END) return absl::InternalError("cannot compress the report: zlib did not finish");
  return packed;
}

}  // namespace

absl::StatusOr<std::string> RenderHtml(const Report& report) {
  const absl::string_view page = PageTemplate();
  const size_t mark = page.find(kDataMark);
  if (mark == page.npos) {
    return absl::UnimplementedError(
        "cannot write the HTML report: this fdtrace was built without the page (-Dpage=disabled)");
  }
  const auto json = ShortJson(report);
  if (!json.ok()) return json.status();
  const auto packed = Gzip(*json);
  if (!packed.ok()) return packed.status();
  return absl::StrCat(page.substr(0, mark), absl::Base64Escape(*packed), page.substr(mark + kDataMark.size()));
}

}  // namespace fdtrace
