// Generated code gives its descriptors to protobuf before main, which reads them to find them by name: a third of what
// fdtrace computes in a short run, for reflection that few runs use. Whoever asks a message for its descriptor makes
// protobuf read those of its file, if nobody has before (AssignDescriptors in generated_message_reflection.cc), so
// nothing is lost but finding a message by its name alone before any other of its file was asked. The linker puts this
// constructor, which does nothing, in the place of AddDescriptorsRunner's (--wrap); on a protobuf that has none it
// changes nothing.
extern "C" void __wrap__ZN6google8protobuf8internal20AddDescriptorsRunnerC1EPKNS1_15DescriptorTableE(  // NOLINT
    void* /*runner*/, const void* /*table*/) {}
