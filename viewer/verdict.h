// Whether a site leaks, told from the shape of its open count alone. Pure.
#pragma once

#include "proto/report.pb.h"
#include "proto/trace.pb.h"

namespace fdtrace {

// VERDICT_UNKNOWN: nothing is still open, so there is no leak. SINGLE: one is. With two or more still open the site is
// GROWING when all of these hold, and HELD otherwise:
//
//  - Its floor rose. The windows of TraceShape, equal in operations of this site alone, are cut into four consecutive
//    quarters; the fewest open in each quarter must be more than in the quarter before. So what other sites do cannot
//    hide a leak, and a pool that churns at its level does not grow. Fewer than four windows cannot show a rise.
//  - It rose by leaking, not by chance. A level that goes up and down at random starts at zero, and then has its four
//    lows in rising order once in six runs. But such a level keeps coming back below its earlier dips, where a leak
//    leaves each dip above the one before: of the dips between windows, at most a third may be met or undercut by a
//    later window.
//  - It had not come to rest. A pool that was filled at the start rose too, but then stayed quiet: from its last open
//    or close to its end (of its processes, or of recording) no more time went by than it had been active for, from its
//    first open to its last operation. The quiet allowed is never less than a second for a site that closed any
//    descriptor, since it means to close; and never less than 100 ms for one that closed none, since a run that
//    ended that soon has not shown the site to be at rest.
LeakSite::Verdict VerdictOf(const TraceSite& site);

// The one to show for several sites that are one to the reader.
LeakSite::Verdict Worse(LeakSite::Verdict a, LeakSite::Verdict b);

}  // namespace fdtrace
