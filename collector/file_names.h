// The names that files of the program's have, as a tree of directories: one that gets another name takes all below it
// along, at a cost that does not depend on how much that is. Pure.
//  - Told in the order of time. Paths that are not absolute, or so long that they may have been cut, name nothing.
//  - Two spellings of a name, of which one leads through a symbolic link, are two names. So a directory may be moved by
//    another spelling than that by which its files are known; where these may be is guessed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/inlined_vector.h"
#include "absl/strings/string_view.h"
#include "collector/tracked_file.h"

namespace fdtrace {

class FileNames {
 public:
  // So many names of files that are gone are remembered as the program's own; and four times as many of files.
  explicit FileNames(size_t max_remembered);
  ~FileNames();
  FileNames(const FileNames&) = delete;
  FileNames& operator=(const FileNames&) = delete;

  // A file got a name. REPLACED: another file had it before; if the program had not made that name, what is there now
  // stands for what was there before.
  void Give(const FileId& file, absl::string_view path, bool replaced);
  void Take(const FileId& file, absl::string_view path);
  void TakeAll(const FileId& file);
  // What is at FROM goes to TO, and if EXCHANGED, the other way round as well; else nothing was at TO.
  void Move(absl::string_view from, absl::string_view to, bool exchanged);

  // In the order in which it got them, without those that stand for what was there before.
  std::vector<std::string> Of(const FileId& file) const;
  // Where it may be besides: below directories that lost, since the file got a name, one that is part of that name.
  std::vector<std::string> GuessesOf(const FileId& file) const;

 private:
  static constexpr size_t kMaxMoved = 4096;  // that guesses are made from, the latest

  // A directory, or a name of a file's.
  struct Node;
  using Components = absl::InlinedVector<absl::string_view, 16>;

  static Components Split(absl::string_view path);
  Node* Find(const Components& path) const;
  Node* Make(absl::Span<const absl::string_view> path);
  static std::string PathOf(const Node& node);

  void RememberMove(const Components& from, const Components& to);
  void ForgetMovesTo(Node& node);
  void Guess(const Node& name, std::vector<std::string>& paths) const;

  void Bind(Node& node, const FileId& file);
  void Unbind(Node& node);
  std::unique_ptr<Node> Detach(Node* node);
  void Attach(std::unique_ptr<Node> node, const Components& path);
  void Drop(std::unique_ptr<Node> node);
  void Prune(Node* node);

  size_t max_remembered_;
  size_t remembered_ = 0;  // nodes without a file
  size_t names_ = 0;       // those with one
  std::unique_ptr<Node> root_;
  absl::flat_hash_map<FileId, absl::InlinedVector<Node*, 1>> names_of_;

  struct Moved {
    uint64_t at;
    Node* to;  // where it is now; null: that is not known any more
  };
  uint64_t now_ = 0;                                           // counts names given and moves
  absl::flat_hash_map<std::string, std::deque<Moved>> moved_;  // by the last component of their old names
  std::deque<std::string> moved_in_order_;
};

}  // namespace fdtrace
