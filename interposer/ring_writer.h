// Writes events into this thread's ring (layout and guarantees: proto/session.h). Safe in signal handlers and after
// fork.
//
//  - A record is complete before it is published; a process killed at any instruction loses at most that record.
//  - Records of a signal handler that interrupted us are appended behind ours and published with it.
//  - A full ring is waited for, bounded; then the event is dropped and counted.
#pragma once

#include <cstdint>
#include <span>

#include "interposer/attachment.h"

namespace fdtrace {

class HookScope;

// Gives this thread a ring of the attachment: a free one, or that of a thread that has ended, or one in a new arena.
// False when there is none to be had; then the event is counted as lost.
bool ClaimRing(Attachment& attachment);

// Of a thread that is ending: its ring may be another's at once. Should it record again, it claims one again.
void ReleaseRing();

// Whether this thread has one.
bool HasRing(const Attachment& attachment);

// Appends one event, of at least a byte; published when the outermost scope ends. False when it had to be dropped.
bool WriteRecord(const HookScope& scope, std::span<const unsigned char> event);

// Makes what was written visible to the collector.
void PublishRecords();

// Forgets what a scope that is no more had half written.
void AbandonRecord();

// Wakes the collector if it sleeps.
void RingBell(SessionPage& session);

}  // namespace fdtrace
