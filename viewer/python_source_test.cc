#include "viewer/python_source.h"

#include <gtest/gtest.h>

namespace fdtrace {
namespace {

constexpr absl::string_view kSource = R"py("""A module.

def not_code(): pass
"""
import os  # def comment():

class Exporter(Base,
               metaclass=Meta):
    """Opens parts.
    class Inner: pass
    """
    names = {'a': 1,
             'def': (2,
  3)}

    def open_part(self, number):
        return open('part')

    @property
    @other(argument=
           1)
    def size(self):
        def measure(part):
            return [os.stat(p) for p in part]
        return measure(self)

    class Inner:
        async def fetch(self): return 1
        key = lambda self: open('x')

    text = "unfinished \
def f(): pass"

if True:
    def helper():
        handlers = [
            lambda: open('a'),
        ]
        return handlers
else:
    def helper(): return r'\'  ' and 2

def last(): return lambda: 1)py";

TEST(QualifiedPythonName, OfAMethodHasItsClass) {
  EXPECT_EQ(QualifiedPythonName(kSource, "open_part", 16), "Exporter.open_part");
  EXPECT_EQ(QualifiedPythonName(kSource, "fetch", 28), "Exporter.Inner.fetch");
}

TEST(QualifiedPythonName, OfADecoratedFunctionIsFoundByItsFirstDecoratorOrItsDef) {
  EXPECT_EQ(QualifiedPythonName(kSource, "size", 19), "Exporter.size");
  EXPECT_EQ(QualifiedPythonName(kSource, "size", 22), "Exporter.size");
}

TEST(QualifiedPythonName, OfWhatIsInAFunctionSaysSo) {
  EXPECT_EQ(QualifiedPythonName(kSource, "measure", 23), "Exporter.size.<locals>.measure");
  EXPECT_EQ(QualifiedPythonName(kSource, "<listcomp>", 24), "Exporter.size.<locals>.measure.<locals>.<listcomp>");
  EXPECT_EQ(QualifiedPythonName(kSource, "<lambda>", 37), "helper.<locals>.<lambda>");
  EXPECT_EQ(QualifiedPythonName(kSource, "<lambda>", 29), "Exporter.Inner.<lambda>");
}

TEST(QualifiedPythonName, OfOneOfTwoFunctionsOfANameIsFoundByItsLine) {
  EXPECT_EQ(QualifiedPythonName(kSource, "helper", 35), "helper");
  EXPECT_EQ(QualifiedPythonName("class A:\n def f(self): 1\nclass B:\n def f(self): 2\n", "f", 4), "B.f");
}

TEST(QualifiedPythonName, OfWhatTheSourceDoesNotHaveIsWhatIsKnown) {
  EXPECT_EQ(QualifiedPythonName(kSource, "open_part", 3), "open_part");
  EXPECT_EQ(QualifiedPythonName(kSource, "not_code", 3), "not_code");
  EXPECT_EQ(QualifiedPythonName("", "f", 1), "f");
  EXPECT_EQ(QualifiedPythonName("class A:\n  '''never closed\n  def f(): 1", "f", 3), "f");
  EXPECT_EQ(QualifiedPythonName(kSource, "<module>", 1), "<module>");
}

TEST(QualifiedPythonName, ReadsAnyBytes) {
  std::string bytes = "class Größe:\n\tdef f(self): pass\n\x01\xff((('''\\";
  EXPECT_EQ(QualifiedPythonName(bytes, "f", 2), "Größe.f");
  EXPECT_EQ(QualifiedPythonName(bytes, "g", 9), "g");
}

}  // namespace
}  // namespace fdtrace
