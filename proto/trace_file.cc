// Guarantees:
//  - Whatever the bytes, reading never crashes and holds one block at a time: every size is bounded before it is
//  believed.
//  - A failed write leaves a file that ends with its last whole block, and an error that names the path.
//  - A new trace is its owner's alone: command lines and paths may hold secrets.
//  - An existing file is left as it is until it is known to be writable.
#include "proto/trace_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zstd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/string_view.h"
#include "google/protobuf/io/coded_stream.h"
#include "proto/crc32c.h"

namespace fdtrace {
namespace {

using ::google::protobuf::io::CodedOutputStream;

constexpr absl::string_view kMagic = "fdtrace\n";
constexpr size_t kHeaderBytes = kMagic.size() + sizeof(uint32_t);
constexpr size_t kBlockHeaderBytes = 3 * sizeof(uint32_t);
constexpr size_t kBlockBytes = size_t{256} * 1024;           // raw, aimed at by the writer
constexpr size_t kMaxBlockBytes = size_t{64} * 1024 * 1024;  // raw, the most a reader takes
constexpr size_t kMaxLengthBytes = 5;                        // of a record's varint length

// A short block is compressed before a better level has set up its tables.
constexpr size_t kShortBlockBytes = size_t{64} * 1024;
int CompressionLevel(size_t raw_bytes) { return raw_bytes < kShortBlockBytes ? 1 : 3; }

uint32_t LittleEndian32(const char* bytes) {
  const auto* b = reinterpret_cast<const unsigned char*>(bytes);
  return uint32_t{b[0]} | uint32_t{b[1]} << 8 | uint32_t{b[2]} << 16 | uint32_t{b[3]} << 24;
}

void AppendLittleEndian32(uint32_t value, std::string& out) {
  for (int shift = 0; shift < 32; shift += 8) out.push_back(static_cast<char>(value >> shift));
}

// An open descriptor, closed when it goes out of scope.
class File {
 public:
  explicit File(int fd) : fd_(fd) {}
  File(File&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  File& operator=(File&&) = delete;
  ~File() {
    if (fd_ >= 0) close(fd_);
  }
  int get() const { return fd_; }
  int Release() { return std::exchange(fd_, -1); }

 private:
  int fd_;
};

// Opens with O_CLOEXEC; -1 and errno like open(2).
int OpenFile(const std::string& path, int flags) {
  int fd;
  do {
    fd = open(path.c_str(), flags | O_CLOEXEC | O_NOCTTY, 0600);
  } while (fd < 0 && errno == EINTR);
  return fd;
}

// Appends up to `wanted` bytes of the file to `out`, less only at the file's end. False, with errno, when reading
// fails. Grows `out` as bytes arrive, so that a size from a damaged file costs no memory that the file does not fill.
bool ReadBytes(int fd, size_t wanted, std::string& out) {
  constexpr size_t kStep = size_t{1024} * 1024;
  const size_t end = out.size() + wanted;
  while (out.size() < end) {
    const size_t before = out.size();
    out.resize(before + std::min(end - before, kStep));
    ssize_t got;
    do {
      got = read(fd, out.data() + before, out.size() - before);
    } while (got < 0 && errno == EINTR);
    out.resize(before + (got > 0 ? static_cast<size_t>(got) : 0));
    if (got < 0) return false;
    if (got == 0) return true;
  }
  return true;
}

absl::Status WriteBytes(int fd, absl::string_view bytes, const std::string& path) {
  while (!bytes.empty()) {
    const ssize_t written = write(fd, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return absl::ErrnoToStatus(written < 0 ? errno : ENOSPC, absl::StrCat("cannot write ", path));
    bytes.remove_prefix(static_cast<size_t>(written));
  }
  return absl::OkStatus();
}

absl::Status CheckHeader(absl::string_view header, const std::string& path) {
  const std::string what = absl::StrCat("cannot read ", path, ": ");
  if (header.empty()) return absl::InvalidArgumentError(absl::StrCat(what, "the file is empty"));
  const absl::string_view magic = header.substr(0, kMagic.size());
  if (magic != kMagic.substr(0, magic.size())) {
    return absl::InvalidArgumentError(absl::StrCat(what, "not an fdtrace trace"));
  }
  if (header.size() < kHeaderBytes) {
    return absl::DataLossError(absl::StrCat(what, "the trace is cut short at byte ", header.size(), ", in its header"));
  }
  const uint32_t version = LittleEndian32(header.data() + kMagic.size());
  if (version > kTraceFileVersion) {
    return absl::FailedPreconditionError(
        absl::StrFormat("%s was written by a newer fdtrace (trace version %d; this one reads up to %d): update fdtrace",
                        path, version, kTraceFileVersion));
  }
  if (version == 0) return absl::InvalidArgumentError(absl::StrCat(what, "not an fdtrace trace"));
  return absl::OkStatus();
}

// Walks a file's blocks. After Open, the file stands behind the header.
class BlockReader {
 public:
  static absl::StatusOr<BlockReader> Open(const std::string& path, int flags) {
    File file(OpenFile(path, flags));
    struct stat status;
    if (file.get() < 0 || fstat(file.get(), &status) != 0) {
      return absl::ErrnoToStatus(errno, absl::StrCat("cannot read ", path));
    }
    if (S_ISDIR(status.st_mode)) {
      return absl::InvalidArgumentError(absl::StrCat("cannot read ", path, ": it is a directory"));
    }
    std::string header;
    if (!ReadBytes(file.get(), kHeaderBytes, header)) {
      return absl::ErrnoToStatus(errno, absl::StrCat("cannot read ", path));
    }
    if (absl::Status checked = CheckHeader(header, path); !checked.ok()) return checked;
    return BlockReader(std::move(file));
  }

  // Puts the next block's records into `raw`. False at the end of the file or at damage.
  bool Next(std::string& raw) {
    raw.clear();
    if (!damage_.empty()) return false;
    std::string header;
    if (!Read(kBlockHeaderBytes, header)) return false;
    if (header.empty()) return false;  // the end
    if (header.size() < kBlockHeaderBytes) return Damaged("the trace is cut short", end_ + header.size());
    const size_t compressed_bytes = LittleEndian32(header.data());
    const size_t raw_bytes = LittleEndian32(header.data() + 4);
    if (raw_bytes == 0 || raw_bytes > kMaxBlockBytes || compressed_bytes == 0 ||
        compressed_bytes > ZSTD_compressBound(raw_bytes)) {
      return Damaged("the trace is damaged: a block with impossible sizes begins", end_);
    }
    std::string compressed;
    if (!Read(compressed_bytes, compressed)) return false;
    if (compressed.size() < compressed_bytes) {
      return Damaged("the trace is cut short", end_ + kBlockHeaderBytes + compressed.size());
    }
    if (Crc32c(compressed) != LittleEndian32(header.data() + 8)) {
      return Damaged("the trace is damaged: a block with a wrong checksum begins", end_);
    }
    raw.resize(raw_bytes);
    if (ZSTD_decompress(raw.data(), raw.size(), compressed.data(), compressed.size()) != raw_bytes) {
      raw.clear();
      return Damaged("the trace is damaged: a block that does not decompress begins", end_);
    }
    begin_ = end_;
    end_ += kBlockHeaderBytes + compressed_bytes;
    return true;
  }

  // Always false: no block follows.
  bool Damaged(absl::string_view what, uint64_t at) {
    damage_ = absl::StrCat(what, " at byte ", at);
    return false;
  }

  const std::string& damage() const { return damage_; }
  uint64_t begin() const { return begin_; }  // of the block read last
  uint64_t end() const { return end_; }      // of the whole blocks read so far
  File& file() { return file_; }

 private:
  explicit BlockReader(File file) : file_(std::move(file)) {}

  bool Read(size_t bytes, std::string& out) {
    if (ReadBytes(file_.get(), bytes, out)) return true;
    const int error = errno;
    return Damaged(absl::StrCat("the trace cannot be read further (", absl::ErrnoToStatus(error, "").message(), ")"),
                   end_ + out.size());
  }

  File file_;
  uint64_t begin_ = 0;
  uint64_t end_ = kHeaderBytes;
  std::string damage_;
};

class FileReader : public TraceReader {
 public:
  explicit FileReader(BlockReader blocks) : blocks_(std::move(blocks)) {}

  bool Next(TraceRecord& record) override {
    record.Clear();
    while (position_ == raw_.size()) {
      position_ = 0;
      if (!blocks_.Next(raw_)) return false;
    }
    google::protobuf::io::CodedInputStream stream(reinterpret_cast<const uint8_t*>(raw_.data()) + position_,
                                                  static_cast<int>(raw_.size() - position_));
    uint32_t bytes = 0;
    const bool sized = stream.ReadVarint32(&bytes);
    const size_t begin = position_ + static_cast<size_t>(stream.CurrentPosition());
    if (!sized || bytes > raw_.size() - begin || !record.ParseFromArray(raw_.data() + begin, static_cast<int>(bytes))) {
      record.Clear();
      blocks_.Damaged(
          absl::StrCat("the trace is damaged: a record that cannot be read is ", position_, " bytes into the block"),
          blocks_.begin());
      position_ = raw_.size();
      return false;
    }
    position_ = begin + bytes;
    return true;
  }

  const std::string& damage() const override { return blocks_.damage(); }

 private:
  BlockReader blocks_;
  std::string raw_;  // the block at hand
  size_t position_ = 0;
};

class FileWriter : public TraceWriter {
 public:
  FileWriter(File file, std::string path, uint64_t end) : file_(std::move(file)), path_(std::move(path)), end_(end) {}
  ~FileWriter() override { Close().IgnoreError(); }

  absl::Status WriteHeader() {
    std::string header(kMagic);
    AppendLittleEndian32(kTraceFileVersion, header);
    return WriteWhole(header);
  }

  absl::Status Append(const TraceRecord& record) override {
    if (!state_.ok()) return state_;
    const size_t bytes = record.ByteSizeLong();
    if (bytes > kMaxBlockBytes - kMaxLengthBytes) {
      return absl::InvalidArgumentError(
          absl::StrFormat("cannot write %s: a record of %d bytes is larger than a block may be", path_, bytes));
    }
    if (!raw_.empty() && raw_.size() + bytes + kMaxLengthBytes > kBlockBytes) {
      if (absl::Status flushed = Flush(); !flushed.ok()) return flushed;
    }
    // In place: a StringOutputStream would first fill the rest of the block's memory with zeros, for each record.
    const auto length = static_cast<uint32_t>(bytes);
    const size_t before = raw_.size();
    raw_.resize(before + CodedOutputStream::VarintSize32(length) + bytes);
    record.SerializeWithCachedSizesToArray(
        CodedOutputStream::WriteVarint32ToArray(length, reinterpret_cast<uint8_t*>(raw_.data()) + before));
    return absl::OkStatus();
  }

  absl::Status Flush() override {
    if (!state_.ok() || raw_.empty()) return state_;
    std::string compressed(ZSTD_compressBound(raw_.size()), '\0');
    const size_t bytes =
        ZSTD_compress(compressed.data(), compressed.size(), raw_.data(), raw_.size(), CompressionLevel(raw_.size()));
    if (ZSTD_isError(bytes)) {
      state_ = absl::InternalError(absl::StrCat("cannot write ", path_, ": zstd: ", ZSTD_getErrorName(bytes)));
      return state_;
    }
    compressed.resize(bytes);
    std::string block;
    AppendLittleEndian32(static_cast<uint32_t>(bytes), block);
    AppendLittleEndian32(static_cast<uint32_t>(raw_.size()), block);
    AppendLittleEndian32(Crc32c(compressed), block);
    block += compressed;
    raw_.clear();
    return WriteWhole(block);
  }

  absl::Status Close() override {
    if (closed_) return state_;
    closed_ = true;
    absl::Status result = Flush();
    // close(2): a network file system may tell only now that the bytes did not fit. EINTR: closed all the same on
    // Linux.
    if (close(file_.Release()) != 0 && errno != EINTR && result.ok()) {
      result = absl::ErrnoToStatus(errno, absl::StrCat("cannot write ", path_));
    }
    state_ = absl::FailedPreconditionError(absl::StrCat("cannot write ", path_, ": the trace is closed"));
    return result;
  }

 private:
  // All of the bytes or, where the file allows it, none.
  absl::Status WriteWhole(absl::string_view bytes) {
    state_ = WriteBytes(file_.get(), bytes, path_);
    if (state_.ok()) {
      end_ += bytes.size();
    } else if (ftruncate(file_.get(), static_cast<off_t>(end_)) != 0) {
      // A pipe or a device: what was written stays, and the reader finds the torn block.
    }
    return state_;
  }

  File file_;
  std::string path_;
  uint64_t end_;  // of what is whole in the file
  std::string raw_;
  absl::Status state_;  // the first failure, kept
  bool closed_ = false;
};

}  // namespace

absl::StatusOr<std::unique_ptr<TraceWriter>> TraceWriter::Create(const std::string& path) {
  const std::string what = absl::StrCat("cannot write ", path);
  // Without O_TRUNC: only once the file is open for writing is it known that it can be replaced.
  File file(OpenFile(path, O_WRONLY | O_CREAT));
  if (file.get() < 0 && errno == ENOENT) {
    const size_t slash = path.rfind('/');
    return absl::NotFoundError(slash == std::string::npos || slash == 0
                                   ? absl::StrCat(what, ": no such file or directory")
                                   : absl::StrCat(what, ": there is no directory ", path.substr(0, slash)));
  }
  struct stat status;
  if (file.get() < 0 || fstat(file.get(), &status) != 0) return absl::ErrnoToStatus(errno, what);
  if (S_ISREG(status.st_mode)) {
    if (ftruncate(file.get(), 0) != 0) return absl::ErrnoToStatus(errno, what);
    (void)fchmod(file.get(), S_IRUSR | S_IWUSR);  // another's file, which we may write, stays as it is
  }
  auto writer = std::make_unique<FileWriter>(std::move(file), path, 0);
  if (absl::Status written = writer->WriteHeader(); !written.ok()) return written;
  return writer;
}

absl::StatusOr<std::unique_ptr<TraceWriter>> TraceWriter::Extend(const std::string& path) {
  absl::StatusOr<BlockReader> blocks = BlockReader::Open(path, O_RDWR);
  if (!blocks.ok()) return blocks.status();
  std::string raw;
  while (blocks->Next(raw)) continue;
  File& file = blocks->file();
  // What lies beyond the last whole block could not be read by anyone.
  if (ftruncate(file.get(), static_cast<off_t>(blocks->end())) != 0 ||
      lseek(file.get(), static_cast<off_t>(blocks->end()), SEEK_SET) < 0) {
    return absl::ErrnoToStatus(errno, absl::StrCat("cannot write ", path));
  }
  return std::make_unique<FileWriter>(std::move(file), path, blocks->end());
}

absl::StatusOr<std::unique_ptr<TraceReader>> TraceReader::Open(const std::string& path) {
  absl::StatusOr<BlockReader> blocks = BlockReader::Open(path, O_RDONLY);
  if (!blocks.ok()) return blocks.status();
  return std::make_unique<FileReader>(*std::move(blocks));
}

}  // namespace fdtrace
