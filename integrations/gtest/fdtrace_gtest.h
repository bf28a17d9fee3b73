// GoogleTest under fdtrace: the report says which test left which descriptors open. Without fdtrace it does nothing.
#pragma once

namespace fdtrace {

// Tells fdtrace when each test begins and ends, as "Suite.Name". What SetUpTestSuite and environments open belongs to
// no test. To be called once, after testing::InitGoogleTest and before RUN_ALL_TESTS; a program without a main of its
// own links fdtrace_gtest_main instead.
void AppendTestListener();

}  // namespace fdtrace
