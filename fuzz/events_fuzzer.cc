// Any events of any images, in any order, and whatever /proc may show of them: the model's sums hold, and its trace
// makes a report in every form. One byte tells what comes: three bits of a ring, two of an image, three of a kind.
#include "collector/model.h"
#include "collector/session_image.h"
#include "fuzz/foreign_report.h"
#include "fuzz/input.h"
#include "fuzz/memory_file.h"
#include "fuzz/must_hold.h"
#include "google/protobuf/stubs/logging.h"
#include "viewer/report_builder.h"
#include "viewer/trace.h"

namespace fdtrace {
namespace {

std::vector<SeenDescriptor> TakeSeen(Input& input) {
  std::vector<SeenDescriptor> seen;
  for (uint32_t fds = input.Take<uint8_t>(), fd = 0; fds != 0; fds >>= 1, ++fd) {
    if ((fds & 1) == 0) continue;
    seen.push_back({.fd = static_cast<int>(fd), .link = "/seen", .description = {}, .resource = FILE});
    if (fd % 2 != 0)
      seen.back().file = FileFacts{.device = 1, .inode = fd, .links = fd % 3, .bytes = 1, .apparent_bytes = 1};
  }
  return seen;
}

Image TakeImage(Input& input, uint32_t serial) {
  Image image = {.serial = serial,
                 .forked_from = input.Take<uint8_t>() % 8u,
                 .pid = 100u + input.Take<uint8_t>() % 4u,
                 .executable = "/bin/fuzzed",
                 .command_line = {"fuzzed"},
                 .directory = "/tmp",
                 .present = TakeSeen(input)};
  return image;
}

// One model, fed from INPUT.
class FedModel {
 public:
  explicit FedModel(Input& input) : input_(input) { model_->ImageStarted({.serial = 1, .pid = 100}); }

  void Step() {
    const auto what = input_.Take<uint8_t>();
    const uint32_t ring = what & 7, serial = 1 + (what >> 3 & 3);
    switch (what >> 5) {
      case 4:
        return model_->ImageStarted(TakeImage(input_, ++last_serial_));
      case 5:
        return model_->Compare(serial, TakeSeen(input_), input_.Take<uint64_t>());
      case 6:
        return model_->ProcessEnded(serial, input_.Take<uint64_t>(), ProcessEnd::kExited);
      case 7:
        return Odds(serial);
      default:
        return TakeEvent(serial, ring);
    }
  }

  void End() {
    for (const CreatedFile& file : model_->CreatedFiles())
      model_->LeftBehind(file, {.device = file.device, .inode = file.inode});
    const MemoryFile file("");
    auto writer = TraceWriter::Create(file.path());
    MustHold(writer.ok() && model_->Write({.notes = {"a note"}}, **writer).ok() && (*writer)->Close().ok(),
             "it is written");
    const auto trace = ReadTrace(file.path());
    MustHold(trace.ok() && trace->damage.empty() && trace->end.has_value(), "what was written is read");
    uint64_t still_open = 0;
    for (const TraceSite& site : trace->sites) {
      MustHold(site.opened() == site.closed() + site.still_open(), "what was opened is closed or still open");
      still_open += site.still_open();
    }
    MustHold(trace->end->still_open() == still_open, "the sites' sum is the whole");
    UseReport(BuildReport(*trace));
  }

 private:
  void TakeEvent(uint32_t serial, uint32_t ring) {
    const auto bytes = input_.Take<uint16_t>();
    const Event* const event = parser_.Parse(input_.TakeBytes(bytes % kMaxEventBytes), INT64_MAX);
    if (event != nullptr) model_->Consume(serial, ring, *event);
  }
  void Odds(uint32_t serial) {
    switch (input_.Take<uint8_t>() % 5) {
      case 0:
        return model_->BecameUntraced(
            serial, {.executable = "/u", .command_line = {}, .reason = "so", .present = TakeSeen(input_)});
      case 1:
        return model_->SetLost(serial, input_.Take<uint8_t>(), input_.Take<uint8_t>());
      case 2: {
        const FileFacts facts = {
            .device = 1, .inode = input_.Take<uint8_t>(), .links = 0, .bytes = input_.Take<uint64_t>()};
        return model_->FilesHeld(serial, {{.fd = 3, .file = facts, .path = "/held"}}, input_.Take<uint64_t>());
      }
      case 3:
        for (const WrittenFile& file : model_->TakeUnsettled()) {
          model_->FileSeen(
              file, {.device = file.device, .inode = file.inode, .links = 1, .bytes = input_.Take<uint64_t>()}, 1);
        }
        return;
      default:
        model_->OpenNumbers(serial);
        return model_->LimitsSeen(serial, {.files = 1, .inotify_watches = 1, .inotify_instances = 1});
    }
  }

  Input& input_;
  EventParser parser_{0};
  std::unique_ptr<Model> model_ = MakeModel();
  uint32_t last_serial_ = 1;
};

}  // namespace
}  // namespace fdtrace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t bytes) {
  const google::protobuf::LogSilencer no_logs_of_damaged_events;
  fdtrace::Input input(data, bytes);
  fdtrace::FedModel model(input);
  while (!input.empty()) model.Step();
  model.End();
  return 0;
}
