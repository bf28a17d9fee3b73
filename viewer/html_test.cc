#include "viewer/html.h"

#include <zlib.h>

#include <string>

#include "absl/strings/escaping.h"
#include "absl/strings/string_view.h"
#include "gmock/gmock.h"
#include "google/protobuf/util/json_util.h"
#include "google/protobuf/util/message_differencer.h"
#include "gtest/gtest.h"
#include "viewer/page_template.h"

namespace fdtrace {
namespace {

using testing::HasSubstr;
using testing::Not;

std::string Gunzip(const std::string& packed) {
  z_stream stream = {};
  EXPECT_EQ(inflateInit2(&stream, 15 + 16), Z_OK);
  std::string bytes(1 << 20, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));
  stream.avail_in = static_cast<uInt>(packed.size());
  stream.next_out = reinterpret_cast<Bytef*>(bytes.data());
  stream.avail_out = static_cast<uInt>(bytes.size());
  EXPECT_EQ(inflate(&stream, Z_FINISH), Z_STREAM_END);
  bytes.resize(stream.total_out);
  inflateEnd(&stream);
  return bytes;
}

// What stands in the page where the template has its mark.
Report DataOf(absl::string_view page) {
  const absl::string_view whole = PageTemplate();
  const size_t begin = whole.find(kDataMark);
  const size_t after = whole.size() - begin - kDataMark.size();
  std::string packed;
  EXPECT_TRUE(absl::Base64Unescape(page.substr(begin, page.size() - after - begin), &packed));
  Report report;
  const auto status = google::protobuf::util::JsonStringToMessage(Gunzip(packed), &report);
  EXPECT_TRUE(status.ok()) << status.ToString();
  return report;
}

Report Hostile() {
  Report report;
  report.mutable_recording()->add_command("</script><script>alert(1)</script>");
  report.mutable_recording()->set_duration_ns(int64_t{1} << 62);
  LeakSite& leak = *report.add_leaks();
  leak.set_still_open(3);
  leak.add_stack()->set_function("operator<<\"'&");
  return report;
}

TEST(Html, BringsTheWholeReport) {
  if (PageTemplate().empty()) GTEST_SKIP() << "built without the page";
  const auto page = RenderHtml(Hostile());
  ASSERT_TRUE(page.ok()) << page.status();
  EXPECT_TRUE(google::protobuf::util::MessageDifferencer::Equals(DataOf(*page), Hostile()));
}

TEST(Html, ShowsNoTextOfTheReportAsAPartOfThePage) {
  if (PageTemplate().empty()) GTEST_SKIP() << "built without the page";
  const auto page = RenderHtml(Hostile());
  ASSERT_TRUE(page.ok()) << page.status();
  EXPECT_THAT(*page, Not(HasSubstr("alert(1)")));
}

TEST(Html, AllowsThePageItsOwnScriptAndStyleAndNothingElse) {
  if (PageTemplate().empty()) GTEST_SKIP() << "built without the page";
  EXPECT_THAT(std::string(PageTemplate()), HasSubstr("default-src 'none'; script-src 'sha256-"));
  EXPECT_THAT(std::string(PageTemplate()), Not(HasSubstr("unsafe-inline")));
}

TEST(Html, WithoutThePageSaysSo) {
  if (!PageTemplate().empty()) GTEST_SKIP() << "built with the page";
  const auto page = RenderHtml(Hostile());
  EXPECT_THAT(std::string(page.status().message()), HasSubstr("-Dpage=disabled"));
}

}  // namespace
}  // namespace fdtrace
