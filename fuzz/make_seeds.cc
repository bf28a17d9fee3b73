// `make_seeds DIRECTORY [TRACE…]`: what the fuzzers of binary forms begin with, a directory for each. The records of
// real traces, and one event of every kind with all of its fields set.
#include <sys/stat.h>

#include <cstring>
#include <fstream>
#include <iostream>

#include "absl/strings/str_cat.h"
#include "google/protobuf/util/delimited_message_util.h"
#include "proto/event.pb.h"
#include "proto/image.pb.h"
#include "proto/session.h"
#include "proto/trace_file.h"

namespace fdtrace {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

void Put(const std::string& directory, const std::string& name, const std::string& bytes) {
  mkdir(directory.c_str(), 0777);
  std::ofstream(absl::StrCat(directory, "/", name), std::ios::binary) << bytes;
}

// Times, numbers and keys all 1, so that events of several kinds are about the same things.
void FillField(Message& message, const FieldDescriptor& field);

void Fill(Message& message) {
  const auto& kind = *message.GetDescriptor();
  for (int i = 0; i < kind.field_count(); ++i) FillField(message, *kind.field(i));
}

void FillField(Message& message, const FieldDescriptor& field) {
  const Reflection& reflection = *message.GetReflection();
  const bool repeated = field.is_repeated();
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_MESSAGE:
      return Fill(repeated ? *reflection.AddMessage(&message, &field) : *reflection.MutableMessage(&message, &field));
    case FieldDescriptor::CPPTYPE_STRING:
      return repeated ? reflection.AddString(&message, &field, "/a") : reflection.SetString(&message, &field, "/a");
    case FieldDescriptor::CPPTYPE_UINT64:
      return repeated ? reflection.AddUInt64(&message, &field, 1) : reflection.SetUInt64(&message, &field, 1);
    case FieldDescriptor::CPPTYPE_INT64:
      return repeated ? reflection.AddInt64(&message, &field, 1) : reflection.SetInt64(&message, &field, 1);
    case FieldDescriptor::CPPTYPE_UINT32:
      return repeated ? reflection.AddUInt32(&message, &field, 1) : reflection.SetUInt32(&message, &field, 1);
    case FieldDescriptor::CPPTYPE_INT32:
      return repeated ? reflection.AddInt32(&message, &field, 3) : reflection.SetInt32(&message, &field, 3);
    case FieldDescriptor::CPPTYPE_ENUM:
      return repeated ? reflection.AddEnumValue(&message, &field, 1) : reflection.SetEnumValue(&message, &field, 1);
    case FieldDescriptor::CPPTYPE_BOOL:
      return reflection.SetBool(&message, &field, false);
    default:
      return;
  }
}

// As events_fuzzer.cc reads it: of image 1 and ring 0.
std::string Step(const Event& event) {
  const std::string bytes = event.SerializeAsString();
  const auto length = static_cast<uint16_t>(bytes.size());
  std::string step(1, '\0');
  step.append(reinterpret_cast<const char*>(&length), sizeof length);
  return step + bytes;
}

// As ring_fuzzer.cc reads it: put into the ring, and read from it.
std::string Written(const Event& event) {
  const std::string bytes = event.SerializeAsString();
  const auto length = static_cast<uint32_t>(bytes.size());
  std::string steps = {'\0', static_cast<char>(sizeof length + length)};
  steps.append(reinterpret_cast<const char*>(&length), sizeof length);
  return steps + bytes + '\3';
}

void PutEvents(const std::string& root) {
  std::string all;
  const auto& kinds = *Event::descriptor()->FindOneofByName("what");
  for (int i = 0; i < kinds.field_count(); ++i) {
    Event event;
    event.set_at_ns(1);
    FillField(event, *kinds.field(i));
    Put(root + "/events", kinds.field(i)->name(), Step(event));
    Put(root + "/ring", kinds.field(i)->name(), Written(event));
    all += Step(event);
  }
  Put(root + "/events", "all", all + all);
}

void PutHello(const std::string& root) {
  Hello hello = {};
  hello.version = kProtocolVersion;
  hello.kind = HelloKind::kImage;
  for (const char what : {0, 1, 3, 5}) {
    std::string message = {what, static_cast<char>(sizeof hello)};
    message.append(reinterpret_cast<const char*>(&hello), sizeof hello);
    Put(root + "/hello", absl::StrCat("hello", static_cast<int>(what)), message + message);
  }
}

void PutImage(const std::string& root) {
  StartedImage image;
  image.set_parent_pid(1);
  image.set_nofile_soft(1024);
  image.set_executable("/bin/true");
  image.set_command_line(std::string("true\0", 5));
  int fd = 0;
  for (const char* const link : {"/dev/null", "pipe:[1]", "/memfd:a (deleted)", "/tmp/file"}) {
    GivenDescriptor& given = *image.add_given();
    given.set_fd(fd++);
    given.set_link(link);
    given.set_mode(S_IFREG | 0600);
  }
  Put(root + "/image", "image", image.SerializeAsString());
}

void PutRecords(const std::string& root, const std::string& path, int number) {
  const auto reader = TraceReader::Open(path);
  if (!reader.ok()) return;
  std::ostringstream records;
  for (TraceRecord record; (*reader)->Next(record);)
    google::protobuf::util::SerializeDelimitedToOstream(record, &records);
  Put(root + "/trace", absl::StrCat("records", number), records.str());
}

}  // namespace
}  // namespace fdtrace

int main(int count, char** arguments) {
  if (count < 2) {
    std::cerr << "usage: make_seeds DIRECTORY [TRACE...]\n";
    return 2;
  }
  const std::string root = arguments[1];
  fdtrace::PutEvents(root);
  fdtrace::PutHello(root);
  fdtrace::PutImage(root);
  for (int i = 2; i < count; ++i) fdtrace::PutRecords(root, arguments[i], i);
}
