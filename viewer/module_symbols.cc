// Decides whether a file is the one that was traced, and which source knows best about an address.
#include "viewer/module_symbols.h"

#include <cxxabi.h>
#include <elfutils/libdwfl.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstdlib>
#include <optional>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "viewer/debug_file.h"
#include "viewer/debug_info.h"
#include "viewer/frames.h"
#include "viewer/function_starts.h"
#include "viewer/python_deallocators.h"
#include "viewer/symbol_table.h"

namespace fdtrace {
namespace {

struct EndDwfl {
  void operator()(Dwfl* dwfl) const { dwfl_end(dwfl); }
};
using DwflSession = std::unique_ptr<Dwfl, EndDwfl>;

int FindNoElf(Dwfl_Module*, void**, const char*, Dwarf_Addr, char**, Elf**) { return -1; }

constexpr Dwfl_Callbacks kOffline = {
    .find_elf = FindNoElf,  // never asked: the file is given
    .find_debuginfo = FindDebugFile,
    .section_address = dwfl_offline_section_address,
    .debuginfo_path = nullptr,
};

uint64_t BytesOf(const char* path) {
  struct stat status;
  return path != nullptr && stat(path, &status) == 0 ? static_cast<uint64_t>(status.st_size) : 0;
}

bool IsMangled(absl::string_view name) { return absl::StartsWith(name, "_Z"); }

std::optional<Symbol> FunctionSymbol(Dwfl_Module* module, int index) {
  GElf_Sym entry;
  GElf_Addr address = 0;
  GElf_Word section = 0;
  const char* name = dwfl_module_getsym_info(module, index, &entry, &address, &section, nullptr, nullptr);
  if (name == nullptr || section == SHN_UNDEF) return std::nullopt;
  const int type = GELF_ST_TYPE(entry.st_info);
  if (type != STT_FUNC && type != STT_GNU_IFUNC) return std::nullopt;
  const int binding = GELF_ST_BIND(entry.st_info);
  const absl::string_view plain = name;
  return Symbol{.address = address,
                .bytes = entry.st_size,
                .binding = binding == STB_LOCAL  ? Symbol::Binding::kLocal
                           : binding == STB_WEAK ? Symbol::Binding::kWeak
                                                 : Symbol::Binding::kGlobal,
                .name = plain.substr(0, plain.find('@'))};  // without "@@GLIBC_2.34"
}

// Names lie where the module's file is mapped.
SymbolTable ReadSymbolTable(Dwfl_Module* module) {
  std::vector<Symbol> symbols;
  const int count = dwfl_module_getsymtab(module);
  for (int i = 0; i < count; ++i) {
    if (std::optional<Symbol> symbol = FunctionSymbol(module, i)) symbols.push_back(*std::move(symbol));
  }
  return SymbolTable(std::move(symbols));
}

class ElfSymbols : public ModuleSymbols {
 public:
  ElfSymbols(const std::string& path, DwflSession session, Dwfl_Module* module)
      : path_(path), session_(std::move(session)), module_(module) {}

  uint64_t file_bytes() const override {
    const char* main_file = nullptr;
    const char* debug_file = nullptr;
    dwfl_module_info(module_, nullptr, nullptr, nullptr, nullptr, nullptr, &main_file, &debug_file);
    return BytesOf(main_file) + BytesOf(debug_file);
  }

  std::vector<Place> Find(uint64_t address) override {
    std::vector<Place> places;
    // Who has libc's debug information seldom has it for its lines: unpacking it takes a tenth of a second.
    DebugInfo* const debug_info = IsLibc(path_) ? nullptr : FindDebugInfo();
    if (debug_info != nullptr) places = debug_info->Find(address);
    if (places.empty() || !IsMangled(places.back().function)) NameBySymbol(address, places);
    if (places.empty() && IsPythonInterpreter(path_)) NameByPythonType(address, places);
    for (Place& place : places) place.function = Demangled(place.function);
    return places;
  }

 private:
  // Null when there is none, which is no error: the symbol table remains.
  DebugInfo* FindDebugInfo() {
    Dwarf_Addr bias = 0;
    if (!has_looked_) {
      if (Dwarf* const dwarf = dwfl_module_getdwarf(module_, &bias)) debug_info_.emplace(dwarf, bias);
      has_looked_ = true;
    }
    return debug_info_ ? &*debug_info_ : nullptr;
  }

  absl::string_view SymbolAt(uint64_t address) {
    if (!symbols_) symbols_ = ReadSymbolTable(module_);
    return symbols_->Find(address);
  }

  // Assembly has lines but no functions, and code without debug information has neither; of a C++ function that other
  // files cannot see, only the symbol table has the whole name.
  void NameBySymbol(uint64_t address, std::vector<Place>& places) {
    const absl::string_view name = SymbolAt(address);
    if (name.empty()) return;
    if (places.empty()) places.emplace_back();
    std::string& function = places.back().function;
    if (function.empty() || IsMangled(name)) function = std::string(name);
  }

  void NameByPythonType(uint64_t address, std::vector<Place>& places) {
    if (!function_starts_) {
      GElf_Addr bias = 0;
      Elf* const elf = dwfl_module_getelf(module_, &bias);
      if (elf == nullptr) return;
      function_starts_.emplace(elf);
      deallocators_ = FindPythonDeallocators(elf);
    }
    const auto name = deallocators_.find(function_starts_->Of(address));
    if (name != deallocators_.end()) places.push_back({.function = name->second, .file = {}});
  }

  std::string path_;
  DwflSession session_;  // owns the module, its debug information and the names of its symbols
  Dwfl_Module* module_;
  bool has_looked_ = false;
  std::optional<DebugInfo> debug_info_;            // read when first needed
  std::optional<SymbolTable> symbols_;             // likewise
  std::optional<FunctionStarts> function_starts_;  // likewise, with
  absl::flat_hash_map<uint64_t, std::string> deallocators_;
};

absl::Status CheckUnchanged(const TracedFile& file, Dwfl_Module* module, const struct stat& status) {
  absl::Status changed = absl::FailedPreconditionError("the file has changed since it was traced");
  const unsigned char* bits = nullptr;
  GElf_Addr address = 0;
  const int bytes = dwfl_module_build_id(module, &bits, &address);
  const absl::string_view build_id(reinterpret_cast<const char*>(bits), bytes > 0 ? bytes : 0);
  if (build_id != file.build_id) return changed;
  const int64_t modified_unix_ns = status.st_mtim.tv_sec * int64_t{1'000'000'000} + status.st_mtim.tv_nsec;
  if (build_id.empty() && modified_unix_ns > file.in_use_at_unix_ns) return changed;
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::unique_ptr<ModuleSymbols>> ModuleSymbols::Open(const TracedFile& file) {
  if (file.path.empty()) return absl::NotFoundError("it is no file");
  struct stat status;
  if (stat(file.path.c_str(), &status) != 0) {
    if (errno == ENOENT) return absl::NotFoundError("the file is no longer there");
    return absl::ErrnoToStatus(errno, "the file cannot be read");
  }
  // Opening a FIFO or a device that took the file's place could wait for ever.
  if (!S_ISREG(status.st_mode)) return absl::FailedPreconditionError("the file has changed since it was traced");
  DwflSession session(dwfl_begin(&kOffline));
  if (session == nullptr) return absl::InternalError(absl::StrCat("libdw: ", dwfl_errmsg(-1)));
  dwfl_report_begin(session.get());
  // At base 0 with the file's own addresses, as the trace has them.
  Dwfl_Module* module = dwfl_report_elf(session.get(), file.path.c_str(), file.path.c_str(), -1, 0, true);
  if (module == nullptr)
    return absl::FailedPreconditionError(absl::StrCat("the file cannot be read: ", dwfl_errmsg(-1)));
  dwfl_report_end(session.get(), nullptr, nullptr);
  if (absl::Status unchanged = CheckUnchanged(file, module, status); !unchanged.ok()) return unchanged;
  return std::make_unique<ElfSymbols>(file.path, std::move(session), module);
}

std::string Demangled(absl::string_view name) {
  if (!IsMangled(name)) return std::string(name);
  int status = 0;
  const std::unique_ptr<char, decltype(&std::free)> demangled(
      abi::__cxa_demangle(std::string(name).c_str(), nullptr, nullptr, &status), &std::free);
  return demangled != nullptr ? std::string(demangled.get()) : std::string(name);
}

}  // namespace fdtrace
