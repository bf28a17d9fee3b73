// The report, as proto/report.proto has it, in protobuf's JSON: 64-bit numbers are strings, and a field that is zero or
// empty is left out.

export type Int64 = string;

export interface Report {
  recording?: Recording;
  processes?: Process[];
  leaks?: LeakSite[];
  pinned_files?: PinnedFile[];
  pinned_sites?: PinnedSite[];
  failures?: Failure[];
  bad_closes?: BadClose[];
  leftovers?: Leftover[];
  writers?: Writer[];
  inherited?: Inherited[];
  timeline?: TimelinePoint[];
  pinned_filesystems?: PinnedFilesystem[];
  collected?: Collected[];
  sources?: SourceLines[];
  findings?: Finding[];
  suppressions?: Suppression[];
  rules?: Rules;
  tests?: Test[];
}

export interface Finding {
  kind?: "leak" | "pinned" | "close" | "failure" | "leftover" | "inherited";
  row?: number;
  message?: string;
  fingerprint?: string;
  count?: number;
  suppressed?: number;
  too_young?: number;
  allowed?: number;
  left?: number;
  fails?: boolean;
  baseline?: "NO_BASELINE" | "NEW" | "UNCHANGED" | "GROWN";
  suppression?: string;
}

export interface Suppression {
  line?: string;
  source?: string;
  count?: number;
  rows?: number;
  reason?: string;
}

export interface Rules {
  fail_on?: string[];
  min_count?: number;
  min_age_ns?: Int64;
  baseline?: string;
  error_exitcode?: number;
}

export interface Test {
  name?: string;
  opened?: number;
  still_open?: number;
  leaks?: number[];
}

export interface SourceLines {
  file?: string;
  first_line?: number;
  lines?: string[];
  changed?: boolean;
}

export interface Frame {
  function?: string;
  file?: string;
  line?: number;
  module?: string;
  language?: "NATIVE" | "PYTHON";
  inlined?: boolean;
  address?: Int64;
  own?: boolean;
}

export interface Corrections {
  opened_unseen?: number;
  closed_unseen?: number;
}

export interface Recording {
  command?: string[];
  started_at?: string;
  duration_ns?: Int64;
  exit_status?: number;
  complete?: boolean;
  events?: Int64;
  events_lost?: Int64;
  corrections?: Corrections;
  opened?: number;
  still_open?: number;
  notes?: string[];
  signal?: number;
  session?: boolean;
}

export interface Process {
  pid?: number;
  parent_pid?: number;
  executable?: string;
  command_line?: string[];
  started_ns?: Int64;
  ended_ns?: Int64;
  nofile_soft?: Int64;
  nofile_hard?: Int64;
  peak_open?: number;
  open_at_exit?: number;
  untraced_reason?: string;
  opened?: number;
  end?: "END_UNKNOWN" | "ALIVE" | "EXITED" | "VANISHED" | "UNTRACED";
}

export type Verdict = "VERDICT_UNKNOWN" | "GROWING" | "HELD" | "SINGLE";

export interface LeakSite {
  verdict?: Verdict;
  resource?: string;
  call?: string;
  opened?: number;
  closed?: number;
  still_open?: number;
  peak_open?: number;
  pinned_bytes?: Int64;
  first_opened_ns?: Int64;
  last_opened_ns?: Int64;
  stack?: Frame[];
  usually_closed_at?: ClosedAt[];
  descriptors?: Descriptor[];
  first_opened_at?: OpenedAt[];
  advice?: string;
  curve?: CurvePoint[];
}

export interface CurvePoint {
  at_ns?: Int64;
  low?: number;
  high?: number;
}

export interface OpenedAt {
  count?: number;
  stack?: Frame[];
  call?: string;
}

export interface ClosedAt {
  count?: number;
  stack?: Frame[];
  call?: string;
  collected?: boolean;
}

export interface Collected {
  count?: number;
  opened?: number;
  resource?: string;
  call?: string;
  stack?: Frame[];
  closed_at?: ClosedAt[];
}

export interface Descriptor {
  pid?: number;
  fd?: number;
  path?: string;
  opened_ns?: Int64;
  last_used_ns?: Int64;
  thread?: string;
  test?: string;
}

export interface PinnedFile {
  path?: string;
  device?: Int64;
  inode?: Int64;
  bytes?: Int64;
  apparent_bytes?: Int64;
  removed_by?: "REMOVED_BY_UNKNOWN" | "UNLINK" | "RENAME" | "TMPFILE" | "OTHER_PROCESS";
  opened_at?: Frame[];
  unlinked_at?: Frame[];
  unlinked_ns?: Int64;
  holders?: Holder[];
  open_call?: string;
  unlink_call?: string;
  in_memory?: boolean;
  seen_ns?: Int64;
  mount?: string;
  remedies?: string[];
}

export interface Holder {
  pid?: number;
  kind?: "DESCRIPTOR" | "MAPPING";
  fd?: number;
  alive?: boolean;
}

export interface PinnedSite {
  bytes?: Int64;
  files?: number;
  stack?: Frame[];
  call?: string;
}

export interface Failure {
  error?: string;
  call?: string;
  path?: string;
  count?: number;
  first_ns?: Int64;
  stack?: Frame[];
  cause?: string;
  explanation?: string;
  open_count?: number;
  limit?: Int64;
  filesystem?: Filesystem;
  blamed?: Blame[];
  hard_limit?: Int64;
  pid?: number;
  open_unknown?: number;
  picture?: number;
  fd?: number;
}

export interface Filesystem {
  mount?: string;
  type?: string;
  blocks_total?: Int64;
  blocks_free?: Int64;
  inodes_total?: Int64;
  inodes_free?: Int64;
  pinned_bytes?: Int64;
  blocks_reserved?: Int64;
  block_bytes?: Int64;
  pinned_files?: number;
}

export interface Blame {
  count?: number;
  bytes?: Int64;
  stack?: Frame[];
  call?: string;
  pinned_bytes?: Int64;
  pinned_files?: number;
}

export interface BadClose {
  kind?: "BAD_CLOSE_UNKNOWN" | "DOUBLE_CLOSE" | "NEVER_OPENED" | "STREAM_CLOSED_TWICE" | "CLOSED_BENEATH_STREAM" | "REUSED" | "USE_AFTER_CLOSE";
  fd?: number;
  count?: number;
  stack?: Frame[];
  previously_closed_at?: Frame[];
  originally_opened_at?: Frame[];
  call?: string;
  previous_call?: string;
  open_call?: string;
  pid?: number;
  first_ns?: Int64;
  thread?: string;
  previous_thread?: string;
  advice?: string;
}

export interface Leftover {
  pattern?: string;
  directory?: string;
  files?: number;
  bytes?: Int64;
  created_at?: Frame[];
  call?: string;
  apparent_bytes?: Int64;
  temporary?: boolean;
}

export interface Writer {
  path?: string;
  files?: number;
  bytes?: Int64;
  stack?: Frame[];
  call?: string;
  nameless?: boolean;
  at_least?: boolean;
}

export interface Inherited {
  parent_pid?: number;
  child_pid?: number;
  executable?: string;
  count?: number;
  stack?: Frame[];
  fds?: number[];
  call?: string;
  from_caller?: boolean;
}

export interface PinnedFilesystem {
  mount?: string;
  type?: string;
  peak_bytes?: Int64;
  peak_ns?: Int64;
  peak_sites?: PinnedSite[];
  timeline?: PinnedPoint[];
}

export interface PinnedPoint {
  at_ns?: Int64;
  bytes?: Int64;
}

export interface TimelinePoint {
  at_ns?: Int64;
  open?: number;
  pinned_bytes?: Int64;
  limit?: Int64;
}
